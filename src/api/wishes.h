// How the sender of a request wants to be answered: `?ack=`, and `Prefer:` (RFC 7240).
#pragma once

#include "base/result.h"
#include "net/request.h"
#include "source/http/http_spec.h"
#include "source/http/request.h"

namespace weir::api {

// Error request.ack (kInvalid).
Result<source::Ack> AckOf(const net::RequestHead& head, source::Ack of_route);
source::Handling HandlingOf(const net::RequestHead& head);

}  // namespace weir::api

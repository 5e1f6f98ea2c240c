// What `server.limits` makes of the bounds that net/ and source/http declare.
#pragma once

#include "config/server_limits.h"
#include "net/limits.h"

namespace weir::api {

net::Limits NetLimits(const config::ServerLimits& limits);

}  // namespace weir::api

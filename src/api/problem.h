// An error as clients see it: RFC 9457, application/problem+json.
//
//   {"type": "urn:weir:problem:request.json", "title": "Unprocessable Content", "status": 422,
//    "code": "request.json", "detail": "...", "next": "..."}
//
// `code` is stable. Paths, SQL and what the system said stay in the log.
#pragma once

#include <chrono>
#include <string_view>

#include "base/error.h"
#include "net/request.h"
#include "source/http/request.h"

namespace weir::api {

inline constexpr std::string_view kProblemType = "application/problem+json";

// `retry_after` of 0: repeating it does not help.
net::Response Problem(int status, std::string_view code, std::string_view detail,
                      std::string_view next = {}, std::chrono::seconds retry_after = {});
net::Response Problem(const source::Refusal& refusal);
// Of an operation that failed: kNotFound 404, kBusy and kUnavailable 503, kInvalid 400, others 500
// without their words.
net::Response Problem(const Error& error);

}  // namespace weir::api

#include "api/problem.h"

#include <nlohmann/json.hpp>

namespace weir::api {

net::Response Problem(int status, std::string_view code, std::string_view detail,
                      std::string_view next, std::chrono::seconds retry_after) {
  nlohmann::ordered_json problem = {{"type", "urn:weir:problem:" + std::string(code)},
                                    {"title", net::ReasonOf(status)},
                                    {"status", status},
                                    {"code", code},
                                    {"detail", detail}};
  if (!next.empty()) problem["next"] = next;
  // What a client sent may stand in the detail, and need not be UTF-8.
  using nlohmann::json;
  net::Response response{.status = status,
                         .content_type = std::string(kProblemType),
                         .body = problem.dump(-1, ' ', false, json::error_handler_t::replace)};
  if (retry_after.count() != 0)
    response.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
  return response;
}

net::Response Problem(const source::Refusal& refusal) {
  return Problem(refusal.status, refusal.error.code, refusal.error.message, refusal.error.next,
                 refusal.retry_after);
}

net::Response Problem(const Error& error) {
  constexpr std::chrono::seconds kSoon{1};
  switch (error.kind) {
    case ErrorKind::kNotFound:
      return Problem(404, error.code, error.message, error.next);
    case ErrorKind::kInvalid:
      return Problem(400, error.code, error.message, error.next);
    case ErrorKind::kBusy:
    case ErrorKind::kUnavailable:
      return Problem(503, error.code, "it cannot be done right now", "try again", kSoon);
    default:
      return Problem(500, error.code, "the server failed; its log says how");
  }
}

}  // namespace weir::api

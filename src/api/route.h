// Routes, described once: what is called, what /openapi.json says, and which answers there are all
// come from one list of Routes (api.cc).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "net/request.h"
#include "net/server.h"

namespace weir::api {

// A request on its way to its route.
struct Call {
  const net::RequestHead& head;
  std::vector<std::pair<std::string, std::string>> path;  // Parameters of the route, decoded.
};

using Decision = std::variant<net::Response, net::Admission>;

struct Parameter {
  std::string name;
  std::string in;  // path query header
  std::string meaning;
  std::vector<std::string> values = {};  // Empty: any text.
  bool required = false;
};

// One status of an answer. `schema` is a name of openapi.cc's, empty where there is no JSON.
struct AnswerDoc {
  int status = 200;
  std::string meaning;
  std::string schema;
  std::string content_type = "application/json";
};

struct Route {
  std::string method;
  std::string pattern;  // "/v1/receipts/{id}"
  std::string name;     // operationId
  std::string summary;
  std::string scope;  // Empty: open to all, tokens or not.
  std::vector<Parameter> parameters = {};
  std::vector<std::string> bodies = {};  // Media types it takes.
  std::vector<AnswerDoc> answers = {};   // Beside those that every route has.
  std::function<Decision(const Call&)> call = {};
};

// The values of the pattern's parameters where `path` matches it.
using PathMatch = std::optional<std::vector<std::pair<std::string, std::string>>>;
PathMatch MatchPath(std::string_view pattern, std::string_view path);

// The OpenAPI 3.1 document of these routes.
std::string OpenApi(const std::vector<Route>& routes, std::string_view project,
                    std::string_view version, bool with_tokens);

}  // namespace weir::api

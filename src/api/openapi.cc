#include <nlohmann/json.hpp>

#include "api/problem.h"
#include "api/route.h"
#include "base/letter_case.h"
#include "base/limits.h"
#include "base/request_limits.h"

namespace weir::api {
namespace {

using nlohmann::ordered_json;

ordered_json Text() { return {{"type", "string"}}; }
ordered_json Number() { return {{"type", "integer"}, {"minimum", 0}}; }
ordered_json Object(ordered_json properties, std::vector<std::string> required) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

ordered_json Schemas() {
  ordered_json schemas;
  schemas["Any"] = {{"type", "object"}};
  schemas["Ok"] = Object({{"status", Text()}}, {"status"});
  schemas["Version"] = Object({{"name", Text()}, {"version", Text()}}, {"name", "version"});
  schemas["Health"] = Object(
      {{"status", {{"enum", {"ok", "degraded"}}}},
       {"version", Text()},
       {"project", Text()},
       {"pipelines",
        {{"type", "object"},
         {"additionalProperties",
          Object(
              {{"state", {{"enum", {"running", "retrying", "ended", "failed"}}}}, {"code", Text()}},
              {"state"})}}}},
      {"status", "version", "project", "pipelines"});
  schemas["Health"]["properties"]["reload"] = Object(
      {{"state", {{"enum", {"done", "failed", "put off"}}}}, {"at", Text()}, {"code", Text()}},
      {"state", "at"});
  schemas["Problem"] = Object({{"type", Text()},
                               {"title", Text()},
                               {"status", Number()},
                               {"code", Text()},
                               {"detail", Text()},
                               {"next", Text()}},
                              {"type", "title", "status", "code", "detail"});
  const ordered_json file = Object({{"name", Text()}, {"receipt", Text()}, {"status_url", Text()}},
                                   {"receipt", "status_url"});
  schemas["Stored"] = Object({{"receipt", Text()},
                              {"status_url", Text()},
                              {"ack", {{"const", "durable"}}},
                              {"files", {{"type", "array"}, {"items", file}}}},
                             {"ack"});
  ordered_json receipt = {{"receipt", Text()},
                          {"pipeline", Text()},
                          {"state", {{"enum", {"received", "committed", "rejected", "voided"}}}},
                          {"status_url", Text()},
                          {"ack", {{"const", "committed"}}}};
  for (const char* count : {"read", "accepted", "rejected", "duplicate", "filtered", "late"})
    receipt[count] = Number();
  receipt["batch"] = Text();
  receipt["table"] = Text();
  receipt["snapshot"] = {{"type", {"integer", "null"}}};
  const ordered_json fault = Object({{"index", Number()},
                                     {"line", Number()},
                                     {"pointer", Text()},
                                     {"column", Text()},
                                     {"code", Text()},
                                     {"message", Text()}},
                                    {"code", "message"});
  receipt["errors"] = {{"type", "array"},
                       {"maxItems", kRequestFaultsMax},
                       {"description", "why records were refused: the first of them"},
                       {"items", fault}};
  schemas["Receipt"] = Object(receipt, {"receipt", "pipeline", "state", "status_url"});
  receipt["name"] = Text();
  const ordered_json file_receipt =
      Object(std::move(receipt), {"name", "receipt", "pipeline", "state", "status_url"});
  const ordered_json of_files = Object(
      {{"ack", {{"const", "committed"}}}, {"files", {{"type", "array"}, {"items", file_receipt}}}},
      {"ack", "files"});
  schemas["Committed"] = {{"oneOf", {{{"$ref", "#/components/schemas/Receipt"}}, of_files}}};
  schemas["Refused"] = {
      {"oneOf",
       {{{"$ref", "#/components/schemas/Problem"}}, {{"$ref", "#/components/schemas/Committed"}}}}};
  return schemas;
}

ordered_json Content(const AnswerDoc& answer) {
  if (answer.schema.empty()) return {{answer.content_type, {{"schema", Text()}}}};
  const ordered_json schema = {{"schema", {{"$ref", "#/components/schemas/" + answer.schema}}}};
  if (answer.schema == "Problem") return {{std::string(kProblemType), schema}};
  if (answer.schema == "Refused")
    return {{std::string(kProblemType), schema}, {answer.content_type, schema}};
  return {{answer.content_type, schema}};
}

// What any route may answer.
std::vector<AnswerDoc> CommonAnswers(const Route& route, bool with_tokens) {
  std::vector<AnswerDoc> common = {{400, "the request cannot be read", "Problem"},
                                   {405, "the path does not take that method", "Problem"},
                                   {408, "the request came too slowly", "Problem"},
                                   {414, "the target is too long", "Problem"},
                                   {417, "100-continue is the one expectation", "Problem"},
                                   {431, "the headers are too long", "Problem"},
                                   {500, "the server failed", "Problem"},
                                   {501, "chunked is the one transfer coding", "Problem"},
                                   {503, "not right now: see Retry-After", "Problem"},
                                   {505, "HTTP/1.1 is spoken here", "Problem"}};
  if (!route.parameters.empty())
    common.push_back({404, "there is nothing at this path", "Problem"});
  if (with_tokens && !route.scope.empty()) {
    common.push_back({401, "no token that is known and good", "Problem"});
    common.push_back({403, "the token has not this scope", "Problem"});
    common.push_back({429, "the token has used up its limit for now", "Problem"});
  }
  if (!route.bodies.empty()) {
    common.push_back({413, "the body is too big, as sent or decoded", "Problem"});
    common.push_back({415, "the body's type or coding is not taken", "Problem"});
  }
  return common;
}

ordered_json Answers(const Route& route, bool with_tokens) {
  std::map<int, AnswerDoc> answers;
  for (const AnswerDoc& one : CommonAnswers(route, with_tokens)) answers[one.status] = one;
  for (const AnswerDoc& one : route.answers) answers[one.status] = one;
  ordered_json described;
  for (const auto& [status, answer] : answers) {
    ordered_json one = {{"description", answer.meaning}, {"content", Content(answer)}};
    if (status == 429 || status == 503)
      one["headers"] = {{"Retry-After", {{"schema", Number()}, {"description", "seconds"}}}};
    if (answer.schema == "Receipt" || answer.schema == "Committed")
      one["headers"] = {{"Weir-Receipt", {{"schema", Text()}}}};
    if (status == 202) one["headers"] = {{"Weir-Receipt", {{"schema", Text()}}}};
    described[std::to_string(status)] = std::move(one);
  }
  return described;
}

ordered_json BodySchema(const std::string& media) {
  if (media == "application/json") return {{"type", {"object", "array"}}};
  if (media != "multipart/form-data") return Text();
  const ordered_json file = {{"type", "string"}, {"contentMediaType", "application/octet-stream"}};
  return Object({{"file", {{"type", "array"}, {"items", file}}}}, {"file"});
}

ordered_json Operation(const Route& route, bool with_tokens) {
  ordered_json operation = {{"operationId", route.name}, {"summary", route.summary}};
  if (with_tokens && !route.scope.empty())
    operation["security"] = {{{"token", ordered_json::array({route.scope})}}};
  for (const Parameter& one : route.parameters) {
    ordered_json schema = Text();
    if (!one.values.empty()) schema["enum"] = one.values;
    operation["parameters"].push_back({{"name", one.name},
                                       {"in", one.in},
                                       {"required", one.required},
                                       {"description", one.meaning},
                                       {"schema", std::move(schema)}});
  }
  for (const std::string& media : route.bodies)
    operation["requestBody"]["content"][media] = {{"schema", BodySchema(media)}};
  if (!route.bodies.empty()) operation["requestBody"]["required"] = true;
  operation["responses"] = Answers(route, with_tokens);
  return operation;
}

std::string_view NextSegment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

PathMatch MatchPath(std::string_view pattern, std::string_view path) {
  std::vector<std::pair<std::string, std::string>> values;
  while (!pattern.empty() && !path.empty() && pattern.front() == '/' && path.front() == '/') {
    const std::string_view wanted = NextSegment(pattern);
    const std::string_view segment = NextSegment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return std::nullopt;
      continue;
    }
    auto value = net::PercentDecoded(segment);
    if (!value || value->empty()) return std::nullopt;
    values.emplace_back(wanted.substr(1, wanted.size() - 2), std::move(*value));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

std::string OpenApi(const std::vector<Route>& routes, std::string_view project,
                    std::string_view version, bool with_tokens) {
  ordered_json document = {{"openapi", "3.1.0"},
                           {"info", {{"title", project}, {"version", version}}},
                           {"paths", ordered_json::object()}};
  for (const Route& route : routes)
    document["paths"][route.pattern][Lower(route.method)] = Operation(route, with_tokens);
  document["components"]["schemas"] = Schemas();
  if (with_tokens)
    document["components"]["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  return document.dump(2) + "\n";
}

}  // namespace weir::api

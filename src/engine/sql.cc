#include "engine/sql.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "base/letter_case.h"
#include "engine/engine_internal.h"

namespace weir::engine {
namespace {

using Json = nlohmann::json;

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// The text under `key`; empty where there is none. (`type` of a constant's value is an object.)
std::string TextOf(const Json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The first word, behind white space, comments and opening brackets, in upper case.
std::string FirstWord(std::string_view sql) {
  size_t at = 0;
  while (at < sql.size()) {
    if (IsSpace(sql[at]) || sql[at] == '(' || sql[at] == ';') {
      ++at;
    } else if (sql.substr(at).starts_with("--")) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at).starts_with("/*")) {
      const size_t end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
    } else {
      break;
    }
  }
  std::string word;
  for (; at < sql.size() && std::isalpha(static_cast<unsigned char>(sql[at])); ++at)
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(sql[at])));
  return word;
}

Place PlaceOf(std::string_view sql, uint64_t offset) {
  Place place;
  if (offset > sql.size()) return place;
  const std::string_view before = sql.substr(0, offset);
  place.line = 1 + static_cast<uint64_t>(std::ranges::count(before, '\n'));
  place.column = 1 + (offset - (before.rfind('\n') + 1));
  return place;
}

// What DuckDB's parser makes of `sql`: {"error": ..., "statements": [...]}.
Result<Json> Serialized(Session& session, std::string_view sql) {
  WEIR_ASSIGN(const auto statement,
              session.Prepare("SELECT json_serialize_sql(CAST($sql AS VARCHAR))"));
  columnar::Type varchar;
  WEIR_ASSIGN(const auto stream,
              statement->Query({{.name = "sql", .type = varchar, .text = std::string(sql)}}));
  WEIR_ASSIGN(const auto batch, stream->Next());
  const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(0));
  auto json = Json::parse(texts.GetView(0), nullptr, false);
  if (!json.is_object()) return Fail(ErrorKind::kInvalid, "engine.parse", "the SQL cannot be read");
  return json;
}

std::unexpected<Error> ParseError(const Json& json, std::string_view sql) {
  Error error{.kind = ErrorKind::kInvalid,
              .code = "engine.parse",
              .message = json.value("error_message", "the SQL cannot be read"),
              .place = {},
              .next = {}};
  if (const auto position = json.find("position");
      position != json.end() && position->is_string()) {
    const auto digits = position->get<std::string>();
    uint64_t at = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), at);
    error.place = PlaceOf(sql, at);
  }
  error.message = error.message.substr(0, error.message.find('\n'));
  return Fail(std::move(error));
}

// The one SELECT that `sql` is.
Result<Json> SelectNode(Session& session, std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos)
    return Fail(ErrorKind::kInvalid, "engine.parse", "the SQL holds a zero byte");
  WEIR_ASSIGN(Json json, Serialized(session, sql));
  if (json.value("error", false)) {
    if (TextOf(json, "error_type") == "parser") return ParseError(json, sql);
    // DuckDB serialises reading statements alone, and says no more than that of others.
    const std::string word = FirstWord(sql);
    const bool reads = word == "PIVOT" || word == "SELECT" || word == "WITH" || word == "FROM";
    if (reads && Lower(std::string(sql)).find("pivot") != std::string::npos)
      return Fail(ErrorKind::kUnsupported, "query.pivot",
                  "a PIVOT whose columns depend on the data cannot stand here",
                  "name the values: PIVOT t ON column IN ('a', 'b') USING ...");
    return Fail(ErrorKind::kInvalid, "query.not_select",
                "this is " +
                    (reads          ? "more than a SELECT"
                     : word.empty() ? "no SQL statement"
                                    : "a " + word) +
                    ", where only a SELECT may stand",
                "write one SELECT");
  }
  Json& statements = json["statements"];
  if (statements.empty())
    return Fail(ErrorKind::kInvalid, "query.empty", "there is no SQL here", "write a SELECT");
  if (statements.size() > 1)
    return Fail(ErrorKind::kInvalid, "query.many",
                "these are " + std::to_string(statements.size()) +
                    " statements, where one SELECT may stand",
                "run them one by one");
  return Json(std::move(statements[0]["node"]));
}

std::string ArgumentText(const Json& argument) {
  const std::string kind = TextOf(argument, "class");
  if (kind == "COLUMN_REF") {
    std::string text;
    for (const auto& part : argument["column_names"])
      text += (text.empty() ? "" : ".") + part.get<std::string>();
    return text;
  }
  if (kind == "CONSTANT") {
    const Json& value = argument["value"]["value"];
    return value.is_string() ? value.get<std::string>() : value.dump();
  }
  return {};
}

// Walks a parsed SELECT and gathers what it reads and does not define itself.
class ReferenceWalk {
 public:
  explicit ReferenceWalk(std::string_view sql) : sql_(sql) {}

  std::vector<TableReference> Run(const Json& node) {
    Visit(node, {});
    std::ranges::stable_sort(found_, {}, &std::pair<uint64_t, TableReference>::first);
    std::vector<TableReference> references;
    for (auto& [offset, reference] : found_) references.push_back(std::move(reference));
    return references;
  }

 private:
  using Names = std::set<std::string>;  // Of common table expressions in sight, lower case.

  void Visit(const Json& node, const Names& known) {
    if (node.is_array()) {
      for (const Json& item : node) Visit(item, known);
      return;
    }
    if (!node.is_object()) return;
    const std::string type = TextOf(node, "type");
    if (type == "BASE_TABLE") AddTable(node, known);
    if (type == "TABLE_FUNCTION") AddFunction(node);
    Names inner = known;
    if (const auto map = node.find("cte_map"); map != node.end()) VisitNamed(*map, inner);
    if (type == "RECURSIVE_CTE_NODE") inner.insert(Lower(TextOf(node, "cte_name")));
    for (const auto& [key, value] : node.items())
      if (key != "cte_map" && value.is_structured()) Visit(value, inner);
  }

  // Each sees those before it, and itself only where it is recursive.
  void VisitNamed(const Json& map, Names& known) {
    for (const Json& entry : map["map"]) {
      Visit(entry["value"], known);
      known.insert(Lower(TextOf(entry, "key")));
    }
  }

  void AddTable(const Json& node, const Names& known) {
    TableReference reference{.kind = ReferenceKind::kTable,
                             .catalog = TextOf(node, "catalog_name"),
                             .schema = TextOf(node, "schema_name"),
                             .name = TextOf(node, "table_name"),
                             .arguments = {},
                             .place = {}};
    if (reference.catalog.empty() && reference.schema.empty() &&
        known.contains(Lower(reference.name)))
      return;
    Add(std::move(reference), node);
  }

  void AddFunction(const Json& node) {
    const Json& function = node["function"];
    TableReference reference{.kind = ReferenceKind::kFunction,
                             .catalog = TextOf(function, "catalog"),
                             .schema = TextOf(function, "schema"),
                             .name = TextOf(function, "function_name"),
                             .arguments = {},
                             .place = {}};
    if (const auto arguments = function.find("children"); arguments != function.end())
      for (const Json& argument : *arguments) reference.arguments.push_back(ArgumentText(argument));
    Add(std::move(reference), node);
  }

  void Add(TableReference reference, const Json& node) {
    const uint64_t offset = node.value("query_location", UINT64_MAX);
    reference.place = PlaceOf(sql_, offset);
    found_.emplace_back(offset, std::move(reference));
  }

  std::string_view sql_;
  std::vector<std::pair<uint64_t, TableReference>> found_;
};

// Walks an expression.
class ExpressionWalk {
 public:
  ExpressionReferences Run(const Json& expression) {
    Visit(expression, {});
    std::ranges::stable_sort(functions_, {}, &std::pair<uint64_t, std::string>::first);
    for (auto& [offset, name] : functions_) found_.functions.push_back(std::move(name));
    std::ranges::stable_sort(columns_, {}, &std::pair<uint64_t, Parts>::first);
    for (auto& [offset, parts] : columns_)
      if (std::ranges::find(found_.columns, parts) == found_.columns.end())
        found_.columns.push_back(std::move(parts));
    return std::move(found_);
  }

 private:
  using Parts = std::vector<std::string>;
  using Names = std::set<std::string>;  // Parameters of the lambdas around, lower case.

  void Visit(const Json& node, const Names& bound) {
    if (node.is_array()) {
      for (const Json& item : node) Visit(item, bound);
      return;
    }
    if (!node.is_object()) return;
    const std::string kind = TextOf(node, "class");
    if (kind == "COLUMN_REF") AddColumn(node, bound);
    if (kind == "STAR") found_.star = true;
    if (kind == "SUBQUERY") found_.subquery = true;
    if (kind == "WINDOW") found_.window = true;
    if (TextOf(node, "type") == "OPERATOR_TRY") found_.tries = true;
    if (kind == "FUNCTION" && !node.value("is_operator", false))
      functions_.emplace_back(node.value("query_location", UINT64_MAX),
                              Lower(TextOf(node, "function_name")));
    if (kind == "LAMBDA") {
      Names inner = bound;
      AddParameters(node["lhs"], inner);
      Visit(node["expr"], inner);
      return;
    }
    for (const auto& [key, value] : node.items())
      if (value.is_structured()) Visit(value, bound);
  }

  // One name, or several as a row or a list of names.
  static void AddParameters(const Json& node, Names& names) {
    if (node.is_array()) {
      for (const Json& item : node) AddParameters(item, names);
    } else if (node.is_object() && TextOf(node, "class") == "COLUMN_REF") {
      names.insert(Lower(node["column_names"].back().get<std::string>()));
    } else if (node.is_object()) {
      for (const auto& [key, value] : node.items())
        if (value.is_structured()) AddParameters(value, names);
    }
  }

  void AddColumn(const Json& node, const Names& bound) {
    Parts parts;
    for (const auto& part : node["column_names"]) parts.push_back(part.get<std::string>());
    if (parts.empty() || bound.contains(Lower(parts.front()))) return;
    columns_.emplace_back(node.value("query_location", UINT64_MAX), std::move(parts));
  }

  ExpressionReferences found_;
  std::vector<std::pair<uint64_t, Parts>> columns_;
  std::vector<std::pair<uint64_t, std::string>> functions_;
};

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

}  // namespace

Result<std::vector<TableReference>> References(Session& session, std::string_view sql) {
  WEIR_ASSIGN(const Json node, SelectNode(session, sql));
  return ReferenceWalk(sql).Run(node);
}

namespace {

// The expression's tree; places in it count from kExpressionStart.
constexpr std::string_view kExpressionStart = "SELECT\n";

Result<Json> ExpressionTree(Session& session, std::string_view expression) {
  // On lines of its own: a comment at its end ends there, and places are easily moved back.
  auto node = SelectNode(session, std::string(kExpressionStart) + std::string(expression) + "\n");
  if (!node) {
    Error error = std::move(node).error();
    if (error.place.line > 1) --error.place.line;
    // Something is missing at the end: that is the end of the expression, not of our line behind
    // it.
    const Place end = PlaceOf(expression, expression.size());
    if (error.place.line > end.line) error.place = end;
    error.code = "engine.parse";
    return Fail(std::move(error));
  }
  const bool plain =
      TextOf(*node, "type") == "SELECT_NODE" && (*node)["select_list"].size() == 1 &&
      TextOf((*node)["from_table"], "type") == "EMPTY" && (*node)["where_clause"].is_null() &&
      (*node)["having"].is_null() && (*node)["qualify"].is_null() && (*node)["modifiers"].empty() &&
      (*node)["group_expressions"].empty() && TextOf((*node)["select_list"][0], "alias").empty();
  if (!plain)
    return Fail(ErrorKind::kInvalid, "engine.parse", "this is not one expression",
                "write one SQL expression, without SELECT, commas or AS");
  return Json(std::move((*node)["select_list"][0]));
}

struct Replacement {
  size_t at = 0;
  size_t length = 0;
  std::string text;
};

// The end of "name ( )" or of "name" at `at`, quotes around the name included; none where the text
// there is something else.
std::optional<size_t> EndOfName(std::string_view text, size_t at, std::string_view name,
                                bool call) {
  const bool quoted = at < text.size() && text[at] == '"';
  if (quoted) ++at;
  if (Lower(std::string(text.substr(at, name.size()))) != name) return std::nullopt;
  at += name.size() + (quoted ? 1 : 0);
  if (!call) return at;
  for (const char expected : {'(', ')'}) {
    while (at < text.size() && IsSpace(text[at])) ++at;
    if (at >= text.size() || text[at] != expected) return std::nullopt;
    ++at;
  }
  return at;
}

void FindNames(const Json& node, std::string_view expression,
               const std::map<std::string, std::string>& names, std::vector<Replacement>& found) {
  if (node.is_object()) {
    const std::string kind = TextOf(node, "class");
    const bool call = kind == "FUNCTION" && node["children"].empty();
    std::string name = call ? Lower(TextOf(node, "function_name")) : "";
    if (kind == "COLUMN_REF" && node["column_names"].size() == 1)
      name = Lower(node["column_names"][0].get<std::string>());
    const uint64_t place = node.value("query_location", UINT64_MAX);
    if (names.contains(name) && place != UINT64_MAX && place >= kExpressionStart.size()) {
      const size_t at = place - kExpressionStart.size();
      if (const auto end = EndOfName(expression, at, name, call))
        found.push_back({.at = at, .length = *end - at, .text = names.at(name)});
    }
  }
  if (node.is_structured())
    for (const Json& child : node) FindNames(child, expression, names, found);
}

}  // namespace

Result<ExpressionReferences> ReferencesOfExpression(Session& session, std::string_view expression) {
  WEIR_ASSIGN(const Json tree, ExpressionTree(session, expression));
  return ExpressionWalk().Run(tree);
}

Result<std::string> ReplaceNames(Session& session, std::string_view expression,
                                 const std::map<std::string, std::string>& names) {
  WEIR_ASSIGN(const Json tree, ExpressionTree(session, expression));
  std::vector<Replacement> found;
  FindNames(tree, expression, names, found);
  std::ranges::sort(found, {}, &Replacement::at);
  std::string text(expression);
  for (auto each = found.rbegin(); each != found.rend(); ++each)
    text.replace(each->at, each->length, each->text);
  return text;
}

namespace {

bool HoldsTry(const Json& node) {
  if (node.is_object() && TextOf(node, "type") == "OPERATOR_TRY") return true;
  return node.is_structured() && std::ranges::any_of(node, HoldsTry);
}

}  // namespace

Result<void> CheckSelect(Session& session, std::string_view sql) {
  WEIR_ASSIGN(const Json node, SelectNode(session, sql));
  if (HoldsTry(node))
    return Fail(ErrorKind::kUnsupported, "query.try",
                "TRY(...) gives wrong values in " + Version() + ", so it cannot be used",
                "use TRY_CAST, or CASE WHEN");
  return {};
}

std::string QuotedName(std::string_view name) { return Quoted(name, '"'); }

std::string QuotedText(std::string_view text) { return Quoted(text, '\''); }

}  // namespace weir::engine

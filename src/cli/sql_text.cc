#include "cli/sql_text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace weir::cli {
namespace {

// Behind the comment or quoted text that begins at `at`; `at` itself where none does. The end of
// `sql` where it does not end.
size_t Skip(std::string_view sql, size_t at) {
  const auto behind = [&](std::string_view end, size_t from) {
    const size_t found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (sql.substr(at).starts_with("--")) return behind("\n", at);
  if (sql.substr(at).starts_with("/*")) return behind("*/", at + 2);
  if (sql[at] == '\'' || sql[at] == '"') return behind(sql.substr(at, 1), at + 1);
  if (sql[at] != '$') return at;
  size_t tag = at + 1;
  while (tag < sql.size() &&
         (std::isalpha(static_cast<unsigned char>(sql[tag])) != 0 || sql[tag] == '_'))
    ++tag;
  if (tag == sql.size() || sql[tag] != '$') return at;
  return behind(sql.substr(at, tag - at + 1), tag + 1);
}

constexpr std::array<std::string_view, 68> kKeywords = {
    "ALL",      "AND",       "ANTI",      "AS",        "ASC",    "BETWEEN", "BY",       "CASE",
    "CAST",     "COUNT",     "CROSS",     "CURRENT",   "DATE",   "DESC",    "DESCRIBE", "DISTINCT",
    "ELSE",     "END",       "EXCEPT",    "EXCLUDE",   "EXISTS", "EXPLAIN", "FALSE",    "FILTER",
    "FROM",     "FULL",      "GROUP",     "HAVING",    "ILIKE",  "IN",      "INNER",    "INTERSECT",
    "INTERVAL", "IS",        "JOIN",      "LATERAL",   "LEFT",   "LIKE",    "LIMIT",    "NOT",
    "NULL",     "OFFSET",    "ON",        "OR",        "ORDER",  "OUTER",   "OVER",     "PARTITION",
    "PIVOT",    "QUALIFY",   "RECURSIVE", "REPLACE",   "RIGHT",  "SAMPLE",  "SELECT",   "SEMI",
    "SHOW",     "SUMMARIZE", "THEN",      "TIMESTAMP", "TRUE",   "UNION",   "UNNEST",   "USING",
    "VALUES",   "WHEN",      "WHERE",     "WITH"};

}  // namespace

std::optional<size_t> FindStatementEnd(std::string_view sql) {
  size_t at = 0;
  while (at < sql.size()) {
    if (sql[at] == ';') return at;
    const size_t next = Skip(sql, at);
    at = next == at ? at + 1 : next;
  }
  return std::nullopt;
}

bool IsBlankSql(std::string_view sql) {
  size_t at = 0;
  while (at < sql.size()) {
    const bool comment = sql.substr(at).starts_with("--") || sql.substr(at).starts_with("/*");
    if (!comment && std::isspace(static_cast<unsigned char>(sql[at])) == 0) return false;
    at = comment ? Skip(sql, at) : at + 1;
  }
  return true;
}

size_t NameBegins(std::string_view before) {
  size_t at = before.size();
  const auto in_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  while (at > 0 && in_name(before[at - 1])) --at;
  return at;
}

std::span<const std::string_view> SqlKeywords() { return kKeywords; }

}  // namespace weir::cli

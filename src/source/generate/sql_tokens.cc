#include <algorithm>
#include <cctype>

#include "source/generate/sql_tokens_internal.h"

namespace weir::source {
namespace {

bool IsWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The end of what is quoted by `quote` from `at` on; a doubled quote is part of it.
size_t QuotedEnd(std::string_view sql, size_t at, bool has_escapes) {
  const char quote = sql[at];
  for (size_t i = at + 1; i < sql.size(); ++i) {
    if (has_escapes && sql[i] == '\\') {
      ++i;
    } else if (sql[i] == quote) {
      if (i + 1 < sql.size() && sql[i + 1] == quote)
        ++i;
      else
        return i + 1;
    }
  }
  return sql.size();
}

// The end of a $tag$...$tag$ text, or `at` where none begins there.
size_t DollarEnd(std::string_view sql, size_t at) {
  size_t tag_end = at + 1;
  while (tag_end < sql.size() && (IsWordStart(sql[tag_end]) || IsDigit(sql[tag_end]))) ++tag_end;
  if (tag_end >= sql.size() || sql[tag_end] != '$' || IsDigit(sql[at + 1])) return at;
  const std::string_view tag = sql.substr(at, tag_end + 1 - at);
  const size_t close = sql.find(tag, tag_end + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

size_t NumberEnd(std::string_view sql, size_t at) {
  size_t end = at;
  while (end < sql.size() && (IsDigit(sql[end]) || sql[end] == '_')) ++end;
  if (end < sql.size() && sql[end] == '.') ++end;
  while (end < sql.size() && (IsDigit(sql[end]) || sql[end] == '_')) ++end;
  if (end < sql.size() && (sql[end] == 'e' || sql[end] == 'E')) {
    size_t digits = end + 1;
    if (digits < sql.size() && (sql[digits] == '+' || sql[digits] == '-')) ++digits;
    if (digits < sql.size() && IsDigit(sql[digits])) {
      end = digits;
      while (end < sql.size() && IsDigit(sql[end])) ++end;
    }
  }
  return end;
}

size_t CommentEnd(std::string_view sql, size_t at) {
  if (sql[at] == '-') return std::min(sql.find('\n', at), sql.size());
  int depth = 0;
  for (size_t i = at; i + 1 < sql.size(); ++i) {
    if (sql[i] == '/' && sql[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (sql[i] == '*' && sql[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return sql.size();
}

Token NextToken(std::string_view sql, size_t at) {
  const char c = sql[at];
  const char next = at + 1 < sql.size() ? sql[at + 1] : '\0';
  if (std::isspace(static_cast<unsigned char>(c))) {
    size_t end = at;
    while (end < sql.size() && std::isspace(static_cast<unsigned char>(sql[end]))) ++end;
    return {TokenKind::kBlank, at, end};
  }
  if ((c == '-' && next == '-') || (c == '/' && next == '*'))
    return {TokenKind::kBlank, at, CommentEnd(sql, at)};
  if ((c == 'e' || c == 'E') && next == '\'')
    return {TokenKind::kText, at, QuotedEnd(sql, at + 1, true)};
  if (c == '\'' || c == '"') return {TokenKind::kText, at, QuotedEnd(sql, at, false)};
  if (c == '$') {
    const size_t end = DollarEnd(sql, at);
    if (end > at) return {TokenKind::kText, at, end};
  }
  if (IsWordStart(c)) {
    size_t end = at;
    while (end < sql.size() && (IsWordStart(sql[end]) || IsDigit(sql[end]) || sql[end] == '$'))
      ++end;
    return {TokenKind::kWord, at, end};
  }
  if (IsDigit(c) || (c == '.' && IsDigit(next)))
    return {TokenKind::kNumber, at, NumberEnd(sql, at)};
  if (c == ':' && next == ':') return {TokenKind::kOther, at, at + 2};
  return {TokenKind::kOther, at, at + 1};
}

}  // namespace

std::vector<Token> SqlTokens(std::string_view sql) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < sql.size(); at = tokens.back().end) tokens.push_back(NextToken(sql, at));
  return tokens;
}

}  // namespace weir::source

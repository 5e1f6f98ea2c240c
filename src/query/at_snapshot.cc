#include "query/at_snapshot.h"

#include <cctype>

namespace weir::query {
namespace {

bool InWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The end of what begins at `at` with a quote; doubled ones are part of it.
size_t EndOfQuoted(std::string_view sql, size_t at) {
  const char quote = sql[at];
  for (size_t i = at + 1; i < sql.size(); ++i) {
    if (sql[i] != quote) continue;
    if (i + 1 == sql.size() || sql[i + 1] != quote) return i + 1;
    ++i;
  }
  return sql.size();
}

size_t EndOfComment(std::string_view sql, size_t at) {
  const bool line = sql[at] == '-';
  const size_t end = sql.find(line ? "\n" : "*/", at + 2);
  return end == std::string_view::npos ? sql.size() : end + (line ? 1 : 2);
}

bool BeginsComment(std::string_view sql, size_t at) {
  return sql.substr(at, 2) == "--" || sql.substr(at, 2) == "/*";
}

// The end of a snapshot's name at `at`; `at` itself where none begins there.
size_t EndOfSnapshot(std::string_view sql, size_t at) {
  if (at == sql.size()) return at;
  if (sql[at] == '\'') return EndOfQuoted(sql, at);
  if (std::isdigit(static_cast<unsigned char>(sql[at])) == 0) return at;
  while (at < sql.size() && (InWord(sql[at]) || sql[at] == ':' || sql[at] == '-' || sql[at] == '.'))
    ++at;
  return at;
}

std::string Unquoted(std::string_view text) {
  const bool quoted = !text.empty() && (text.front() == '"' || text.front() == '\'');
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

}  // namespace

std::string QuoteSnapshots(std::string_view sql) {
  std::string made;
  size_t word = std::string_view::npos;  // Where the name that ends at `at` begins, in `sql`.
  for (size_t at = 0; at < sql.size();) {
    size_t end = at + 1;
    if (sql[at] == '@' && word != std::string_view::npos) {
      end = EndOfSnapshot(sql, at + 1);
      if (end > at + 1) {
        made.resize(made.size() - (at - word));
        made += '"' + Unquoted(sql.substr(word, at - word)) + '@' +
                Unquoted(sql.substr(at + 1, end - at - 1)) + '"';
        word = std::string_view::npos;
        at = end;
        continue;
      }
    }
    const size_t begin = at;
    if (BeginsComment(sql, at)) {
      end = EndOfComment(sql, at);
      word = std::string_view::npos;
    } else if (sql[at] == '\'' || sql[at] == '"') {
      end = EndOfQuoted(sql, at);
      word = sql[at] == '"' ? at : std::string_view::npos;
    } else if (InWord(sql[at])) {
      while (end < sql.size() && InWord(sql[end])) ++end;
      word = std::isdigit(static_cast<unsigned char>(sql[at])) != 0 ? std::string_view::npos : at;
    } else {
      word = std::string_view::npos;
    }
    made += sql.substr(begin, end - begin);
    at = end;
  }
  return made;
}

std::pair<std::string, std::string> SplitSnapshot(const std::string& name) {
  const size_t at = name.find('@');
  if (at == std::string::npos) return {name, ""};
  return {name.substr(0, at), name.substr(at + 1)};
}

}  // namespace weir::query

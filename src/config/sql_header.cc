#include "config/sql_header.h"

#include <algorithm>
#include <utility>

#include "config/text_internal.h"

namespace weir::config {
namespace {

constexpr std::string_view kMark = "--|";

std::string_view Trimmed(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : line.substr(first);
}

// With its line end.
std::string_view LineAt(std::string_view text, size_t begin) {
  const size_t end = text.find('\n', begin);
  return text.substr(begin, end == std::string_view::npos ? end : end - begin + 1);
}

}  // namespace

SqlText SplitSqlHeader(std::string_view text, const std::string& file, Faults& faults) {
  SqlText sql;
  const LineIndex lines(text, file);
  // The header's YAML stands on the same lines and columns as in the file, so places need no
  // moving.
  std::string yaml;
  size_t at = 0;
  for (; at < text.size(); at += LineAt(text, at).size(), ++sql.query_line) {
    const std::string_view line = LineAt(text, at);
    const std::string_view content = Trimmed(line);
    if (content.starts_with(kMark)) {
      const size_t mark = line.size() - content.size();
      yaml += std::string(mark + kMark.size(), ' ') + std::string(content.substr(kMark.size()));
    } else if (content.empty() || content.starts_with("--")) {
      yaml += '\n';
    } else {
      break;
    }
  }
  sql.query = std::string(text.substr(at));
  if (auto header = ParseDocument(yaml, file, faults)) {
    sql.header = std::move(*header);
  } else {
    sql.header.kind = Node::Kind::kMap;
    sql.header.place = lines.At(0);
  }
  if (sql.query.empty()) {
    faults.Add("config.no_query", "the file holds no query", lines.At(0),
               "write a SELECT below the header");
  }
  for (; at < text.size(); at += LineAt(text, at).size()) {
    if (!Trimmed(LineAt(text, at)).starts_with(kMark)) continue;
    faults.Add("config.header_place", "a header line after the query has begun",
               lines.At(at + LineAt(text, at).find(kMark)), "move it above the query");
  }
  return sql;
}

}  // namespace weir::config

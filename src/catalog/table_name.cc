#include "catalog/table_name.h"

#include <algorithm>

namespace weir::catalog {
namespace {

bool IsWord(std::string_view word) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !word.empty() && (word.front() < '0' || word.front() > '9') &&
         std::ranges::all_of(word, is_part);
}

}  // namespace

Result<TableName> ParseTableName(std::string_view text) {
  const auto dot = text.rfind('.');
  TableName made;
  bool good = dot != std::string_view::npos && IsWord(text.substr(dot + 1));
  if (good) {
    made = {std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
    std::string_view rest = made.space;
    while (good) {
      const auto end = std::min(rest.find('.'), rest.size());
      good = IsWord(rest.substr(0, end));
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
  }
  if (good) return made;
  return Fail(ErrorKind::kInvalid, "table.name",
              "'" + std::string(text) + "' is not a table's name",
              "write schema.name in small letters, digits and _, such as raw.events");
}

}  // namespace weir::catalog

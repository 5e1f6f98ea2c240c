// A table's name: namespace and name, both [a-z_][a-z0-9_]*; a namespace may be nested with dots.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::catalog {

struct TableName {
  std::string space;  // The Iceberg namespace: "raw", "dead_letters".
  std::string name;

  std::string ToString() const { return space + "." + name; }
  friend auto operator<=>(const TableName&, const TableName&) = default;
};

// "raw.events" -> TableName. Error table.name (kInvalid).
Result<TableName> ParseTableName(std::string_view text);

}  // namespace weir::catalog

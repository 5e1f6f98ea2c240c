// A column as a contract declares it: what a decoder must look for and make of it.
#pragma once

#include <optional>
#include <string>

#include "columnar/type.h"

namespace weir::columnar {

struct ColumnSpec {
  std::string name;  // In the table.
  Type type;
  bool nullable = true;
  std::string from;    // Name in the input; empty: `name`.
  std::string format;  // strptime pattern for dates and times; empty: ISO 8601.
  std::string zone;    // IANA zone of a timestamptz written without one.
  std::optional<std::string> default_text;  // Value when the input has no such field, as SQL.

  const std::string& input_name() const { return from.empty() ? name : from; }
  friend bool operator==(const ColumnSpec&, const ColumnSpec&) = default;
};

}  // namespace weir::columnar

// A column as a contract declares it: what a decoder must look for and make of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "columnar/type.h"

namespace weir::columnar {

// A default that stands around the record: in the request that brought it.
struct OutsideDefault {
  enum class Where : uint8_t { kPath, kHeader };
  Where where = Where::kPath;
  std::string name;  // Of the parameter, or of the header in lower case.
  friend bool operator==(const OutsideDefault&, const OutsideDefault&) = default;
};

struct ColumnSpec {
  std::string name;  // In the table.
  Type type;
  bool nullable = true;
  std::string from;    // Name in the input; empty: `name`.
  std::string format;  // strptime pattern for dates and times; empty: ISO 8601.
  std::string zone;    // IANA zone of a timestamptz written without one.
  std::optional<std::string> default_text;  // Value when the input has no such field, as SQL.

  std::optional<OutsideDefault> outside = {};  // Instead of default_text.

  const std::string& input_name() const { return from.empty() ? name : from; }
  friend bool operator==(const ColumnSpec&, const ColumnSpec&) = default;
};

}  // namespace weir::columnar

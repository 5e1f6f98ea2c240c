// Metrics of one leaf column, by the way its values lie in memory.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "iceberg/schema.h"
#include "iceberg/value.h"

namespace weir::iceberg {

// What a column of one file holds. One virtual call per array, none per row.
class ColumnMetrics {
 public:
  virtual ~ColumnMetrics() = default;
  // `array` is in the storage form of the column's type.
  virtual void Update(const arrow::Array& array) = 0;

  // Bounds as bytes; empty: no value was seen, or there is no bound.
  virtual std::optional<std::string> Lower() const = 0;
  virtual std::optional<std::string> Upper() const = 0;
  // Only of float and double.
  virtual std::optional<int64_t> nan_count() const { return std::nullopt; }

  int64_t values = 0;
  int64_t nulls = 0;
};

// Null for kOther, which no file can hold.
std::unique_ptr<ColumnMetrics> MakeColumnMetrics(const Type& type);

}  // namespace weir::iceberg

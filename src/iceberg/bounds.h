// What a manifest says about the values of a data file's columns, gathered while the file is
// written. The accumulator sees every row on the hot path: no virtual call and no allocation per
// row.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "iceberg/schema.h"

namespace weir::iceberg {

// By field id. A column that is not in a map is unknown, which readers take as "may hold anything".
struct Metrics {
  std::map<int32_t, int64_t> column_sizes;  // Bytes in the file; the file's writer knows them.
  std::map<int32_t, int64_t> value_counts;  // Nulls and NaN included.
  std::map<int32_t, int64_t> null_value_counts;
  std::map<int32_t, int64_t> nan_value_counts;
  std::map<int32_t, std::string> lower_bounds;  // EncodeValue; texts cut to kBoundLength.
  std::map<int32_t, std::string> upper_bounds;
  friend bool operator==(const Metrics&, const Metrics&) = default;
};

inline constexpr size_t kBoundLength = 16;         // Code points of a text, bytes of a binary.
inline constexpr size_t kMetricsColumnsMax = 100;  // Leaf columns after these get no metrics.

// A bound that is not above / not below every text that starts as `text` does. The upper one is
// empty where no such text exists (all code points are the last one).
std::string LowerBoundOfText(std::string_view text, size_t length = kBoundLength);
std::optional<std::string> UpperBoundOfText(std::string_view text, size_t length = kBoundLength);
std::string LowerBoundOfBytes(std::string_view bytes, size_t length = kBoundLength);
std::optional<std::string> UpperBoundOfBytes(std::string_view bytes, size_t length = kBoundLength);

// Life: Make, Update for every batch of one file, Finish once. Movable. Threads: one at a time.
// Covers primitive columns and those inside structs; nothing inside lists and maps.
class MetricsAccumulator {
 public:
  explicit MetricsAccumulator(const Schema& schema);
  ~MetricsAccumulator();
  MetricsAccumulator(MetricsAccumulator&&) noexcept;
  MetricsAccumulator& operator=(MetricsAccumulator&&) noexcept;

  // `batch` has the schema's columns in order, in the types of ToArrowForParquet; a primitive one
  // may be a dictionary of them, whose values are all used.
  // Error iceberg.column_type (kInvalid): it has not; the accumulator is then of no more use.
  Result<void> Update(const arrow::RecordBatch& batch);

  int64_t rows() const;
  // Everything but column_sizes.
  Metrics Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::iceberg

// The arithmetic of transforms, shared by the one-value and the columnar paths.
#pragma once

#include <cstdint>
#include <string_view>

#include "iceberg/partition_spec.h"

namespace weir::iceberg {

uint32_t HashWhole(int64_t value);  // Murmur3 of its 8 bytes, little-endian.
inline int32_t BucketOf(uint32_t hash, int32_t buckets) {
  return static_cast<int32_t>((hash & 0x7fffffffU) % static_cast<uint32_t>(buckets));
}
int64_t TruncateWhole(int64_t value, int32_t width);
// The first `code_points` of UTF-8 text.
std::string_view TruncateText(std::string_view text, size_t code_points);
// kYear, kMonth, kDay, kHour of a date (days) or a timestamp (micros).
int32_t TimeUnitOf(TransformKind transform, TypeKind source, int64_t value);

}  // namespace weir::iceberg

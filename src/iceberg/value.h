// Value: one typed value of a partition tuple or a bound, and its binary form in manifests
// ("single- value serialization"). Pure; threads: any.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"

namespace weir::iceberg {

// A decimal without its point: 128 bits, two's complement. Ordered as the number is.
struct Unscaled {
  int64_t high = 0;
  uint64_t low = 0;
  friend constexpr auto operator<=>(const Unscaled&, const Unscaled&) = default;
};

// Which alternative holds a type: boolean bool; int, date int32; long, time, timestamps int64;
// float float; double double; decimal Unscaled; string its UTF-8; uuid (16, big-endian), fixed and
// binary their bytes. monostate is null.
using Value =
    std::variant<std::monostate, bool, int32_t, int64_t, float, double, Unscaled, std::string>;

// One value per field of a partition spec, in its order.
using PartitionTuple = std::vector<Value>;

inline bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value); }

// Whether `value` may stand in a column or partition field of `type`: null, or of the alternative
// that holds it (an int32 in a long, a float in a double), with the length of a uuid, fixed or
// decimal.
bool Fits(const Type& type, const Value& value);

// Total order: null first, NaN last, -0.0 before +0.0, texts and bytes by unsigned bytes; an int32
// compares with an int64 and a float with a double (a column may have been widened).
std::strong_ordering CompareValues(const Value& left, const Value& right);

// The bytes of `value` as a bound of a column of `type`. Invariant (checked): not null, and it
// fits.
std::string EncodeValue(const Type& type, const Value& value);

// The inverse. A narrow bound on a widened column is read by its length.
// Error iceberg.bound_corrupt (kCorrupt).
Result<Value> DecodeValue(const Type& type, std::string_view bytes);

// As people read it and as it stands in a partition path: "2026-05-01", "12.50", "null"; "?" if it
// does not fit.
std::string ToText(const Type& type, const Value& value);

}  // namespace weir::iceberg

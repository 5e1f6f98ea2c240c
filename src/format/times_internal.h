// Parts of times that ISO 8601 and patterns share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/scalars.h"

namespace weir::format {

// Days since 1970, or kNoSuchTime.
Parsed<int32_t> MakeDay(int year, int month, int day);

struct Fraction {
  int64_t micros = 0;
  size_t length = 0;  // Characters read: 1 to 9.
  bool loses_digits = false;
};

// The digits behind the point that `text` begins with.
Parsed<Fraction> ReadFraction(std::string_view text);

// The whole of `text` as Z, +02:00, +0200 or +02 -> microseconds east of UTC.
Parsed<int64_t> ReadOffset(std::string_view text);

// kRange where the instant is not within the years 1 and 9999 of UTC.
Parsed<int64_t> CheckInstant(int64_t micros);

}  // namespace weir::format

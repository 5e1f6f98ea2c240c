// Text -> value, one function per type: what a cell of a CSV file, a JSON number or a JSON string
// must look like. Strict: no blanks around, nothing rounded, nothing guessed. Pure, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "columnar/column_spec.h"
#include "columnar/rejected_row.h"

namespace weir::format {

enum class ScalarFault : uint8_t {
  kMalformed,    // Not the form of this type.
  kRange,        // The form, but too large or too small.
  kLosesDigits,  // A fraction finer than the column holds.
  kNoSuchTime,   // 30 February, second 60, 24:00, or an hour that the zone skipped.
  kNoZone,       // A timestamptz without a zone, and the column names none.
  kHasZone,      // A timestamp with one.
  kTooLong,      // More code points than varchar(n).
  kNul,          // A NUL character within text.
  kUtf8,         // Bytes that are not UTF-8.
  kJsonKind,     // A JSON value of a kind that this type is not made from.
};

template <class T>
using Parsed = std::expected<T, ScalarFault>;

// A 128-bit two's complement number, as Arrow's decimal128 holds it.
struct DecimalWords {
  uint64_t low = 0;
  int64_t high = 0;
  friend bool operator==(DecimalWords, DecimalWords) = default;
};

// true, false (any case), t, f, 1, 0.
Parsed<bool> ParseBool(std::string_view text);
// [+-]digits.
Parsed<int32_t> ParseInt(std::string_view text);
Parsed<int64_t> ParseBigint(std::string_view text);
// [+-]digits[.digits][e[+-]digits], with digits on one side of the point at least. No inf, no nan;
// what rounds to infinity is kRange, what rounds to zero is zero.
Parsed<double> ParseDouble(std::string_view text);
// The same form, exactly: 1e3 is 1000; a digit behind the scale must be zero (else kLosesDigits).
Parsed<DecimalWords> ParseDecimal(std::string_view text, int precision, int scale);
// 8-4-4-4-12 hex digits of any case, or 32 of them.
Parsed<std::array<uint8_t, 16>> ParseUuid(std::string_view text);

// RFC 4648 base64 with padding into `into`, which holds text.size() / 4 * 3 bytes. How many it got.
Parsed<size_t> DecodeBase64(std::string_view text, std::span<char> into);

// Code points of valid UTF-8.
size_t CountCodePoints(std::string_view text);

// The fault as a reason: code "type.KIND", column the column's name, detail for a person with the
// value cut to 60 characters. Always valid UTF-8.
columnar::Reason ExplainFault(const columnar::ColumnSpec& column, ScalarFault fault,
                              std::string_view text);

// `text` for a message: at most 60 characters, control and broken bytes as \xNN.
std::string Shown(std::string_view text);

}  // namespace weir::format

// 128-bit arithmetic on Unscaled, and little-endian bytes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "iceberg/value.h"

namespace weir::iceberg {

static_assert(std::endian::native == std::endian::little);

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

inline Int128 ToInt128(const Unscaled& value) {
  return static_cast<Int128>((static_cast<UInt128>(static_cast<uint64_t>(value.high)) << 64) |
                             value.low);
}
inline Unscaled FromInt128(Int128 value) {
  return {.high = static_cast<int64_t>(value >> 64), .low = static_cast<uint64_t>(value)};
}

// Two's complement, big-endian, as few bytes as hold the sign.
struct DecimalBytes {
  std::array<char, 16> bytes{};
  size_t begin = 0;
  std::string_view view() const { return {bytes.data() + begin, bytes.size() - begin}; }
};
DecimalBytes MinimalBytes(const Unscaled& value);
// Bytes of the Avro fixed type that holds every decimal of this precision.
size_t DecimalFixedSize(int precision);
// Of 1 to 16 bytes.
Unscaled FromBigEndian(std::string_view bytes);

template <class T>
std::string LittleEndian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

template <class T>
T FromLittleEndian(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// The value as whole number, for int32 and int64 alternatives. Invariant (checked): it is one.
int64_t WholeNumber(const Value& value);

}  // namespace weir::iceberg

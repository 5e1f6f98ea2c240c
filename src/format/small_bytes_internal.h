// Comparing and copying a few bytes without a call: most keys and values have fewer than 17.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir::format {

inline uint64_t Load8(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
inline uint32_t Load4(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// The last bytes of a length between two powers of two are looked at twice, which costs less than
// finding out how many there are.
inline bool EqualBytes(const char* a, const char* b, size_t size) {
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) return ((Load8(a) ^ Load8(b)) | (Load8(a + size - 8) ^ Load8(b + size - 8))) == 0;
  if (size >= 4) return ((Load4(a) ^ Load4(b)) | (Load4(a + size - 4) ^ Load4(b + size - 4))) == 0;
  for (size_t i = 0; i < size; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

inline void CopyBytes(char* to, const char* from, size_t size) {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    const uint64_t front = Load8(from);
    const uint64_t back = Load8(from + size - 8);
    std::memcpy(to, &front, 8);
    std::memcpy(to + size - 8, &back, 8);
  } else if (size >= 4) {
    const uint32_t front = Load4(from);
    const uint32_t back = Load4(from + size - 4);
    std::memcpy(to, &front, 4);
    std::memcpy(to + size - 4, &back, 4);
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

}  // namespace weir::format

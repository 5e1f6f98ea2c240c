#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"
#include "query/display_width.h"

namespace weir::query {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array kNone = {
    Range{0x0300, 0x036F},   Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F},   Range{0x0900, 0x0902}, Range{0x093C, 0x093C}, Range{0x0941, 0x0948},
    Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF},   Range{0x200B, 0x200F}, Range{0x202A, 0x202E}, Range{0x2060, 0x2064},
    Range{0x20D0, 0x20F0},   Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF},
    Range{0xE0100, 0xE01EF},
};

constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2E80, 0x303E},
    Range{0x3041, 0x33FF},   Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},
    Range{0xA000, 0xA4CF},   Range{0xA960, 0xA97C},   Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
    Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
    Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD},
};

bool IsIn(const auto& ranges, char32_t point) {
  const auto after = std::ranges::upper_bound(ranges, point, {}, &Range::first);
  return after != ranges.begin() && point <= std::prev(after)->last;
}

struct Character {
  size_t bytes;
  size_t width;
};

// The character at the front of valid UTF-8.
Character Front(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {1, 1};
  const size_t bytes = std::min<size_t>(lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, text.size());
  char32_t point = lead & (0x7F >> bytes);
  for (size_t i = 1; i < bytes; ++i)
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  if (IsIn(kNone, point)) return {bytes, 0};
  return {bytes, IsIn(kWide, point) ? size_t{2} : size_t{1}};
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character next = Front(text);
    width += next.width;
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string Shortened(std::string_view text, size_t width) {
  WEIR_CHECK(width > 0);
  if (DisplayWidth(text) <= width) return std::string(text);
  size_t bytes = 0;
  for (size_t used = 0; bytes < text.size();) {
    const Character next = Front(text.substr(bytes));
    if (used + next.width > width - 1) break;
    used += next.width;
    bytes += next.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace weir::query

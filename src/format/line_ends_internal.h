// Where lines end. Which rule an input follows is found once, at its beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/line_feeds.h"

namespace weir::format {

enum class LineEnds : uint8_t {
  kLf,   // LF, and a CR before it belongs to it. Any other CR is text.
  kAny,  // LF, CR, or CR LF.
};

// Of the first line end at or behind `from`; npos where there is none.
inline size_t FindLineEnd(std::string_view text, size_t from, LineEnds ends) {
  return ends == LineEnds::kLf ? text.find('\n', from) : text.find_first_of("\r\n", from);
}

inline uint64_t CountLines(std::string_view text, LineEnds ends) {
  uint64_t lines = CountLineFeeds(text);
  if (ends == LineEnds::kLf) return lines;
  for (size_t at = 0; (at = text.find('\r', at)) != std::string_view::npos; ++at)
    lines += text.substr(at + 1).starts_with('\n') ? 0 : 1;
  return lines;
}

}  // namespace weir::format

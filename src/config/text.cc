#include <algorithm>
#include <utility>

#include "config/text_internal.h"

namespace weir::config {

LineIndex::LineIndex(std::string_view text, std::string file) : file_(std::move(file)) {
  begins_.push_back(0);
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    begins_.push_back(at + 1);
}

Place LineIndex::At(size_t position) const {
  const auto after = std::upper_bound(begins_.begin(), begins_.end(), position);
  const auto line = static_cast<size_t>(after - begins_.begin());
  return {.file = file_,
          .line = line,
          .column = position - begins_[line - 1] + 1,
          .byte_offset = std::nullopt};
}

size_t CharacterBytes(std::string_view text, size_t position) {
  const auto byte = [&](size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  const unsigned lead = byte(position);
  const auto tail = [&](size_t from, size_t to) {
    for (size_t i = from; i <= to; ++i)
      if ((byte(position + i) & 0xC0u) != 0x80u) return false;
    return true;
  };
  if (position >= text.size()) return 0;
  if (lead < 0x80) return 1;
  const unsigned second = byte(position + 1);
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1, 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return tail(1, 2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool beyond = lead == 0xF4 && second > 0x8F;
    return tail(1, 3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::optional<BadText> FindBadText(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = CharacterBytes(text, at);
    if (bytes == 0) return BadText{at, "the file is not UTF-8"};
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool lone_return = byte == '\r' && (at + 1 >= text.size() || text[at + 1] != '\n');
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F ||
        lone_return)
      return BadText{at, "a control character in the file"};
    at += bytes;
  }
  return std::nullopt;
}

std::string_view WithoutMark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

}  // namespace weir::config

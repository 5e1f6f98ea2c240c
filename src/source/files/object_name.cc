#include "source/files/object_name.h"

#include <cstdint>
#include <optional>

namespace weir::source {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

// The byte that the escape at the beginning of `text` stands for, if there is one.
std::optional<char> EscapedByte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const size_t high = kHex.find(text[1]);
  const size_t low = kHex.find(text[2]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  const auto byte = static_cast<unsigned char>(high * 16 + low);
  if (byte < 0x80 && byte != '%') return std::nullopt;
  return static_cast<char>(byte);
}

// The length of the character that `text` begins with; 0: it begins with no UTF-8 (RFC 3629).
size_t CharacterLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first < 0xC2   ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, and what is beyond the last character.
  if ((first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F) ||
      (first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F))
    return 0;
  return length;
}

void Escape(char byte, std::string& name) {
  const auto value = static_cast<unsigned char>(byte);
  name += '%';
  name += kHex[value >> 4];
  name += kHex[value & 0xF];
}

}  // namespace

std::string ObjectName(std::string_view path) {
  std::string name;
  for (size_t at = 0; at < path.size();) {
    const std::string_view rest = path.substr(at);
    const size_t length = CharacterLength(rest);
    if (length == 0 || EscapedByte(rest)) {
      Escape(rest.front(), name);
      ++at;
    } else {
      name += rest.substr(0, length);
      at += length;
    }
  }
  return name;
}

std::string PathOfObject(std::string_view name) {
  std::string path;
  for (size_t at = 0; at < name.size();) {
    const auto byte = EscapedByte(name.substr(at));
    path += byte.value_or(name[at]);
    at += byte ? 3 : 1;
  }
  return path;
}

}  // namespace weir::source

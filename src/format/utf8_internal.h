// UTF-8, checked: whole texts by simdjson's vector code, one character at a time by hand.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::format {

bool IsUtf8(std::string_view text);

// Bytes of the character that `text` begins with; 0 where it is no valid one, or text is empty.
size_t Utf8Length(std::string_view text);

}  // namespace weir::format

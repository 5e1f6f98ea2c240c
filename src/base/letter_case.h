// Letter case of A to Z: what names, keywords and headers are compared without. Other letters are
// as they are; no locale is asked.
#pragma once

#include <string>
#include <string_view>

namespace weir {

std::string Lower(std::string_view text);
bool EqualAnyCase(std::string_view a, std::string_view b);

}  // namespace weir

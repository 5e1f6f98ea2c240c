#include "base/letter_case.h"

#include <algorithm>

namespace weir {
namespace {

char LowerOne(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), LowerOne);
  return lower;
}

bool EqualAnyCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, LowerOne, LowerOne);
}

}  // namespace weir

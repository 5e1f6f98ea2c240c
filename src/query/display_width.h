// How many columns of a terminal a text takes: wide East Asian characters and emoji two, combining
// marks none, all others one. Of Unicode 15 the ranges that matter; no locale is asked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::query {

size_t DisplayWidth(std::string_view text);

// `text` where it takes at most `width` columns, else its beginning with an ellipsis, `width` in
// all. Invariant (checked): width > 0.
std::string Shortened(std::string_view text, size_t width);

}  // namespace weir::query

// "Did you mean": the nearest of some known words.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {

// The candidate nearest to `word` by edit distance, where it is near enough to be meant (at most a
// third of the word changed). Ties go to the earlier candidate.
std::optional<std::string> NearestWord(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace weir

// An input that is several objects one behind the other, such as requests of the log: its records
// are known by the part that they stand in. Pure values; shared and never changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::columnar {

struct InputPart {
  uint64_t offset = 0;  // Of its first byte in the (decompressed) input.
  uint64_t line = 1;    // Of that byte.
  uint64_t number = 0;  // Of the request: its sequence.
  std::string name;     // `_source` of its records, whose `_offset` counts from the part's begin.
  std::vector<std::pair<std::string, std::string>> values;  // Column -> text of its default.

  // The text that `column` has where the record says nothing.
  std::optional<std::string_view> Value(std::string_view column) const {
    for (const auto& [name_of, text] : values)
      if (name_of == column) return text;
    return std::nullopt;
  }
};

struct InputParts {
  std::vector<InputPart> parts;  // At least one; ascending, the first at 0.

  // Which one has the byte at `offset`.
  size_t IndexOf(uint64_t offset) const {
    size_t begin = 0;
    size_t end = parts.size();
    while (end - begin > 1) {
      const size_t middle = begin + (end - begin) / 2;
      (parts[middle].offset <= offset ? begin : end) = middle;
    }
    return begin;
  }
  const InputPart& At(uint64_t offset) const { return parts[IndexOf(offset)]; }
};

}  // namespace weir::columnar

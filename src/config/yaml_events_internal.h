// What yaml-cpp reports about a text, as values: the only face of that library in Weir.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

struct YamlEvent {
  enum class Kind : uint8_t { kScalar, kNull, kAlias, kSequence, kMap, kEnd };
  Kind kind;
  bool flow = false;    // Of a sequence or map: written with brackets.
  bool anchor = false;  // Carries &name.
  bool tag = false;     // Carries !tag.
  size_t position = 0;  // Byte in the text; kEnd has none.
  std::string text;     // Of a scalar.
};

// Why the events end early.
struct YamlFailure {
  enum class Kind : uint8_t { kSyntax, kDepth, kSecondDocument };
  Kind kind;
  std::string message;  // yaml-cpp's words.
  size_t position = 0;
};

struct YamlEvents {
  std::vector<YamlEvent> events;  // Of the first document.
  std::optional<YamlFailure> failure;
};

// `text` is UTF-8 without a BOM and without control characters except tab, CR and LF: yaml-cpp
// takes byte 4 for the end of the text and guesses the encoding from NULs. Never throws.
YamlEvents ReadYamlEvents(std::string_view text, size_t depth_max);

}  // namespace weir::config

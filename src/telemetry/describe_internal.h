// What an event says, before it takes a form: the one description that the JSON line, the console's
// text and nothing else are made from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "telemetry/telemetry.h"

namespace weir::telemetry {

using FieldValue = std::variant<std::string, uint64_t, int64_t, double>;

struct Description {
  std::string_view event;  // "batch.committed"
  Level level = Level::kInfo;
  std::vector<std::pair<std::string_view, FieldValue>> fields;  // In the order of the line.
  std::string text;  // For a person; without secrets only after MaskSecrets.
};

Description Describe(const Event& event);

}  // namespace weir::telemetry

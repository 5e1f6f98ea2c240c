// One Arrow value -> its text, as encoder.h lays it down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"

namespace weir::format {

// How a value's text stands in JSON.
enum class JsonForm : uint8_t {
  kBare,         // A number or true, false.
  kPlainString,  // In quotes, with nothing to escape.
  kText,         // In quotes, escaped. TextOf has it.
};

// Whether values of the type have a text (nested types have none of their own).
bool HasValueText(const arrow::DataType& type);
JsonForm JsonFormOf(const arrow::DataType& type);

// Appends the text of a value that is not null; nothing for NaN and infinities.
void AppendValueText(const arrow::Array& array, int64_t row, std::string& text);
// "NaN", "Infinity", "-Infinity"; empty for all else.
std::string_view NonFiniteText(const arrow::Array& array, int64_t row);
// The value of such a text.
std::optional<double> NonFiniteOf(std::string_view text);

// How NaN and infinities, which JSON does not know, stand in it.
enum class NonFinite : uint8_t {
  kNull,
  kText,  // "NaN", "Infinity", "-Infinity": told apart, and no number.
};

// Appends a value of any type as JSON, null and nested ones too. Bytes and text that is not UTF-8
// stand as base64, what has no text of its own as Arrow shows it.
void AppendJsonValue(const arrow::Array& array, int64_t row, NonFinite non_finite,
                     std::string& text);

// The text of a kText value.
std::string_view TextOf(const arrow::Array& array, int64_t row);

}  // namespace weir::format

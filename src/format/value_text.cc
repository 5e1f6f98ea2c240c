#include "format/value_text_internal.h"

#include <arrow/api.h>
#include <arrow/extension_type.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "format/civil_internal.h"
#include "format/json_cursor_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

using arrow::Type;

template <class Number>
void AppendNumber(Number number, std::string& text) {
  std::array<char, 64> digits;
  const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  WEIR_CHECK(ec == std::errc());
  text.append(digits.data(), end);
}

template <class Float>
void AppendFloat(Float number, std::string& text) {
  if (std::isfinite(number)) AppendNumber(number, text);
}

// `value` with at least `width` digits.
void AppendPadded(int64_t value, size_t width, std::string& text) {
  if (value < 0) text += '-';
  const std::string digits = std::to_string(value < 0 ? -value : value);
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
}

void AppendDate(int32_t days, std::string& text) {
  const Civil civil = CivilOfDays(days);
  AppendPadded(civil.year, 4, text);
  text += '-';
  AppendPadded(civil.month, 2, text);
  text += '-';
  AppendPadded(civil.day, 2, text);
}

int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      break;
  }
  return 1'000'000'000;
}

// The time of day; a fraction has 3, 6 or 9 digits, as few as say all.
void AppendClock(int64_t units, int64_t per_second, std::string& text) {
  const int64_t seconds = units / per_second;
  AppendPadded(seconds / 3600, 2, text);
  text += ':';
  AppendPadded(seconds / 60 % 60, 2, text);
  text += ':';
  AppendPadded(seconds % 60, 2, text);
  const int64_t nanos = units % per_second * (1'000'000'000 / per_second);
  if (nanos == 0) return;
  text += '.';
  if (nanos % 1'000'000 == 0) {
    AppendPadded(nanos / 1'000'000, 3, text);
  } else if (nanos % 1'000 == 0) {
    AppendPadded(nanos / 1'000, 6, text);
  } else {
    AppendPadded(nanos, 9, text);
  }
}

void AppendTimestamp(int64_t value, const arrow::TimestampType& type, std::string& text) {
  const int64_t per_second = UnitsPerSecond(type.unit());
  const int64_t per_day = 86'400 * per_second;
  const int64_t days = value / per_day - (value % per_day < 0 ? 1 : 0);
  AppendDate(static_cast<int32_t>(days), text);
  text += 'T';
  AppendClock(value - days * per_day, per_second, text);
  if (!type.timezone().empty()) text += 'Z';
}

void AppendUuid(const uint8_t* bytes, std::string& text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
}

void AppendBase64(std::string_view bytes, std::string& text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = (group << 8) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (size_t i = 0; i < 4; ++i)
      text += i <= count ? kAlphabet[(group >> (18 - 6 * i)) & 63] : '=';
  }
}

template <class ArrayType>
auto ValueOf(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).Value(row);
}

bool IsUuid(const arrow::DataType& type) {
  return type.id() == Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.uuid";
}

void AppendJsonItems(const arrow::Array& items, int64_t begin, int64_t end, NonFinite non_finite,
                     std::string& text) {
  text += '[';
  for (int64_t i = begin; i < end; ++i) {
    if (i != begin) text += ',';
    AppendJsonValue(items, i, non_finite, text);
  }
  text += ']';
}

void AppendJsonFields(const arrow::StructArray& fields, int64_t row, NonFinite non_finite,
                      std::string& text) {
  text += '{';
  for (int i = 0; i < fields.num_fields(); ++i) {
    if (i != 0) text += ',';
    AppendJsonString(text, fields.type()->field(i)->name());
    text += ':';
    AppendJsonValue(*fields.field(i), row, non_finite, text);
  }
  text += '}';
}

// In quotes.
void AppendBase64String(std::string_view bytes, std::string& text) {
  text += '"';
  AppendBase64(bytes, text);
  text += '"';
}

void AppendJsonScalar(const arrow::Array& array, int64_t row, NonFinite non_finite,
                      std::string& text) {
  if (array.type_id() == Type::FIXED_SIZE_BINARY)
    return AppendBase64String(static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row),
                              text);
  if (!HasValueText(*array.type())) {
    const auto scalar = array.GetScalar(row);
    return AppendJsonString(text, scalar.ok() ? (*scalar)->ToString() : std::string());
  }
  switch (JsonFormOf(*array.type())) {
    case JsonForm::kBare:
      if (const std::string_view word = NonFiniteText(array, row); !word.empty()) {
        if (non_finite == NonFinite::kNull) {
          text += "null";
        } else {
          AppendJsonString(text, word);
        }
        return;
      }
      return AppendValueText(array, row, text);
    case JsonForm::kPlainString:  // Digits and signs only.
      text += '"';
      AppendValueText(array, row, text);
      text += '"';
      return;
    case JsonForm::kText: {
      const std::string_view value = TextOf(array, row);
      return IsUtf8(value) ? AppendJsonString(text, value) : AppendBase64String(value, text);
    }
  }
}

}  // namespace

void AppendJsonValue(const arrow::Array& array, int64_t row, NonFinite non_finite,
                     std::string& text) {
  if (array.IsNull(row)) {
    text += "null";
    return;
  }
  switch (array.type_id()) {
    case Type::LIST:
    case Type::MAP: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return AppendJsonItems(*list.values(), list.value_offset(row), list.value_offset(row + 1),
                             non_finite, text);
    }
    case Type::LARGE_LIST: {
      const auto& list = static_cast<const arrow::LargeListArray&>(array);
      return AppendJsonItems(*list.values(), list.value_offset(row), list.value_offset(row + 1),
                             non_finite, text);
    }
    case Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(array);
      return AppendJsonItems(*list.values(), list.value_offset(row), list.value_offset(row + 1),
                             non_finite, text);
    }
    case Type::STRUCT:
      return AppendJsonFields(static_cast<const arrow::StructArray&>(array), row, non_finite, text);
    default:
      return AppendJsonScalar(array, row, non_finite, text);
  }
}

std::string_view NonFiniteText(const arrow::Array& array, int64_t row) {
  double number = 0;
  if (array.type_id() == Type::DOUBLE) number = ValueOf<arrow::DoubleArray>(array, row);
  if (array.type_id() == Type::FLOAT) number = ValueOf<arrow::FloatArray>(array, row);
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return {};
}

std::optional<double> NonFiniteOf(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

bool HasValueText(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::DECIMAL128:
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::DATE32:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
      return true;
    default:
      return IsUuid(type);
  }
}

JsonForm JsonFormOf(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::STRING:
    case Type::LARGE_STRING:
      return JsonForm::kText;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::DATE32:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::EXTENSION:
      return JsonForm::kPlainString;
    default:
      return JsonForm::kBare;
  }
}

std::string_view TextOf(const arrow::Array& array, int64_t row) {
  if (array.type_id() == Type::STRING)
    return static_cast<const arrow::StringArray&>(array).GetView(row);
  return static_cast<const arrow::LargeStringArray&>(array).GetView(row);
}

void AppendValueText(const arrow::Array& array, int64_t row, std::string& text) {
  switch (array.type_id()) {
    case Type::NA:
      return;
    case Type::BOOL:
      text += ValueOf<arrow::BooleanArray>(array, row) ? "true" : "false";
      return;
    case Type::INT8:
      return AppendNumber(ValueOf<arrow::Int8Array>(array, row), text);
    case Type::INT16:
      return AppendNumber(ValueOf<arrow::Int16Array>(array, row), text);
    case Type::INT32:
      return AppendNumber(ValueOf<arrow::Int32Array>(array, row), text);
    case Type::INT64:
      return AppendNumber(ValueOf<arrow::Int64Array>(array, row), text);
    case Type::UINT8:
      return AppendNumber(ValueOf<arrow::UInt8Array>(array, row), text);
    case Type::UINT16:
      return AppendNumber(ValueOf<arrow::UInt16Array>(array, row), text);
    case Type::UINT32:
      return AppendNumber(ValueOf<arrow::UInt32Array>(array, row), text);
    case Type::UINT64:
      return AppendNumber(ValueOf<arrow::UInt64Array>(array, row), text);
    case Type::FLOAT:
      return AppendFloat(ValueOf<arrow::FloatArray>(array, row), text);
    case Type::DOUBLE:
      return AppendFloat(ValueOf<arrow::DoubleArray>(array, row), text);
    case Type::DECIMAL128:
      text += static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
      return;
    case Type::STRING:
    case Type::LARGE_STRING:
      text += TextOf(array, row);
      return;
    case Type::BINARY:
      return AppendBase64(static_cast<const arrow::BinaryArray&>(array).GetView(row), text);
    case Type::LARGE_BINARY:
      return AppendBase64(static_cast<const arrow::LargeBinaryArray&>(array).GetView(row), text);
    case Type::DATE32:
      return AppendDate(ValueOf<arrow::Date32Array>(array, row), text);
    case Type::TIME32: {
      const auto& type = static_cast<const arrow::Time32Type&>(*array.type());
      return AppendClock(ValueOf<arrow::Time32Array>(array, row), UnitsPerSecond(type.unit()),
                         text);
    }
    case Type::TIME64: {
      const auto& type = static_cast<const arrow::Time64Type&>(*array.type());
      return AppendClock(ValueOf<arrow::Time64Array>(array, row), UnitsPerSecond(type.unit()),
                         text);
    }
    case Type::TIMESTAMP:
      return AppendTimestamp(ValueOf<arrow::TimestampArray>(array, row),
                             static_cast<const arrow::TimestampType&>(*array.type()), text);
    case Type::EXTENSION: {
      const auto& storage = *static_cast<const arrow::ExtensionArray&>(array).storage();
      return AppendUuid(static_cast<const arrow::FixedSizeBinaryArray&>(storage).GetValue(row),
                        text);
    }
    default:
      WEIR_CHECK(false);
  }
}

}  // namespace weir::format

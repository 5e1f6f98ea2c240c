#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "arrow/array.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"
#include "base/check.h"
#include "query/cells_internal.h"
#include "query/output.h"

namespace weir::query {
namespace {

constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;
constexpr std::string_view kHex = "0123456789abcdef";

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

template <class Number>
std::string Digits(Number number) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

std::string Padded(int64_t number, size_t width) {
  std::string digits = Digits(number < 0 ? -number : number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return (number < 0 ? "-" : "") + digits;
}

std::string Decimal(const arrow::Decimal128Array& column, int64_t row) {
  const int32_t scale = static_cast<const arrow::Decimal128Type&>(*column.type()).scale();
  std::string digits = arrow::Decimal128(column.GetValue(row)).ToIntegerString();
  if (scale <= 0) return digits;
  const bool negative = digits.front() == '-';
  if (negative) digits.erase(0, 1);
  const auto behind = static_cast<size_t>(scale);
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  digits.insert(digits.size() - behind, ".");
  return (negative ? "-" : "") + digits;
}

std::string Uuid(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[static_cast<unsigned char>(bytes[i]) >> 4];
    text += kHex[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return text;
}

std::string Escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      text += c;
    } else {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return text;
}

std::string Double(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return Digits(number);
}

bool IsNested(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::STRUCT;
}

template <class A>
const A& As(const arrow::Array& column) {
  return static_cast<const A&>(column);
}

}  // namespace

void CellText::AppendPlain(const arrow::Array& column, int64_t row) {
  if (IsNested(*column.type())) return AppendJson(column, row);
  if (column.type_id() == arrow::Type::BINARY) {
    const std::string_view bytes = As<arrow::BinaryArray>(column).GetView(row);
    text_ += IsUtf8(bytes) ? std::string(bytes) : Escaped(bytes);
    return;
  }
  AppendScalar(column, row);
}

void CellText::AppendJson(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) {
    text_ += "null";
    return;
  }
  switch (column.type_id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DECIMAL128:
      return AppendScalar(column, row);
    case arrow::Type::DOUBLE:
      if (std::isfinite(As<arrow::DoubleArray>(column).Value(row)))
        return AppendScalar(column, row);
      break;
    case arrow::Type::STRING:
      return AppendJsonText(As<arrow::StringArray>(column).GetView(row));
    case arrow::Type::BINARY:
      return AppendBase64(As<arrow::BinaryArray>(column).GetView(row));
    case arrow::Type::LIST: {
      const auto& list = As<arrow::ListArray>(column);
      return AppendJsonItems(*list.values(), list.value_offset(row), list.value_offset(row + 1));
    }
    case arrow::Type::STRUCT:
      return AppendJsonFields(column, row);
    default:
      break;
  }
  text_ += '"';
  AppendScalar(column, row);  // Digits, letters and signs that need no escape.
  text_ += '"';
}

void CellText::AppendJsonItems(const arrow::Array& items, int64_t begin, int64_t end) {
  text_ += '[';
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) text_ += ',';
    AppendJson(items, i);
  }
  text_ += ']';
}

void CellText::AppendJsonFields(const arrow::Array& column, int64_t row) {
  const auto& fields = As<arrow::StructArray>(column);
  text_ += '{';
  for (int i = 0; i < fields.num_fields(); ++i) {
    if (i > 0) text_ += ',';
    AppendJsonText(fields.type()->field(i)->name());
    text_ += ':';
    AppendJson(*fields.field(i), row);
  }
  text_ += '}';
}

void CellText::AppendJsonText(std::string_view text) {
  text_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        text_ += "\\\"";
        break;
      case '\\':
        text_ += "\\\\";
        break;
      case '\n':
        text_ += "\\n";
        break;
      case '\r':
        text_ += "\\r";
        break;
      case '\t':
        text_ += "\\t";
        break;
      default:
        if (byte < 0x20 || byte == 0x7F) {
          text_ += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
        } else {
          text_ += c;
        }
    }
  }
  text_ += '"';
}

void CellText::AppendScalar(const arrow::Array& column, int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::BOOL:
      text_ += As<arrow::BooleanArray>(column).Value(row) ? "true" : "false";
      return;
    case arrow::Type::INT32:
      text_ += Digits(As<arrow::Int32Array>(column).Value(row));
      return;
    case arrow::Type::INT64:
      text_ += Digits(As<arrow::Int64Array>(column).Value(row));
      return;
    case arrow::Type::DOUBLE:
      text_ += Double(As<arrow::DoubleArray>(column).Value(row));
      return;
    case arrow::Type::DECIMAL128:
      text_ += Decimal(As<arrow::Decimal128Array>(column), row);
      return;
    case arrow::Type::STRING:
      text_ += As<arrow::StringArray>(column).GetView(row);
      return;
    case arrow::Type::DATE32:
      return AppendDate(As<arrow::Date32Array>(column).Value(row));
    case arrow::Type::TIME64:
      return AppendTime(As<arrow::Time64Array>(column).Value(row));
    case arrow::Type::TIMESTAMP:
      return AppendTimestamp(
          As<arrow::TimestampArray>(column).Value(row),
          !static_cast<const arrow::TimestampType&>(*column.type()).timezone().empty());
    case arrow::Type::EXTENSION: {
      const auto& storage = *As<arrow::ExtensionArray>(column).storage();
      text_ += Uuid(As<arrow::FixedSizeBinaryArray>(storage).GetView(row));
      return;
    }
    default:
      WEIR_CHECK(false && "a type that the engine does not hand out");
  }
}

// Proleptic Gregorian, by Howard Hinnant's days-to-civil.
void CellText::AppendDate(int64_t days) {
  const int64_t shifted = days + 719'468;
  const int64_t era = FloorDivide(shifted, 146'097);
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  text_ += Padded(year, 4) + "-" + Padded(month, 2) + "-" + Padded(day, 2);
}

void CellText::AppendTime(int64_t micros) {
  const int64_t seconds = micros / 1'000'000;
  text_ += Padded(seconds / 3'600, 2) + ":" + Padded(seconds / 60 % 60, 2) + ":" +
           Padded(seconds % 60, 2);
  const int64_t fraction = micros % 1'000'000;
  if (fraction == 0) return;
  std::string digits = Padded(fraction, 6);
  digits.resize(digits.find_last_not_of('0') + 1);
  text_ += "." + digits;
}

void CellText::AppendTimestamp(int64_t micros, bool utc) {
  const int64_t days = FloorDivide(micros, kDayMicros);
  AppendDate(days);
  text_ += 'T';
  AppendTime(micros - days * kDayMicros);
  if (utc) text_ += 'Z';
}

void CellText::AppendBase64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  text_ += '"';
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t held = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < held ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) text_ += k <= held ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
  }
  text_ += '"';
}

std::string Shown(std::string_view text) {
  std::string shown;
  const auto add_hex = [&shown](unsigned char byte) {
    shown += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (text[i] == '\n') {
      shown += "\\n";
    } else if (text[i] == '\r') {
      shown += "\\r";
    } else if (text[i] == '\t') {
      shown += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      add_hex(byte);
    } else if (byte == 0xC2 && next >= 0x80 &&
               next < 0xA0) {  // U+0080 to U+009F steer a terminal too.
      add_hex(next);
      ++i;
    } else {
      shown += text[i];
    }
  }
  return shown;
}

bool IsNumber(const arrow::DataType& type) {
  return type.id() == arrow::Type::INT32 || type.id() == arrow::Type::INT64 ||
         type.id() == arrow::Type::DOUBLE || type.id() == arrow::Type::DECIMAL128;
}

bool IsUtf8(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || i + length > bytes.size()) return false;
    char32_t point = lead & (0x7F >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3F);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xD800 && point <= 0xDFFF))) return false;
    if (length == 4 && (point < 0x10000 || point > 0x10FFFF)) return false;
    i += length;
  }
  return true;
}

}  // namespace weir::query

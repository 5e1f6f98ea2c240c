#include "iceberg/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "iceberg/calendar_internal.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

// Maps a double to an integer that orders as the number does, NaN above all.
int64_t OrderedBits(double number) {
  if (std::isnan(number)) return std::numeric_limits<int64_t>::max();
  const auto bits = std::bit_cast<int64_t>(number);
  return bits < 0 ? std::numeric_limits<int64_t>::min() - bits - 1 : bits;
}

std::string HexText(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string UuidText(const std::string& bytes) {
  std::string text = HexText(bytes);
  for (const size_t at : {20, 16, 12, 8})
    if (text.size() > at) text.insert(at, "-");
  return text;
}

std::string DecimalText(const Unscaled& value, int scale) {
  const Int128 number = ToInt128(value);
  UInt128 rest =
      number < 0 ? UInt128{0} - static_cast<UInt128>(number) : static_cast<UInt128>(number);
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0 || digits.size() <= static_cast<size_t>(scale));
  if (scale > 0) digits.insert(static_cast<size_t>(scale), ".");
  if (number < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string DateText(int64_t days) {
  const CivilDate date = CivilFromDays(days);
  return fmt::format("{:04d}-{:02d}-{:02d}", date.year, date.month, date.day);
}

std::string TimeText(int64_t micros) {
  std::string text = fmt::format("{:02d}:{:02d}:{:02d}", micros / kMicrosPerHour,
                                 micros / 60'000'000 % 60, micros / 1'000'000 % 60);
  if (micros % 1'000'000 != 0) text += fmt::format(".{:06d}", micros % 1'000'000);
  return text;
}

std::string TimestampText(int64_t micros) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  return DateText(days) + "T" + TimeText(micros - days * kMicrosPerDay);
}

std::unexpected<Error> CorruptBound(const Type& type, std::string_view bytes) {
  return Fail(ErrorKind::kCorrupt, "iceberg.bound_corrupt",
              fmt::format("{} bytes do not hold a value of type {}", bytes.size(), ToText(type)));
}

}  // namespace

DecimalBytes MinimalBytes(const Unscaled& value) {
  DecimalBytes made;
  const UInt128 bits = static_cast<UInt128>(ToInt128(value));
  for (size_t i = 0; i < 16; ++i)
    made.bytes[i] = static_cast<char>(static_cast<unsigned char>(bits >> (8 * (15 - i))));
  const char sign = value.high < 0 ? '\xff' : '\0';
  while (made.begin < 15 && made.bytes[made.begin] == sign &&
         ((made.bytes[made.begin + 1] ^ sign) & 0x80) == 0)
    ++made.begin;
  return made;
}

Unscaled FromBigEndian(std::string_view bytes) {
  WEIR_CHECK(!bytes.empty() && bytes.size() <= 16);
  UInt128 bits = (bytes.front() & 0x80) != 0 ? ~UInt128{0} : UInt128{0};
  for (const char c : bytes) bits = (bits << 8) | static_cast<unsigned char>(c);
  return FromInt128(static_cast<Int128>(bits));
}

int64_t WholeNumber(const Value& value) {
  if (const auto* narrow = std::get_if<int32_t>(&value)) return *narrow;
  const auto* wide = std::get_if<int64_t>(&value);
  WEIR_CHECK(wide != nullptr);
  return *wide;
}

bool Fits(const Type& type, const Value& value) {
  if (IsNull(value)) return true;
  const auto* text = std::get_if<std::string>(&value);
  switch (type.kind) {
    case TypeKind::kBoolean:
      return std::holds_alternative<bool>(value);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return std::holds_alternative<int32_t>(value);
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return std::holds_alternative<int64_t>(value) || std::holds_alternative<int32_t>(value);
    case TypeKind::kFloat:
      return std::holds_alternative<float>(value);
    case TypeKind::kDouble:
      return std::holds_alternative<double>(value) || std::holds_alternative<float>(value);
    case TypeKind::kDecimal: {
      const auto* decimal = std::get_if<Unscaled>(&value);
      return decimal != nullptr &&
             MinimalBytes(*decimal).view().size() <= DecimalFixedSize(type.precision);
    }
    case TypeKind::kUuid:
      return text != nullptr && text->size() == 16;
    case TypeKind::kFixed:
      return text != nullptr && text->size() == static_cast<size_t>(type.length);
    case TypeKind::kString:
    case TypeKind::kBinary:
      return text != nullptr;
    default:
      return false;
  }
}

size_t DecimalFixedSize(int precision) {
  // Bits for 10^precision - 1, and one for the sign.
  return static_cast<size_t>((precision * std::log2(10.0) + 1) / 8) + 1;
}

std::strong_ordering CompareValues(const Value& left, const Value& right) {
  const auto whole = [](const Value& value) {
    return std::holds_alternative<int32_t>(value) || std::holds_alternative<int64_t>(value);
  };
  const auto real = [](const Value& value) {
    return std::holds_alternative<float>(value) || std::holds_alternative<double>(value);
  };
  const auto as_double = [](const Value& value) {
    const auto* narrow = std::get_if<float>(&value);
    return narrow != nullptr ? double{*narrow} : std::get<double>(value);
  };
  if (whole(left) && whole(right)) return WholeNumber(left) <=> WholeNumber(right);
  if (real(left) && real(right))
    return OrderedBits(as_double(left)) <=> OrderedBits(as_double(right));
  if (left.index() != right.index()) return left.index() <=> right.index();
  if (const auto* flag = std::get_if<bool>(&left)) return *flag <=> std::get<bool>(right);
  if (const auto* decimal = std::get_if<Unscaled>(&left))
    return *decimal <=> std::get<Unscaled>(right);
  if (const auto* text = std::get_if<std::string>(&left)) {
    const int order = text->compare(std::get<std::string>(right));
    return order <=> 0;
  }
  return std::strong_ordering::equal;
}

std::string EncodeValue(const Type& type, const Value& value) {
  WEIR_CHECK(!IsNull(value) && Fits(type, value));
  switch (type.kind) {
    case TypeKind::kBoolean:
      return std::string(1, std::get<bool>(value) ? '\1' : '\0');
    case TypeKind::kInt:
    case TypeKind::kDate:
      return LittleEndian(static_cast<int32_t>(WholeNumber(value)));
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return LittleEndian(WholeNumber(value));
    case TypeKind::kFloat:
      return LittleEndian(std::get<float>(value));
    case TypeKind::kDouble:
      if (const auto* narrow = std::get_if<float>(&value)) return LittleEndian(double{*narrow});
      return LittleEndian(std::get<double>(value));
    case TypeKind::kDecimal:
      return std::string(MinimalBytes(std::get<Unscaled>(value)).view());
    case TypeKind::kString:
    case TypeKind::kUuid:
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return std::get<std::string>(value);
    default:
      WEIR_CHECK(false);
  }
}

Result<Value> DecodeValue(const Type& type, std::string_view bytes) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      if (bytes.size() != 1) return CorruptBound(type, bytes);
      return bytes.front() != '\0';
    case TypeKind::kInt:
    case TypeKind::kDate:
      if (bytes.size() != 4) return CorruptBound(type, bytes);
      return FromLittleEndian<int32_t>(bytes);
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      if (bytes.size() == 4) return int64_t{FromLittleEndian<int32_t>(bytes)};
      if (bytes.size() != 8) return CorruptBound(type, bytes);
      return FromLittleEndian<int64_t>(bytes);
    case TypeKind::kFloat:
      if (bytes.size() != 4) return CorruptBound(type, bytes);
      return FromLittleEndian<float>(bytes);
    case TypeKind::kDouble:
      if (bytes.size() == 4) return double{FromLittleEndian<float>(bytes)};
      if (bytes.size() != 8) return CorruptBound(type, bytes);
      return FromLittleEndian<double>(bytes);
    case TypeKind::kDecimal:
      if (bytes.empty() || bytes.size() > 16) return CorruptBound(type, bytes);
      return FromBigEndian(bytes);
    case TypeKind::kUuid:
      if (bytes.size() != 16) return CorruptBound(type, bytes);
      return std::string(bytes);
    case TypeKind::kString:
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return std::string(bytes);
    default:
      return CorruptBound(type, bytes);
  }
}

std::string ToText(const Type& type, const Value& value) {
  if (IsNull(value)) return "null";
  if (!Fits(type, value)) return "?";
  switch (type.kind) {
    case TypeKind::kBoolean:
      return std::get<bool>(value) ? "true" : "false";
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      if (const auto* narrow = std::get_if<float>(&value)) return fmt::format("{}", *narrow);
      return fmt::format("{}", std::get<double>(value));
    case TypeKind::kDecimal:
      return DecimalText(std::get<Unscaled>(value), type.scale);
    case TypeKind::kDate:
      return DateText(WholeNumber(value));
    case TypeKind::kTime:
      return TimeText(WholeNumber(value));
    case TypeKind::kTimestamp:
      return TimestampText(WholeNumber(value));
    case TypeKind::kTimestamptz:
      return TimestampText(WholeNumber(value)) + "+00:00";
    case TypeKind::kString:
      return std::get<std::string>(value);
    case TypeKind::kUuid:
      return UuidText(std::get<std::string>(value));
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return HexText(std::get<std::string>(value));
    default:
      return std::to_string(WholeNumber(value));
  }
}

}  // namespace weir::iceberg

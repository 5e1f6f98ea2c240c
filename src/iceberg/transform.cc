// Transforms of one value, and the names and paths made from them.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "iceberg/calendar_internal.h"
#include "iceberg/partition_spec.h"
#include "iceberg/transform_internal.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

constexpr size_t kPathSegmentMax = 200;  // A file system takes 255 bytes of a name.

// The steps of murmur3_x86_32.
uint32_t Scramble(uint32_t word) { return std::rotl(word * 0xcc9e2d51U, 15) * 0x1b873593U; }
uint32_t MixWord(uint32_t hash, uint32_t word) {
  return std::rotl(hash ^ Scramble(word), 13) * 5 + 0xe6546b64U;
}
uint32_t Finalize(uint32_t hash, size_t length) {
  hash ^= static_cast<uint32_t>(length);
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bU;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35U;
  return hash ^ (hash >> 16);
}

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '*' || c == '_';
    if (plain)
      encoded += c;
    else if (c == ' ')
      encoded += '+';
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    if (encoded.size() > kPathSegmentMax) break;
  }
  return encoded;
}

std::string ValueText(const Transform& transform, const Type& type, const Value& value) {
  if (IsNull(value)) return "null";
  switch (transform.kind) {
    case TransformKind::kYear:
      return fmt::format("{:04d}", 1970 + WholeNumber(value));
    case TransformKind::kMonth: {
      const int64_t years = FloorDivide(WholeNumber(value), 12);
      return fmt::format("{:04d}-{:02d}", 1970 + years, WholeNumber(value) - years * 12 + 1);
    }
    case TransformKind::kHour: {
      const int64_t days = FloorDivide(WholeNumber(value), 24);
      const CivilDate date = CivilFromDays(days);
      return fmt::format("{:04d}-{:02d}-{:02d}-{:02d}", date.year, date.month, date.day,
                         WholeNumber(value) - days * 24);
    }
    default:
      return ToText(type, value);
  }
}

Value TruncateValue(int32_t width, const Type& source, const Value& value) {
  switch (source.kind) {
    case TypeKind::kInt:
      return static_cast<int32_t>(TruncateWhole(std::get<int32_t>(value), width));
    case TypeKind::kLong:
      return TruncateWhole(WholeNumber(value), width);
    case TypeKind::kDecimal: {
      const Int128 number = ToInt128(std::get<Unscaled>(value));
      const Int128 rest = ((number % width) + width) % width;
      return FromInt128(
          static_cast<Int128>(static_cast<UInt128>(number) - static_cast<UInt128>(rest)));
    }
    case TypeKind::kString:
      return std::string(TruncateText(std::get<std::string>(value), static_cast<size_t>(width)));
    default:
      return std::get<std::string>(value).substr(0, static_cast<size_t>(width));
  }
}

uint32_t HashValue(const Type& source, const Value& value) {
  if (source.kind == TypeKind::kDecimal)
    return Murmur3(MinimalBytes(std::get<Unscaled>(value)).view());
  if (const auto* text = std::get_if<std::string>(&value)) return Murmur3(*text);
  return HashWhole(WholeNumber(value));
}

}  // namespace

uint32_t Murmur3(std::string_view bytes) {
  uint32_t hash = 0;
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4)
    hash = MixWord(hash, FromLittleEndian<uint32_t>(bytes.substr(at, 4)));
  uint32_t tail = 0;
  for (size_t i = bytes.size(); i > at; --i)
    tail = (tail << 8) | static_cast<unsigned char>(bytes[i - 1]);
  if (at < bytes.size()) hash ^= Scramble(tail);
  return Finalize(hash, bytes.size());
}

uint32_t HashWhole(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  uint32_t hash = MixWord(0, static_cast<uint32_t>(bits));
  hash = MixWord(hash, static_cast<uint32_t>(bits >> 32));
  return Finalize(hash, sizeof(value));
}

int64_t TruncateWhole(int64_t value, int32_t width) {
  const int64_t rest = value % width;
  return static_cast<int64_t>(static_cast<uint64_t>(value) -
                              static_cast<uint64_t>(rest < 0 ? rest + width : rest));
}

std::string_view TruncateText(std::string_view text, size_t code_points) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && code_points-- == 0) break;
  }
  return text.substr(0, at);
}

int32_t TimeUnitOf(TransformKind transform, TypeKind source, int64_t value) {
  if (source == TypeKind::kDate && transform == TransformKind::kDay)
    return static_cast<int32_t>(value);
  if (transform == TransformKind::kHour)
    return static_cast<int32_t>(FloorDivide(value, kMicrosPerHour));
  const int64_t days = source == TypeKind::kDate ? value : FloorDivide(value, kMicrosPerDay);
  if (transform == TransformKind::kDay) return static_cast<int32_t>(days);
  const CivilDate date = CivilFromDays(days);
  const int64_t years = date.year - 1970;
  return static_cast<int32_t>(transform == TransformKind::kYear ? years
                                                                : years * 12 + date.month - 1);
}

Value Apply(const Transform& transform, const Type& source, const Value& value) {
  if (IsNull(value)) return value;
  switch (transform.kind) {
    case TransformKind::kIdentity:
      return value;
    case TransformKind::kBucket:
      return BucketOf(HashValue(source, value), transform.width);
    case TransformKind::kTruncate:
      return TruncateValue(transform.width, source, value);
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      return TimeUnitOf(transform.kind, source.kind, WholeNumber(value));
    case TransformKind::kVoid:
      return std::monostate{};
    case TransformKind::kOther:
      break;
  }
  WEIR_CHECK(false);
}

std::string PartitionPath(const PartitionSpec& spec, std::span<const Type> types,
                          const PartitionTuple& tuple) {
  WEIR_CHECK(types.size() == spec.fields.size() && tuple.size() == spec.fields.size());
  std::string path;
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    const PartitionField& field = spec.fields[i];
    std::string segment =
        UrlEncode(field.name) + "=" + UrlEncode(ValueText(field.transform, types[i], tuple[i]));
    // Long values are cut, not inside a "%2F": the path is decoration, the manifest has the value.
    if (segment.size() > kPathSegmentMax) {
      segment.resize(kPathSegmentMax);
      const size_t percent = segment.find_last_of('%');
      if (percent != std::string::npos && percent + 3 > segment.size()) segment.resize(percent);
    }
    path += (path.empty() ? "" : "/") + segment;
  }
  return path;
}

}  // namespace weir::iceberg

#include "format/scalars.h"

#include <charconv>
#include <optional>
#include <string>

#include "format/utf8_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using columnar::Reason;

__extension__ typedef unsigned __int128 Uint128;

constexpr int kDigitsOfUint64 = 18;  // As many always fit.

constexpr auto kPowersOfTen = [] {
  std::array<Uint128, 39> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

constexpr auto kHexValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<size_t>('0' + i)] = static_cast<int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    values[static_cast<size_t>('a' + i)] = static_cast<int8_t>(10 + i);
    values[static_cast<size_t>('A' + i)] = static_cast<int8_t>(10 + i);
  }
  return values;
}();

constexpr auto kBase64Values = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  return values;
}();

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if ((text[i] | 0x20) != lower[i]) return false;
  return true;
}

Parsed<int64_t> ParseLongInteger(std::string_view digits, bool negative) {
  for (const char c : digits)
    if (!IsDigit(c)) return std::unexpected(ScalarFault::kMalformed);
  const size_t zeros = digits.find_first_not_of('0');
  if (zeros == std::string_view::npos) return 0;
  digits.remove_prefix(zeros);
  if (digits.size() > 19) return std::unexpected(ScalarFault::kRange);
  uint64_t value = 0;  // 19 digits fit.
  for (const char c : digits) value = value * 10 + static_cast<uint64_t>(c - '0');
  const uint64_t limit = negative ? uint64_t{1} << 63 : (uint64_t{1} << 63) - 1;
  if (value > limit) return std::unexpected(ScalarFault::kRange);
  return static_cast<int64_t>(negative ? ~value + 1 : value);
}

DecimalWords Words(Uint128 value, bool negative) {
  if (negative) value = ~value + 1;
  return {.low = static_cast<uint64_t>(value), .high = static_cast<int64_t>(value >> 64)};
}

// The parts of [+-]digits[.digits][e[+-]digits].
struct NumberParts {
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;  // Clamped to +-100,000, beyond which every use is out of range.
  bool negative = false;
};

Parsed<NumberParts> SplitNumber(std::string_view text) {
  NumberParts parts;
  size_t at = 0;
  const auto digits = [&] {
    const size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return text.substr(begin, at - begin);
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) parts.negative = text[at++] == '-';
  parts.whole = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    parts.fraction = digits();
  }
  if (parts.whole.empty() && parts.fraction.empty())
    return std::unexpected(ScalarFault::kMalformed);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool down = false;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) down = text[at++] == '-';
    const std::string_view exponent = digits();
    if (exponent.empty()) return std::unexpected(ScalarFault::kMalformed);
    for (const char c : exponent)
      parts.exponent = std::min<int64_t>(parts.exponent * 10 + (c - '0'), 100'000);
    if (down) parts.exponent = -parts.exponent;
  }
  if (at != text.size()) return std::unexpected(ScalarFault::kMalformed);
  return parts;
}

Parsed<DecimalWords> ParseLongDecimal(std::string_view text, int precision, int scale) {
  const auto parts = SplitNumber(text);
  if (!parts) return std::unexpected(parts.error());
  const size_t digit_count = parts->whole.size() + parts->fraction.size();
  const auto digit = [&](size_t i) {
    return i < parts->whole.size() ? parts->whole[i] : parts->fraction[i - parts->whole.size()];
  };
  size_t first = 0;
  while (first < digit_count && digit(first) == '0') ++first;
  if (first == digit_count) return DecimalWords{};
  // The digits kept are those before `keep`; a positive rest of it is zeros to append.
  const int64_t keep = static_cast<int64_t>(parts->whole.size()) + parts->exponent + scale;
  const int64_t made = keep - static_cast<int64_t>(first);
  if (made > precision) return std::unexpected(ScalarFault::kRange);
  for (size_t i = static_cast<size_t>(std::max<int64_t>(keep, 0)); i < digit_count; ++i)
    if (digit(i) != '0') return std::unexpected(ScalarFault::kLosesDigits);
  Uint128 value = 0;
  for (int64_t i = static_cast<int64_t>(first); i < keep; ++i)
    value = value * 10 + (static_cast<size_t>(i) < digit_count
                              ? static_cast<unsigned>(digit(static_cast<size_t>(i)) - '0')
                              : 0U);
  return Words(value, parts->negative);
}

}  // namespace

Parsed<bool> ParseBool(std::string_view text) {
  if (text.size() == 1) {
    if (text[0] == '1' || text[0] == 't' || text[0] == 'T') return true;
    if (text[0] == '0' || text[0] == 'f' || text[0] == 'F') return false;
  }
  if (EqualsIgnoringCase(text, "true")) return true;
  if (EqualsIgnoringCase(text, "false")) return false;
  return std::unexpected(ScalarFault::kMalformed);
}

Parsed<int64_t> ParseBigint(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool negative = false;
  if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  if (at == end) return std::unexpected(ScalarFault::kMalformed);
  if (end - at > kDigitsOfUint64)
    return ParseLongInteger({at, static_cast<size_t>(end - at)}, negative);
  int64_t value = 0;
  for (; at != end; ++at) {
    if (!IsDigit(*at)) return std::unexpected(ScalarFault::kMalformed);
    value = value * 10 + (*at - '0');
  }
  return negative ? -value : value;
}

Parsed<int32_t> ParseInt(std::string_view text) {
  const Parsed<int64_t> value = ParseBigint(text);
  if (!value) return std::unexpected(value.error());
  if (*value != static_cast<int32_t>(*value)) return std::unexpected(ScalarFault::kRange);
  return static_cast<int32_t>(*value);
}

namespace {

// A number of at most 18 digits that is exact as digits / 10^n with both exact as doubles
// (Clinger's fast path: one correctly rounded division). nullopt: it is not so simple.
std::optional<double> ParseShortDouble(std::string_view text) {
  constexpr std::array<double, 19> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                              1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                              1e14, 1e15, 1e16, 1e17, 1e18};
  constexpr uint64_t kExactMax = uint64_t{1} << 53;
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  if (end - at > kDigitsOfUint64 || at == end || !IsDigit(*at)) return std::nullopt;
  uint64_t value = 0;
  size_t behind_point = 0;
  for (; at != end && IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
  if (at != end && *at == '.') {
    const char* const point = at++;
    for (; at != end && IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
    behind_point = static_cast<size_t>(at - point - 1);
  }
  if (at != end || value > kExactMax) return std::nullopt;
  const double magnitude = static_cast<double>(value) / kPowers[behind_point];
  return negative ? -magnitude : magnitude;
}

}  // namespace

Parsed<double> ParseDouble(std::string_view text) {
  if (const std::optional<double> simple = ParseShortDouble(text)) return *simple;
  const char* at = text.data();
  const char* const end = at + text.size();
  // from_chars knows "inf", "nan" and no plus sign.
  if (at != end && *at == '+') {
    ++at;
    if (at != end && *at == '-') return std::unexpected(ScalarFault::kMalformed);
  }
  const char* const front = at != end && *at == '-' ? at + 1 : at;
  if (front == end || (!IsDigit(*front) && *front != '.'))
    return std::unexpected(ScalarFault::kMalformed);
  double value = 0;
  const auto [stop, ec] = std::from_chars(at, end, value, std::chars_format::general);
  if (ec == std::errc() && stop == end) [[likely]]
    return value;
  const auto parts = SplitNumber(text);
  if (!parts) return std::unexpected(parts.error());
  // Out of the range of doubles: from_chars does not say at which end.
  const std::string_view digits = parts->whole.find_first_not_of('0') == std::string_view::npos
                                      ? std::string_view()
                                      : parts->whole;
  const size_t zeros = digits.empty() ? parts->fraction.find_first_not_of('0') : 0;
  const int64_t magnitude = digits.empty() ? parts->exponent - static_cast<int64_t>(zeros)
                                           : parts->exponent + static_cast<int64_t>(digits.size());
  if (magnitude > 0) return std::unexpected(ScalarFault::kRange);
  return parts->negative ? -0.0 : 0.0;
}

Parsed<DecimalWords> ParseDecimal(std::string_view text, int precision, int scale) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool negative = false;
  if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  if (end - at > kDigitsOfUint64) return ParseLongDecimal(text, precision, scale);
  uint64_t value = 0;
  int digits = 0;
  int behind_point = 0;
  bool point = false;
  for (; at != end; ++at) {
    if (IsDigit(*at)) {
      value = value * 10 + static_cast<uint64_t>(*at - '0');
      ++digits;
      behind_point += point ? 1 : 0;
    } else if (*at == '.' && !point) {
      point = true;
    } else {
      return ParseLongDecimal(text, precision, scale);
    }
  }
  if (digits == 0) return std::unexpected(ScalarFault::kMalformed);
  const int shift = scale - behind_point;
  if (shift < 0) {
    const auto divisor = static_cast<uint64_t>(kPowersOfTen[static_cast<size_t>(-shift)]);
    if (value / divisor >= kPowersOfTen[static_cast<size_t>(precision)])
      return std::unexpected(ScalarFault::kRange);
    if (value % divisor != 0) return std::unexpected(ScalarFault::kLosesDigits);
    return Words(value / divisor, negative);
  }
  // Below the limit the product stays below 10^precision, which fits.
  if (value >= kPowersOfTen[static_cast<size_t>(std::max(precision - shift, 0))] && value != 0)
    return std::unexpected(ScalarFault::kRange);
  return Words(value * kPowersOfTen[static_cast<size_t>(shift)], negative);
}

Parsed<std::array<uint8_t, 16>> ParseUuid(std::string_view text) {
  const bool hyphens = text.size() == 36;
  if (!hyphens && text.size() != 32) return std::unexpected(ScalarFault::kMalformed);
  std::array<uint8_t, 16> bytes;
  size_t at = 0;
  int wrong = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10)) wrong |= text[at++] == '-' ? 0 : -1;
    const int high = kHexValues[static_cast<unsigned char>(text[at])];
    const int low = kHexValues[static_cast<unsigned char>(text[at + 1])];
    wrong |= high | low;
    bytes[i] = static_cast<uint8_t>((high << 4) | low);
    at += 2;
  }
  if (wrong < 0) return std::unexpected(ScalarFault::kMalformed);
  return bytes;
}

Parsed<size_t> DecodeBase64(std::string_view text, std::span<char> into) {
  if (text.size() % 4 != 0) return std::unexpected(ScalarFault::kMalformed);
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  size_t made = 0;
  for (size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    uint32_t group = 0;
    for (size_t i = 0; i < 4; ++i) {
      const bool pad = last && i >= 4 - padding;
      const int value = pad ? 0 : kBase64Values[static_cast<unsigned char>(text[at + i])];
      if (value < 0) return std::unexpected(ScalarFault::kMalformed);
      group = (group << 6) | static_cast<uint32_t>(value);
    }
    const size_t bytes = last ? 3 - padding : 3;
    // Bits that no byte takes must be zero, or two texts would stand for one value.
    if ((group & ((1U << (8 * (3 - bytes))) - 1U)) != 0)
      return std::unexpected(ScalarFault::kMalformed);
    for (size_t i = 0; i < bytes; ++i)
      into[made++] = static_cast<char>((group >> (16 - 8 * i)) & 0xFF);
  }
  return made;
}

size_t CountCodePoints(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

std::string Shown(std::string_view text) {
  constexpr size_t kCharactersShown = 60;
  std::string shown;
  size_t at = 0;
  for (size_t characters = 0; at < text.size(); ++characters) {
    if (characters == kCharactersShown) return shown + "…";
    const size_t length = Utf8Length(text.substr(at));
    if (length == 0 || static_cast<unsigned char>(text[at]) < 0x20 || text[at] == 0x7F) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(text[at]);
      shown += "\\x";
      shown += kHex[byte >> 4];
      shown += kHex[byte & 15];
      at += 1;
    } else {
      shown += text.substr(at, length);
      at += length;
    }
  }
  return shown;
}

Reason ExplainFault(const ColumnSpec& column, ScalarFault fault, std::string_view text) {
  const std::string type = columnar::ToText(column.type);
  const std::string word = type.substr(0, type.find('('));
  const std::string value = "'" + Shown(text) + "'";
  const std::string article = word == "int" ? "an " : "a ";
  Reason reason{.code = "type." + word, .rule = {}, .column = column.name, .detail = {}};
  switch (fault) {
    case ScalarFault::kMalformed:
      if (!column.format.empty() && columnar::Kind::kVarchar != column.type.kind) {
        reason.detail = value + " does not match the format " + column.format;
      } else {
        const bool blanks = !text.empty() && (text.front() == ' ' || text.back() == ' ' ||
                                              text.front() == '\t' || text.back() == '\t');
        reason.detail =
            value + " is not " + article + type + (blanks ? ": it has blanks around it" : "");
      }
      break;
    case ScalarFault::kRange:
      reason.detail = value + " is out of the range of " + type;
      break;
    case ScalarFault::kLosesDigits:
      reason.detail = value + " would lose digits as " + type;
      break;
    case ScalarFault::kNoSuchTime:
      reason.detail = value + " does not exist" + (column.zone.empty() ? "" : " in " + column.zone);
      break;
    case ScalarFault::kNoZone:
      reason.detail = value + " has no time zone, and the column sets none";
      break;
    case ScalarFault::kHasZone:
      reason.detail = value + " has a time zone, but the column is a timestamp without one";
      break;
    case ScalarFault::kTooLong:
      reason.detail = value + " has " + std::to_string(CountCodePoints(text)) +
                      " characters, too many for " + type;
      break;
    case ScalarFault::kNul:
      reason.code = "text.nul";
      reason.detail = value + " holds a NUL character";
      break;
    case ScalarFault::kUtf8:
      reason.code = "text.utf8";
      reason.detail = value + " is not UTF-8";
      break;
    case ScalarFault::kJsonKind:
      reason.detail = "the JSON value " + Shown(text) + " is not " + article + type;
      break;
  }
  return reason;
}

}  // namespace weir::format

#include "format/scalars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace weir::format {
namespace {

using F = ScalarFault;

template <class T>
struct Case {
  std::string text;
  Parsed<T> expected;
};

template <class T, class Parse>
void RunCases(const std::vector<Case<T>>& cases, Parse parse) {
  for (const Case<T>& c : cases) {
    const Parsed<T> got = parse(c.text);
    ASSERT_EQ(got.has_value(), c.expected.has_value()) << "'" << c.text << "'";
    if (got) {
      EXPECT_EQ(*got, *c.expected) << "'" << c.text << "'";
    } else {
      EXPECT_EQ(got.error(), c.expected.error()) << "'" << c.text << "'";
    }
  }
}

constexpr auto Bad(ScalarFault fault = F::kMalformed) { return std::unexpected(fault); }

TEST(Scalars, ABoolIsOneOfTenSpellings) {
  RunCases<bool>(
      {{"true", true},   {"TRUE", true},   {"True", true},   {"t", true},      {"T", true},
       {"1", true},      {"false", false}, {"FALSE", false}, {"f", false},     {"F", false},
       {"0", false},     {"", Bad()},      {"yes", Bad()},   {"no", Bad()},    {"2", Bad()},
       {" true", Bad()}, {"true ", Bad()}, {"tru", Bad()},   {"truee", Bad()}, {"on", Bad()},
       {"00", Bad()}},
      ParseBool);
}

TEST(Scalars, ABigintIsDigitsWithinSixtyFourBits) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  RunCases<int64_t>({{"0", 0},
                     {"-0", 0},
                     {"+0", 0},
                     {"7", 7},
                     {"-7", -7},
                     {"+7", 7},
                     {"007", 7},
                     {"123456789012345678", 123456789012345678},
                     {"9223372036854775807", kMax},
                     {"-9223372036854775808", kMin},
                     {"0000000000000000000000000009223372036854775807", kMax},
                     {"9223372036854775808", Bad(F::kRange)},
                     {"-9223372036854775809", Bad(F::kRange)},
                     {"99999999999999999999999999", Bad(F::kRange)},
                     {"18446744073709551616", Bad(F::kRange)},
                     {"", Bad()},
                     {"-", Bad()},
                     {"+", Bad()},
                     {"--1", Bad()},
                     {"+-1", Bad()},
                     {"1 ", Bad()},
                     {" 1", Bad()},
                     {"1.0", Bad()},
                     {"1e3", Bad()},
                     {"0x10", Bad()},
                     {"1_000", Bad()},
                     {"1,000", Bad()},
                     {"x12", Bad()},
                     {"1234567890123456789x", Bad()},
                     {"\xD9\xA1", Bad()},
                     {"NaN", Bad()},
                     {"null", Bad()}},
                    ParseBigint);
}

TEST(Scalars, AnIntIsDigitsWithinThirtyTwoBits) {
  RunCases<int32_t>({{"2147483647", 2147483647},
                     {"-2147483648", std::numeric_limits<int32_t>::min()},
                     {"0", 0},
                     {"2147483648", Bad(F::kRange)},
                     {"-2147483649", Bad(F::kRange)},
                     {"9223372036854775808", Bad(F::kRange)},
                     {"", Bad()},
                     {"1.5", Bad()},
                     {"a", Bad()}},
                    ParseInt);
}

TEST(Scalars, ADoubleIsReadExactlyOrRefused) {
  RunCases<double>({{"0", 0.0},
                    {"1.5", 1.5},
                    {"-1.5", -1.5},
                    {"+1.5", 1.5},
                    {".5", 0.5},
                    {"5.", 5.0},
                    {"1e3", 1000.0},
                    {"1E-3", 0.001},
                    {"1e+3", 1000.0},
                    {"-0", -0.0},
                    {"0.1", 0.1},
                    {"1.7976931348623157e308", 1.7976931348623157e308},
                    {"4.9e-324", 4.9e-324},
                    {"1e-400", 0.0},
                    {"-1e-400", -0.0},
                    {"0e999999999999", 0.0},
                    {"0.000000000000000000000000000000000000000000000000000000000000001e60", 0.001},
                    {"9007199254740993", 9007199254740992.0},
                    {"1e309", Bad(F::kRange)},
                    {"-1e309", Bad(F::kRange)},
                    {"1e99999999999", Bad(F::kRange)},
                    {"inf", Bad()},
                    {"-inf", Bad()},
                    {"Infinity", Bad()},
                    {"nan", Bad()},
                    {"NaN", Bad()},
                    {"", Bad()},
                    {".", Bad()},
                    {"-", Bad()},
                    {"e5", Bad()},
                    {"1e", Bad()},
                    {"1e+", Bad()},
                    {"1.5.2", Bad()},
                    {"1,5", Bad()},
                    {" 1", Bad()},
                    {"1 ", Bad()},
                    {"0x1p3", Bad()},
                    {"+-1", Bad()},
                    {"1.5f", Bad()}},
                   ParseDouble);
}

// Through text, for want of a 128-bit literal.
std::string Decimal(std::string_view text, int precision, int scale) {
  const auto value = ParseDecimal(text, precision, scale);
  if (!value) {
    switch (value.error()) {
      case F::kMalformed:
        return "malformed";
      case F::kRange:
        return "range";
      case F::kLosesDigits:
        return "loses";
      default:
        return "?";
    }
  }
  __extension__ typedef __int128 Int128;
  Int128 left = static_cast<Int128>(value->high) * (static_cast<Int128>(1) << 64) +
                static_cast<Int128>(value->low);
  if (left == 0) return "0";
  const bool negative = left < 0;
  std::string digits;
  for (; left != 0; left /= 10) {
    const int digit = static_cast<int>(left % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  return (negative ? "-" : "") + digits;
}

TEST(Scalars, ADecimalIsExactOrRefused) {
  struct DecimalCase {
    std::string text;
    int precision;
    int scale;
    std::string unscaled;
  };
  const std::string nines(38, '9');
  const std::vector<DecimalCase> cases = {
      {"1.5", 10, 2, "150"},
      {"-1.5", 10, 2, "-150"},
      {"+1.5", 10, 2, "150"},
      {"0", 10, 2, "0"},
      {"-0.00", 10, 2, "0"},
      {".5", 10, 2, "50"},
      {"5.", 10, 2, "500"},
      {"007.10", 10, 2, "710"},
      {"12.340", 10, 2, "1234"},
      {"12.34000000000000000000000000", 10, 2, "1234"},
      {"12.345", 10, 2, "loses"},
      {"0.001", 10, 2, "loses"},
      {"1e-3", 10, 2, "loses"},
      {"12345678.90", 10, 2, "1234567890"},
      {"99999999.99", 10, 2, "9999999999"},
      {"100000000", 10, 2, "range"},
      {"100000000.00", 10, 2, "range"},
      {"-100000000", 10, 2, "range"},
      {"1e3", 10, 2, "100000"},
      {"1.5e1", 10, 2, "1500"},
      {"1234e-2", 10, 2, "1234"},
      {"1e8", 10, 2, "range"},
      {"1e99999999999999", 10, 2, "range"},
      {"0e99999999999999", 10, 2, "0"},
      {"1e-99999999999999", 10, 2, "loses"},
      {"1", 1, 1, "range"},
      {"0.1", 1, 1, "1"},
      {"1", 38, 38, "range"},
      {"0", 38, 38, "0"},
      {"0.1", 38, 38, "1" + std::string(37, '0')},
      {nines, 38, 0, nines},
      {"-" + nines, 38, 0, "-" + nines},
      {nines + "0", 38, 0, "range"},
      {"1" + std::string(38, '0'), 38, 0, "range"},
      {"0." + nines, 38, 38, nines},
      {"123456789012345678", 38, 20, "12345678901234567800000000000000000000"},
      {"1234567890123456789", 38, 20, "range"},
      {"9223372036854775808", 19, 0, "9223372036854775808"},
      {"123456789012345678", 18, 0, "123456789012345678"},
      {"123456789012345678", 17, 0, "range"},
      {"12345678901234567.8", 18, 1, "123456789012345678"},
      {"", 10, 2, "malformed"},
      {".", 10, 2, "malformed"},
      {"-", 10, 2, "malformed"},
      {"1.2.3", 10, 2, "malformed"},
      {"1,5", 10, 2, "malformed"},
      {" 1", 10, 2, "malformed"},
      {"1e", 10, 2, "malformed"},
      {"NaN", 10, 2, "malformed"},
      {"0x1", 10, 2, "malformed"},
      {"12345678901234567890x", 10, 2, "malformed"},
      {"1 000", 10, 2, "malformed"}};
  for (const DecimalCase& c : cases)
    EXPECT_EQ(Decimal(c.text, c.precision, c.scale), c.unscaled)
        << c.text << " as decimal(" << c.precision << "," << c.scale << ")";
}

TEST(Scalars, AUuidHasItsHyphensOrNone) {
  const std::array<uint8_t, 16> value = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3,
                                         0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00};
  RunCases<std::array<uint8_t, 16>>({{"123e4567-e89b-12d3-a456-426614174000", value},
                                     {"123E4567-E89B-12D3-A456-426614174000", value},
                                     {"123e4567e89b12d3a456426614174000", value},
                                     {"", Bad()},
                                     {"123e4567-e89b-12d3-a456-42661417400", Bad()},
                                     {"123e4567-e89b-12d3-a456-4266141740000", Bad()},
                                     {"123e4567-e89b-12d3-a456-42661417400g", Bad()},
                                     {"123e4567e-89b-12d3-a456-426614174000", Bad()},
                                     {"{23e4567-e89b-12d3-a456-42661417400}", Bad()},
                                     {"123e4567ze89bz12d3za456z426614174000", Bad()},
                                     {"123e4567-e89b12d3a456426614174000", Bad()}},
                                    ParseUuid);
}

TEST(Scalars, Base64IsReadWithItsPadding) {
  struct BinaryCase {
    std::string text;
    std::optional<std::string> bytes;
  };
  const std::vector<BinaryCase> cases = {{"", ""},
                                         {"Zg==", "f"},
                                         {"Zm8=", "fo"},
                                         {"Zm9v", "foo"},
                                         {"Zm9vYg==", "foob"},
                                         {"AAA=", std::string(2, '\0')},
                                         {"+/+/", "\xFB\xFF\xBF"},
                                         {"Zg", std::nullopt},
                                         {"Zg=", std::nullopt},
                                         {"Zh==", std::nullopt},
                                         {"Zm9=", std::nullopt},
                                         {"Zm9v\n", std::nullopt},
                                         {"====", std::nullopt},
                                         {"A===", std::nullopt},
                                         {"Zg==Zg==", std::nullopt},
                                         {"-_-_", std::nullopt},
                                         {"Z m8", std::nullopt}};
  for (const BinaryCase& c : cases) {
    std::string bytes(c.text.size() / 4 * 3, '?');
    const auto made = DecodeBase64(c.text, bytes);
    EXPECT_EQ(made.has_value(), c.bytes.has_value()) << c.text;
    if (made) {
      EXPECT_EQ(bytes.substr(0, *made), *c.bytes) << c.text;
    }
  }
}

TEST(Scalars, CodePointsAreCountedNotBytes) {
  EXPECT_EQ(CountCodePoints(""), 0U);
  EXPECT_EQ(CountCodePoints("abc"), 3U);
  EXPECT_EQ(CountCodePoints("aé€😀"), 4U);
}

TEST(Scalars, AFaultSaysWhatWasThereAndWhatItIsNot) {
  struct ExplainCase {
    std::string type;
    ScalarFault fault;
    std::string text;
    std::string code;
    std::string detail;
  };
  const std::vector<ExplainCase> cases = {
      {"bigint", F::kMalformed, "x12", "type.bigint", "'x12' is not a bigint"},
      {"int", F::kMalformed, " 1", "type.int", "' 1' is not an int: it has blanks around it"},
      {"int", F::kRange, "3000000000", "type.int", "'3000000000' is out of the range of int"},
      {"decimal(10,2)", F::kLosesDigits, "1.234", "type.decimal",
       "'1.234' would lose digits as decimal(10,2)"},
      {"varchar(3)", F::kTooLong, "aé€😀", "type.varchar",
       "'aé€😀' has 4 characters, too many for varchar(3)"},
      {"timestamptz", F::kNoZone, "2026-05-01T10:00:00", "type.timestamptz",
       "'2026-05-01T10:00:00' has no time zone, and the column sets none"},
      {"date", F::kNoSuchTime, "2026-02-30", "type.date", "'2026-02-30' does not exist"},
      {"varchar", F::kUtf8, "a\xFF", "text.utf8", "'a\\xFF' is not UTF-8"},
      {"varchar", F::kNul, std::string("a\0b", 3), "text.nul", "'a\\x00b' holds a NUL character"},
      {"bool", F::kJsonKind, "\"yes\"", "type.bool", "the JSON value \"yes\" is not a bool"}};
  for (const ExplainCase& c : cases) {
    columnar::ColumnSpec column;
    column.name = "n";
    column.type = columnar::ParseType(c.type).value();
    const columnar::Reason reason = ExplainFault(column, c.fault, c.text);
    EXPECT_EQ(reason.code, c.code);
    EXPECT_EQ(reason.column, "n");
    EXPECT_EQ(reason.detail, c.detail);
  }
}

TEST(Scalars, AShownValueIsCutToSixtyCharacters) {
  EXPECT_EQ(Shown(std::string(60, 'a')), std::string(60, 'a'));
  EXPECT_EQ(Shown(std::string(61, 'a')), std::string(60, 'a') + "…");
  std::string euros;
  for (int i = 0; i < 70; ++i) euros += "€";
  EXPECT_EQ(CountCodePoints(Shown(euros)), 61U);
  EXPECT_EQ(Shown("a\tb\x7F"), "a\\x09b\\x7F");
  EXPECT_EQ(Shown("\xC0\x80\xED\xA0\x80"), "\\xC0\\x80\\xED\\xA0\\x80");
}

}  // namespace
}  // namespace weir::format

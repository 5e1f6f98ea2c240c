#include "iceberg/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

Unscaled Number(int64_t value) {
  return {.high = value < 0 ? -1 : 0, .low = static_cast<uint64_t>(value)};
}

struct ValueCase {
  const char* name;
  Type type;
  Value value;
  const char* hex;
  const char* text;
};

std::vector<ValueCase> Cases() {
  using enum TypeKind;
  return {
      {"true", Primitive(kBoolean), true, "01", "true"},
      {"an int is little-endian", Primitive(kInt), int32_t{258}, "02010000", "258"},
      {"a negative long", Primitive(kLong), int64_t{-2}, "feffffffffffffff", "-2"},
      {"a date before 1970", Primitive(kDate), int32_t{-1}, "ffffffff", "1969-12-31"},
      {"a leap day", Primitive(kDate), int32_t{19782}, "464d0000", "2024-02-29"},
      {"a time", Primitive(kTime), int64_t{81068000001}, "018307e012000000", "22:31:08.000001"},
      {"a timestamp", Primitive(kTimestamp), int64_t{1510871468000000}, nullptr,
       "2017-11-16T22:31:08"},
      {"a moment before 1970", Primitive(kTimestamptz), int64_t{-1}, "ffffffffffffffff",
       "1969-12-31T23:59:59.999999+00:00"},
      {"minus zero", Primitive(kDouble), -0.0, "0000000000000080", "-0"},
      {"a float", Primitive(kFloat), 1.5F, "0000c03f", "1.5"},
      {"a text", Primitive(kString), std::string("a\xc3\xa9"), "61c3a9", "a\xc3\xa9"},
      {"bytes", Primitive(kBinary), std::string("\x00\xff", 2), "00ff", "00ff"},
      {"decimal zero is one byte", Decimal(9, 2), Number(0), "00", "0.00"},
      {"decimal 127", Decimal(9, 0), Number(127), "7f", "127"},
      {"decimal 128 needs a sign byte", Decimal(9, 0), Number(128), "0080", "128"},
      {"decimal -128 needs none", Decimal(9, 0), Number(-128), "80", "-128"},
      {"decimal -129", Decimal(9, 0), Number(-129), "ff7f", "-129"},
      {"decimal 14.20", Decimal(9, 2), Number(1420), "058c", "14.20"},
      {"a small negative decimal", Decimal(9, 3), Number(-5), "fb", "-0.005"},
      {"the least decimal", Decimal(38, 0),
       Unscaled{.high = std::numeric_limits<int64_t>::min(), .low = 0},
       "80000000000000000000000000000000", "-170141183460469231731687303715884105728"},
  };
}

TEST(Value, HasTheBytesAndTheTextOfTheSpecification) {
  for (const ValueCase& c : Cases()) {
    const std::string bytes = EncodeValue(c.type, c.value);
    if (c.hex != nullptr) {
      EXPECT_EQ(Hex(bytes), c.hex) << c.name;
    }
    const auto back = DecodeValue(c.type, bytes);
    ASSERT_TRUE(back) << c.name;
    EXPECT_EQ(*back, c.value) << c.name;
    EXPECT_EQ(ToText(c.type, c.value), c.text) << c.name;
  }
}

TEST(Value, AUuidIsBigEndianAndReadAsText) {
  const std::string bytes("\xf7\x9c\x3e\x09\x67\x7c\x4b\xbd\xa4\x79\x3f\x34\x9c\xb7\x85\xe7", 16);
  EXPECT_EQ(ToText(Primitive(TypeKind::kUuid), bytes), "f79c3e09-677c-4bbd-a479-3f349cb785e7");
}

TEST(Value, ANarrowBoundOnAWidenedColumnIsReadByItsLength) {
  EXPECT_EQ(*DecodeValue(Primitive(TypeKind::kLong), std::string("\xff\xff\xff\xff", 4)),
            Value(int64_t{-1}));
  EXPECT_EQ(*DecodeValue(Primitive(TypeKind::kDouble), std::string("\0\0\xc0\x3f", 4)), Value(1.5));
}

TEST(Value, BytesOfAWrongLengthAreAnError) {
  const struct {
    TypeKind kind;
    size_t length;
  } cases[] = {{TypeKind::kBoolean, 0}, {TypeKind::kInt, 8},      {TypeKind::kLong, 5},
               {TypeKind::kUuid, 15},   {TypeKind::kDecimal, 17}, {TypeKind::kDecimal, 0}};
  for (const auto& c : cases) {
    Type type = Primitive(c.kind);
    const auto value = DecodeValue(type, std::string(c.length, 'x'));
    ASSERT_FALSE(value) << c.length;
    EXPECT_EQ(value.error().code, "iceberg.bound_corrupt");
  }
}

TEST(Value, OrderIsTotalWithNullFirstAndNanLast) {
  const std::vector<Value> reals = {std::monostate{},
                                    -std::numeric_limits<double>::infinity(),
                                    -1.0,
                                    -0.0,
                                    0.0,
                                    1e-300,
                                    2.0F,
                                    std::numeric_limits<double>::infinity(),
                                    std::nan("")};
  for (size_t i = 0; i < reals.size(); ++i)
    for (size_t j = 0; j < reals.size(); ++j)
      EXPECT_EQ(CompareValues(reals[i], reals[j]), i <=> j) << i << " " << j;
  EXPECT_TRUE(CompareValues(int32_t{5}, int64_t{6}) < 0);
  EXPECT_TRUE(CompareValues(std::string("a"), std::string("\xc3\xa9")) < 0);
  EXPECT_TRUE(CompareValues(Number(-1), Number(0)) < 0);
}

}  // namespace
}  // namespace weir::iceberg

#include "iceberg/bounds.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "iceberg/testing_internal.h"
#include "iceberg/value.h"

namespace weir::iceberg {
namespace {

TEST(Bounds, TextIsCutByCodePointsAndTheUpperBoundStaysAbove) {
  const struct {
    const char* name;
    std::string text;
    std::string lower;
    std::optional<std::string> upper;
  } cases[] = {
      {"a short text is exact", "abc", "abc", "abc"},
      {"16 code points are exact", std::string(16, 'a'), std::string(16, 'a'),
       std::string(16, 'a')},
      {"a long one is cut", std::string(17, 'a'), std::string(16, 'a'), std::string(15, 'a') + "b"},
      {"two-byte letters count once",
       [] {
         std::string text;
         for (int i = 0; i < 17; ++i) text += "\xc3\xa9";
         return text;
       }(),
       [] {
         std::string text;
         for (int i = 0; i < 16; ++i) text += "\xc3\xa9";
         return text;
       }(),
       [] {
         std::string text;
         for (int i = 0; i < 15; ++i) text += "\xc3\xa9";
         return text + "\xc3\xaa";
       }()},
      {"the code point before the surrogates is followed by the one behind them",
       std::string(15, 'a') + "\xed\x9f\xbf"
                              "x",
       std::string(15, 'a') + "\xed\x9f\xbf", std::string(15, 'a') + "\xee\x80\x80"},
      {"the last code point of all carries",
       std::string(15, 'a') + "\xf4\x8f\xbf\xbf"
                              "x",
       std::string(15, 'a') + "\xf4\x8f\xbf\xbf", std::string(14, 'a') + "b"},
      {"nothing is above only last code points",
       [] {
         std::string text;
         for (int i = 0; i < 17; ++i) text += "\xf4\x8f\xbf\xbf";
         return text;
       }(),
       [] {
         std::string text;
         for (int i = 0; i < 16; ++i) text += "\xf4\x8f\xbf\xbf";
         return text;
       }(),
       std::nullopt},
      {"one byte grows to two",
       std::string(15, 'a') + "\x7f"
                              "x",
       std::string(15, 'a') + "\x7f", std::string(15, 'a') + "\xc2\x80"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(LowerBoundOfText(c.text), c.lower) << c.name;
    EXPECT_EQ(UpperBoundOfText(c.text), c.upper) << c.name;
    EXPECT_LE(LowerBoundOfText(c.text), c.text);
    if (c.upper) {
      EXPECT_GE(*c.upper, c.text) << c.name;
    }
  }
}

TEST(Bounds, BytesAreCutByBytes) {
  EXPECT_EQ(UpperBoundOfBytes(std::string(15, 'a') + "\xff\xff"), std::string(14, 'a') + "b");
  EXPECT_EQ(UpperBoundOfBytes(std::string(20, '\xff')), std::nullopt);
  EXPECT_EQ(UpperBoundOfBytes(std::string(16, '\xff')), std::string(16, '\xff'));
  EXPECT_EQ(LowerBoundOfBytes(std::string(20, '\xff')), std::string(16, '\xff'));
}

template <class Builder, class Number>
std::shared_ptr<arrow::Array> ArrayOf(Builder builder,
                                      const std::vector<std::optional<Number>>& values) {
  for (const auto& value : values)
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return builder.Finish().ValueOrDie();
}

Schema OneColumn(Type type) {
  Schema schema;
  schema.fields.resize(1);
  schema.fields[0].id = 7;
  schema.fields[0].name = "c";
  schema.fields[0].type = std::move(type);
  return schema;
}

struct Expected {
  int64_t values;
  int64_t nulls;
  Value lower;  // Null: no bound.
  Value upper;
};

void ExpectMetrics(const char* name, const Type& type,
                   const std::vector<std::shared_ptr<arrow::Array>>& arrays,
                   const Expected& expected) {
  const Schema schema = OneColumn(type);
  MetricsAccumulator accumulator(schema);
  for (const auto& array : arrays) {
    const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("c", array->type())}),
                                                array->length(), {array});
    ASSERT_TRUE(accumulator.Update(*batch)) << name;
  }
  const Metrics metrics = accumulator.Finish();
  EXPECT_EQ(metrics.value_counts.at(7), expected.values) << name;
  EXPECT_EQ(metrics.null_value_counts.at(7), expected.nulls) << name;
  ASSERT_EQ(metrics.lower_bounds.contains(7), !IsNull(expected.lower)) << name;
  ASSERT_EQ(metrics.upper_bounds.contains(7), !IsNull(expected.upper)) << name;
  if (!IsNull(expected.lower)) {
    EXPECT_EQ(metrics.lower_bounds.at(7), EncodeValue(type, expected.lower)) << name;
  }
  if (!IsNull(expected.upper)) {
    EXPECT_EQ(metrics.upper_bounds.at(7), EncodeValue(type, expected.upper)) << name;
  }
}

TEST(Metrics, CountAndBoundEachKindOfColumn) {
  using enum TypeKind;
  const auto longs = [](std::vector<std::optional<int64_t>> values) {
    return ArrayOf<arrow::Int64Builder, int64_t>(arrow::Int64Builder(), values);
  };
  const auto texts = [](std::vector<std::optional<std::string>> values) {
    return ArrayOf<arrow::StringBuilder, std::string>(arrow::StringBuilder(), values);
  };
  const auto flags = [](std::vector<std::optional<bool>> values) {
    return ArrayOf<arrow::BooleanBuilder, bool>(arrow::BooleanBuilder(), values);
  };
  const auto decimals = [](std::vector<std::optional<arrow::Decimal128>> values) {
    return ArrayOf<arrow::Decimal128Builder, arrow::Decimal128>(
        arrow::Decimal128Builder(arrow::decimal128(38, 0)), values);
  };
  ExpectMetrics("longs over batches", Primitive(kLong), {longs({5, std::nullopt, -3}), longs({9})},
                {4, 1, int64_t{-3}, int64_t{9}});
  ExpectMetrics("a slice sees only its rows", Primitive(kLong),
                {longs({100, std::nullopt, 1, 2, -100})->Slice(1, 3)},
                {3, 1, int64_t{1}, int64_t{2}});
  ExpectMetrics("only nulls have no bounds", Primitive(kLong), {longs({std::nullopt})},
                {1, 1, std::monostate{}, std::monostate{}});
  ExpectMetrics("no rows", Primitive(kString), {texts({})},
                {0, 0, std::monostate{}, std::monostate{}});
  ExpectMetrics("the extremes themselves", Primitive(kLong),
                {longs({std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})},
                {2, 0, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()});
  ExpectMetrics("texts", Primitive(kString),
                {texts({"m", "", std::nullopt}), texts({"z" + std::string(99, 'z'), "b"})},
                {5, 1, std::string(), std::string(15, 'z') + "{"});
  ExpectMetrics("the later text only differs far behind", Primitive(kString),
                {texts({std::string(80, 'a') + "b", std::string(80, 'a') + "a"})},
                {2, 0, std::string(16, 'a'), std::string(15, 'a') + "b"});
  ExpectMetrics("all true", Primitive(kBoolean), {flags({true, std::nullopt, true})},
                {3, 1, true, true});
  ExpectMetrics("both", Primitive(kBoolean), {flags({true}), flags({false})}, {2, 0, false, true});
  ExpectMetrics("decimals", Decimal(38, 0),
                {decimals({arrow::Decimal128(-1), std::nullopt, arrow::Decimal128(1, 0)})},
                {3, 1, Unscaled{.high = -1, .low = ~uint64_t{0}}, Unscaled{.high = 1, .low = 0}});
}

TEST(Metrics, NanIsCountedAndIsNoBoundAndZeroHasBothSigns) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto array = ArrayOf<arrow::DoubleBuilder, double>(arrow::DoubleBuilder(),
                                                           {nan, 0.0, std::nullopt, -2.0, nan});
  MetricsAccumulator accumulator(OneColumn(Primitive(TypeKind::kDouble)));
  const auto batch = [](const std::shared_ptr<arrow::Array>& column) {
    return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                    column->length(), {column});
  };
  ASSERT_TRUE(accumulator.Update(*batch(array)));
  const Metrics metrics = accumulator.Finish();
  EXPECT_EQ(metrics.nan_value_counts.at(7), 2);
  EXPECT_EQ(metrics.lower_bounds.at(7), EncodeValue(Primitive(TypeKind::kDouble), -2.0));
  EXPECT_EQ(metrics.upper_bounds.at(7), EncodeValue(Primitive(TypeKind::kDouble), 0.0));

  MetricsAccumulator only_nan(OneColumn(Primitive(TypeKind::kDouble)));
  ASSERT_TRUE(only_nan.Update(
      *batch(ArrayOf<arrow::DoubleBuilder, double>(arrow::DoubleBuilder(), {nan}))));
  EXPECT_TRUE(only_nan.Finish().lower_bounds.empty());

  MetricsAccumulator zero(OneColumn(Primitive(TypeKind::kDouble)));
  ASSERT_TRUE(
      zero.Update(*batch(ArrayOf<arrow::DoubleBuilder, double>(arrow::DoubleBuilder(), {0.0}))));
  EXPECT_EQ(zero.Finish().lower_bounds.at(7), EncodeValue(Primitive(TypeKind::kDouble), -0.0));

  MetricsAccumulator endless(OneColumn(Primitive(TypeKind::kDouble)));
  const double infinity = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(endless.Update(
      *batch(ArrayOf<arrow::DoubleBuilder, double>(arrow::DoubleBuilder(), {infinity}))));
  EXPECT_EQ(endless.Finish().lower_bounds.at(7),
            EncodeValue(Primitive(TypeKind::kDouble), infinity));
}

TEST(Metrics, FieldsOfAStructCountTheStructsNullsAndListsHaveNone) {
  const auto wanted =
      FromColumnar({.fields = {{.name = "s",
                                .type = columnar::ParseType("struct(a int, l list(int))").value(),
                                .nullable = true}}});
  const auto type = ToArrowForParquet(*wanted).value()->field(0)->type();
  const auto ints = std::make_shared<arrow::Int32Builder>();
  const auto items = std::make_shared<arrow::Int32Builder>();
  const auto lists = std::make_shared<arrow::ListBuilder>(arrow::default_memory_pool(), items,
                                                          type->field(1)->type());
  arrow::StructBuilder structs(type, arrow::default_memory_pool(), {ints, lists});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(structs.Append(i != 2).ok());
    ASSERT_TRUE(ints->Append(i == 2 ? 1000 : i).ok());  // Hidden under the null struct.
    ASSERT_TRUE(lists->Append().ok());
    ASSERT_TRUE(items->Append(i).ok());
  }
  const auto array = structs.Finish().ValueOrDie();
  MetricsAccumulator accumulator(*wanted);
  ASSERT_TRUE(accumulator.Update(
      *arrow::RecordBatch::Make(ToArrowForParquet(*wanted).value(), 4, {array})));
  const Metrics metrics = accumulator.Finish();
  EXPECT_EQ(metrics.value_counts, (std::map<int32_t, int64_t>{{2, 4}}));
  EXPECT_EQ(metrics.null_value_counts, (std::map<int32_t, int64_t>{{2, 1}}));
  EXPECT_EQ(metrics.upper_bounds.at(2), EncodeValue(Primitive(TypeKind::kInt), int32_t{3}));
}

TEST(Metrics, AWideTableMeasuresItsFirstHundredColumns) {
  Schema schema;
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (int32_t i = 1; i <= 150; ++i) {
    Field field;
    field.id = i;
    field.name = "c" + std::to_string(i);
    field.type = Primitive(TypeKind::kInt);
    schema.fields.push_back(field);
    arrays.push_back(ArrayOf<arrow::Int32Builder, int32_t>(arrow::Int32Builder(), {1}));
  }
  MetricsAccumulator accumulator(schema);
  ASSERT_TRUE(
      accumulator.Update(*arrow::RecordBatch::Make(ToArrowForParquet(schema).value(), 1, arrays)));
  EXPECT_EQ(accumulator.Finish().value_counts.size(), 100U);
}

TEST(Metrics, AColumnBehindTheFirstHundredMayBeADictionary) {
  Schema schema;
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (int32_t i = 1; i <= 101; ++i) {
    Field field;
    field.id = i;
    field.name = "c" + std::to_string(i);
    field.type = Primitive(TypeKind::kString);
    schema.fields.push_back(field);
    const auto text = arrow::MakeArrayFromScalar(arrow::StringScalar("a"), 1).ValueOrDie();
    const auto index = arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), 2).ValueOrDie();
    arrays.push_back(arrow::DictionaryArray::FromArrays(index, text).ValueOrDie());
    fields.push_back(arrow::field(field.name, arrays.back()->type()));
  }
  MetricsAccumulator accumulator(schema);
  ASSERT_TRUE(accumulator.Update(*arrow::RecordBatch::Make(arrow::schema(fields), 2, arrays)));
  EXPECT_EQ(accumulator.Finish().value_counts.size(), 100U);
}

TEST(Metrics, ABatchOfAnotherShapeIsAnError) {
  MetricsAccumulator accumulator(OneColumn(Primitive(TypeKind::kTimestamptz)));
  const auto array = ArrayOf<arrow::Int64Builder, int64_t>(arrow::Int64Builder(), {1});
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("c", arrow::int64())}), 1, {array});
  const auto done = accumulator.Update(*batch);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "column 'c' holds int64 where the table has timestamptz");
  EXPECT_FALSE(
      accumulator.Update(*arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector{})));
}

}  // namespace
}  // namespace weir::iceberg

#include "table/row_key.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

namespace weir::table {
namespace {

// Values of one type, each smaller than the next.
struct Ascending {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  const char* json;
};

std::shared_ptr<arrow::RecordBatch> One(const Ascending& values) {
  auto column = arrow::json::ArrayFromJSONString(values.type, values.json).ValueOrDie();
  const int64_t rows = column->length();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("v", values.type)}), rows, {column});
}

TEST(RowKey, BytesHaveTheOrderOfTheValues) {
  for (const Ascending& values : {
           Ascending{"bool", arrow::boolean(), "[null, false, true]"},
           Ascending{"int", arrow::int32(), "[null, -2147483648, -1, 0, 1, 2147483647]"},
           Ascending{"bigint", arrow::int64(), "[null, -9000000000, -1, 0, 255, 256, 9000000000]"},
           Ascending{"double", arrow::float64(), "[null, -1e300, -1.5, 0, 1e-300, 1.5, 1e300]"},
           Ascending{"decimal", arrow::decimal128(20, 2),
                     R"(["-99.99", "-0.01", "0.00", "0.01", "1000.00"])"},
           Ascending{"varchar", arrow::utf8(),
                     R"([null, "", "a", "a\u0000", "a\u0000b", "aa", "b", "é"])"},
           Ascending{"date", arrow::date32(), "[null, -5, 0, 20000]"},
       }) {
    const auto batch = One(values);
    const auto up = KeysOf(*batch, {{.name = "v"}}).value();
    const auto down = KeysOf(*batch, {{.name = "v", .descending = true}}).value();
    for (size_t i = 1; i < up.size(); ++i) {
      EXPECT_LT(up[i - 1], up[i]) << values.name << " " << i;
      EXPECT_GT(down[i - 1], down[i]) << values.name << " " << i;
    }
  }
}

TEST(RowKey, ColumnsDoNotRunIntoEachOther) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::utf8()), arrow::field("b", arrow::utf8())});
  const auto rows = arrow::RecordBatch::Make(
      schema, 2,
      {arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["x", "xy"])").ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["yz", "z"])").ValueOrDie()});
  const auto keys = KeysOf(*rows, {{.name = "a"}, {.name = "b"}}).value();
  EXPECT_NE(keys[0], keys[1]);
}

TEST(RowKey, RowsAreSortedAndEqualOnesStayInTheirOrder) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("n", arrow::int64())});
  const auto rows = arrow::RecordBatch::Make(
      schema, 4,
      {arrow::json::ArrayFromJSONString(arrow::int64(), "[2, 1, 2, null]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 2, 3, 4]").ValueOrDie()});
  const auto order = [&](bool descending) {
    const auto sorted = Sorted(rows, {{.name = "a", .descending = descending}}).value();
    return sorted->column(1)->ToString();
  };
  EXPECT_EQ(
      order(false),
      arrow::json::ArrayFromJSONString(arrow::int64(), "[4, 2, 1, 3]").ValueOrDie()->ToString());
  EXPECT_EQ(
      order(true),
      arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 3, 2, 4]").ValueOrDie()->ToString());
}

TEST(RowKey, WhatHasNoOrderIsSaid) {
  const auto list = arrow::list(arrow::int64());
  const auto rows =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("l", list)}), 1,
                               {arrow::json::ArrayFromJSONString(list, "[[1]]").ValueOrDie()});
  EXPECT_EQ(KeysOf(*rows, {{.name = "l"}}).error().code, "table.key_column");
  EXPECT_EQ(KeysOf(*rows, {{.name = "x"}}).error().code, "table.key_column");
  EXPECT_EQ(ParseSortTerm("a desc")->descending, true);
  EXPECT_EQ(ParseSortTerm("a")->descending, false);
  EXPECT_EQ(ParseSortTerm("a up").error().code, "table.sort");
}

}  // namespace
}  // namespace weir::table

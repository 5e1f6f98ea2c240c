#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "pipeline/evolve_internal.h"
#include "table/shape.h"

namespace weir::pipeline {
namespace {

// One row per text of `_rescued`; "" is null. The contract has the one column id.
std::shared_ptr<arrow::RecordBatch> Rows(const std::vector<std::string>& rescued) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (size_t i = 0; i < rescued.size(); ++i) {
    EXPECT_TRUE(ids.Append(static_cast<int64_t>(i)).ok());
    EXPECT_TRUE((rescued[i].empty() ? texts.AppendNull() : texts.Append(rescued[i])).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("_rescued", arrow::utf8())}),
      static_cast<int64_t>(rescued.size()),
      {ids.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

std::vector<columnar::ColumnSpec> Contract() {
  columnar::ColumnSpec id;
  id.name = "id";
  id.type = columnar::ParseType("bigint").value();
  return {id};
}

// "kind=a price=2.5" per row, nulls left out; `_rescued` last.
std::vector<std::string> Shown(const arrow::RecordBatch& rows) {
  std::vector<std::string> shown;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    std::string text;
    for (int i = 1; i < rows.num_columns(); ++i) {
      const auto value = rows.column(i)->GetScalar(row).ValueOrDie();
      if (value->is_valid)
        text += (text.empty() ? "" : " ") + rows.column_name(i) + "=" + value->ToString();
    }
    shown.push_back(text);
  }
  return shown;
}

std::string Columns(const std::vector<columnar::ColumnSpec>& columns) {
  std::string text;
  for (const columnar::ColumnSpec& column : columns)
    text += (text.empty() ? "" : ", ") + column.name + " " + columnar::ToText(column.type);
  return text;
}

struct Case {
  std::string name;
  std::vector<std::string> rescued;
  std::string added;
  std::vector<std::string> rows;
};

class Evolutions : public testing::TestWithParam<Case> {};

TEST_P(Evolutions, MakeColumnsAndLoseNothing) {
  Evolution evolution(Contract());
  evolution.Begin(nullptr);
  const auto lifted = evolution.Lift(Rows(GetParam().rescued));
  ASSERT_TRUE(lifted) << lifted.error().ToString();
  EXPECT_TRUE((*lifted)->Validate().ok());
  EXPECT_EQ(Columns(evolution.added()), GetParam().added);
  EXPECT_EQ(Shown(**lifted), GetParam().rows);
}

INSTANTIATE_TEST_SUITE_P(
    OfRescuedFields, Evolutions,
    testing::Values(
        Case{"None", {"", ""}, "", {"", ""}},
        Case{"EachKind",
             {R"({"a":true,"b":1,"c":1.5,"d":"x","e":[1],"f":{"g":2}})"},
             "a bool, b bigint, c double, d varchar, e json, f json",
             {R"(a=true b=1 c=1.5 d=x e=[1] f={"g":2})"}},
        Case{"KindsJoin",
             {R"({"a":1,"b":1,"c":true,"d":1})", R"({"a":1.5,"b":"x","c":2,"d":[2]})"},
             "a double, b varchar, c varchar, d json",
             {"a=1 b=1 c=true d=1", "a=1.5 b=x c=2 d=[2]"}},
        Case{"NullsAlone", {R"({"a":null})"}, "", {R"(_rescued={"a":null})"}},
        Case{"NullThenValue", {R"({"a":null})", "", R"({"a":2})"}, "a bigint", {"", "", "a=2"}},
        Case{"NamesThatAreNoColumns",
             {R"({"_batch":1,"":2,"ID":3,"a\"b":4," c":5,"d":6})"},
             "d bigint",
             {R"(d=6 _rescued={"_batch":1,"":2,"ID":3,"a\"b":4," c":5})"}},
        Case{"LetterCaseTellsNothingApart",
             {R"({"Kind":"a","kind":"b"})"},
             "Kind varchar",
             {R"(Kind=a _rescued={"kind":"b"})"}},
        Case{"WholeNumbersBeyondBigint",
             {R"({"a":18446744073709551615,"b":1e19})"},
             "a varchar, b double",
             {"a=18446744073709551615 b=1e+19"}},
        Case{"NumbersThatADoubleWouldRound",
             {R"({"a":0.12345678901234567890,"b":0.1000000000000000055511151231257827,"c":1e999})",
              R"({"a":1.50,"b":1,"c":2})"},
             "a varchar, b varchar, c varchar",
             {"a=0.12345678901234567890 b=0.1000000000000000055511151231257827 c=1e999",
              "a=1.50 b=1 c=2"}},
        Case{"NumbersThatADoubleHolds",
             {R"({"a":0.30000000000000004,"b":-0.0,"c":1.50000000000000000000,"d":2.5E-3})"},
             "a double, b double, c double, d double",
             {"a=0.30000000000000004 b=-0 c=1.5 d=0.0025"}},
        Case{"NestedDigits",
             {R"({"a":[1e999, 12345678901234567890.10]})"},
             "a json",
             {"a=[1e999,12345678901234567890.10]"}}),
    [](const testing::TestParamInfo<Case>& each) { return each.param.name; });

iceberg::Schema Table() {
  columnar::Schema columns;
  for (const auto& [name, type] :
       {std::pair("id", "bigint"), std::pair("n", "bigint"), std::pair("more", "varchar"),
        std::pair("_batch", "varchar"), std::pair("d", "double")})
    columns.fields.push_back(
        {.name = name, .type = columnar::ParseType(type).value(), .nullable = true});
  auto schema = iceberg::FromColumnar(columns).value();
  schema.fields[2].doc = table::kJsonDoc;
  return schema;
}

TEST(Evolution, ColumnsOfTheTableKeepTheirTypeAndRescueWhatDoesNotFit) {
  const iceberg::Schema table = Table();
  Evolution evolution(Contract());
  evolution.Begin(&table);
  const auto lifted =
      evolution.Lift(Rows({R"({"n":1,"more":{"x":1}})", R"({"n":"two","more":"text","new":7})"}));
  ASSERT_TRUE(lifted) << lifted.error().ToString();
  EXPECT_EQ(Columns(evolution.added()), "new bigint");
  EXPECT_EQ(Shown(**lifted),
            (std::vector<std::string>{R"(n=1 more={"x":1})",
                                      R"(more="text" new=7 _rescued={"n":"two"})"}));
  const std::string digits = R"(n=1 _rescued={"d":1234567890123456789.5})";
  const auto rounded = evolution.Lift(
      Rows({R"({"d":1234567890123456789.5,"n":1})", R"({"d":1.25})", R"({"d":1e999,"x":1.0})"}));
  ASSERT_TRUE(rounded) << rounded.error().ToString();
  EXPECT_EQ(Shown(**rounded),
            (std::vector<std::string>{digits, "d=1.25", R"(x=1 _rescued={"d":1e999})"}));
  // Given up: what was found is forgotten.
  evolution.Begin(&table);
  EXPECT_TRUE(evolution.added().empty());
}

TEST(Evolution, ColumnsThatDataAloneMakesAreBounded) {
  std::string many = "{";
  for (size_t i = 0; i < kEvolvedColumnsMax + 5; ++i)
    many += (i == 0 ? "" : ",") + ("\"c" + std::to_string(i)) + "\":1";
  Evolution evolution(Contract());
  evolution.Begin(nullptr);
  const auto lifted = evolution.Lift(Rows({many + "}"}));
  ASSERT_TRUE(lifted) << lifted.error().ToString();
  EXPECT_EQ(evolution.added().size(), kEvolvedColumnsMax);
  EXPECT_TRUE(Shown(**lifted).front().ends_with(
      R"(_rescued={"c1000":1,"c1001":1,"c1002":1,"c1003":1,"c1004":1})"));
}

}  // namespace
}  // namespace weir::pipeline

#include "table/shape_change.h"

#include <gtest/gtest.h>

#include "table/shape.h"

namespace weir::table {
namespace {

TableShape Shape(const std::vector<std::pair<std::string, std::string>>& columns,
                 std::vector<std::string> partition_by = {}) {
  TableShape shape;
  for (auto [name, type] : columns) {
    const bool required = type.ends_with(" not null");
    if (required) type.resize(type.size() - 9);
    shape.schema.fields.push_back(
        {.name = name, .type = columnar::ParseType(type).value(), .nullable = !required});
  }
  shape.partition_by = std::move(partition_by);
  return shape;
}

iceberg::TableMetadata Made(const TableShape& shape) {
  auto schema = iceberg::FromColumnar(shape.schema).value();
  auto spec = iceberg::ParsePartitionSpec(shape.partition_by, schema).value();
  return iceberg::NewTable({.location = "file:///lake/raw/events",
                            .table_uuid = "u",
                            .timestamp_ms = 0,
                            .schema = std::move(schema),
                            .spec = std::move(spec),
                            .properties = {}});
}

struct Case {
  std::string name;
  TableShape have;
  TableShape wanted;
  std::vector<std::string> actions;  // "! " before a breaking one.
};

class Changes : public testing::TestWithParam<Case> {};

TEST_P(Changes, AreTheseAndMakeTheTableFit) {
  const Case& each = GetParam();
  const auto table = Made(each.have);
  const auto changes = ChangesFor(table, each.wanted);
  ASSERT_TRUE(changes) << changes.error().ToString();
  std::vector<std::string> actions;
  for (const ShapeChange& change : *changes) {
    actions.push_back((change.breaking() ? "! " : "") + change.action());
    EXPECT_FALSE(change.why().empty());
    EXPECT_EQ(change.effect().empty(), !change.breaking());
  }
  EXPECT_EQ(actions, each.actions);
  const auto next = Changed(table, each.wanted, *changes);
  ASSERT_TRUE(next) << next.error().ToString();
  EXPECT_TRUE(iceberg::Validate(*next));
  EXPECT_TRUE(ChangesFor(*next, each.wanted)->empty());
  for (const iceberg::Field& field : table.schema().fields)
    EXPECT_NE(next->schema().FindById(field.id), nullptr) << field.name << " is gone";
  const auto drift = CheckUnchanged({"raw", "events"}, *changes);
  EXPECT_EQ(drift.has_value(), each.actions.empty());
  if (drift) return;
  EXPECT_EQ(drift.error().code, "schema.drift");
}

INSTANTIATE_TEST_SUITE_P(
    OfATable, Changes,
    testing::Values(
        Case{"None", Shape({{"id", "bigint not null"}}), Shape({{"id", "bigint not null"}}), {}},
        Case{"JsonAndLongTextAreText",
             Shape({{"a", "json"}, {"b", "varchar(9)"}}),
             Shape({{"a", "varchar"}, {"b", "json"}}),
             {}},
        Case{"AContractMayBeStricterOrNarrower",
             Shape({{"a", "bigint"}, {"b", "decimal(12,2)"}}),
             Shape({{"a", "int not null"}, {"b", "decimal(10,2)"}}),
             {}},
        Case{"ALeftOutColumnStays",
             Shape({{"id", "int"}, {"kind", "varchar"}}),
             Shape({{"id", "int"}}),
             {}},
        Case{"ALeftOutColumnThatWasRequired",
             Shape({{"id", "int"}, {"kind", "varchar not null"}}),
             Shape({{"id", "int"}}),
             {"let column kind be null"}},
        Case{"Add",
             Shape({{"id", "int"}}),
             Shape({{"size", "int not null"}, {"id", "int"}}),
             {"add column size int"}},
        Case{"Widen",
             Shape({{"a", "int"}, {"b", "decimal(8,2)"}}),
             Shape({{"a", "bigint"}, {"b", "decimal(10,2)"}}),
             {"widen column a from int to bigint",
              "widen column b from decimal(8,2) to decimal(10,2)"}},
        Case{"AllowNull",
             Shape({{"a", "int not null"}}),
             Shape({{"a", "int"}}),
             {"let column a be null"}},
        Case{"WidenAndAllowNull",
             Shape({{"a", "int not null"}}),
             Shape({{"a", "bigint"}}),
             {"widen column a from int to bigint", "let column a be null"}},
        Case{"AnotherType",
             Shape({{"a", "varchar not null"}, {"a_old", "int"}}),
             Shape({{"a", "bigint"}}),
             {"! replace column a varchar by a bigint"}},
        Case{"AnotherScale",
             Shape({{"a", "decimal(8,2)"}}),
             Shape({{"a", "decimal(8,3)"}}),
             {"! replace column a decimal(8,2) by a decimal(8,3)"}},
        Case{"AnotherCut",
             Shape({{"ts", "timestamptz"}}, {"day(ts)"}),
             Shape({{"ts", "timestamptz"}}, {"hour(ts)"}),
             {"! partition by hour(ts), no longer by day(ts)"}},
        Case{"FirstCut",
             Shape({{"id", "int"}}),
             Shape({{"id", "int"}}, {"bucket(4, id)"}),
             {"! partition by bucket(4, id), no longer by nothing"}},
        Case{"ACutColumnOfAnotherType",
             Shape({{"k", "varchar"}}, {"k"}),
             Shape({{"k", "bigint"}}, {"k"}),
             {"! replace column k varchar by k bigint", "! partition by k, no longer by k"}}),
    [](const testing::TestParamInfo<Case>& each) { return each.param.name; });

TEST(ShapeChange, GoingBackUsesTheSpecThatWasThere) {
  const TableShape by_day = Shape({{"ts", "timestamptz"}}, {"day(ts)"});
  const TableShape by_hour = Shape({{"ts", "timestamptz"}}, {"hour(ts)"});
  auto table = Made(by_day);
  table = Changed(table, by_hour, ChangesFor(table, by_hour).value()).value();
  EXPECT_EQ(table.spec().fields[0].field_id, 1001);
  table = Changed(table, by_day, ChangesFor(table, by_day).value()).value();
  EXPECT_EQ(table.default_spec_id, 0);
  EXPECT_EQ(table.specs.size(), 2U);
}

TEST(ShapeChange, TwoShapesOfOneTableMustBeAlike) {
  const TableShape one = Shape({{"id", "bigint"}});
  EXPECT_FALSE(Difference(one, one));
  EXPECT_EQ(Difference(one, Shape({{"id", "bigint"}, {"price", "double"}})),
            "add column price double");
  EXPECT_EQ(Difference(Shape({{"id", "bigint"}, {"price", "double"}}), one),
            "add column price double");
}

TEST(ShapeChange, LetterCaseAloneMakesNoNewColumn) {
  const auto table = Made(Shape({{"id", "int"}, {"size", "varchar"}}));
  const auto changes = ChangesFor(table, Shape({{"id", "int"}, {"Size", "varchar"}}));
  ASSERT_FALSE(changes);
  EXPECT_EQ(changes.error().code, "schema.letter_case");
  EXPECT_EQ(changes.error().next, "write it 'size' (`from: Size` where the input says so)");
}

}  // namespace
}  // namespace weir::table

#include "iceberg/schema.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

columnar::Schema Columns(const std::vector<std::pair<std::string, std::string>>& columns) {
  columnar::Schema schema;
  for (const auto& [name, type] : columns)
    schema.fields.push_back(
        {.name = name, .type = columnar::ParseType(type).value(), .nullable = true});
  return schema;
}

const columnar::Schema& Nested() {
  static const columnar::Schema schema =
      Columns({{"id", "bigint"},
               {"lines", "list(struct(sku varchar, price decimal(12,2)))"},
               {"who", "struct(name varchar, age int)"},
               {"extra", "json"}});
  return schema;
}

TEST(Schema, NumbersAllFieldsOfAStructBeforeTheirChildren) {
  const Schema schema = FromColumnar(Nested()).value();
  EXPECT_EQ(schema.Find("extra")->id, 4);
  EXPECT_EQ(schema.FindById(5)->name, "element");
  EXPECT_EQ(schema.FindById(6)->name, "sku");
  EXPECT_EQ(schema.FindById(9)->name, "age");
  EXPECT_EQ(HighestFieldId(schema), 9);
  EXPECT_EQ(schema.FindById(10), nullptr);
}

TEST(Schema, ComesBackAsTheUserWroteItButForJson) {
  columnar::Schema expected = Nested();
  expected.fields[3].type.kind = columnar::Kind::kVarchar;
  EXPECT_EQ(ToColumnar(FromColumnar(Nested()).value()).value(), expected);
}

TEST(Schema, SurvivesJson) {
  Schema schema = FromColumnar(Nested()).value();
  schema.id = 3;
  schema.identifier_field_ids = {1};
  schema.fields[0].required = true;
  schema.fields[0].doc = "the \"key\"";
  EXPECT_EQ(ParseSchema(ToJson(schema)).value(), schema);
}

TEST(Schema, ReadsEveryTypeOfOtherWriters) {
  const char* json = R"json({"type":"struct","fields":[
    {"id":1,"name":"a","required":true,"type":"decimal( 9 ,2)"},
    {"id":2,"name":"b","required":false,"type":"fixed[16]"},
    {"id":3,"name":"c","required":false,"type":"float"},
    {"id":4,"name":"d","required":false,"type":{"type":"map","key-id":5,"key":"string","value-id":6,
      "value-required":false,"value":"long"}},
    {"id":7,"name":"e","required":false,"type":"timestamp_ns","initial-default":"x"}]})json";
  const Schema schema = ParseSchema(json).value();
  EXPECT_EQ(ToText(schema.Find("a")->type), "decimal(9, 2)");
  EXPECT_EQ(ToText(schema.Find("b")->type), "fixed[16]");
  EXPECT_EQ(ToText(schema.Find("d")->type), "map<string, long>");
  EXPECT_EQ(schema.Find("e")->type.kind, TypeKind::kOther);
  EXPECT_EQ(ParseSchema(ToJson(schema)).value(), schema);
  const auto columns = ToColumnar(schema);
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().code, "iceberg.unsupported_type");
  EXPECT_EQ(columns.error().message, "column 'b' has the type fixed[16], which Weir cannot hold");
}

TEST(Schema, BrokenJsonIsAnErrorThatNamesTheFault) {
  const struct {
    const char* json;
    const char* message;
  } cases[] = {
      {"", "not valid JSON"},
      {"[]", "a schema is not an object"},
      {R"({"type":"struct"})", "member 'fields' is not an array"},
      {R"({"fields":[{"name":"a"}]})", "member 'id' is missing"},
      {R"({"fields":[{"id":1,"name":"a","required":true}]})", "field 'a' has no type"},
      {R"({"fields":[{"id":1,"name":"a","required":true,"type":"decimal(9"}]})",
       "type 'decimal(9' is malformed"},
      {R"({"fields":[{"id":99999999999,"name":"a"}]})", "member 'id' does not fit 32 bits"},
      {R"({"fields":[{"id":1,"name":"a","required":true,"type":{"type":"list"}}]})",
       "member 'element-id' is missing"},
  };
  for (const auto& c : cases) {
    const auto schema = ParseSchema(c.json);
    ASSERT_FALSE(schema) << c.json;
    EXPECT_EQ(schema.error().code, "iceberg.metadata_corrupt");
    EXPECT_EQ(schema.error().message, c.message) << c.json;
  }
  EXPECT_FALSE(ParseSchema(std::string(100'000, '[')));
}

TEST(Schema, NamesThatReadersReserveAreRefused) {
  for (const char* name : {"_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id",
                           "_last_updated_sequence_number", "_change_type", "_change_x"}) {
    const auto schema = FromColumnar(Columns({{name, "int"}}));
    ASSERT_FALSE(schema) << name;
    EXPECT_EQ(schema.error().code, "iceberg.reserved_name") << name;
  }
  for (const char* name :
       {"_batch", "_source", "_offset", "_rescued", "_ingested_at", "pos", "file"})
    EXPECT_TRUE(CheckColumnName(name)) << name;
  EXPECT_EQ(FromColumnar(Columns({{"a", "int"}, {"a", "int"}})).error().code,
            "iceberg.duplicate_name");
  EXPECT_EQ(FromColumnar({}).error().code, "iceberg.no_columns");
}

TEST(Schema, EvolutionAddsAndWidensAndNeverRenumbers) {
  Schema current =
      FromColumnar(Columns({{"a", "int"}, {"b", "varchar"}, {"s", "struct(x decimal(9,2))"}}))
          .value();
  current.fields[1].required = true;
  const auto wanted =
      Columns({{"new", "list(int)"}, {"a", "bigint"}, {"s", "struct(x decimal(12,2), y date)"}});
  const Schema next = Evolve(current, wanted, 9, 5).value();
  EXPECT_EQ(next.id, 5);
  EXPECT_EQ(next.Find("a")->id, 1);
  EXPECT_EQ(ToText(next.Find("a")->type), "long");
  EXPECT_FALSE(next.Find("b")->required);  // Left out: rows will lack it.
  EXPECT_EQ(ToText(next.Find("s")->type), "struct<x decimal(12, 2), y date>");
  EXPECT_EQ(next.Find("s")->type.children[1].id, 10);
  EXPECT_EQ(next.Find("new")->id, 11);
  EXPECT_EQ(next.FindById(12)->name, "element");
}

TEST(Schema, EvolutionToTheSameColumnsChangesNothing) {
  const Schema current = FromColumnar(Nested()).value();
  EXPECT_EQ(Evolve(current, Nested(), 9, 1).value(), current);
  EXPECT_EQ(Evolve(current,
                   Columns({{"id", "int"},
                            {"lines", "list(struct(sku varchar, price decimal(12,2)))"},
                            {"who", "struct(name varchar, age int)"},
                            {"extra", "varchar(9)"}}),
                   9, 1)
                .value(),
            current);
}

TEST(Schema, EvolutionRefusesWhatOldFilesCannotBeReadAs) {
  const Schema current =
      FromColumnar(Columns({{"a", "int"}, {"d", "decimal(9,2)"}, {"l", "list(int)"}})).value();
  const std::pair<const char*, const char*> cases[] = {
      {"a", "varchar"}, {"a", "double"}, {"d", "decimal(9,3)"}, {"l", "list(date)"}, {"l", "int"}};
  for (const auto& [name, type] : cases) {
    const auto next = Evolve(current, Columns({{name, type}}), 9, 1);
    ASSERT_FALSE(next) << type;
    EXPECT_EQ(next.error().code, "iceberg.incompatible_type") << type;
  }
}

TEST(Schema, EveryArrowFieldOfADataFileCarriesItsNumber) {
  const auto arrow_schema = ToArrowForParquet(FromColumnar(Nested()).value()).value();
  const auto id_of = [](const arrow::Field& field) {
    return field.metadata()->Get("PARQUET:field_id").ValueOr("none");
  };
  EXPECT_EQ(id_of(*arrow_schema->field(0)), "1");
  const auto& list = *arrow_schema->field(1)->type();
  EXPECT_EQ(list.field(0)->name(), "element");
  EXPECT_EQ(id_of(*list.field(0)), "5");
  EXPECT_EQ(id_of(*list.field(0)->type()->field(1)), "7");
  EXPECT_TRUE(arrow_schema->Equals(*columnar::ToArrow(Nested()), /*check_metadata=*/false));
}

}  // namespace
}  // namespace weir::iceberg

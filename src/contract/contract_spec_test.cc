#include "contract/contract_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document.h"

namespace weir::contract {
namespace {

struct Column {
  std::string name, text;
  std::string type;
  bool nullable = true;
  std::optional<std::string> default_text;
};

class ColumnText : public testing::TestWithParam<Column> {};

TEST_P(ColumnText, IsRead) {
  const auto column = ParseColumn("c", GetParam().text);
  ASSERT_TRUE(column) << column.error().ToString();
  EXPECT_EQ(column->name, "c");
  EXPECT_EQ(columnar::ToText(column->type), GetParam().type);
  EXPECT_EQ(column->nullable, GetParam().nullable);
  EXPECT_EQ(column->default_text, GetParam().default_text);
}

INSTANTIATE_TEST_SUITE_P(
    Contract, ColumnText,
    testing::ValuesIn(std::vector<Column>{
        {"AType", "bigint", "bigint", true, {}},
        {"SpaceAround", "  varchar  ", "varchar", true, {}},
        {"NotNull", "varchar not null", "varchar", false, {}},
        {"CapitalLetters", "VARCHAR NOT  NULL", "varchar", false, {}},
        {"ATypeWithComma", "decimal(10, 2) not null", "decimal(10,2)", false, {}},
        {"AStruct",
         "struct(not_x int, default_y varchar) not null",
         "struct(not_x int, default_y varchar)",
         false,
         {}},
        {"AListOfStructs",
         "list(struct(sku varchar, qty int)) not null",
         "list(struct(sku varchar, qty int))",
         false,
         {}},
        {"DefaultText", "varchar default 'x'", "varchar", true, "x"},
        {"DefaultTextWithQuote", "varchar default 'it''s'", "varchar", true, "it's"},
        {"DefaultTextOfWords", "varchar default 'not null default' not null", "varchar", false,
         "not null default"},
        {"DefaultEmptyText", "varchar default ''", "varchar", true, ""},
        {"DefaultNumber", "int not null default -1", "int", false, "-1"},
        {"DefaultFraction", "double default 1.5e3", "double", true, "1.5e3"},
        {"DefaultTrue", "bool default TRUE", "bool", true, "true"},
        {"DefaultNull", "int default null", "int", true, {}},
        {"DefaultBeforeNotNull", "int default 0 not null", "int", false, "0"},
    }),
    [](const auto& given) { return given.param.name; });

TEST(ColumnTextTest, ADefaultMayStandOutsideOfTheRecord) {
  using columnar::OutsideDefault;
  const auto path = ParseColumn("c", "varchar not null default path(store_id)");
  ASSERT_TRUE(path) << path.error().ToString();
  EXPECT_EQ(path->outside, (OutsideDefault{OutsideDefault::Where::kPath, "store_id"}));
  EXPECT_FALSE(path->nullable);
  EXPECT_FALSE(path->default_text);
  const auto header = ParseColumn("c", "varchar default HEADER(X-Shop) not null");
  ASSERT_TRUE(header) << header.error().ToString();
  EXPECT_EQ(header->outside, (OutsideDefault{OutsideDefault::Where::kHeader, "x-shop"}));
}

struct Wrong {
  std::string name, text, code, message;
};

class WrongColumnText : public testing::TestWithParam<Wrong> {};

TEST_P(WrongColumnText, IsRefused) {
  const auto column = ParseColumn("c", GetParam().text);
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().code, GetParam().code) << column.error().ToString();
  EXPECT_THAT(column.error().message, testing::HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Contract, WrongColumnText,
    testing::ValuesIn(std::vector<Wrong>{
        {"AnUnknownType", "bigit", "type.unknown", "bigit"},
        {"Nothing", "", "type.malformed", ""},
        {"NotAlone", "int not", "contract.column", "without 'null'"},
        {"NotNullTwice", "int not null not null", "contract.column", "twice"},
        {"DefaultAlone", "int default", "contract.column", "nothing stands behind"},
        {"DefaultTwice", "int default 1 default 2", "contract.column", "twice"},
        {"AWordAsDefault", "varchar default hello", "contract.default", "hello"},
        {"ACallAsDefault", "timestamptz default now()", "contract.default", "now()"},
        {"AnOpenQuote", "varchar default 'x", "contract.column", "not closed"},
        {"MoreBehindIt", "int not null unique", "contract.column", "unique"},
        {"PathOfNothing", "varchar default path()", "contract.default", "path()"},
        {"HeaderWithABlank", "varchar default header(a b)", "contract.default", "header(a"},
    }),
    [](const auto& given) { return given.param.name; });

struct Reading {
  ContractSpec spec;
  Errors errors;
};

Reading ReadText(const std::string& text) {
  config::Faults faults;
  const auto node = config::ParseDocument(text, "weir.yaml", faults);
  Reading reading;
  if (node) reading.spec = config::Read(*node, ContractFields(), faults, "contract");
  reading.errors = std::move(faults).Take();
  return reading;
}

TEST(ContractText, ColumnsAndRulesAreReadWithTheirPlaces) {
  const auto [spec, errors] = ReadText(
      "columns:\n"
      "  id: uuid not null\n"
      "  day: { type: date not null, from: Day, format: \"%d/%m/%Y\" }\n"
      "  at: { type: timestamptz, zone: Europe/London }\n"
      "  note: { type: varchar, default: \"it's 5\" }\n"
      "  n: { type: int, default: 5 }\n"
      "unknown_columns: reject\n"
      "rules:\n"
      "  - { name: positive, expect: \"n > 0\" }\n"
      "  - { name: has_note, when: n = 1, expect: note is not null, on_fail: warn }\n");
  ASSERT_TRUE(errors.empty()) << errors.front().ToString();
  ASSERT_EQ(spec.columns.size(), 5u);
  EXPECT_EQ(spec.columns[0].name, "id");
  EXPECT_FALSE(spec.columns[0].nullable);
  EXPECT_EQ(spec.places[1].name.ToString(), "weir.yaml:3:3");
  EXPECT_EQ(spec.columns[1].from, "Day");
  EXPECT_EQ(spec.columns[1].format, "%d/%m/%Y");
  EXPECT_FALSE(spec.columns[1].nullable);
  EXPECT_EQ(spec.columns[2].zone, "Europe/London");
  EXPECT_EQ(spec.columns[3].default_text, "it's 5");
  EXPECT_EQ(spec.columns[4].default_text, "5");
  EXPECT_EQ(spec.unknown_columns, UnknownColumns::kReject);
  ASSERT_EQ(spec.rules.size(), 2u);
  EXPECT_EQ(spec.rules[0].name, "positive");
  EXPECT_EQ(spec.rules[0].expect.value, "n > 0");
  EXPECT_EQ(spec.rules[0].expect.place.ToString(), "weir.yaml:9:32");
  EXPECT_EQ(spec.rules[0].when.value, "");
  EXPECT_EQ(spec.rules[0].on_fail, OnFail::kReject);
  EXPECT_EQ(spec.rules[1].when.value, "n = 1");
  EXPECT_EQ(spec.rules[1].on_fail, OnFail::kWarn);
}

TEST(ContractText, AllFaultsAreToldAtOnceWithTheirPlaces) {
  const auto [spec, errors] = ReadText(
      "columns:\n"
      "  a: bigit\n"
      "  b: int not\n"
      "  c: { type: int, form: x }\n"
      "  d: { type: varchar, default: hello }\n"
      "unknown_columns: evolves\n"
      "rules:\n"
      "  - { name: Bad Name, expect: a }\n"
      "  - { name: no_expect }\n"
      "  - { name: x, expect: a, on_fail: explode }\n");
  std::vector<std::string> told;
  for (const Error& error : errors) {
    EXPECT_EQ(error.kind, ErrorKind::kConfig);
    told.push_back(error.place.ToString() + " " + error.code);
  }
  EXPECT_THAT(told, testing::ElementsAre(
                        "weir.yaml:2:6 type.unknown", "weir.yaml:3:6 contract.column",
                        "weir.yaml:4:19 config.unknown_key", "weir.yaml:5:32 contract.default",
                        "weir.yaml:6:18 config.bad_word", "weir.yaml:8:13 config.bad_name",
                        "weir.yaml:9:5 config.missing_key", "weir.yaml:10:36 config.bad_word"));
}

TEST(ContractText, AFaultyColumnIsRemembered) {
  const auto read = ReadText("columns: { a: bigit, b: int }\n");
  EXPECT_TRUE(read.spec.columns_faulty);
  EXPECT_EQ(read.spec.columns.size(), 1u);
  EXPECT_FALSE(ReadText("columns: { b: int }\n").spec.columns_faulty);
}

}  // namespace
}  // namespace weir::contract

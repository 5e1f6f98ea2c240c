#include <map>

#include "arrow/compare.h"
#include "arrow/extension_type.h"
#include "columnar/type.h"
#include "engine/engine_test_internal.h"
#include "engine/sql.h"

namespace weir::engine {
namespace {

struct RoundTrip {
  std::string name;
  std::string type;                 // As a user writes it.
  std::vector<std::string> values;  // As SQL.
};

class EveryType : public testing::TestWithParam<RoundTrip> {};

std::string Rows(const RoundTrip& given) {
  std::string rows;
  const std::string type = columnar::ToSql(columnar::ParseType(given.type).value());
  for (size_t i = 0; i < given.values.size(); ++i)
    rows += (rows.empty() ? "" : ", ") + std::string("(") + std::to_string(i) + ", CAST(" +
            given.values[i] + " AS " + type + "))";
  // Many rows: beyond one vector of the engine and one bit of a bitmap's byte.
  return "SELECT v FROM (VALUES " + rows + ") t(i, v), range(1999) r(k) ORDER BY k, i";
}

TEST_P(EveryType, LeavesAndEntersWithItsValues) {
  const auto session = OpenSession();
  const std::string rows = Rows(GetParam());
  const auto out = Read(*session, rows);
  const auto type = columnar::ToArrow(columnar::ParseType(GetParam().type).value());
  EXPECT_TRUE(out->column(0)->type()->Equals(type)) << out->column(0)->type()->ToString();
  ASSERT_TRUE(out->ValidateFull().ok()) << out->ValidateFull().ToString();
  EXPECT_EQ(out->num_rows(), static_cast<int64_t>(GetParam().values.size()) * 1999);

  const auto table = Must(session->AddTable("rows", out->schema()));
  table->Set({out->Slice(0, 777), out->Slice(777)});
  const auto again = Read(*session, "SELECT * FROM rows");
  ASSERT_TRUE(again->ValidateFull().ok());
  const auto nans_equal = arrow::EqualOptions::Defaults().nans_equal(true);
  EXPECT_TRUE(again->Equals(*out, false, nans_equal));

  // The values are the ones that SQL means, not merely the same twice.
  const std::string as_text = "CAST(v AS VARCHAR) AS t FROM (";
  EXPECT_TRUE(Read(*session, "SELECT " + as_text + rows + ")")
                  ->Equals(*Read(*session, "SELECT " + as_text + "SELECT * FROM rows)")));
}

INSTANTIATE_TEST_SUITE_P(
    Engine, EveryType,
    testing::ValuesIn(std::vector<RoundTrip>{
        {"Bool", "bool", {"true", "false", "NULL"}},
        {"Int", "int", {"0", "2147483647", "-2147483648", "NULL"}},
        {"Bigint", "bigint", {"0", "9223372036854775807", "-9223372036854775808", "NULL"}},
        {"Double", "double", {"0.0", "-1.5e300", "'inf'", "'nan'", "NULL"}},
        {"DecimalOfFour", "decimal(4,2)", {"0", "99.99", "-99.99", "NULL"}},
        {"DecimalOfNine", "decimal(9,3)", {"999999.999", "-0.001", "NULL"}},
        {"DecimalOfEighteen", "decimal(18,0)", {"999999999999999999", "-1", "NULL"}},
        {"DecimalOfThirtyEight",
         "decimal(38,10)",
         {"1234567890123456789012345678.0123456789", "-0.0000000001", "NULL"}},
        {"Varchar",
         "varchar",
         {"''", "'short'", "'exactly12byt'", "'a text beyond the inline length'",
          "'zürich 東京 🦆'", "NULL"}},
        {"Json", "json", {"'{\"a\": [1, null]}'", "'null'", "NULL"}},
        {"Uuid",
         "uuid",
         {"'7b0c3c5e-8a39-4a51-9e52-0d7e3c1f0a01'", "'00000000-0000-0000-0000-000000000000'",
          "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "NULL"}},
        {"Date", "date", {"'1970-01-01'", "'0001-01-01'", "'9999-12-31'", "NULL"}},
        {"Time", "time", {"'00:00:00'", "'23:59:59.999999'", "NULL"}},
        {"Timestamp",
         "timestamp",
         {"'1970-01-01 00:00:00'", "'1969-12-31 23:59:59.999999'", "'9999-12-31 23:59:59'",
          "NULL"}},
        {"Timestamptz",
         "timestamptz",
         {"'2026-05-01T10:00:00.123456Z'", "'2026-05-01T10:00:00+05:30'", "NULL"}},
        {"Binary",
         "binary",
         {"''::BLOB", "'\\x00\\xFF'::BLOB", "'a blob beyond the inline length'::BLOB", "NULL"}},
        {"ListOfInts", "list(int)", {"[]", "[1, NULL, 3]", "NULL", "[4]"}},
        {"ListOfTexts",
         "list(varchar)",
         {"['a', 'a text beyond the inline length', NULL]", "[]", "NULL"}},
        {"ListOfUuids", "list(uuid)", {"['7b0c3c5e-8a39-4a51-9e52-0d7e3c1f0a01', NULL]", "NULL"}},
        {"ListOfLists", "list(list(bigint))", {"[[1, 2], [], NULL, [3]]", "NULL", "[]"}},
        {"Struct",
         "struct(sku varchar, qty int)",
         {"{'sku': 'A', 'qty': 1}", "{'sku': NULL, 'qty': NULL}", "NULL"}},
        {"ListOfStructs",
         "list(struct(sku varchar, price decimal(12,2), at timestamptz))",
         {"[{'sku': 'A', 'price': 1.50, 'at': '2026-05-01T10:00:00Z'::TIMESTAMPTZ}, NULL]", "[]",
          "NULL"}},
        {"StructOfLists",
         "struct(tags list(varchar), id uuid, ok bool)",
         {"{'tags': ['x', 'y'], 'id': '7b0c3c5e-8a39-4a51-9e52-0d7e3c1f0a01'::UUID, 'ok': true}",
          "{'tags': NULL, 'id': NULL, 'ok': false}", "NULL"}},
    }),
    [](const auto& given) { return given.param.name; });

struct Foreign {
  std::string name;
  std::string sql;
  std::string type;   // The user's type that it leaves as.
  std::string value;  // Arrow's text of it.
};

class ForeignType : public testing::TestWithParam<Foreign> {};

TEST_P(ForeignType, LeavesAsAColumnType) {
  const auto session = OpenSession();
  const auto out = Read(*session, "SELECT " + GetParam().sql + " AS v UNION ALL SELECT NULL");
  const auto type = columnar::FromArrow(*out->column(0)->type());
  ASSERT_TRUE(type) << type.error().ToString();
  EXPECT_EQ(columnar::ToText(*type), GetParam().type);
  EXPECT_TRUE(out->column(0)->type()->Equals(columnar::ToArrow(*type)));
  EXPECT_TRUE(out->ValidateFull().ok()) << out->ValidateFull().ToString();
  EXPECT_EQ(out->column(0)->GetScalar(0).ValueOrDie()->ToString(), GetParam().value);
  EXPECT_TRUE(out->column(0)->IsNull(1));
}

INSTANTIATE_TEST_SUITE_P(
    Engine, ForeignType,
    testing::ValuesIn(std::vector<Foreign>{
        {"Tinyint", "(-128)::TINYINT", "int", "-128"},
        {"Smallint", "(-32768)::SMALLINT", "int", "-32768"},
        {"Utinyint", "255::UTINYINT", "int", "255"},
        {"Usmallint", "65535::USMALLINT", "int", "65535"},
        {"Uinteger", "4294967295::UINTEGER", "bigint", "4294967295"},
        {"Ubigint", "18446744073709551615::UBIGINT", "decimal(20,0)", "18446744073709551615"},
        {"Hugeint", "(-170141183460469231731687303)::HUGEINT", "decimal(38,0)",
         "-170141183460469231731687303"},
        {"SumOfBigints", "(SELECT sum(i::BIGINT) FROM range(10) t(i))", "decimal(38,0)", "45"},
        {"Uhugeint", "99999999999999999999999999999999999999::UHUGEINT", "decimal(38,0)",
         "99999999999999999999999999999999999999"},
        {"Float", "1.5::FLOAT", "double", "1.5"},
        {"TimestampInSeconds", "'2026-05-01 10:00:00'::TIMESTAMP_S", "timestamp",
         "2026-05-01 10:00:00.000000"},
        {"TimestampInMillis", "'2026-05-01 10:00:00.123'::TIMESTAMP_MS", "timestamp",
         "2026-05-01 10:00:00.123000"},
        {"TimestampInNanosBefore1970", "'1969-12-31 23:59:59.999999999'::TIMESTAMP_NS", "timestamp",
         "1969-12-31 23:59:59.999999"},
        {"Interval", "INTERVAL '1 month 2 days 03:04:05'", "varchar", "1 month 2 days 03:04:05"},
        {"TimeWithZone", "'10:00:00+02'::TIMETZ", "varchar", "10:00:00+02"},
        {"Bit", "'10101'::BIT", "varchar", "10101"},
        {"Enum", "'b'::ENUM('a', 'b')", "varchar", "b"},
        {"Null", "NULL", "int", "null"},
        {"Map", "MAP {'a': 1}", "list(struct(key varchar, value int))",
         "list<element: struct<key: string, value: int32>>[{key:string = a, value:int32 = 1}]"},
        {"Array", "[1, 2]::INTEGER[2]", "list(int)", "list<element: int32>[1, 2]"},
        {"JsonColumn", "'{\"a\":1}'::JSON", "varchar", "{\"a\":1}"},
    }),
    [](const auto& given) { return given.param.name; });

TEST(EngineTypes, AUuidLeavesInTheOrderOfItsText) {
  const auto session = OpenSession();
  const auto out = Read(*session, "SELECT '7b0c3c5e-8a39-4a51-9e52-0d7e3c1f0a01'::UUID");
  const auto& storage = static_cast<const arrow::FixedSizeBinaryArray&>(
      *static_cast<const arrow::ExtensionArray&>(*out->column(0)).storage());
  EXPECT_EQ(
      storage.GetView(0),
      std::string_view("\x7b\x0c\x3c\x5e\x8a\x39\x4a\x51\x9e\x52\x0d\x7e\x3c\x1f\x0a\x01", 16));
}

TEST(EngineTypes, WhatNoColumnHoldsIsAnErrorThatNamesTheColumn) {
  const auto session = OpenSession();
  for (const std::string sql :
       {"SELECT 1 AS a, 170141183460469231731687303715884105727::HUGEINT AS big",
        "SELECT 1 AS a, 'infinity'::TIMESTAMP AS big", "SELECT 'infinity'::DATE AS big",
        "SELECT ['-infinity'::TIMESTAMPTZ] AS big", "SELECT union_value(a := 1) AS big"}) {
    const Error error = ErrorOf(*session, sql);
    EXPECT_EQ(error.code, "engine.type") << sql;
    EXPECT_THAT(error.message, testing::StartsWith("column big: ")) << sql;
  }
}

// Lists whose entries are not in the order of their elements, share them, or leave some out.
TEST(EngineTypes, ListsMadeByFunctionsLeaveAsTheyAre) {
  const auto session = OpenSession();
  for (const std::string expression :
       {"list_sort([i, 3, NULL, 1], 'DESC')", "list_reverse([i, 2, 3])", "([i, 2, 3, 4])[2:3]",
        "list_filter([i, 2, 3], lambda x: x % 2 = 0)", "list_transform([i], lambda x: [x, x + 1])",
        "list_slice([i, 2, 3, 4, 5], 1, 5, 2)", "flatten([[i, 1], [2]])",
        "list_distinct([i, i, 2])", "list_zip([i, 1], ['a', 'b'])",
        "string_split('a,b,' || i, ',')", "CASE WHEN i % 3 = 0 THEN [i] WHEN i % 3 = 1 THEN [] END",
        "[{'a': [i, 1]}, NULL, {'a': []}]", "map_entries(MAP {i: 'x'})", "[i, 2]::BIGINT[2]",
        "struct_pack(a := [i], b := {'c': i})"}) {
    const std::string sql = "SELECT " + expression + " AS v FROM range(5000) t(i) WHERE i % 7 <> 0";
    const auto out = Read(*session, sql);
    ASSERT_TRUE(out->ValidateFull().ok()) << expression;
    const auto table = Must(session->AddTable("lists", out->schema()));
    table->Set({out});
    const auto meant = Read(*session, "SELECT CAST(v AS VARCHAR) AS t FROM (" + sql + ")");
    const auto read = Read(*session, "SELECT CAST(v AS VARCHAR) AS t FROM lists");
    EXPECT_TRUE(read->Equals(*meant))
        << expression << "\n"
        << meant->Slice(2040, 20)->ToString() << read->Slice(2040, 20)->ToString();
  }
}

}  // namespace
}  // namespace weir::engine

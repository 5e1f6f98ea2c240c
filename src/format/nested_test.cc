// Lists and structs: values, faults with their paths, unknown members, and what stays whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "format/decoder_check_internal.h"
#include "format/json_cursor_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;

SeenInput Read(const std::vector<ColumnSpec>& columns, std::string_view bytes,
               FormatKind kind = FormatKind::kNdjson, const Cutting& cutting = {}) {
  FormatSpec spec;
  spec.kind = kind;
  return ReadInput(spec, columns, bytes, bytes, cutting);
}

struct Case {
  std::string type;
  std::string value;
  std::string expected;  // The value as JSON; or "CODE DETAIL" of the fault.
  std::string rescued = "null";
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"list(int)", "[]", "[]"},
      {"list(int)", "[1, null,-3 ]", "[1,null,-3]"},
      {"list(int)", "[\"7\"]", "[7]"},
      {"list(int)", "null", "null"},
      {"list(int)", "{}", "type.list the JSON value {} is not a list(int)"},
      {"list(int)", "7", "type.list the JSON value 7 is not a list(int)"},
      {"list(int)", "\"[7]\"", "type.list the JSON value \"[7]\" is not a list(int)"},
      {"list(int)", "[1,2,true]", "type.int v[2]: the JSON value true is not an int"},
      {"list(int)", "[1,[2]]", "type.int v[1]: the JSON value [2] is not an int"},
      {"list(int)", "[2147483648]", "type.int v[0]: '2147483648' is out of the range of int"},
      {"list(bigint)", "[9223372036854775807]", "[9223372036854775807]"},
      {"list(decimal(38,2))", "[123456789012345678901234567890123456.78]",
       "[123456789012345678901234567890123456.78]"},
      {"list(decimal(4,2))", "[0.125]",
       "type.decimal v[0]: '0.125' would lose digits as "
       "decimal(4,2)"},
      {"list(double)", "[0.1,1e400]", "type.double v[1]: '1e400' is out of the range of double"},
      {"list(bool)", "[true,false,null,true]", "[true,false,null,true]"},
      {"list(bool)", "[1]", "type.bool v[0]: the JSON value 1 is not a bool"},
      {"list(bool)", "[\"true\"]", "type.bool v[0]: the JSON value \"true\" is not a bool"},
      {"list(varchar)", "[\"a\\u00e9\", 1.50, true, \"\"]", "[\"aé\",\"1.50\",\"true\",\"\"]"},
      {"list(varchar)", "[{}]", "type.varchar v[0]: the JSON value {} is not a varchar"},
      {"list(varchar)", "[\"a\\u0000\"]", "text.nul v[0]: 'a\\x00' holds a NUL character"},
      {"list(varchar(2))", "[\"éé\", \"abc\"]",
       "type.varchar v[1]: 'abc' has 3 characters, too many for varchar(2)"},
      {"list(uuid)", "[\"123e4567e89b12d3a456426614174000\"]",
       "[\"123e4567-e89b-12d3-a456-426614174000\"]"},
      {"list(date)", "[\"2026-02-30\"]", "type.date v[0]: '2026-02-30' does not exist"},
      {"list(time)", "[\"10:00:00\"]", "[\"10:00:00\"]"},
      {"list(timestamp)", "[\"2026-05-01 10:00:00.5\"]", "[\"2026-05-01T10:00:00.500\"]"},
      {"list(timestamptz)", "[\"2026-05-01T10:00:00+02:00\"]", "[\"2026-05-01T08:00:00Z\"]"},
      {"list(timestamptz)", "[1]", "type.timestamptz v[0]: the JSON value 1 is not a timestamptz"},
      {"list(binary)", "[\"Zm9v\",\"\"]", "[\"Zm9v\",\"\"]"},
      {"list(binary)", "[\"Zm9\"]", "type.binary v[0]: 'Zm9' is not a binary"},
      {"list(json)", "[1.50, {\"b\" : [ 1e5 ]}, \"x\", null]",
       R"(["1.50","{\"b\":[1e5]}","\"x\"",null])"},
      {"list(list(int))", "[[1],[],null,[2,3]]", "[[1],[],null,[2,3]]"},
      {"list(list(int))", "[[1],[2,\"x\"]]", "type.int v[1][1]: 'x' is not an int"},
      {"struct(a int, b varchar)", "{\"b\":\"x\",\"a\":1}", "{\"a\":1,\"b\":\"x\"}"},
      {"struct(a int, b varchar)", "{}", "{\"a\":null,\"b\":null}"},
      {"struct(a int, b varchar)", "{\"a\":null}", "{\"a\":null,\"b\":null}"},
      {"struct(a int)", "[]", "type.struct the JSON value [] is not a struct(a int)"},
      {"struct(a int)", "{\"a\":{}}", "type.int v.a: the JSON value {} is not an int"},
      {"struct(a int)", "{\"a\":1,\"a\":1}", "json.duplicate_key v.a: the key comes twice"},
      {"struct(a int)", "{\"\\u0061\":1}", "{\"a\":1}"},
      {"struct(a int)", "{\"A\":1}", "{\"a\":null}", R"({"v.A":1})"},
      {"struct(a int)", "{\"z\" : { \"y\" : 1.50 } ,\"a\":1}", "{\"a\":1}",
       R"({"v.z":{"y":1.50}})"},
      {"list(struct(a int))", "[{\"a\":1,\"x\":2},{\"q\\\"\":null}]", "[{\"a\":1},{\"a\":null}]",
       R"({"v[0].x":2,"v[1].q\"":null})"},
      {"list(struct(a list(struct(b date))))", "[{},{\"a\":[{},{\"b\":\"x\"}]}]",
       "type.date v[1].a[1].b: 'x' is not a date"},
      {"struct(a struct(b struct(c bool)))", "{\"a\":{\"b\":{\"c\":true}}}",
       "{\"a\":{\"b\":{\"c\":true}}}"},
      {"struct(a struct(b int), c int)", "{\"a\":null,\"c\":1}", "{\"a\":null,\"c\":1}"},
  };
  return cases;
}

// The row as the encoder writes it, with its fault behind it.
std::string Row(const Case& c) {
  const bool fault = c.expected.starts_with("type.") || c.expected.starts_with("json.") ||
                     c.expected.starts_with("text.");
  if (fault) {
    const size_t blank = c.expected.find(' ');
    return R"({"v":null,"_rescued":null} )" + c.expected.substr(0, blank) + "[v]" +
           c.expected.substr(blank) + ";";
  }
  std::string rescued;
  if (c.rescued != "null") AppendJsonString(rescued, c.rescued);  // JSON as text within JSON.
  return R"({"v":)" + c.expected + R"(,"_rescued":)" + (rescued.empty() ? "null" : rescued) + "}";
}

TEST(Nested, ValuesAreReadElementByElement) {
  for (const Case& c : Cases()) {
    const SeenInput seen = Read({Column("v", c.type)}, "{\"v\": " + c.value + "}");
    ASSERT_EQ(seen.records.size(), 1U);
    EXPECT_EQ(seen.records[0].values, Row(c)) << c.type << " from " << c.value;
  }
}

TEST(Nested, ACsvFieldHoldsTheSameValueAsJsonText) {
  for (const Case& c : Cases()) {
    if (c.value == "null") continue;
    std::string field = "\"";
    for (const char ch : c.value) field += ch == '"' ? std::string("\"\"") : std::string(1, ch);
    const SeenInput seen = Read({Column("v", c.type)}, "v\n" + field + "\"\n", FormatKind::kCsv);
    ASSERT_EQ(seen.records.size(), 1U);
    EXPECT_EQ(seen.records[0].values, Row(c)) << c.type << " from " << c.value;
  }
}

TEST(Nested, RowsAroundAFaultStayWhole) {
  const std::vector<ColumnSpec> columns = {Column("l", "list(struct(a int, t varchar))"),
                                           Column("n", "int")};
  std::string input;
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    switch (i % 4) {
      case 0:
        input += R"({"l":[{"a":)" + n + R"(,"t":"x"},{}],"n":)" + n + "}\n";
        expected.push_back(R"({"l":[{"a":)" + n + R"(,"t":"x"},{"a":null,"t":null}],"n":)" + n +
                           R"(,"_rescued":null})");
        break;
      case 1:  // The last part of the cell is wrong.
        input += R"({"l":[{"a":1,"t":"gone"},{"a":"x"}],"n":)" + n + "}\n";
        expected.push_back(R"({"l":null,"n":)" + n +
                           R"(,"_rescued":null} type.int[l] l[1].a: 'x' is not an int;)");
        break;
      case 2:  // The record breaks behind the cell.
        input += R"({"l":[{"a":1,"t":"gone"}],"n":)" + n + "\n";
        break;
      default:
        input += R"({"n":)" + n + "}\n";
        expected.push_back(R"({"l":null,"n":)" + n + R"(,"_rescued":null})");
    }
  }
  for (const uint64_t rows : {1, 7, 1000}) {
    Cutting cutting;
    cutting.limits.rows = rows;
    cutting.restart = rows == 7;
    std::vector<std::string> good;
    for (const SeenRecord& record : Read(columns, input, FormatKind::kNdjson, cutting).records)
      if (!record.broken) good.push_back(record.values);
    EXPECT_EQ(good, expected);
  }
}

TEST(Nested, MissingCellsTakeTheDefaultWhichIsJson) {
  ColumnSpec column = Column("v", "list(int)");
  column.default_text = "[1, 2]";
  EXPECT_EQ(Read({column}, "{}").records.at(0).values, R"({"v":[1,2],"_rescued":null})");
  column.default_text = "[1, \"x\"]";
  const auto made = MakeDecoder(FormatSpec{}, {column}, std::make_unique<env::MemoryReader>(""));
  EXPECT_EQ(made.error().code, "format.default");
  EXPECT_THAT(made.error().message, testing::HasSubstr("v[1]: 'x' is not an int"));
}

TEST(Nested, AValueThatWouldSwellBeyondTheBoundIsAFault) {
  std::string type = "list(struct(";
  for (int i = 0; i < 100; ++i) type += (i == 0 ? "f" : ", f") + std::to_string(i) + " bigint";
  std::string input = "{\"v\":[{}";
  for (size_t i = 0; i < kNestedValuesMax / 100; ++i) input += ",{}";
  const SeenInput seen = Read({Column("v", type + "))")}, input + "]}\n{\"v\":[{\"f7\":7}]}");
  ASSERT_EQ(seen.records.size(), 2U);
  EXPECT_THAT(seen.records[0].values, testing::HasSubstr("type.too_many[v] v["));
  EXPECT_THAT(seen.records[1].values, testing::HasSubstr(R"("f7":7,)"));
}

}  // namespace
}  // namespace weir::format

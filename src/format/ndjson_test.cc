#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "format/decoder_check_internal.h"
#include "format/fuzz_input_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using Lines = std::vector<std::string>;

SeenInput Read(const std::vector<ColumnSpec>& columns, const std::string& input,
               Cutting cutting = {}) {
  return ReadInput(FormatSpec{}, columns, input, input, cutting);
}

// "@offset:line value" for a row, "@offset:line+length code" for a broken record.
Lines Decode(const std::vector<ColumnSpec>& columns, const std::string& input,
             Cutting cutting = {}) {
  Lines lines;
  for (const SeenRecord& record : Read(columns, input, cutting).records) {
    const std::string at = "@" + std::to_string(record.offset) + ":" + std::to_string(record.line);
    lines.push_back(record.broken ? at + "+" + std::to_string(record.length) + " " + record.code
                                  : at + " " + record.values);
  }
  return lines;
}

const std::vector<ColumnSpec> kTwo = {Column("a", "bigint"), Column("b", "varchar")};

std::string Row(const std::string& at, const std::string& a, const std::string& b,
                const std::string& rescued = "null") {
  return at + R"( {"a":)" + a + R"(,"b":)" + b + R"(,"_rescued":)" + rescued + "}";
}

struct NdjsonCase {
  std::string name;
  std::string input;
  Lines expected;
};

TEST(Ndjson, ARecordIsALine) {
  const std::vector<NdjsonCase> cases = {
      {"no bytes", "", {}},
      {"one line", "{\"a\":1,\"b\":\"x\"}\n", {Row("@0:1", "1", "\"x\"")}},
      {"no line end", "{\"a\":1,\"b\":\"x\"}", {Row("@0:1", "1", "\"x\"")}},
      {"CRLF", "{\"a\":1}\r\n{\"a\":2}\r\n", {Row("@0:1", "1", "null"), Row("@9:2", "2", "null")}},
      {"blank lines",
       "\n  \n\r\n{\"a\":1}\n\t\n{\"a\":2}\n\n",
       {Row("@6:4", "1", "null"), Row("@16:6", "2", "null")}},
      {"a byte-order mark", "\xEF\xBB\xBF{\"a\":1}\n", {Row("@3:1", "1", "null")}},
      {"blanks everywhere", " { \"a\" :\t1 , \"b\" : \"x\" } \n", {Row("@0:1", "1", "\"x\"")}},
      {"an empty object", "{}\n", {Row("@0:1", "null", "null")}},
      {"a bad line costs itself",
       "{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
       {Row("@0:1", "1", "null"), "@8:2+5 json.syntax", Row("@14:3", "3", "null")}},
      {"a torn last line",
       "{\"a\":1}\n{\"a\":2,\"b",
       {Row("@0:1", "1", "null"), "@8:2+9 json.syntax"}},
      {"a bad line leaves nothing behind",
       "{\"a\":\"x\",\"b\":7,\"c\":1,}\n{}\n",
       {"@0:1+22 json.syntax", Row("@23:2", "null", "null")}},
      {"two objects on a line", "{\"a\":1} {\"a\":2}\n", {"@0:1+15 json.syntax"}}};
  for (const NdjsonCase& c : cases) EXPECT_EQ(Decode(kTwo, c.input), c.expected) << c.name;
}

TEST(Ndjson, WhatIsNotAnObjectIsRefused) {
  for (const char* line : {"1", "-1.5e3", "\"x\"", "null", "true", "[]", "[1,{\"a\":1}]"})
    EXPECT_EQ(Read(kTwo, line).records.at(0).code, "json.not_object") << line;
  for (const char* line : {"x",
                           "nul",
                           "[1",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":1}}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":1.}",
                           "{\"a\":1e}",
                           "{\"a\":-}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":-Infinity}",
                           "{\"a\":0x1}",
                           "{\"a\":1_0}",
                           "{\"a\":\"x}",
                           "{\"b\":\"\\x\"}",
                           "{\"b\":\"\\u12g4\"}",
                           "{\"b\":\"\\u123\"}",
                           "{\"b\":\"\\ud800\"}",
                           "{\"b\":\"\\udc00\"}",
                           "{\"b\":\"\\ud800\\u0041\"}",
                           "{\"b\":\"\t\"}",
                           "{\"a\" 1}",
                           "{,}",
                           "{\"a\":1,,\"b\":2}",
                           "{\"a\":1;\"b\":2}",
                           "{\"c\":[1,]}",
                           "{\"c\":{\"x\":tru}}",
                           "{\"c\":{\"x\" 1}}",
                           "{\"c\":[1 2]}",
                           "{\"c\":{1:2}}",
                           "{\"c\":\"\\q\"}",
                           "{\"\\q\":1}",
                           "{\"c\":[\"\\ud800\"]}",
                           "{\"a\":true1}",
                           "{\"a\":nulll}",
                           "1 2",
                           "{\"a\":\"1\"\"b\":2}"})
    EXPECT_EQ(Read(kTwo, line).records.at(0).code, "json.syntax") << line;
}

TEST(Ndjson, TheReasonSaysWhatIsMissingAndWhere) {
  const auto detail = [](const std::string& line) { return Read(kTwo, line).records.at(0).values; };
  EXPECT_THAT(detail("{\"a\" 1}"),
              testing::HasSubstr("':' is missing here, at byte 6 of the record"));
  EXPECT_THAT(detail("{\"a\":1"), testing::HasSubstr("',' or '}' is missing here, at byte 7 of"));
  EXPECT_THAT(detail("{\"c\":[1,]}"), testing::HasSubstr("a value must stand here, at byte 9 of"));
  EXPECT_THAT(detail("[1]"), testing::HasSubstr("'[1]' is no object"));
}

TEST(Ndjson, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return "{\"c\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_FALSE(Read(kTwo, nested(kJsonDepthMax)).records.at(0).broken);
  EXPECT_EQ(Read(kTwo, nested(kJsonDepthMax + 1)).records.at(0).code, "json.depth");
  EXPECT_EQ(Read(kTwo, nested(1'000'000)).records.at(0).code, "json.depth");
}

TEST(Ndjson, FieldsThatAreNoColumnsAreBounded) {
  const auto record = [](size_t unknown) {
    std::string text = "{\"a\":1";
    for (size_t i = 0; i < unknown; ++i) text += ",\"f" + std::to_string(i) + "\":0";
    return text + "}";
  };
  constexpr size_t kMost = 10 * kColumnsMax;
  EXPECT_FALSE(Read(kTwo, record(kMost)).records.at(0).broken);
  const auto seen = Read(kTwo, record(kMost + 1) + "\n" + record(1)).records;
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].code, "json.fields");
  EXPECT_FALSE(seen[1].broken);
}

TEST(Ndjson, AKeyOfTheContractMayComeOnce) {
  EXPECT_EQ(Decode(kTwo, "{\"a\":1,\"a\":1}\n"), Lines{"@0:1+13 json.duplicate_key"});
  EXPECT_EQ(Decode(kTwo, "{\"a\":1,\"\\u0061\":null}\n"), Lines{"@0:1+21 json.duplicate_key"});
  EXPECT_EQ(Decode(kTwo, "{\"c\":1,\"c\":2}\n"),
            (Lines{Row("@0:1", "null", "null", R"("{\"c\":1,\"c\":2}")")}));
}

TEST(Ndjson, KeysMayComeInAnyOrderAndBeLeftOut) {
  const std::vector<ColumnSpec> columns = {Column("a", "int"), Column("b", "int"),
                                           Column("c", "int"), Column("d", "int"),
                                           Column("e", "int"), Column("f", "int")};
  std::string input;
  Lines expected;
  // Every subset in two orders.
  for (unsigned subset = 0; subset < 64; ++subset) {
    for (const bool reversed : {false, true}) {
      std::string line = "{";
      std::string row = "{";
      for (unsigned i = 0; i < 6; ++i) {
        const unsigned key = reversed ? 5 - i : i;
        if ((subset >> key & 1) != 0)
          line += std::string(line.size() > 1 ? "," : "") + '"' + static_cast<char>('a' + key) +
                  "\":" + std::to_string(key + subset);
        row += std::string(1, '"') + static_cast<char>('a' + i) +
               "\":" + ((subset >> i & 1) != 0 ? std::to_string(i + subset) : "null") + ",";
      }
      expected.push_back(row + "\"_rescued\":null}");
      input += line + "}\n";
    }
  }
  const SeenInput seen = Read(columns, input);
  ASSERT_EQ(seen.records.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(seen.records[i].values, expected[i]);
}

TEST(Ndjson, UnknownFieldsAreRescuedAsTheyAreWritten) {
  EXPECT_EQ(
      Decode(kTwo,
             "{\"x\": 1.50,\"a\":1,\"y\":{\"k\": [null, \"\\u00e9\"]},\"z\":null}\n{\"a\":2}\n"),
      (Lines{Row("@0:1", "1", "null",
                 R"("{\"x\":1.50,\"y\":{\"k\": [null, \"\\u00e9\"]},\"z\":null}")"),
             Row("@55:2", "2", "null")}));
  EXPECT_EQ(Decode(kTwo, "{\"A\":1}\n"), (Lines{Row("@0:1", "null", "null", R"("{\"A\":1}")")}));
}

TEST(Ndjson, AMissingFieldTakesItsDefaultAndNullStaysNull) {
  std::vector<ColumnSpec> columns = kTwo;
  columns[0].default_text = "7";
  columns[1].default_text = "none";
  EXPECT_EQ(Decode(columns, "{}\n{\"a\":null,\"b\":null}\n{\"b\":\"\"}\n"),
            (Lines{Row("@0:1", "7", "\"none\""), Row("@3:2", "null", "null"),
                   Row("@23:3", "7", "\"\"")}));
  columns[0].default_text = "x";
  const auto made = MakeDecoder(FormatSpec{}, columns, std::make_unique<env::MemoryReader>(""));
  EXPECT_EQ(made.error().code, "format.default");
}

TEST(Ndjson, StringsAreUnescaped) {
  EXPECT_EQ(Decode(kTwo, R"({"b":"q\" b\\ s\/ \b\f\n\r\t A\u00e9\u20AC\uD83D\uDE00"})"),
            (Lines{Row("@0:1", "null", R"("q\" b\\ s/ \u0008\u000c\n\r\t Aé€😀")")}));
  EXPECT_EQ(
      Decode(kTwo, R"({"b":"a\u0000b"})"),
      (Lines{Row("@0:1", "null", "null") + R"( text.nul[b] 'a\x00b' holds a NUL character;)"}));
  EXPECT_EQ(Decode(kTwo, R"({"\u0062":"x"})"), (Lines{Row("@0:1", "null", "\"x\"")}))
      << "an escaped key";
}

TEST(Ndjson, ALineMustBeUtf8) {
  EXPECT_EQ(
      Decode(kTwo, "{\"b\":\"\xFF\"}\n{\"b\":\"é\"}\n{\"c\":\"\xC3\"}\n{\"\xED\xA0\x80\":1}\n"),
      (Lines{"@0:1+9 text.utf8", Row("@10:2", "null", "\"é\""), "@21:3+9 text.utf8",
             "@31:4+9 text.utf8"}));
}

struct ValueCase {
  std::string type;
  std::string value;
  std::string expected;  // The row's value, or the fault's code.
};

void ReadValues(const std::vector<ValueCase>& cases) {
  for (const ValueCase& c : cases) {
    const SeenInput seen = Read({Column("v", c.type)}, "{\"v\": " + c.value + "}");
    ASSERT_EQ(seen.records.size(), 1U);
    const std::string expected = c.expected.starts_with("type.")
                                     ? R"({"v":null,"_rescued":null} )" + c.expected + "[v] "
                                     : R"({"v":)" + c.expected + R"(,"_rescued":null})";
    EXPECT_THAT(seen.records[0].values, testing::StartsWith(expected))
        << c.type << " from " << c.value;
  }
}

TEST(Ndjson, NumbersBoolsAndTextTakeTheValuesThatTheyAreMadeFrom) {
  ReadValues({{"bool", "true", "true"},
              {"bool", "false", "false"},
              {"bool", "null", "null"},
              {"bool", "\"true\"", "type.bool"},
              {"bool", "1", "type.bool"},
              {"bool", "{}", "type.bool"},
              {"int", "1", "1"},
              {"int", "-1", "-1"},
              {"int", "\"1\"", "1"},
              {"int", "2147483648", "type.int"},
              {"int", "1.0", "type.int"},
              {"int", "1e2", "type.int"},
              {"int", "true", "type.int"},
              {"int", "\"\"", "type.int"},
              {"int", "\"x\"", "type.int"},
              {"int", "[1]", "type.int"},
              {"bigint", "9007199254740993", "9007199254740993"},
              {"bigint", "9223372036854775807", "9223372036854775807"},
              {"bigint", "\"9223372036854775807\"", "9223372036854775807"},
              {"bigint", "9223372036854775808", "type.bigint"},
              {"double", "1", "1"},
              {"double", "0.1", "0.1"},
              {"double", "\"2.5\"", "2.5"},
              {"double", "1e400", "type.double"},
              {"double", "\"NaN\"", "type.double"},
              {"double", "false", "type.double"},
              {"decimal(38,0)", "99999999999999999999999999999999999999",
               "99999999999999999999999999999999999999"},
              {"decimal(20,2)", "123456789012345678.91", "123456789012345678.91"},
              {"decimal(10,2)", "0.10", "0.10"},
              {"decimal(10,2)", "\"12.5\"", "12.50"},
              {"decimal(10,2)", "0.105", "type.decimal"},
              {"decimal(10,2)", "1e9", "type.decimal"},
              {"decimal(10,2)", "{}", "type.decimal"},
              {"varchar", "\"x\"", "\"x\""},
              {"varchar", "1.50", "\"1.50\""},
              {"varchar", "true", "\"true\""},
              {"varchar", "{}", "type.varchar"},
              {"varchar", "[\"x\"]", "type.varchar"},
              {"varchar(2)", "\"xyz\"", "type.varchar"},
              {"varchar(2)", "123", "type.varchar"}});
}

TEST(Ndjson, OtherTypesTakeTheValuesThatTheyAreMadeFrom) {
  ReadValues(
      {{"uuid", "\"123E4567e89b12d3a456426614174000\"", "\"123e4567-e89b-12d3-a456-426614174000\""},
       {"uuid", "1", "type.uuid"},
       {"uuid", "\"\"", "type.uuid"},
       {"date", "\"2026-05-01\"", "\"2026-05-01\""},
       {"date", "20260501", "type.date"},
       {"date", "\"2026-02-30\"", "type.date"},
       {"time", "\"10:00:00.5\"", "\"10:00:00.500\""},
       {"time", "\"25:00:00\"", "type.time"},
       {"timestamp", "\"2026-05-01 10:00:00.123456\"", "\"2026-05-01T10:00:00.123456\""},
       {"timestamp", "\"2026-05-01T10:00:00Z\"", "type.timestamp"},
       {"timestamptz", "\"2026-05-01T10:00:00+02:00\"", "\"2026-05-01T08:00:00Z\""},
       {"timestamptz", "\"2026-05-01T10:00:00\"", "type.timestamptz"},
       {"timestamptz", "1777593600", "type.timestamptz"},
       {"json", "{\"x\": [1, 2 ]}", R"("{\"x\":[1,2]}")"},
       {"json", "\"a b\"", R"("\"a b\"")"},
       {"json", "1.50", "\"1.50\""},
       {"json", "true", "\"true\""},
       {"json", "null", "null"},
       {"json", "[\" \\\" \"]", R"("[\" \\\" \"]")"},
       {"binary", "\"Zm9v\"", "\"Zm9v\""},
       {"binary", "\"Zm9\"", "type.binary"},
       {"binary", "1", "type.binary"}});
}

TEST(Ndjson, APatternMayReadANumber) {
  ColumnSpec column = Column("v", "timestamptz");
  column.format = "%s";
  EXPECT_EQ(Read({column}, "{\"v\":1777593600}").records.at(0).values,
            R"({"v":"2026-05-01T00:00:00Z","_rescued":null})");
}

TEST(Ndjson, ALineOverTheBoundIsOneDeadLetter) {
  Cutting cutting;
  cutting.record_bytes_max = 10;
  const std::string exact = "{\"a\":1234}\n";
  EXPECT_EQ(Decode(kTwo, exact + "{\"a\":12345}\n{}\n", cutting),
            (Lines{Row("@0:1", "1234", "null"), "@11:2+11 record.too_long",
                   Row("@23:3", "null", "null")}));
  EXPECT_EQ(Decode(kTwo, "{\"a\":12345}\r\n{}", cutting),
            (Lines{"@0:1+11 record.too_long", Row("@13:2", "null", "null")}));
  EXPECT_EQ(Decode(kTwo, "{\"a\":12345}", cutting), (Lines{"@0:1+11 record.too_long"}));
}

TEST(Ndjson, ContractsThatCannotBeReadAreRefusedAtOnce) {
  const auto code = [](const std::vector<ColumnSpec>& columns) {
    return MakeDecoder(FormatSpec{}, columns, std::make_unique<env::MemoryReader>("")).error().code;
  };
  EXPECT_EQ(code({Column("a", "int"), Column("a", "int")}), "format.column_twice");
  ColumnSpec zoned = Column("a", "timestamptz");
  zoned.zone = "Nowhere/Else";
  EXPECT_EQ(code({zoned}), "format.zone");
  ColumnSpec patterned = Column("a", "date");
  patterned.format = "%H";
  EXPECT_EQ(code({patterned}), "format.pattern");
}

}  // namespace
}  // namespace weir::format

// JSON files: the torture set in both JSON formats, documents whole and broken, and that any
// cutting of one gives the same records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "format/decoder_check_internal.h"
#include "format/fuzz_input_internal.h"
#include "format/json_cursor_internal.h"
#include "format/json_torture_internal.h"
#include "format/slow_reading_check_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;

const std::vector<ColumnSpec> kJ = {Column("j", "json")};

SeenInput Read(FormatKind kind, std::string_view bytes, const Cutting& cutting = {}) {
  FormatSpec spec;
  spec.kind = kind;
  spec.compression = Compression::kNone;
  return ReadInput(spec, kJ, bytes, bytes, cutting);
}

std::vector<Cutting> SomeCuttings() {
  std::vector<Cutting> cuttings;
  for (const uint64_t rows : {1, 3})
    for (const size_t chunk_bytes : {1, 7, 100'000})
      for (const bool restart : {false, true}) {
        Cutting cutting;
        cutting.limits = {.rows = rows, .bytes = 50};
        cutting.chunk_bytes = chunk_bytes;
        cutting.restart = restart;
        cuttings.push_back(cutting);
      }
  return cuttings;
}

void ExpectSameInAnyCutting(std::string_view bytes, const SeenInput& seen) {
  for (const Cutting& cutting : SomeCuttings())
    ASSERT_EQ(Read(FormatKind::kJson, bytes, cutting), seen)
        << bytes << "\n"
        << cutting.limits.rows << " rows, chunks of " << cutting.chunk_bytes;
}

std::string Row(std::string_view kept) {
  std::string row = R"({"j":)";
  if (kept == "null") {
    row += kept;
  } else {
    AppendJsonString(row, kept);
  }
  return row + R"(,"_rescued":null})";
}

TEST(JsonTorture, TheSetIsLargeEnough) {
  EXPECT_GE(GoodValues().size() + BadValues().size(), 200U);
}

TEST(JsonTorture, GoodValuesAreKeptAsWritten) {
  for (const TortureCase& c : GoodValues()) {
    const std::string record = "{\"j\":" + c.value + "}";
    const std::string expected = Row(c.kept == "=" ? std::string_view(c.value) : c.kept);
    const SeenInput line = Read(FormatKind::kNdjson, record + "\n");
    ASSERT_EQ(line.records.size(), 1U) << record;
    EXPECT_EQ(line.records[0].values, expected);
    for (const std::string& document :
         {"[" + record + "," + record + "]", record + record, "\n[ \n" + record + " ]\n"}) {
      const SeenInput seen = Read(FormatKind::kJson, document);
      ASSERT_FALSE(seen.records.empty());
      for (const SeenRecord& element : seen.records)
        EXPECT_EQ(element.values, expected) << document;
      ExpectSameInAnyCutting(document, seen);
    }
  }
}

TEST(JsonTorture, BadLinesCostThemselvesAlone) {
  for (const TortureCase& c : BadValues()) {
    const std::string record = "{\"j\":" + c.value + "}";
    const SeenInput seen = Read(FormatKind::kNdjson, "{\"j\":1}\n" + record + "\n{\"j\":2}\n");
    ASSERT_EQ(seen.records.size(), 3U) << record;
    EXPECT_EQ(seen.records[0].values, Row("1"));
    EXPECT_EQ(seen.records[1].code, c.code) << record;
    EXPECT_EQ(seen.records[1].length, record.size());
    EXPECT_EQ(seen.records[2].values, Row("2"));
  }
}

TEST(JsonTorture, BadElementsLeaveTheirNeighbours) {
  for (const TortureCase& c : BadValues()) {
    const std::string before = "[\n  {\"j\":1},\n  ";
    const std::string document = before + "{\"j\":" + c.value + "},\n  {\"j\":2}\n]\n";
    const SeenInput seen = Read(FormatKind::kJson, document);
    std::vector<std::string> rows;
    std::vector<SeenRecord> broken;
    for (const SeenRecord& record : seen.records) {
      if (record.broken) {
        broken.push_back(record);
      } else {
        rows.push_back(record.values);
      }
    }
    EXPECT_THAT(rows, testing::ElementsAre(Row("1"), Row("2"))) << document;
    ASSERT_FALSE(broken.empty()) << document;
    EXPECT_EQ(broken[0].code, c.code) << document;
    EXPECT_EQ(broken[0].offset, before.size()) << document;
    if (document.size() < 1000) ExpectSameInAnyCutting(document, seen);
  }
}

struct DocumentCase {
  std::string what;
  std::string bytes;
  std::string expected;  // Rows as the value of j; broken ones as "code RAW".
};

std::string Outline(const SeenInput& seen, std::string_view bytes) {
  std::string outline;
  for (const SeenRecord& record : seen.records) {
    if (!outline.empty()) outline += " | ";
    if (record.broken) {
      outline += record.code + " " + std::string(bytes.substr(record.offset, record.length));
    } else {
      const auto row = nlohmann::json::parse(record.values);
      outline += row["j"].is_null() ? "null" : row["j"].get<std::string>();
    }
  }
  return outline;
}

const std::vector<DocumentCase> kDocuments = {
    {"nothing", "", ""},
    {"blanks alone", " \n\t\r\n ", ""},
    {"an empty array", "[]", ""},
    {"an empty array on lines", "\xEF\xBB\xBF[\n]\n", ""},
    {"one object", R"({"j":1})", "1"},
    {"one object on lines", "{\n  \"j\":\n    1\n}\n", "1"},
    {"objects one behind the other", R"({"j":1}{"j":2} {"j":3})", "1 | 2 | 3"},
    {"an object a line", "{\"j\":1}\n{\"j\":2}\r\n\n{\"j\":3}", "1 | 2 | 3"},
    {"an array", R"([{"j":1},{"j":2}])", "1 | 2"},
    {"an array on lines", "[\n  {\"j\": 1},\n  {\"j\": 2}\n]\n", "1 | 2"},
    {"commas in front", "[ {\"j\":1}\n, {\"j\":2}\n, {\"j\":3}\n]", "1 | 2 | 3"},
    {"arrays one behind the other", "[{\"j\":1}]\n[{\"j\":2}] {\"j\":3}", "1 | 2 | 3"},
    {"a byte-order mark", "\xEF\xBB\xBF[{\"j\":1}]", "1"},
    {"a byte-order mark in the middle", "{\"j\":1}\n\xEF\xBB\xBF{\"j\":2}\n{\"j\":3}",
     "1 | json.syntax \xEF\xBB\xBF{\"j\":2} | 3"},
    {"elements that are no objects", R"([1, "a", null, [], [{"j":1}], {"j":2}, true])",
     R"(json.not_object 1 | json.not_object "a" | json.not_object null | json.not_object [] | )"
     R"(json.not_object [{"j":1}] | 2 | json.not_object true)"},
    {"values that are no objects", "7\n\"a\"\n{\"j\":1}\nnull",
     "json.not_object 7 | json.not_object \"a\" | 1 | json.not_object null"},
    {"a comma behind the last element", R"([{"j":1},])", "1 | json.syntax ]"},
    {"a comma before the first element", R"([,{"j":1}])", "json.syntax , | 1"},
    {"two commas", R"([{"j":1},,{"j":2}])", "1 | json.syntax , | 2"},
    {"commas alone", "[,,]", "json.syntax , | json.syntax , | json.syntax ]"},
    {"a comma that is missing", R"([{"j":1} {"j":2},{"j":3}])", R"(1 | json.syntax {"j":2} | 3)"},
    {"commas outside of an array", "{\"j\":1},\n{\"j\":2},\n",
     "1 | json.syntax , | 2 | json.syntax ,"},
    {"an array that does not end", "[{\"j\":1},\n{\"j\":2}", "1 | 2 | object.corrupt "},
    {"an array that ends behind a comma", R"([{"j":1},)", "1 | object.corrupt "},
    {"an array that only begins", "[ ", "object.corrupt "},
    {"an array that was cut within an element", "[{\"j\":1},\n{\"j\":\"to",
     "1 | json.syntax {\"j\":\"to | object.corrupt "},
    {"an array that ends twice", R"([{"j":1}]])", "1 | json.syntax ]"},
    {"an object that ends twice", R"([{"j":1}},{"j":2}])", "1 | json.syntax } | 2"},
    {"an object that ends twice, alone", "{\"j\":1}}\n{\"j\":2}", "1 | json.syntax } | 2"},
    {"text before the array", "data = [{\"j\":1}]\n{\"j\":2}",
     "json.syntax data = [{\"j\":1}] | 2"},
    {"text between elements", R"([{"j":1}, oops, {"j":2}])", "1 | json.syntax oops | 2"},
    {"text behind an element", R"([{"j":1} oops, {"j":2}])", "1 | json.syntax oops | 2"},
    {"a comment on its line", "[\n// {\"j\":0}, {\"j\":0}\n{\"j\":1}\n]",
     "json.syntax // {\"j\":0}, {\"j\":0} | 1"},
    {"a comment over lines", "[{\"j\":1}, /* {\"j\":0},\n{\"j\":0} **/ {\"j\":2}]",
     "1 | json.syntax /* {\"j\":0},\n{\"j\":0} **/ | 2"},
    {"a hash comment", "# by hand\n[{\"j\":1}]", "json.syntax # by hand | 1"},
    {"a comment within an element", R"([{"j":1 /* one } */},{"j":2}])",
     R"(json.syntax {"j":1 /* one } | json.syntax */} | 2)"},
    {"single quotes", R"([{'j':1},{"j":2}])", R"(json.syntax {'j':1} | 2)"},
    {"a comma behind the last member", R"([{"j":1,},{"j":2}])", R"(json.syntax {"j":1,} | 2)"},
    {"NaN", R"([{"j":NaN},{"j":2}])", R"(json.syntax {"j":NaN} | 2)"},
    {"a list within that does not end", R"([{"j":[1,2},{"j":2}])", R"(json.syntax {"j":[1,2} | 2)"},
    {"an object within that does not end", R"([{"j":{"x":1},{"j":2}])",
     R"(json.syntax {"j":{"x":1} | 2)"},
    {"a torn object among lines", "[\n{\"j\":1},\n{\"j\":{\"a\":[\"b\n{\"j\":2},\n{\"j\":3}\n]",
     "1 | json.syntax {\"j\":{\"a\":[\"b | 2 | 3"},
    {"a torn object at the end of an array", "[\n{\"j\":1},\n{\"j\":{\"a\":[\"b\n]\n{\"j\":3}",
     "1 | json.syntax {\"j\":{\"a\":[\"b | 3"},
    {"a torn object among objects", "{\"j\":1}\n{\"j\":\"tor\n{\"j\":2}\n",
     "1 | json.syntax {\"j\":\"tor | 2"},
    {"a torn object among indented ones",
     "[\n  {\n    \"j\": 1\n  },\n  {\n    \"j\": [\n      {\"x\n  {\n    \"j\": 2\n  }\n]",
     "1 | json.syntax {\n    \"j\": [\n      {\"x | 2"},
    {"an indented fault whose brackets are right",
     "[\n  {\n    \"j\": [\n      {\"x\": 01},\n      {\"x\": 2}\n    ]\n  },\n  {\"j\": 2}\n]",
     "json.syntax {\n    \"j\": [\n      {\"x\": 01},\n      {\"x\": 2}\n    ]\n  } | 2"},
    {"no indentation at all", "[\n{\n\"j\": [\n{\"x\": 01},\n{\"x\": 2}\n]\n},\n{\n\"j\": 2\n}\n]",
     "json.syntax {\n\"j\": [\n{\"x\": 01},\n{\"x\": 2}\n]\n} | 2"},
    {"a list of objects on lines within a broken object",
     "{\"data\":[\n{\"j\":1},\n{\"j\":01},\n{\"j\":3}\n]}\n{\"j\":4}",
     "json.syntax {\"data\":[\n{\"j\":1},\n{\"j\":01},\n{\"j\":3}\n]} | 4"},
    {"a torn line of such a list",
     "[{\"data\":[\n{\"j\":1},\n{\"j\":\"to\n{\"j\":3}\n]},\n{\"j\":4}]",
     "json.syntax {\"data\":[\n{\"j\":1},\n{\"j\":\"to\n{\"j\":3}\n]} | 4"},
    {"a quote that is missing, on one line",
     R"([{"j":1},{"j":"x},{"j":2}])"
     "\n{\"j\":3}",
     R"(1 | json.syntax {"j":"x},{"j":2}])"
     "\n{\"j\":3} | object.corrupt "},
    {"NUL between elements", std::string("[{\"j\":1},\0{\"j\":2},{\"j\":3}]", 26),
     std::string("1 | json.syntax \0{\"j\":2} | 3", 28)},
    {"bytes that are no UTF-8", "[{\"j\":1},{\"j\":\"\xFF\"},{\"j\":2}]",
     "1 | text.utf8 {\"j\":\"\xFF\"} | 2"},
    {"a key that comes twice", R"([{"j":1,"j":2},{"j":3}])",
     R"(json.duplicate_key {"j":1,"j":2} | 3)"},
};

TEST(Json, Documents) {
  for (const DocumentCase& c : kDocuments) {
    const SeenInput seen = Read(FormatKind::kJson, c.bytes);
    EXPECT_EQ(Outline(seen, c.bytes), c.expected) << c.what;
    if (!seen.records.empty())
      CheckRecords(seen, c.bytes, seen.records.front().offset, " \t\r\n[,]");
    ExpectSameInAnyCutting(c.bytes, seen);
  }
}

TEST(Json, RecordsOverTheBoundAreCutAlikeInAnyCutting) {
  const std::string input =
      "[ {\"j\":\"a rather long text, with \\\" in it\"},\n  {\"j\":[1,\n  2,\n 3]} , {\"j\":1},"
      "/* a comment that is long */ 123456789012345678901234567890,\n  {\"j\":\"torn\n  {\"j\":2}]";
  for (size_t bound = 1; bound < 60; ++bound) {
    Cutting whole;
    whole.record_bytes_max = bound;
    const SeenInput expected = Read(FormatKind::kJson, input, whole);
    CheckRecords(expected, input, expected.records.front().offset, " \t\r\n[,]");
    for (Cutting cutting : SomeCuttings()) {
      cutting.record_bytes_max = bound;
      ASSERT_EQ(Read(FormatKind::kJson, input, cutting), expected) << "bound " << bound;
    }
  }
}

TEST(Json, WhatGrowsIsReadOn) {
  const std::string first = "[{\"j\":1},\n{\"j\":2}";
  const std::string second = ",\n{\"j\":3}]";
  FormatSpec spec;
  spec.kind = FormatKind::kJson;
  const SeenInput before = Read(FormatKind::kJson, first);
  EXPECT_EQ(Outline(before, first), "1 | 2 | object.corrupt ");
  EXPECT_TRUE(before.state.at_end(first.size()));
  const auto decoder =
      MakeDecoder(spec, kJ, std::make_unique<env::MemoryReader>(second), before.state);
  const auto batch = (*decoder)->Next({});
  ASSERT_TRUE(batch && *batch);
  EXPECT_EQ((*batch)->read(), 1U);
  EXPECT_EQ((*batch)->positions.at(0).offset, first.size() + 2);
}

TEST(Json, AnInputThatEndsWithinAnArrayIsNotDoneBeforeThatIsSaid) {
  FormatSpec spec;
  spec.kind = FormatKind::kJson;
  const std::string bytes = "[{\"j\":1}";
  const auto decoder = MakeDecoder(spec, kJ, std::make_unique<env::MemoryReader>(bytes));
  ASSERT_TRUE((*decoder)->Next({.rows = 1}));
  EXPECT_EQ((*decoder)->state().offset, bytes.size());
  EXPECT_FALSE((*decoder)->state().at_end(bytes.size()));
}

TEST(Json, DamagesGiveTheSameRecordsInAnyCutting) {
  const std::string sample =
      "[\n  {\"j\": {\"a\": [1, 2, {\"b\": \"x, \\\"y\\\"\"}]}},\n  {\"j\": \"{\"},\n  {\n"
      "    \"j\": [\n      {\"c\": null}\n    ]\n  }, {\"j\":4}\n]\n{\"j\":5}\n{\"j\":6}\n";
  constexpr std::string_view kTelling = "\"\",,\n\n\\{}[]:019-/*#tx \xC3\xFF";
  std::mt19937_64 random(20260502);
  for (int i = 0; i < 4'000; ++i) {
    std::string bytes = sample;
    for (size_t k = 1 + random() % 3; k > 0; --k) {
      const size_t at = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes.erase(at, 1);
      } else if (random() % 2 == 0) {
        bytes[at] = kTelling[random() % kTelling.size()];
      } else {
        bytes.insert(at, 1, kTelling[random() % kTelling.size()]);
      }
    }
    const SeenInput seen = Read(FormatKind::kJson, bytes);
    CheckRecords(seen, bytes, seen.records.front().offset, " \t\r\n[,]");
    const std::vector<Cutting> cuttings = SomeCuttings();
    ASSERT_EQ(Read(FormatKind::kJson, bytes, cuttings[static_cast<size_t>(i) % cuttings.size()]),
              seen)
        << bytes;
    // Every row is an object of the bytes, and JSON to another parser too.
    for (const SeenRecord& record : seen.records) {
      if (record.broken) continue;
      ASSERT_TRUE(Judge::Accepts(std::string_view(bytes).substr(record.offset, record.length)));
    }
  }
}

TEST(Json, RandomBytesHoldTheInvariants) {
  std::mt19937_64 random(8);
  constexpr std::string_view kAlphabet = "\"\",,\n\n\r{}{}[]:abcn01-.tfe\\/*# \xC3\xA9\xFF";
  for (int i = 0; i < 3'000; ++i) {
    std::string bytes;
    for (int k = 0; k < 4; ++k) bytes += static_cast<char>(random());
    if (random() % 2 == 0) bytes += "[{\"a\":1},";
    for (size_t k = random() % 200; k > 0; --k) bytes += kAlphabet[random() % kAlphabet.size()];
    FuzzDecoder(FormatKind::kJson, bytes);
  }
}

}  // namespace
}  // namespace weir::format

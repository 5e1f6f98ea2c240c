#include "source/dead_letter/letter_fields.h"

#include <gtest/gtest.h>

namespace weir::source {
namespace {

std::vector<columnar::ColumnSpec> Contract() {
  std::vector<columnar::ColumnSpec> columns(3);
  columns[0].name = "id";
  columns[0].type = columnar::ParseType("bigint").value();
  columns[1].name = "name";
  columns[2].name = "tags";
  columns[2].type = columnar::ParseType("json").value();
  return columns;
}

Letter Csv(std::string raw) {
  Letter letter;
  letter.id = "0123456789abcdef";
  letter.raw_length = raw.size();
  letter.raw = std::move(raw);
  letter.read_as = ReadAs{};
  letter.read_as->format.kind = format::FormatKind::kCsv;
  letter.read_as->found.csv_header = {"id", "name"};
  return letter;
}

Letter Json(std::string raw) {
  Letter letter = Csv(std::move(raw));
  letter.read_as->format.kind = format::FormatKind::kNdjson;
  letter.read_as->found.csv_header.clear();
  return letter;
}

struct Case {
  const char* name;
  Letter letter;
  FieldChanges changes;
  std::string raw;
};

TEST(Mend, ChangesFieldsAndKeepsTheRest) {
  Letter semicolons = Csv("x;anna");
  semicolons.read_as->format.csv.delimiter = ';';
  Letter mended = Csv("x,anna");
  mended.fix = Fix{.raw = "1,berta", .header = {}, .set = {{"id", "1"}}};
  const std::vector<Case> cases = {
      {"a field", Csv("x,anna"), {{"id", "1"}}, "1,anna"},
      {"quotes where needed", Csv("1,x"), {{"name", "a, \"b\""}}, R"(1,"a, ""b""")"},
      {"quotes that were there", Csv("x,\"a,b\""), {{"id", "1"}}, "1,\"a,b\""},
      {"null and empty text differ", Csv("x,\"\""), {{"id", std::nullopt}}, ",\"\""},
      {"its own delimiter", semicolons, {{"id", "1"}}, "1;anna"},
      {"a fix on a fix", mended, {{"id", "2"}}, "2,berta"},
      {"a number", Json(R"({"id": "x", "name": "a"})"), {{"id", "1"}}, R"({"id":1,"name":"a"})"},
      {"a text", Json(R"({"id": 1})"), {{"name", "7"}}, R"({"id":1,"name":"7"})"},
      {"not a number after all", Json(R"({"id": 1})"), {{"id", "1x"}}, R"({"id":"1x"})"},
      {"nested", Json(R"({"id": 1})"), {{"tags", "[1, 2]"}}, R"({"id":1,"tags":[1,2]})"},
      {"the digits of the others",
       Json(R"({"id": "x", "v": 12345678901234567890.1230, "w": [1e999, 1.10]})"),
       {{"id", "12345678901234567890"}},
       R"({"id":12345678901234567890,"v":12345678901234567890.1230,"w":[1e999,1.10]})"},
      {"null", Json(R"({"id": 1})"), {{"id", std::nullopt}}, R"({"id":null})"}};
  for (const Case& one : cases) {
    const auto fix = Mend(one.letter, Contract(), one.changes);
    ASSERT_TRUE(fix) << one.name << ": " << fix.error().ToString();
    EXPECT_EQ(fix->raw, one.raw) << one.name;
    EXPECT_TRUE(fix->header.empty()) << one.name;
  }
}

TEST(Mend, AFieldThatTheInputLacksComesWithAHeaderOfItsOwn) {
  const Fix fix = Mend(Csv("1,anna"), Contract(), {{"tags", "[]"}}).value();
  EXPECT_EQ(fix.raw, "1,anna,[]");
  EXPECT_EQ(fix.header, (std::vector<std::string>{"id", "name", "tags"}));
  EXPECT_EQ(fix.set, (std::map<std::string, std::string>{{"tags", "[]"}}));
}

TEST(Mend, WhatCannotBeCutIntoFieldsSaysWhy) {
  Letter cut = Csv("1,anna");
  cut.raw_length = 5'000'000;
  Letter object = Csv("1,anna");
  object.whole_object = true;
  Letter twice = Json(R"({"id": 1, "id": 2})");
  twice.reason = "json.duplicate_key";
  Letter unquoted = Csv("1,anna");
  unquoted.read_as->format.csv.quote = '\0';
  for (const Letter& letter :
       {Csv("1,\"a\" b"), Csv("1"), Csv("1,\xff"), Json("{"), Json("[1]"), cut, object, twice})
    EXPECT_EQ(Mend(letter, Contract(), {{"id", "1"}}).error().code, "letter.fields") << letter.raw;
  EXPECT_EQ(Mend(unquoted, Contract(), {{"name", "a,b"}}).error().code, "letter.fields");
}

}  // namespace
}  // namespace weir::source

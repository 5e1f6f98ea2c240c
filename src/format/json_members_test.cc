#include "format/json_members.h"

#include <gtest/gtest.h>

namespace weir::format {
namespace {

struct Case {
  std::string name;
  std::string text;
  std::string members;  // "name=value|..."; "no": none.
};

class JsonMembersTest : public testing::TestWithParam<Case> {};

TEST_P(JsonMembersTest, StayAsTheyAreWritten) {
  const auto members = JsonMembers(GetParam().text);
  std::string seen;
  if (!members) seen = "no";
  for (const JsonMember& member : members.value_or(std::vector<JsonMember>()))
    seen += member.name + "=" + member.value + "|";
  EXPECT_EQ(seen, GetParam().members);
  if (!members) return;
  const auto again = JsonMembers(JoinMembers(*members));
  ASSERT_TRUE(again);
  EXPECT_EQ(JoinMembers(*again), JoinMembers(*members));
}

INSTANTIATE_TEST_SUITE_P(Texts, JsonMembersTest,
                         testing::ValuesIn<Case>({
                             {"None", "{}", ""},
                             {"Digits", R"({"a":12345678901234567890.1230,"b":-0.0,"c":1e999})",
                              "a=12345678901234567890.1230|b=-0.0|c=1e999|"},
                             {"Blanks", " { \"a\" : [ 1 , {\"b\" :\t2} ] ,\n\"c\" : \" x \" } ",
                              R"(a=[1,{"b":2}]|c=" x "|)"},
                             {"Escapes", R"({"\u00e9\"":"\ud83d\ude00\n","":null})",
                              R"(é"="\ud83d\ude00\n"|=null|)"},
                             {"Twice", R"({"a":1,"a":true})", "a=1|a=true|"},
                             {"AList", "[1]", "no"},
                             {"ANumber", "1", "no"},
                             {"Nothing", "", "no"},
                             {"Two", "{}{}", "no"},
                             {"NaN", R"({"a":NaN})", "no"},
                             {"NoUtf8", "{\"a\":\"\xFF\"}", "no"},
                             {"HalfAPair", R"({"a":"\ud83d"})", "no"},
                         }),
                         [](const testing::TestParamInfo<Case>& each) { return each.param.name; });

TEST(JsonString, ThereAndBack) {
  for (const char* text : {"", "a", "\"\\\n\x01", "é"})
    EXPECT_EQ(TextOfJsonString(ToJsonString(text)), text);
}

TEST(CompactJson, IsOneValueAndNothingElse) {
  EXPECT_EQ(CompactJson(" [1, \"a b\"] "), "[1,\"a b\"]");
  for (const char* text : {"1", "\"a\"", "null", "1e999"}) EXPECT_EQ(CompactJson(text), text);
  for (const char* text : {"", "1 2", "01", "NaN", "{\"a\"}", "\"\xFF\""})
    EXPECT_FALSE(CompactJson(text)) << text;
}

}  // namespace
}  // namespace weir::format

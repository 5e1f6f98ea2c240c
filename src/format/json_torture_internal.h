// The torture set: JSON values, good and bad, as they stand in `{"j": VALUE}`. Good ones name the
// text that a json column keeps, bad ones the code of the dead letter. Each is read as a line of
// NDJSON and as an element of an array between good neighbours, which must come through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::format {

struct TortureCase {
  std::string value;
  std::string_view kept;  // Of a good value; "=": as written.
  std::string_view code;  // Of a bad one.
};

inline std::vector<TortureCase> GoodValues() {
  std::vector<TortureCase> cases;
  for (const char* same :
       {// Numbers keep their digits, however many.
        "0", "-0", "1", "-1", "9007199254740993", "1.5", "-1.50", "0.1e1", "1e5", "1E5", "1e+5",
        "1E-5", "0e0", "0e+1", "20e1", "1.0e-28", "1e400", "-1e-400",
        "123456789012345678901234567890", "0.0000000000000000000000000000000000000000000000000001",
        "-123456789012345678901234567890.123456789012345678901234567890e-7",
        // Strings keep their escapes.
        R"("")", R"("a")", R"("\"")", R"("\\")", R"("\/")", R"("\b\f\n\r\t")", R"("\u0041")",
        R"("\u0000")", R"("\ud834\udd1e")", R"("\uD834\uDD1E\uD834\uDD1E")", R"("\u005C")",
        R"("\uffff")", R"("\uFDD0")", R"("\u200B")", R"("a/*b*/c // d # e")", R"("\\u0000")",
        R"("[{]}")", R"("{\"x\":[1,}")", R"("null")", R"("NaN")", "\"\xC3\xA9\"",
        "\"\xF0\x9F\x98\x80\"", "\"\xE2\x80\xA8\xE2\x80\xA9\"", "\"\x7F\"", "\"\xEF\xBF\xBF\"",
        "\"\xF4\x8F\xBF\xBF\"", "\"\xEF\xBB\xBF\"", R"("'")", R"(" ")",
        // Words.
        "true", "false",
        // Containers.
        "[]", "[1]", R"([null,1,"1",{}])", "[[]]", "[[],[[]],{}]", "[false,true]", R"(["a","b"])",
        "{}", R"({"":0})", R"({"a":1,"a":2})", R"({"a":{"b":[{"c":null}]}})", R"({"\u0000":1})",
        R"({"x":[{"id":"1"}],"y":2})", R"({"a\"b":1})", R"({"a":[],"b":{}})"})
    cases.push_back({same, "=", ""});
  cases.push_back({"null", "null", ""});
  cases.push_back({"[ ]", "[]", ""});
  cases.push_back({"{ }", "{}", ""});
  cases.push_back({" [ 1 ,\t2 ] ", "[1,2]", ""});
  cases.push_back({R"({ "a b" : " c " , "d" : [ ] })", R"({"a b":" c ","d":[]})", ""});
  // The record's own object is a level, and 64 are allowed.
  cases.push_back({std::string(63, '[') + std::string(63, ']'), "=", ""});
  return cases;
}

inline std::vector<TortureCase> BadValues() {
  std::vector<TortureCase> cases;
  for (const char* value :
       {// Numbers.
        "01", "-01", "00", "+1", ".5", "-.5", "5.", "1.", "1.e1", "0.e1", "1e", "1e+", "1E-",
        "1eE2", "1e1.5", "1.2.3", "-", "--1", "-a", "0x1F", "1_000", "1a", "1 000", "NaN", "-NaN",
        "nan", "Infinity", "-Infinity", "inf", "1.0f", "10n", "\xD9\xA1", "\xEF\xBC\x91",
        // Words.
        "True", "TRUE", "nul", "tru", "fals", "nulll", "truetrue", "undefined", "None", "abc", "",
        "*", "@", "\\",
        // Strings.
        "'x'", "`x`", "\"unterminated", "\"\\\"", R"("\x41")", R"("\a")", R"("\0")", R"("\u12")",
        R"("\u123g")", R"("\u")", R"("\U0041")", R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")",
        R"("\ud800\ud800")", R"("\ud800x")", R"("\udd1e\ud834")", "\"a\tb\"", "\"a\x01\"",
        R"("a" "b")", R"("a"b)", "\xE2\x80\x9Cx\xE2\x80\x9D", R"(\u0022x\u0022)", "\"a\rb\"",
        // Lists.
        "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[", "[1", "[1,", "[\"a\"", "[\"a", "]", "[1}",
        "[1]]", "[NaN]", "[*]", "[++1]", "[a]", R"(["a":1])", "[(1)]", "[1;2]", "[/**/1]", "[1]x",
        // Objects.
        "{", "}", R"({"a")", R"({"a":)", R"({"a":1)", R"({"a":1,)", R"({"a":})", R"({"a" 1})",
        "{a:1}", "{'a':1}", R"({"a":1,})", "{,}", R"({"a":1 "b":2})", R"({"a":1,,"b":2})",
        R"({"a"})", R"({"a":1]})", R"({"a":1:2})", "{1:1}", "{null:1}", R"({"a","b"})",
        R"({[:"x"})", R"({"a":b})", R"({"a"=1})", R"({"a"::1})", R"({:1})", R"({"a":1;})",
        R"({"\ud800":1})", R"({"a\x":1})", "{{}:1}",
        // Comments.
        "1 // one", "/* one */ 1", "1 /* one */", "1 # one", R"({"a":1, /* two */ "b":2})"})
    cases.push_back({value, "", "json.syntax"});
  for (const char* value :
       {"\"\xFF\"", "\"\xC0\xAF\"", "\"\x80\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"",
        "\"\xE2\x82\"", "\"\xC3\"", "{\"\xFE\":1}", "[\"a\xE9\"]", "\"\xF8\x88\x80\x80\x80\""})
    cases.push_back({value, "", "text.utf8"});
  for (const size_t depth : {64, 65, 1000, 100'000}) {
    cases.push_back({std::string(depth, '[') + std::string(depth, ']'), "", "json.depth"});
    cases.push_back({std::string(depth, '['), "", "json.depth"});
  }
  std::string objects;
  for (int i = 0; i < 70; ++i) objects += "{\"a\":";
  cases.push_back({objects + "1" + std::string(70, '}'), "", "json.depth"});
  return cases;
}

}  // namespace weir::format

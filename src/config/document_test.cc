#include "config/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/sql_header.h"
#include "config/text_internal.h"

namespace weir::config {
namespace {

// The tree on one line: maps {k: v}, lists [a], quoted text "x", nothing ~.
std::string Shown(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::kScalar:
      if (node.is_empty()) return "~";
      return node.quoted ? "\"" + node.text + "\"" : node.text;
    case Node::Kind::kSequence:
      for (const Node& item : node.items) text += (text.empty() ? "" : "; ") + Shown(item);
      return "[" + text + "]";
    case Node::Kind::kMap:
      for (const Entry& entry : node.entries)
        text += (text.empty() ? "" : "; ") + Shown(entry.key) + ": " + Shown(entry.value);
      return "{" + text + "}";
  }
  return text;
}

std::vector<std::string> CodesAndPlaces(const Faults& faults) {
  std::vector<std::string> texts;
  for (const Error& error : faults.Sorted())
    texts.push_back(error.code + " " + std::to_string(error.place.line) + ":" +
                    std::to_string(error.place.column));
  return texts;
}

TEST(Document, ScalarsStayText) {
  const struct {
    const char* yaml;
    const char* tree;
  } cases[] = {
      {"a: no\nb: 1.0\nc: null\nd: ~\n", "{a: no; b: 1.0; c: null; d: ~}"},
      {"a:\nnull: 1\n", "{a: ~; null: 1}"},
      {"a:\n  null\n", "{a: null}"},
      {"a:\n  null:\nb:\n", "{a: {null: ~}; b: ~}"},
      {"a: \"\"\nb: 'it''s'\n", "{a: \"\"; b: \"it's\"}"},
      {"a: {b: [1, two], c: {}}\n", "{a: {b: [1; two]; c: {}}}"},
      {"a:\n  b:\n  - 1\n  - two\n  c: {}\n", "{a: {b: [1; two]; c: {}}}"},
      {"a: |\n  one\n  two\n", "{a: \"one\ntwo\n\"}"},
      {"a: one\r\nb: two\r\n", "{a: one; b: two}"},
      {"", "{}"},
      {"# nothing\n", "{}"},
      {"---\na: 1\n...\n", "{a: 1}"},
      {"on: {429: x, 5xx: y}\n", "{on: {429: x; 5xx: y}}"},
  };
  for (const auto& c : cases) {
    Faults faults;
    const auto root = ParseDocument(c.yaml, "f", faults);
    ASSERT_TRUE(root) << c.yaml;
    EXPECT_EQ(Shown(*root), c.tree) << c.yaml;
    EXPECT_THAT(CodesAndPlaces(faults), testing::IsEmpty()) << c.yaml;
  }
}

TEST(Document, ACommaWithinRoundBracketsDoesNotSeparate) {
  const struct {
    const char* yaml;
    const char* tree;
  } cases[] = {
      {"[day(ts), bucket(16, id)]", "[day(ts); bucket(16, id)]"},
      {"[f(a,b,  c), d]", "[f(a,b,  c); d]"},
      {"[\"f(a\", b)]", "[\"f(a\"; b)]"},
      {"{a: decimal(10,2), b: int}", "{a: decimal(10,2); b: int}"},
      {"{a: f(1, g(2, 3)), b: int}", "{a: f(1, g(2, 3)); b: int}"},
      {"[f(a,\n  b), c]", "[f(a, b); c]"},
      {"[f(a, g]", "[f(a, g]"},
      {"{a: f(1, b: 2}", "{a: f(1; b: 2}"},
      {"- f(a, b)\n- c\n", "[f(a, b); c]"},
  };
  for (const auto& c : cases) {
    Faults faults;
    const auto root = ParseDocument(c.yaml, "f", faults);
    ASSERT_TRUE(root) << c.yaml;
    EXPECT_EQ(Shown(*root), c.tree);
    EXPECT_TRUE(faults.empty()) << c.yaml;
  }
}

TEST(Document, WhatIsRefusedHasACodeAndAPlace) {
  const std::string deep = std::string(70, '[') + std::string(70, ']');
  const struct {
    std::string yaml;
    std::vector<std::string> faults;
    bool tree;
  } cases[] = {
      {"a: 1\nb: 2\na: 3\n", {"config.duplicate_key 3:1"}, true},
      {"x: {k: 1, k: 2, k: 3}\n", {"config.duplicate_key 1:11", "config.duplicate_key 1:17"}, true},
      {"a: &x 1\nb: *x\n<<: {c: 1}\n",
       {"config.yaml_feature 1:4", "config.yaml_feature 2:4", "config.yaml_feature 3:1"},
       true},
      {"a: !!str 1\nb: ! 2\nc: !t [1]\n",
       {"config.yaml_feature 1:4", "config.yaml_feature 2:4", "config.yaml_feature 3:4"},
       true},
      {"? [a]\n: b\n", {"config.yaml_feature 1:3"}, true},
      {"%YAML 1.2\n---\na: 1\n", {"config.yaml_feature 1:1"}, false},
      {"a: 1\n---\nb: 2\n", {"config.yaml 2:1"}, false},
      {"a: [1,\n", {"config.yaml 1:6"}, false},
      {"a: \"x\nb: 1\n", {"config.yaml 1:4"}, false},
      {"a: 'it''\n", {"config.yaml 1:4"}, false},
      {"a:\tb\n\tc: d\n", {"config.yaml 2:1"}, false},
      {"a: b: c\n", {"config.yaml 1:5"}, false},
      {"a: *unknown\n", {"config.yaml 1:4"}, false},
      {"k: {dir: ${X}}\n", {"config.yaml 1:10"}, false},
      {"a: \xff\n", {"config.yaml 1:4"}, false},
      {"a: 1\nb: \x04 2\n", {"config.yaml 2:4"}, false},
      {"a: 1\rb: 2\n", {"config.yaml 1:5"}, false},
      {deep, {"config.too_big 1:65"}, false},
      {std::string(kDocumentBytesMax + 1, ' '), {"config.too_big 1:1"}, false},
  };
  for (const auto& c : cases) {
    Faults faults;
    const auto root = ParseDocument(c.yaml, "f", faults);
    EXPECT_EQ(root.has_value(), c.tree) << c.yaml.substr(0, 100);
    EXPECT_EQ(CodesAndPlaces(faults), c.faults) << c.yaml.substr(0, 100);
    for (const Error& error : faults.Sorted()) {
      EXPECT_EQ(error.kind, ErrorKind::kConfig);
      EXPECT_FALSE(error.next.empty()) << error.ToString();
    }
  }
}

TEST(Document, NestingThatWouldEndAParserIsRefused) {
  for (const char* piece : {"[", "- ", "a: {", "? ", "{[", "[?"}) {
    std::string yaml;
    while (yaml.size() < kDocumentBytesMax / 4) yaml += piece;
    Faults faults;
    EXPECT_FALSE(ParseDocument(yaml, "f", faults)) << piece;
    EXPECT_EQ(faults.size(), 1u) << piece;
  }
}

TEST(Document, VeryManyPiecesWithinBracketsAreOneText) {
  std::string pieces;
  while (pieces.size() < kDocumentBytesMax / 4) pieces += "a,";
  for (const std::string& yaml : {"[f(" + pieces + "b), c]", "{k: f(" + pieces + "b), c: d}"}) {
    Faults faults;
    const auto root = ParseDocument(yaml, "f", faults);
    ASSERT_TRUE(root && faults.empty());
    EXPECT_EQ(root->items.size() + root->entries.size(), 2u);
  }
}

TEST(Document, PlacesCountBytesFromOne) {
  Faults faults;
  const auto root = ParseDocument(
      "é: 'ü x'\nlist:\n  - a\n  - {k: v}\nmap:\n  in: |\n   text\nnone:\n", "f.yaml", faults);
  ASSERT_TRUE(root && faults.empty());
  EXPECT_EQ(root->entries[0].value.place.ToString(), "f.yaml:1:5");
  EXPECT_EQ(root->entries[0].value.PlaceAt(3).ToString(), "f.yaml:1:9");
  EXPECT_EQ(root->entries[1].value.place.ToString(), "f.yaml:2:1") << "a list below its key";
  EXPECT_EQ(root->entries[1].value.items[1].place.ToString(), "f.yaml:4:5");
  EXPECT_EQ(root->entries[1].value.items[1].entries[0].value.place.ToString(), "f.yaml:4:9");
  EXPECT_EQ(root->entries[2].value.entries[0].value.PlaceAt(2).ToString(), "f.yaml:6:7")
      << "a block text has no places inside";
  EXPECT_EQ(root->entries[3].value.place.ToString(), "f.yaml:8:1") << "nothing stands at its key";
}

TEST(Text, OnlyUtf8Passes) {
  const struct {
    std::string text;
    bool good;
  } cases[] = {{"a\tb\r\n\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true},
               {"\xC0\x80", false},
               {"\xE0\x80\x80", false},
               {"\xED\xA0\x80", false},
               {"\xF4\x90\x80\x80", false},
               {"\xE2\x82", false},
               {std::string("\0", 1), false},
               {"\x7f", false}};
  for (const auto& c : cases) EXPECT_EQ(!FindBadText(c.text), c.good) << c.text;
}

TEST(SqlHeader, ItsPlacesAreThoseOfTheFile) {
  const std::string text =
      "-- models/silver/sale_lines.sql\n"
      "--| materialize: incremental\n"
      "\n"
      "  --| partition_by: [day(ts), bucket(16, id)]\n";
  Faults faults;
  SqlText sql = SplitSqlHeader(
      "-- a comment\n--| by: append\n--| key: [a]\n--|\n-- b\n\nSELECT 1\n-- c\n", "m.sql", faults);
  ASSERT_TRUE(faults.empty());
  EXPECT_EQ(Shown(sql.header), "{by: append; key: [a]}");
  EXPECT_EQ(sql.header.Find("key")->place.ToString(), "m.sql:3:10");
  EXPECT_EQ(sql.query, "SELECT 1\n-- c\n");
  EXPECT_EQ(sql.query_line, 7u);
  SplitSqlHeader(text, "m.sql", faults);
  EXPECT_EQ(CodesAndPlaces(faults),
            (std::vector<std::string>{"config.no_query 1:1", "config.yaml 4:19"}))
      << "the two lines are indented unlike each other";
}

TEST(SqlHeader, FaultsInIt) {
  const struct {
    const char* text;
    std::vector<std::string> faults;
  } cases[] = {
      {"SELECT 1", {}},
      {"--| a: 1\nSELECT 1\n--| b: 2\n", {"config.header_place 3:1"}},
      {"--| a: [1\nSELECT 1\n", {"config.yaml 1:9"}},
      {"--| a: 1\n--| a: 2\nSELECT 1\n", {"config.duplicate_key 2:5"}},
      {"", {"config.no_query 1:1"}},
      {"--| a: 1\n-- SELECT 1", {"config.no_query 1:1"}},
  };
  for (const auto& c : cases) {
    Faults faults;
    const SqlText sql = SplitSqlHeader(c.text, "m.sql", faults);
    EXPECT_TRUE(sql.header.is_map());
    EXPECT_EQ(CodesAndPlaces(faults), c.faults) << c.text;
  }
}

}  // namespace
}  // namespace weir::config

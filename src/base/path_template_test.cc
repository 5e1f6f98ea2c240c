#include "base/path_template.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

PathValues Values() {
  return {.at = {1'777'629'600'000'000},  // 2026-05-01T10:00:00Z
          .name = "sample.csv",
          .pipeline = "uploads",
          .run = "r7",
          .entity = "orders",
          .n = 3,
          .seq = 42};
}

TEST(PathTemplate, FillsEveryPlaceholder) {
  const struct {
    const char* text;
    const char* path;
  } cases[] = {
      {"data/incoming/events_{seq:06}.csv", "data/incoming/events_000042.csv"},
      {"data/raw/{date}/{name}", "data/raw/2026-05-01/sample.csv"},
      {"s3://lake/{pipeline}/{date}/{hour}/{seq}.ndjson",
       "s3://lake/uploads/2026-05-01/10/42.ndjson"},
      {"raw/{entity}/{run}_{n:05}.json", "raw/orders/r7_00003.json"},
      {"{seq:01}", "42"},
      {"plain.csv", "plain.csv"},
      {"", ""},
  };
  for (const auto& c : cases) {
    const auto parsed = PathTemplate::Parse(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(parsed->Fill(Values()), c.path);
  }
}

TEST(PathTemplate, RefusesWhatItDoesNotKnow) {
  const struct {
    const char* text;
    const char* code;
    uint64_t column;
    const char* next;
  } cases[] = {
      {"a/{seq", "path.unclosed", 3, "add '}'"},
      {"{sequ}", "path.placeholder", 1, "did you mean {seq}?"},
      {"{hours}", "path.placeholder", 1, "did you mean {hour}?"},
      {"{weekday}", "path.placeholder", 1,
       "known: {date} {hour} {name} {pipeline} {run} {entity} {n} {seq}"},
      {"a{n:}", "path.width", 2, "write {n:05} or {seq:06}: 1 to 18 digits, for n and seq"},
      {"a{n:99}", "path.width", 2, "write {n:05} or {seq:06}: 1 to 18 digits, for n and seq"},
      {"{date:05}", "path.width", 1, "write {n:05} or {seq:06}: 1 to 18 digits, for n and seq"},
  };
  for (const auto& c : cases) {
    const auto parsed = PathTemplate::Parse(c.text);
    ASSERT_FALSE(parsed) << c.text;
    EXPECT_EQ(parsed.error().code, c.code) << c.text;
    EXPECT_EQ(parsed.error().place.column, c.column) << c.text;
    EXPECT_EQ(parsed.error().next, c.next) << c.text;
  }
}

TEST(PathTemplate, NeverLeadsANameOutOfItsFolder) {
  PathValues values = Values();
  const struct {
    const char* name;
    const char* path;
  } cases[] = {{"../../etc/passwd", "raw/_._.._etc_passwd"},
               {"..", "raw/_."},
               {".hidden", "raw/_hidden"},
               {"a\nb", "raw/a_b"},
               {"a b.csv", "raw/a b.csv"}};
  const auto parsed = PathTemplate::Parse("raw/{name}").value();
  for (const auto& c : cases) {
    values.name = c.name;
    EXPECT_EQ(parsed.Fill(values), c.path);
  }
}

TEST(PathTemplate, IsCutAtItsLastSlash) {
  const auto parsed = PathTemplate::Parse("raw/{date}/x_{seq:06}.csv").value();
  EXPECT_EQ(parsed.Folder().Fill(Values()), "raw/2026-05-01");
  EXPECT_EQ(parsed.LastName().Fill(Values()), "x_000042.csv");
  EXPECT_EQ(PathTemplate::Parse("x.csv")->Folder().text(), "");
  EXPECT_EQ(PathTemplate::Parse("x.csv")->LastName().text(), "x.csv");
  EXPECT_TRUE(parsed.Uses("date"));
  EXPECT_FALSE(parsed.LastName().Uses("date"));
}

TEST(PathTemplate, FindsTheLargestNumberInUse) {
  const std::vector<std::string> names = {"x_000001.csv", "x_7.csv",       "x_1000000.csv",
                                          "x_9.csv.gz",   "y_99.csv",      "x_.csv",
                                          "x_12a.csv",    ".x_9.csv.tmp-1"};
  EXPECT_EQ(PathTemplate::Parse("x_{seq:06}.csv")->LargestSeq(names, Values()), 1'000'000u);
  EXPECT_EQ(PathTemplate::Parse("z_{seq:06}.csv")->LargestSeq(names, Values()), 0u);
  EXPECT_EQ(PathTemplate::Parse("x.csv")->LargestSeq(names, Values()), 0u);
}

}  // namespace
}  // namespace weir

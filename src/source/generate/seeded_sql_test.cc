#include <gtest/gtest.h>

#include "source/generate/seeded_sql_internal.h"

namespace weir::source {
namespace {

TEST(SeedSql, RewritesSeededCallsAndNothingElse) {
  const struct {
    const char* sql;
    const char* rewritten;
  } cases[] = {
      {"uuid4()", "_weir_u7"},
      {"UUID4( )", "_weir_u7"},
      {"now()", "_weir_now"},
      {"now() - interval 1 day", "_weir_now - interval 1 day"},
      {"int(1, 5000)", "(1 + (_weir_r7 % 5000))"},
      {"int(-5, +5)", "((-5)::BIGINT + (_weir_r7 % ((+5)::BIGINT - (-5)::BIGINT + 1)))"},
      {"int(-5, 5)", "(-5 + (_weir_r7 % 11))"},
      {"int(1, i + 1)", "((1)::BIGINT + (_weir_r7 % ((i + 1)::BIGINT - (1)::BIGINT + 1)))"},
      {"int(1, int(2, 3))",
       "((1)::BIGINT + (_weir_r7 % (((2 + (_weir_r8 % 2)))::BIGINT - (1)::BIGINT + 1)))"},
      {"int(1,2) + int(1,2)", "(1 + (_weir_r7 % 2)) + (1 + (_weir_r8 % 2))"},
      {"decimal(4.99, 499.00)",
       "((499 + (_weir_r7 % 49402))::DECIMAL(18,0) * 0.01)::DECIMAL(18,2)"},
      {"decimal(-1, 1)", "(-1 + (_weir_r7 % 3))::DECIMAL(18,0)"},
      {"decimal(0.5, 1)", "((5 + (_weir_r7 % 6))::DECIMAL(18,0) * 0.1)::DECIMAL(18,1)"},
      {"pick('view', 70, 'purchase', 30)",
       "(CASE WHEN (_weir_r7 % 100) < 70 THEN ('view') ELSE ('purchase') END)"},
      {"pick(1, 0.5, null, 1.25)", "(CASE WHEN (_weir_r7 % 175) < 50 THEN (1) ELSE (null) END)"},
      {"pick('a', 1)", "(CASE ELSE ('a') END)"},
      {"choice(['a,b', 'c)'])", "(['a,b', 'c)'])[1 + (_weir_r7 % len(['a,b', 'c)']))]"},
      {"case when a then int(1,2) else decimal(1,2) end",
       "case when a then (1 + (_weir_r7 % 2)) else (1 + (_weir_r8 % 2))::DECIMAL(18,0) end"},
      // Types stay types.
      {"x::decimal(10,2)", "x::decimal(10,2)"},
      {"x :: decimal(10,2)", "x :: decimal(10,2)"},
      {"cast(x as decimal(10, 2))", "cast(x as decimal(10, 2))"},
      {"try_cast(x AS DECIMAL(10,2))", "try_cast(x AS DECIMAL(10,2))"},
      {"x::struct(a int, b decimal(3,1))", "x::struct(a int, b decimal(3,1))"},
      {"x::struct(\"a\" decimal(3,1))", "x::struct(\"a\" decimal(3,1))"},
      // So does what only looks like a call.
      {"'int(1, 2)'", "'int(1, 2)'"},
      {"'it''s int(1,2)'", "'it''s int(1,2)'"},
      {"e'\\' int(1,2)'", "e'\\' int(1,2)'"},
      {"\"int\"(1, 2)", "\"int\"(1, 2)"},
      {"$$int(1,2)$$", "$$int(1,2)$$"},
      {"$t$int(1,2)$$$t$", "$t$int(1,2)$$$t$"},
      {"1 -- int(1,2)\n+ 2", "1   + 2"},
      {"1 /* int(1,2) /* nested */ */ + 2", "1   + 2"},
      {"my_int(1, 2)", "my_int(1, 2)"},
      {"s.int(1, 2)", "s.int(1, 2)"},
      {"int", "int"},
      {"1e5 + .5 + 1_000", "1e5 + .5 + 1_000"},
      {"'größe' || i", "'größe' || i"},
      {"(CASE ELSE", "(CASE ELSE"},
      {"", ""},
  };
  for (const auto& c : cases) {
    const auto seeded = SeedSql("f", c.sql, 7);
    ASSERT_TRUE(seeded) << c.sql << ": " << seeded.error().ToString();
    EXPECT_EQ(seeded->sql, c.rewritten);
  }
}

TEST(SeedSql, SaysWhichArgumentIsWrong) {
  const struct {
    const char* sql;
    size_t offset;
    const char* message;
  } cases[] = {
      {"int(1)", 0, "int(least, most) takes two arguments"},
      {"1 + int(5, 1)", 4, "int(least, most): least is more than most"},
      {"int(1,)", 0, "int() has an empty argument"},
      {"int(1, 2", 3, "'(' is not closed"},
      {"int(int(1,2), 3)", 0, "the least of int(least, most) cannot be random"},
      {"decimal(1, x)", 0, "decimal(least, most) takes two plain numbers"},
      {"decimal(1, 1e5)", 0, "decimal(least, most) takes two plain numbers"},
      {"decimal(2, 1.5)", 0, "decimal(least, most): least is more than most"},
      {"decimal(0.000000001, 9999999999)", 0, "decimal(least, most) holds at most 18 digits"},
      {"pick('a')", 0, "pick() takes values, each followed by its weight"},
      {"pick('a', 1, 'b', x)", 18, "the weight 'x' is no number"},
      {"pick('a', 0, 'b', 0)", 0, "all weights are zero"},
      {"pick('a', -1)", 10, "the weight '-1' is no number"},
      {"choice('a', 'b')", 0, "choice(list) takes one list"},
      {"choice()", 0, "choice(list) takes one list"},
      {"uuid4(1)", 0, "uuid4() takes no argument"},
      {"pick('a', int(1), 'b')", 0, "pick() takes values, each followed by its weight"},
  };
  for (const auto& c : cases) {
    const auto seeded = SeedSql("f", c.sql, 0);
    ASSERT_FALSE(seeded) << c.sql;
    EXPECT_EQ(seeded.error().code, "generate.argument");
    EXPECT_EQ(seeded.error().place.byte_offset, c.offset) << c.sql;
    EXPECT_EQ(seeded.error().message, c.message) << c.sql;
    EXPECT_FALSE(seeded.error().next.empty()) << c.sql;
  }
}

TEST(SeedSql, KnowsWhereThePiecesCameFrom) {
  const std::string sql = "int(1, 5) + nosuch";
  const auto seeded = SeedSql("f", sql, 0).value();
  const size_t at = seeded.sql.find("such");
  EXPECT_EQ(seeded.OriginOf(at), sql.find("such"));
  EXPECT_EQ(seeded.OriginOf(0), 0u);
}

TEST(SaltOf, IsAnotherForEachNameAndCallAndNeverChanges) {
  EXPECT_NE(SaltOf("a", 0), SaltOf("a", 1));
  EXPECT_NE(SaltOf("a", 0), SaltOf("b", 0));
  EXPECT_EQ(SaltOf("user_id", 0), 9'532'966'659'686'080'957u);
}

}  // namespace
}  // namespace weir::source

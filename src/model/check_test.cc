#include "model/check.h"

#include "model/check_run_internal.h"
#include "model/model_test_internal.h"

namespace weir::model {
namespace {

struct Held {
  const char* check;
  const char* rows;  // A relation.
  uint64_t failing;
};

constexpr const char* kPeople =
    "(VALUES (1, 'a', NULL), (2, 'b', 5), (2, NULL, 6)) AS t(id, kind, n)";

TEST(Check, CountsTheRowsThatBreakIt) {
  const std::vector<Held> cases = {
      {"not_null(kind)", kPeople, 1},
      {"not_null(id)", kPeople, 0},
      {"NOT_NULL ( \"kind\" )", kPeople, 1},
      {"unique(id)", kPeople, 2},
      {"unique(id, kind)", kPeople, 0},
      {"unique(n)", "(VALUES (NULL), (NULL)) t(n)", 0},
      {"accepted_values(kind, ['a', 'b'])", kPeople, 0},
      {"accepted_values(kind, [a, 'it''s'])", kPeople, 1},
      {"accepted_values(id, [1, 3])", kPeople, 2},
      {"rows(1, 3)", kPeople, 0},
      {"rows(4)", kPeople, 1},
      {"rows(0, 2)", kPeople, 1},
      {"rows(1)", "(SELECT 1 WHERE false)", 1},
      {"n > 5", kPeople, 2},
      {"id in (1, 2)", kPeople, 0},
      {"(id > 1) or (kind = 'a')", kPeople, 0},
      {"n > 0 -- null is not true", kPeople, 1},
      {"sum(n) = 11", kPeople, 0},
      {"count(*) > 3", kPeople, 1},
      {"count(*) > 0", "(SELECT 1 WHERE false)", 1},
      {"n > 0", "(SELECT 1 AS n WHERE false)", 0},
      {"n >= lag(n, 1, 0) over (order by n)", "(VALUES (1), (2)) t(n)", 0},
      {"freshness(d, 1d)", "(SELECT DATE '2026-05-27' AS d)", 0},
      {"freshness(d, 1d)", "(SELECT DATE '2026-05-26' AS d)", 1},
      {"freshness(d, 2h)", "(SELECT TIMESTAMPTZ '2026-05-28 18:30:00Z' AS d)", 0},
      {"freshness(d, 2h)", "(SELECT TIMESTAMP '2026-05-28 18:20:00' AS d)", 1},
      {"freshness(d, 2h)", "(SELECT TIMESTAMP '2026-05-28 18:20:00' AS d WHERE false)", 1},
      {"relationships(id -> other.keys.key)", kPeople, 2},
  };
  const auto engine = Must(engine::Engine::Open({}));
  const auto session = Must(engine->NewSession());
  for (const Held& one : cases) {
    SCOPED_TRACE(one.check);
    const auto query = Must(query::SnapshotQuery::WithoutLake(
        *session, {{.name = {"a", "b"}, .sql = std::string("SELECT * FROM ") + one.rows},
                   {.name = {"other", "keys"}, .sql = "SELECT 1 AS key UNION ALL SELECT NULL"}}));
    const CheckedRelation relation{
        .query = *query, .name = {"a", "b"}, .columns = {}, .now = {1'780'000'000'000'000}};
    EXPECT_EQ(Must(RunCheck(Must(ParseCheck(one.check)), relation)).failing, one.failing)
        << one.check << " over " << one.rows;
  }
}

struct Told {
  const char* check;
  const char* text;
};

TEST(Check, TellsWhatBreaksIt) {
  const auto engine = Must(engine::Engine::Open({}));
  const auto session = Must(engine->NewSession());
  const auto query = Must(query::SnapshotQuery::WithoutLake(
      *session,
      {{.name = {"a", "b"}, .sql = "SELECT i AS id, 'it''s' AS \"A b\" FROM range(5) t(i)"}}));
  const CheckedRelation relation{.query = *query,
                                 .name = {"a", "b"},
                                 .columns = {"id", "A b"},
                                 .now = {1'780'000'000'000'000}};
  for (const Told& one :
       {Told{"id <> 3", "1 row breaks id <> 3: {\"id\":3,\"A b\":\"it's\"}"},
        Told{"id > 3",
             "4 rows break id > 3: {\"id\":0,\"A b\":\"it's\"}, "
             "{\"id\":1,\"A b\":\"it's\"}, {\"id\":2,\"A b\":\"it's\"} and 1 more"},
        Told{"rows(6)", "rows(6) does not hold: 5 rows"},
        Told{"sum(id) > 10", "sum(id) > 10 does not hold: it is false"},
        Told{"max(nullif(id, id)) > 1", "max(nullif(id, id)) > 1 does not hold: it is null"}})
    EXPECT_EQ(Must(RunCheck(Must(ParseCheck(one.check)), relation)).ToText(), one.text);
}

TEST(Check, WithWrongArgumentsIsRefused) {
  for (const char* text :
       {"not_null()", "not_null(a, b)", "not_null(a + 1)", "unique()", "accepted_values(kind)",
        "accepted_values(kind, [])", "accepted_values(kind, ['a', ])", "relationships(a)",
        "relationships(a -> b)", "freshness(d)", "freshness(d, soon)", "rows()", "rows(-1)",
        "rows(3, 2)", "rows(a, b)"}) {
    const auto check = ParseCheck(text);
    ASSERT_FALSE(check) << text;
    EXPECT_EQ(check.error().code, "model.check_text") << text;
    EXPECT_THAT(check.error().next, testing::StartsWith("write ")) << text;
  }
}

TEST(Check, ThatIsNoKnownOneIsAnExpression) {
  for (const char* text :
       {"qty > 0", "not_null(a) and b", "length(x) = 1", "uniques(a)", "(a)", "rows"})
    EXPECT_TRUE(std::holds_alternative<Expression>(Must(ParseCheck(text)).what)) << text;
}

}  // namespace
}  // namespace weir::model

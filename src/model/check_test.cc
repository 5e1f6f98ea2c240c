#include "model/check.h"

#include "model/model_test_internal.h"

namespace weir::model {
namespace {

struct Held {
  const char* check;
  const char* rows;  // A relation.
  int64_t failing;
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
      {"relationships(id -> main.other.key)", kPeople, 2},
  };
  const auto engine = Must(engine::Engine::Open({}));
  const auto session = Must(engine->NewSession());
  Must(session->Execute("CREATE TABLE main.other AS SELECT 1 AS key UNION ALL SELECT NULL"));
  const Instant now{1'780'000'000'000'000};  // 2026-05-28T20:26:40Z
  for (const Held& one : cases) {
    SCOPED_TRACE(one.check);
    const auto check = Must(ParseCheck(one.check));
    const auto stream = Must(session->Query(
        FailingRowsSql(check, std::string("(SELECT * FROM ") + one.rows + ")", now)));
    const auto rows = Must(stream->Next());
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(0), one.failing)
        << one.check << " over " << one.rows;
  }
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

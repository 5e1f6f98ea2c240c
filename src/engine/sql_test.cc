#include "engine/sql.h"

#include "engine/engine_test_internal.h"

namespace weir::engine {
namespace {

// "bronze.orders@1:15 changes(bronze.x)@2:6"
std::string Shown(const std::vector<TableReference>& references) {
  std::string text;
  for (const TableReference& reference : references) {
    if (!text.empty()) text += " ";
    if (!reference.catalog.empty()) text += reference.catalog + ".";
    if (!reference.schema.empty()) text += reference.schema + ".";
    text += reference.name;
    if (reference.kind == ReferenceKind::kFunction) {
      text += "(";
      for (const std::string& argument : reference.arguments)
        text += (text.ends_with("(") ? "" : ",") + argument;
      text += ")";
    }
    text +=
        "@" + std::to_string(reference.place.line) + ":" + std::to_string(reference.place.column);
  }
  return text;
}

struct Reading {
  std::string name, sql, references;
};
class WhatSqlReads : public testing::TestWithParam<Reading> {};

TEST_P(WhatSqlReads, IsFound) {
  const auto session = OpenSession();
  EXPECT_EQ(Shown(Must(References(*session, GetParam().sql))), GetParam().references);
}

INSTANTIATE_TEST_SUITE_P(
    Sql, WhatSqlReads,
    testing::ValuesIn(std::vector<Reading>{
        {"NoTable", "SELECT 1", ""},
        {"OneTable", "SELECT * FROM raw.events", "raw.events@1:15"},
        {"ATableOfACatalog", "SELECT * FROM lake.raw.events", "lake.raw.events@1:15"},
        {"FromFirst", "FROM raw.events", "raw.events@1:6"},
        {"OnTheSecondLine", "SELECT *\n  FROM raw.events e", "raw.events@2:8"},
        {"Quoted", "SELECT * FROM \"raw\".\"odd name\"", "raw.odd name@1:15"},
        {"AJoin", "SELECT * FROM a.x JOIN b.y USING (id) LEFT JOIN c.z ON true",
         "a.x@1:15 b.y@1:24 c.z@1:49"},
        {"TheSameTwice", "SELECT * FROM t, t AS u", "t@1:15 t@1:18"},
        {"InSubqueries",
         "SELECT (SELECT max(x) FROM a) FROM (SELECT * FROM b) WHERE x IN (SELECT y FROM c)",
         "a@1:28 b@1:51 c@1:80"},
        {"InExists", "SELECT * FROM a WHERE EXISTS (FROM b WHERE b.k = a.k)", "a@1:15 b@1:36"},
        {"AUnion", "SELECT * FROM a UNION ALL SELECT * FROM b EXCEPT FROM c",
         "a@1:15 b@1:41 c@1:55"},
        {"ItsOwnNames",
         "WITH t AS (SELECT * FROM raw.a), u AS (SELECT * FROM t) SELECT * FROM u, t",
         "raw.a@1:26"},
        {"ANameOfItsOwnHidesATable", "WITH Orders AS (SELECT 1) SELECT * FROM ORDERS", ""},
        {"ANameReadsTheTableItHides", "WITH t AS (SELECT * FROM t) SELECT * FROM t", "t@1:26"},
        {"ANameIsNotHiddenWithASchema", "WITH t AS (SELECT 1) SELECT * FROM main.t", "main.t@1:36"},
        {"ANameIsSeenOnlyInItsQuery", "SELECT * FROM (WITH t AS (SELECT 1) FROM t), t", "t@1:46"},
        {"Recursive", "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t, lim) FROM t",
         "lim@1:65"},
        {"ATableFunction", "SELECT * FROM read_csv('a.csv'), changes(bronze.orders) c",
         "read_csv(a.csv)@1:15 changes(bronze.orders)@1:34"},
        {"Lateral", "SELECT * FROM changes(a.b) t, LATERAL (SELECT unnest(t.items) AS i) u",
         "changes(a.b)@1:15"},
        {"APivot", "FROM (PIVOT a.b ON k IN (1, 2) USING sum(v))", "a.b@1:13"},
        {"Described", "DESCRIBE raw.events", "raw.events@1:10"},
        {"AFileByItsName", "SELECT * FROM 'x.parquet'", "x.parquet@1:15"},
    }),
    [](const auto& given) { return given.param.name; });

struct Expression {
  std::string name, sql, columns, functions, flags;
};
class WhatAnExpressionReads : public testing::TestWithParam<Expression> {};

TEST_P(WhatAnExpressionReads, IsFound) {
  const auto session = OpenSession();
  const auto found = Must(ReferencesOfExpression(*session, GetParam().sql));
  std::string columns;
  for (const auto& parts : found.columns) {
    if (!columns.empty()) columns += " ";
    for (size_t i = 0; i < parts.size(); ++i) columns += (i == 0 ? "" : ".") + parts[i];
  }
  std::string functions;
  for (const auto& name : found.functions) functions += (functions.empty() ? "" : " ") + name;
  EXPECT_EQ(columns, GetParam().columns);
  EXPECT_EQ(functions, GetParam().functions);
  EXPECT_EQ(
      std::string(found.star ? "*" : "") + (found.subquery ? "s" : "") + (found.window ? "w" : ""),
      GetParam().flags);
}

INSTANTIATE_TEST_SUITE_P(
    Sql, WhatAnExpressionReads,
    testing::ValuesIn(std::vector<Expression>{
        {"Nothing", "1 = 1", "", "", ""},
        {"AComparison", "price >= 0 AND qty < 10", "price qty", "", ""},
        {"OnceEach", "price > 0 OR price < -1", "price", "", ""},
        {"Between", "len(items) BETWEEN 1 AND 10000", "items", "len", ""},
        {"InAList", "event_type in ('view', 'purchase')", "event_type", "", ""},
        {"IsNotNull", "price IS NOT NULL", "price", "", ""},
        {"ACase", "CASE WHEN a THEN b ELSE lower(c) END = d", "a b c d", "lower", ""},
        {"AField", "address.city = 'Bonn'", "address.city", "", ""},
        {"AQuotedName", "\"odd name\" > 1", "odd name", "", ""},
        {"AListComprehension",
         "abs(total - list_sum([i.qty * i.unit_price for i in items])) < 0.01", "total items",
         "abs list_sum list_apply", ""},
        {"ALambda", "list_any_value(list_transform(l, lambda x, k: x + y + k)) > 1", "l y",
         "list_any_value list_transform", ""},
        {"AStar", "COLUMNS(*) > 1", "", "", "*"},
        {"ASubquery", "x IN (SELECT 1)", "x", "", "s"},
        {"AWindow", "row_number() OVER (ORDER BY x) = 1", "x", "", "w"},
        {"ACommentAtTheEnd", "a > 1 -- of course", "a", "", ""},
        {"Now", "seen_at < now()", "seen_at", "now", ""},
        {"Casts", "try_cast(a AS INT) > b::INT", "a b", "", ""},
    }),
    [](const auto& given) { return given.param.name; });

struct Wrong {
  std::string name, sql, code, message;
};
class WrongExpression : public testing::TestWithParam<Wrong> {};

TEST_P(WrongExpression, IsRefused) {
  const auto session = OpenSession();
  const auto found = ReferencesOfExpression(*session, GetParam().sql);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, GetParam().code) << found.error().ToString();
  EXPECT_THAT(found.error().message, testing::HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Sql, WrongExpression,
                         testing::ValuesIn(std::vector<Wrong>{
                             {"TwoExpressions", "a, b", "engine.parse", "not one expression"},
                             {"AFrom", "a FROM t", "engine.parse", "not one expression"},
                             {"AName", "a AS b", "engine.parse", "not one expression"},
                             {"TwoStatements", "a; SELECT 1", "engine.parse", "2 statements"},
                             {"AWhere", "a WHERE b", "engine.parse", ""},
                             {"AnOrder", "a ORDER BY b", "engine.parse", "not one expression"},
                             {"Nothing", "", "engine.parse", ""},
                             {"AnOpenBracket", "(a > 1", "engine.parse", "syntax error"},
                             {"AnOpenQuote", "a = 'x", "engine.parse", "unterminated"},
                         }),
                         [](const auto& given) { return given.param.name; });

TEST(WrongExpressionPlace, IsWithinTheExpression) {
  const auto session = OpenSession();
  const auto found = ReferencesOfExpression(*session, "a >\n  1 1");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().place.line, 2u);
  EXPECT_EQ(found.error().place.column, 5u) << found.error().ToString();
}

class StatementKind : public testing::TestWithParam<Wrong> {};

TEST_P(StatementKind, OnlyASelectPasses) {
  const auto session = OpenSession();
  const auto checked = CheckSelect(*session, GetParam().sql);
  EXPECT_EQ(checked ? "" : checked.error().code, GetParam().code);
  if (!checked) {
    EXPECT_THAT(checked.error().message, testing::HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sql, StatementKind,
    testing::ValuesIn(std::vector<Wrong>{
        {"Select", "SELECT 1", "", ""},
        {"SelectWithSemicolon", "SELECT 1;", "", ""},
        {"With", "WITH t AS (SELECT 1) SELECT * FROM t", "", ""},
        {"Values", "VALUES (1), (2)", "", ""},
        {"Describe", "DESCRIBE SELECT 1", "", ""},
        {"Summarize", "SUMMARIZE t", "", ""},
        {"Show", "SHOW TABLES", "", ""},
        {"APivotOfUnknownValues", "FROM (PIVOT a.b ON k USING sum(v))", "query.pivot", "PIVOT"},
        {"Try", "SELECT * FROM (SELECT try(a::INT) FROM t)", "query.try", "wrong values"},
        {"TryCast", "SELECT try_cast(a AS INT) FROM t", "", ""},
        {"Insert", "INSERT INTO t VALUES (1)", "query.not_select", "a INSERT"},
        {"InsertBehindAComment", "/* x */ -- y\n INSERT INTO t VALUES (1)", "query.not_select",
         "a INSERT"},
        {"Update", "UPDATE t SET a = 1", "query.not_select", "a UPDATE"},
        {"Delete", "DELETE FROM t", "query.not_select", "a DELETE"},
        {"Drop", "DROP TABLE t", "query.not_select", "a DROP"},
        {"Copy", "COPY t TO 'x.csv'", "query.not_select", "a COPY"},
        {"Attach", "ATTACH 'x.db'", "query.not_select", "a ATTACH"},
        {"Set", "SET threads = 8", "query.not_select", "a SET"},
        {"Pragma", "PRAGMA database_list", "query.not_select", "a PRAGMA"},
        {"SelectAndDrop", "SELECT 1; DROP TABLE t", "query.not_select", ""},
        {"TwoSelects", "SELECT 1; SELECT 2", "query.many", "2 statements"},
        {"Nothing", "  -- nothing\n", "query.empty", ""},
        {"NoSql", "hello there", "engine.parse", "syntax error"},
    }),
    [](const auto& given) { return given.param.name; });

TEST(ReplacedNames, OnlyTheNamesThemselvesAreReplaced) {
  const auto session = OpenSession();
  const std::map<std::string, std::string> names = {{"now", "N"}, {"current_date", "D"}};
  for (const auto& [given, expected] : std::vector<std::pair<std::string, std::string>>{
           {"a < now()", "a < N"},
           {"a < NOW ( ) AND b = CURRENT_DATE", "a < N AND b = D"},
           {"'now()' = a OR \"now\"() > b", "'now()' = a OR N > b"},
           {"nowhere(now())\n> now() -- now()", "nowhere(N)\n> N -- now()"},
           {"t.now > 1", "t.now > 1"},
           {"f(lambda x: x > now())", "f(lambda x: x > N)"},
           {"a > 1", "a > 1"}})
    EXPECT_EQ(Must(ReplaceNames(*session, given, names)), expected);
}

TEST(Quoting, NamesAndTextsSurvive) {
  const auto session = OpenSession();
  const std::string odd = "it's \"odd\"; -- \\ \n";
  EXPECT_EQ(Single(*session, "SELECT " + QuotedName(odd) + " FROM (SELECT " + QuotedText(odd) +
                                 " AS " + QuotedName(odd) + ")"),
            odd);
}

}  // namespace
}  // namespace weir::engine

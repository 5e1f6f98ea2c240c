#include "query/snapshot_query.h"

#include <thread>

#include "query/query_test_internal.h"

namespace weir::query {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kEvents = {"id bigint", "kind varchar"};

TEST(SnapshotQuery, ReadsTablesByTheirNames) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT i::BIGINT AS id, 'view' AS kind FROM range(3) t(i)");
  lake.Append("raw.events", kEvents, "SELECT 10::BIGINT AS id, 'buy' AS kind");
  lake.Append("gold.kinds", {"kind varchar", "title varchar"},
              "SELECT 'buy' AS kind, 'Purchase' AS title");
  lake.Append("a.b.nested", {"x int"}, "SELECT 4 AS x");
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"SELECT kind, count(*) AS n FROM raw.events GROUP BY ALL ORDER BY kind",
       "kind,n\nbuy,1\nview,3\n"},
      {"select count(*) as n from RAW.Events;", "n\n4\n"},
      {"FROM \"raw\".\"events\" SELECT max(id) AS m -- the end", "m\n10\n"},
      {"WITH e AS (SELECT * FROM raw.events) SELECT title FROM e JOIN gold.kinds USING (kind)",
       "title\nPurchase\n"},
      {"SELECT events.id FROM raw.events WHERE raw.events.id = 10", "id\n10\n"},
      {"SELECT (SELECT count(*) FROM gold.kinds) AS k, count(*) AS n FROM raw.events",
       "k,n\n1,4\n"},
      {"SELECT x FROM a.b.nested", "x\n4\n"},
      {"SELECT nested.x, n2.x AS y FROM\n  a.b.nested, \"a\".\"b\".nested n2, \"a.b\".nested n3",
       "x,y\n4,4\n"},
      {"SELECT 1 AS one", "one\n1\n"},
      {"SELECT count(*) AS n FROM range(5)", "n\n5\n"},
      {"DESCRIBE raw.events", nullptr},
      {"SELECT table_name FROM information_schema.tables", "table_name\n"},
  };
  for (const auto& [sql, expected] : cases) {
    const std::string text = lake.Csv(sql);
    if (expected != nullptr) {
      EXPECT_EQ(text, expected) << sql;
    }
  }
}

TEST(SnapshotQuery, ReadsTheSnapshotOfItsFirstLook) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const auto query = lake.Query();
  Must(query->Resolve("SELECT * FROM raw.events"));
  lake.Append("raw.events", kEvents, "SELECT 2::BIGINT AS id, 'b' AS kind");
  EXPECT_EQ(Csv(*Must(query->Run("SELECT count(*) AS n FROM raw.events"))), "n\n1\n");
  EXPECT_EQ(Csv(*Must(query->Run("SELECT max(id) AS n FROM raw.events"))), "n\n1\n");
  const auto inputs = query->inputs();
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_EQ(inputs[0].table, "raw.events");
  EXPECT_NE(inputs[0].snapshot, Must(lake.lake().Load({"raw", "events"}))->snapshot_id());
}

TEST(SnapshotQuery, TwoQueriesOfOneEngineDoNotSeeEachOther) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const auto sessions = std::pair(lake.NewSession(), lake.NewSession());
  const auto first = Must(SnapshotQuery::Make({lake.catalog(), lake.lake(), *sessions.first}));
  Must(first->Resolve("SELECT * FROM raw.events"));
  lake.Append("raw.events", kEvents, "SELECT 2::BIGINT AS id, 'b' AS kind");
  auto second = Must(SnapshotQuery::Make({lake.catalog(), lake.lake(), *sessions.second}));
  const std::string sql = "SELECT count(*) AS n FROM raw.events";
  EXPECT_EQ(Csv(*Must(second->Run(sql))), "n\n2\n");
  EXPECT_EQ(Csv(*Must(first->Run(sql))), "n\n1\n");
  second.reset();
  EXPECT_EQ(Csv(*Must(first->Run(sql))), "n\n1\n");
  EXPECT_EQ(Csv(*Must(sessions.second->Query(
                "SELECT count(*) AS n FROM duckdb_databases() WHERE database_name LIKE 'weir_%'"))),
            "n\n1\n");
}

TEST(SnapshotQuery, StagedFilesCanBeReadBeforeTheyAreCommitted) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const auto state = Must(lake.lake().Load({"raw", "events"}));
  const auto query = lake.Query();
  const auto files = lake.Write(state, "SELECT i::BIGINT AS id, 'b' AS kind FROM range(7) t(i)");
  Must(query->AddFiles({"staged", "result"}, state->metadata.schema(), files));
  EXPECT_EQ(
      Csv(*Must(query->Run("SELECT count(*) AS n FROM staged.result JOIN raw.events USING (id)"))),
      "n\n1\n");
  EXPECT_EQ(query->inputs().size(), 1U);
  Must(query->AddFiles({"staged", "result"}, state->metadata.schema(), {}));
  EXPECT_EQ(Csv(*Must(query->Run("SELECT count(*) AS n FROM staged.result"))), "n\n0\n");
}

TEST(SnapshotQuery, ReadsViewsByTheirSql) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT i::BIGINT AS id, 'view' AS kind FROM range(3) t(i)");
  lake.Append("a.b.nested", {"x int"}, "SELECT 4 AS x");
  lake.Append("silver.hidden", {"x int"}, "SELECT 1 AS x");
  const auto query = lake.QueryWithViews(
      {{"silver.late", "SELECT id FROM silver.early WHERE id > 0; -- of another view"},
       {"silver.early", "WITH e AS (FROM raw.events) SELECT id, kind FROM e"},
       {"silver.wide", "SELECT x FROM a.b.nested JOIN \"a.b\".nested n USING (x)"},
       {"silver.hidden", "SELECT 2 AS x"}});
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"SELECT count(*) AS n FROM silver.late", "n\n2\n"},
      {"SELECT max(l.id) AS m FROM Silver.LATE l JOIN silver.early e USING (id)", "m\n2\n"},
      {"SELECT x FROM silver.wide", "x\n4\n"},
      {"SELECT x FROM silver.hidden", "x\n2\n"},
      {"WITH late AS (SELECT 7 AS id) SELECT id FROM late", "id\n7\n"},
  };
  for (const auto& [sql, expected] : cases) EXPECT_EQ(Csv(*Must(query->Run(sql))), expected) << sql;
  const auto inputs = query->inputs();
  ASSERT_EQ(inputs.size(), 2U) << "what views read is among the inputs, views are not";
  EXPECT_EQ(inputs[0].table, "a.b.nested");
  EXPECT_EQ(inputs[1].table, "raw.events");
}

TEST(SnapshotQuery, AFaultOfAViewIsToldInItsFileToWhoNamesIt) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const auto query = lake.QueryWithViews({{"v.table", "SELECT *\nFROM raw.event"},
                                          {"v.column", "SELECT nope FROM raw.events"},
                                          {"v.over", "SELECT * FROM v.column"},
                                          {"v.me", "SELECT * FROM v.you"},
                                          {"v.you", "SELECT * FROM v.me"},
                                          {"v.file", "SELECT * FROM read_csv('x')"}});
  struct Case {
    const char* sql;
    const char* code;
    const char* place;
  };
  for (const Case& one : {Case{"SELECT * FROM v.table", "query.table", "v.table.sql:11:6"},
                          Case{"SELECT * FROM v.column", "engine.bind", "v.column.sql:10:8"},
                          Case{"SELECT * FROM v.over", "engine.bind", "v.column.sql:10:8"},
                          Case{"SELECT * FROM v.me", "query.view", "v.you.sql:10:15"},
                          Case{"SELECT * FROM v.file", "engine.denied", "v.file.sql:10:15"},
                          Case{"SELECT * FROM v.you@1", "query.view", ":1:15"}}) {
    const auto failed = query->Run(one.sql);
    ASSERT_FALSE(failed) << one.sql;
    EXPECT_EQ(failed.error().code, one.code) << one.sql;
    EXPECT_EQ(failed.error().place.ToString(), one.place) << one.sql;
  }
  EXPECT_EQ(Csv(*Must(query->Run("SELECT id FROM raw.events"))), "id\n1\n");
}

TEST(SnapshotQuery, WithoutALakeThereIsWhatWasAdded) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const auto schema = Must(lake.lake().Load({"raw", "events"}))->metadata.schema();
  const auto query = Must(SnapshotQuery::WithoutLake(lake.session()));
  EXPECT_EQ(query->Run("SELECT * FROM raw.events").error().code, "query.table");
  Must(query->AddFiles({"raw", "events"}, schema, {}));
  EXPECT_EQ(Csv(*Must(query->Run("SELECT * FROM raw.events"))), "id,kind\n");
  EXPECT_EQ(Must(query->Bind("SELECT id FROM raw.events"))->schema()->field(0)->type()->name(),
            "int64");
}

struct Refusal {
  const char* sentence;
  const char* sql;
  const char* code;
  const char* says;  // Part of message or next step.
  const char* place;
};

TEST(SnapshotQuery, SaysWhatIsWrongAndWhere) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  lake.Append("dead_letters.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const std::vector<Refusal> cases = {
      {"a misspelled table", "SELECT *\nFROM raw.event", "query.table",
       "did you mean 'raw.events'?", "2:6"},
      {"a schema left out", "SELECT * FROM Events", "query.table", "did you mean 'raw.events'?",
       "1:15"},
      {"a table like no other", "SELECT * FROM gold.daily_totals", "query.table", "weir table ls",
       "1:15"},
      {"a catalog that is none", "SELECT * FROM lake.raw.events", "query.table",
       "did you mean 'raw.events'?", "1:15"},
      {"an unknown column", "SELECT nope FROM raw.events", "engine.bind", "nope", "1:8"},
      {"a function that reads a file", "SELECT * FROM read_csv('x.csv')", "engine.denied",
       "pipeline", "1:15"},
      {"a file as a table", "SELECT * FROM 'x.csv'", "engine.denied", "'x.csv'", "1:15"},
      {"an address as a table", "SELECT * FROM 'https://example.org/x.parquet'", "engine.denied",
       "https", "1:15"},
      {"the names of files", "SELECT * FROM glob('/etc/*')", "engine.denied", "glob", "1:15"},
      {"memory", "SELECT * FROM arrow_scan(1, 2, 3)", "engine.denied", "arrow_scan", "1:15"},
      {"an attached database", "ATTACH 'x.db'", "query.not_select", "SELECT", ""},
      {"a statement that writes", "DROP VIEW raw.events", "query.not_select", "SELECT", ""},
      {"two statements", "SELECT 1; SELECT 2", "query.many", "one by one", ""},
      {"changes of a table", "SELECT * FROM changes(raw.events)", "query.function", "incremental",
       "1:15"},
      {"a failing value", "SELECT ('x' || kind)::INT FROM raw.events", "engine.runtime", "'xa'",
       ""},
  };
  for (const Refusal& one : cases) {
    const Error error = lake.ErrorOf(one.sql);
    EXPECT_EQ(error.code, one.code) << one.sentence << ": " << error.ToString();
    EXPECT_THAT(error.message + " " + error.next, HasSubstr(one.says)) << one.sentence;
    if (*one.place != '\0') {
      EXPECT_EQ(std::to_string(error.place.line) + ":" + std::to_string(error.place.column),
                one.place)
          << one.sentence;
    }
  }
}

TEST(SnapshotQuery, FilesOutsideAreReadWhereTheCallerAndTheEngineAllowIt) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  const std::string csv = lake.folder() + "/x.csv";
  Must(env::WriteWhole(env::SystemFiles(), csv, "id\n1\n2\n"));
  EXPECT_EQ(lake.ErrorOf("SELECT * FROM '" + csv + "'", Outside::kAllowed).code, "engine.denied");
  const auto open = Must(engine::Engine::Open({.access = engine::Access::kFiles}));
  const auto session = Must(open->NewSession());
  const auto query =
      Must(SnapshotQuery::Make({lake.catalog(), lake.lake(), *session, Outside::kAllowed}));
  EXPECT_EQ(
      Csv(*Must(query->Run("SELECT count(*) AS n FROM '" + csv + "' JOIN raw.events USING (id)"))),
      "n\n1\n");
  EXPECT_EQ(Csv(*Must(query->Run("SELECT sum(id) AS n FROM read_csv('" + csv + "')"))), "n\n3\n");
}

TEST(SnapshotQuery, ALostFileIsNamed) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT 1::BIGINT AS id, 'a' AS kind");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(lake.folder() + "/lake"))
    if (entry.path().extension() == ".parquet") std::filesystem::remove(entry.path());
  const Error error = lake.ErrorOf("SELECT * FROM raw.events");
  EXPECT_EQ(error.code, "engine.io");
  EXPECT_THAT(error.message, HasSubstr(".parquet"));
}

TEST(SnapshotQuery, InterruptEndsARunningQuery) {
  TestLake lake;
  lake.Append("raw.events", kEvents, "SELECT i::BIGINT AS id, 'a' AS kind FROM range(100000) t(i)");
  const auto query = lake.Query();
  Must(query->Resolve("SELECT * FROM raw.events"));
  std::atomic<bool> ended = false;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    while (!ended.load()) {
      lake.session().Interrupt();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  // Running and reading both compute.
  const auto sum = [&]() -> Result<std::string> {
    WEIR_ASSIGN(
        const auto stream,
        query->Run("SELECT count(*) FROM raw.events a, raw.events b WHERE a.id <> b.id + a.id"));
    WEIR_TRY(stream->Next());
    return "done";
  }();
  ended.store(true);
  other.join();
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().code, "engine.cancelled");
  EXPECT_EQ(Csv(*Must(query->Run("SELECT 1 AS one FROM raw.events LIMIT 1"))), "one\n1\n");
}

}  // namespace
}  // namespace weir::query

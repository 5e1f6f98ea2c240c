#include <fstream>
#include <set>

#include "commit/owner.h"
#include "model/model_test_internal.h"

namespace weir::model {
namespace {

using testing::HasSubstr;

constexpr const char* kEvents =
    "SELECT i::BIGINT AS id, CASE WHEN i % 3 = 0 THEN 'buy' ELSE 'view' END AS kind, DATE "
    "'2026-05-01' + (i % 2)::INT AS day "
    "FROM range(9) r(i)";
constexpr const char* kByKind =
    "SELECT kind, count(*) AS events FROM raw.events GROUP BY kind ORDER BY kind";

TEST(RunModel, MakesATableOfItsResult) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const auto outcome = Must(project.Run("gold.kinds", kByKind));
  EXPECT_EQ(outcome.rows, 2U);
  EXPECT_FALSE(outcome.skipped);
  EXPECT_EQ(project.Csv("SELECT * FROM gold.kinds ORDER BY 1"), "kind,events\nbuy,3\nview,6\n");
  const auto batches = project.Batches("gold.kinds");
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].state, ledger::BatchState::kCommitted);
  EXPECT_EQ(batches[0].outcome->counts.accepted, 2U);
  ASSERT_EQ(batches[0].plan.inputs.size(), 1U);
  EXPECT_EQ(batches[0].plan.inputs[0].table, "raw.events");
  EXPECT_EQ(batches[0].plan.inputs[0].snapshot,
            Must(project.lake().Load({"raw", "events"}))->snapshot_id());
  EXPECT_THAT(*Must(project.catalog().Kept(batches[0].plan.definition)),
              HasSubstr("GROUP BY kind"));
}

TEST(RunModel, ReplacesAllRowsWhenItsInputsMove) {
  TestProject project;
  project.Append("raw.events", kEvents);
  Must(project.Run("gold.kinds", kByKind));
  project.Append("raw.events",
                 "SELECT 100::BIGINT AS id, 'lost' AS kind, DATE '2026-05-03' AS day");
  EXPECT_FALSE(Must(project.Run("gold.kinds", kByKind)).skipped);
  EXPECT_EQ(project.Csv("SELECT * FROM gold.kinds ORDER BY 1"),
            "kind,events\nbuy,3\nlost,1\nview,6\n");
}

TEST(RunModel, IsSkippedWhileNothingChanged) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const auto first = Must(project.Run("gold.kinds", kByKind));
  project.Restart();
  const auto again = Must(project.Run("gold.kinds", kByKind));
  EXPECT_TRUE(again.skipped);
  EXPECT_EQ(again.rows, 2U);
  EXPECT_EQ(again.snapshot, first.snapshot);
  EXPECT_EQ(project.Batches("gold.kinds").size(), 1U);
  EXPECT_FALSE(Must(project.Run("gold.kinds", kByKind, Rerun::kAlways)).skipped);
  EXPECT_FALSE(
      Must(project.Run("gold.kinds", "SELECT kind, count(*) AS events FROM raw.events GROUP BY 1"))
          .skipped);
  EXPECT_FALSE(
      Must(project.Run(
               "gold.kinds",
               "--| checks: [rows(1)]\nSELECT kind, count(*) AS events FROM raw.events GROUP BY 1"))
          .skipped);
}

TEST(RunModel, IsNotSkippedWhereTheTableWasChangedByAnother) {
  TestProject project;
  project.Append("raw.events", kEvents);
  Must(project.Run("gold.kinds", kByKind));
  project.Append("gold.kinds", "SELECT 'x' AS kind, 1::BIGINT AS events");
  EXPECT_FALSE(Must(project.Run("gold.kinds", kByKind)).skipped);
  EXPECT_EQ(project.Csv("SELECT count(*) AS n FROM gold.kinds"), "n\n2\n");
}

TEST(RunModel, ThatAsksForTheTimeIsAlwaysRun) {
  TestProject project;
  Must(project.Run("gold.today", "SELECT current_date AS day"));
  EXPECT_FALSE(Must(project.Run("gold.today", "SELECT current_date AS day")).skipped);
}

TEST(RunModel, ReadsATableThatHasNoRowsYet) {
  TestProject project;
  project.Append("raw.events", std::string(kEvents) + " WHERE false");
  EXPECT_EQ(Must(project.Run("gold.kinds", kByKind)).rows, 0U);
  EXPECT_EQ(project.Csv("SELECT * FROM gold.kinds"), "kind,events\n");
}

TEST(RunModel, OfAModelThatWasNotMadeYetSaysWhatToDo) {
  TestProject project;
  Model model = project.Read("gold.kinds", "SELECT 1 AS x");
  model.query = "SELECT * FROM silver.kinds";
  model.reads = {{"silver", "kinds"}};
  const auto outcome = RunModel(project.context(), model);
  ASSERT_FALSE(outcome);
  const Error& error = outcome.error().errors.front();
  EXPECT_EQ(error.code, "query.table");
  EXPECT_EQ(error.message, "there is no table silver.kinds yet");
  EXPECT_EQ(error.place.file, "models/gold/kinds.sql");
}

TEST(RunModel, ATableTakesTheNewColumnsInOneStepAndOldSnapshotsKeepTheirs) {
  TestProject project;
  project.Append("raw.events", kEvents);
  Must(project.Run("gold.t", "SELECT id, kind, day FROM raw.events"));
  const auto before = Must(project.lake().Load({"gold", "t"}));
  Must(project.Run("gold.t", "SELECT kind, id::VARCHAR AS id, [id] AS ids FROM raw.events"));
  EXPECT_EQ(project.Csv("SELECT * FROM gold.t ORDER BY id LIMIT 1"), "kind,id,ids\nbuy,0,[0]\n");
  const auto after = Must(project.lake().Load({"gold", "t"}));
  const auto& fields = after->metadata.schema().fields;
  EXPECT_EQ(fields[0].id, before->metadata.schema().Find("kind")->id);
  EXPECT_NE(fields[1].id, before->metadata.schema().Find("id")->id);
  EXPECT_EQ(after->metadata.FindSnapshot(before->snapshot_id())->schema_id,
            before->metadata.schema().id);
  EXPECT_EQ(after->metadata.current_snapshot()->schema_id, after->metadata.schema().id);
  // The same columns again make no other schema.
  Must(project.Run("gold.t", "SELECT kind, id::VARCHAR AS id, [id + 1] AS ids FROM raw.events"));
  EXPECT_EQ(Must(project.lake().Load({"gold", "t"}))->metadata.schemas.size(),
            after->metadata.schemas.size());
  EXPECT_EQ(project.Csv("SELECT ids[1] AS i FROM gold.t ORDER BY id LIMIT 1"), "i\n1\n");
}

TEST(RunModel, PartitioningFollowsTheHeader) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::string query = "SELECT id, kind, day FROM raw.events";
  const auto folders = [&] {
    std::set<std::string> names;
    for (const auto& file : Must(project.lake().Files(*Must(project.lake().Load({"gold", "t"})))))
      names.insert(std::filesystem::path(file.path).parent_path().filename());
    return names;
  };
  Must(project.Run("gold.t", "--| partition_by: [kind]\n" + query));
  EXPECT_THAT(folders(), testing::ElementsAre("kind=buy", "kind=view"));
  Must(project.Run("gold.t", "--| partition_by: [day(day)]\n" + query));
  EXPECT_THAT(folders(), testing::ElementsAre("day_day=2026-05-01", "day_day=2026-05-02"));
  Must(project.Run("gold.t", query));
  EXPECT_THAT(folders(), testing::ElementsAre("data"));
  Must(project.Run("gold.t", "--| partition_by: [kind]\n" + query));
  const auto state = Must(project.lake().Load({"gold", "t"}));
  EXPECT_EQ(state->metadata.specs.size(), 3U);
  EXPECT_EQ(project.Csv("SELECT count(*) AS n FROM gold.t WHERE kind = 'buy'"), "n\n3\n");
}

TEST(RunModel, AColumnThatCutThePartitionsMayGo) {
  TestProject project;
  project.Append("raw.events", kEvents);
  Must(project.Run("gold.t", "--| partition_by: [kind]\nSELECT id, kind FROM raw.events"));
  Must(project.Run("gold.t", "SELECT id FROM raw.events"));
  EXPECT_EQ(project.Csv("SELECT count(*) AS n FROM gold.t"), "n\n9\n");
  Must(project.Run("gold.t",
                   "--| partition_by: [kind]\nSELECT id, id::VARCHAR AS kind FROM raw.events"));
  project.Restart();
  EXPECT_EQ(project.Csv("SELECT count(DISTINCT kind) AS n FROM gold.t"), "n\n9\n");
}

TEST(RunModel, AFailedCheckKeepsTheOldResultVisible) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::string text =
      "--| checks: [unique(kind), not_null(kind), \"events > 0\", { expect: \"events < 5\", "
      "on_fail: warn }]\n" +
      std::string(kByKind);
  const auto good = Must(project.Run("gold.kinds", text));
  ASSERT_EQ(good.checks.size(), 4U);
  EXPECT_EQ(good.checks[0].failing, 0U);
  EXPECT_EQ(good.checks[3].failing, 1U);
  EXPECT_EQ(project.Batches("gold.kinds")[0].outcome->warned_by.at("events < 5"), 1U);

  project.Append("raw.events",
                 "SELECT 100::BIGINT AS id, NULL::VARCHAR AS kind, DATE '2026-05-03' AS day");
  const auto bad = project.Run("gold.kinds", text);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "model.check");
  EXPECT_EQ(bad.error().kind, ErrorKind::kStopped);
  EXPECT_EQ(bad.error().message,
            "gold.kinds stays as it was: 1 row breaks not_null(kind): "
            "{\"kind\":null,\"events\":1}");
  EXPECT_EQ(bad.error().place.ToString(), "models/gold/kinds.sql:1:28");
  EXPECT_EQ(project.Csv("SELECT * FROM gold.kinds ORDER BY 1"), "kind,events\nbuy,3\nview,6\n");
  const auto batches = project.Batches("gold.kinds");
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].state, ledger::BatchState::kVoid);
  EXPECT_THAT(batches[1].note, HasSubstr("not_null(kind)"));

  // It is tried again, though nothing changed since: the last result was not accepted.
  EXPECT_FALSE(project.Run("gold.kinds", text));
  EXPECT_EQ(project.Batches("gold.kinds").size(), 3U);
}

TEST(RunModel, AllFailedChecksAreNamed) {
  TestProject project;
  const auto bad = project.Run(
      "a.b", "--| checks: [rows(3), \"x > 1\", \"count(*) = 2\"]\nSELECT unnest([1, 2]) AS x");
  ASSERT_FALSE(bad);
  const Errors& errors = project.failure().errors;
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].message, "a.b stays as it was: rows(3) does not hold: 2 rows");
  EXPECT_EQ(errors[1].message, "a.b stays as it was: 1 row breaks x > 1: {\"x\":1}");
  EXPECT_EQ(project.failure().checks.size(), 3U);
  EXPECT_EQ(Must(project.catalog().Tables()).size(), 0U);
}

TEST(RunModel, ChecksMayReadOtherTablesAndTheResultItself) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::string checks =
      "--| checks: [relationships(id -> raw.events.id), relationships(parent -> a.tree.id), \"id "
      "<= (select max(id) from raw.events)\"]\n";
  Must(project.Run(
      "a.tree", checks + "SELECT id, CASE WHEN id > 0 THEN id - 1 END AS parent FROM raw.events"));
  const auto bad =
      project.Run("a.tree", checks + "SELECT id + 1 AS id, 77 AS parent FROM raw.events");
  ASSERT_FALSE(bad);
  std::string all;
  for (const Error& error : project.failure().errors) all += error.message + "\n";
  EXPECT_THAT(all, HasSubstr("1 row breaks relationships(id -> raw.events.id): "));
  EXPECT_THAT(all, HasSubstr("9 rows break relationships(parent -> a.tree.id): "));
  EXPECT_THAT(all, HasSubstr("1 row breaks id <= (select max(id) from raw.events): "));
}

TEST(RunModel, RejectedRowsAreDeadLettersOfTheLastResult) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::string text =
      "--| checks: [{ expect: id <> 4, on_fail: reject }, { expect: unique(day), on_fail: reject },"
      " rows(1, 8)]\nSELECT id, CASE WHEN id < 3 THEN NULL ELSE day + id::INT END AS day FROM "
      "raw.events";
  const auto done = Must(project.Run("gold.t", text));
  EXPECT_EQ(done.rows + done.rejected, 9U);
  EXPECT_EQ(done.letters.ToString(), "dead_letters.gold.t");
  EXPECT_EQ(project.Csv("SELECT count(*) AS n FROM gold.t WHERE id = 4"), "n\n0\n");
  EXPECT_EQ(
      project.Csv("SELECT source, kind, raw, reasons[1].code AS code, reasons[1].rule AS rule "
                  "FROM dead_letters.gold.t WHERE decode(raw) LIKE '%:4,%'"),
      "source,kind,raw,code,rule\nmodels/gold/t.sql,record,\"{\"\"id\"\":4,\"\"day\"\":\"\"2026-"
      "05-05\"\"}\",model.check,id <> 4\n");
  const auto counts = project.Batches("gold.t").back().outcome->counts;
  EXPECT_EQ(counts.read, 9U);
  EXPECT_EQ(counts.rejected, done.rejected);
  EXPECT_TRUE(Must(project.Run("gold.t", text)).skipped);

  // Mended: there are none now.
  const auto mended = Must(project.Run("gold.t", "SELECT id FROM raw.events"));
  EXPECT_EQ(mended.rows, 9U);
  EXPECT_EQ(project.Csv("SELECT count(*) AS n FROM dead_letters.gold.t"), "n\n0\n");
}

TEST(RunModel, ARejectOfAllRowsTogetherIsRefused) {
  TestProject project;
  const auto bad =
      project.Run("a.b", "--| checks: [{ expect: sum(x) > 5, on_fail: reject }]\nSELECT 1 AS x");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "model.check_text");
  EXPECT_EQ(bad.error().place.ToString(), "models/a/b.sql:1:24");
}

struct FaultCase {
  const char* sentence;
  const char* text;
  const char* code;
  const char* says;
  const char* place;
  ErrorKind kind;
};

TEST(RunModel, SaysWhatIsWrongAndWhereAndLeavesNothing) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::vector<FaultCase> cases = {
      {"an unknown column", "--| materialize: table\nSELECT id,\n  kin FROM raw.events",
       "engine.bind", "kin", "models/a/b.sql:3:3", ErrorKind::kConfig},
      {"a value that cannot be cast", "SELECT kind::INT AS k FROM raw.events", "engine.runtime",
       "'buy'", "models/a/b.sql:1:", ErrorKind::kInvalid},
      {"two columns of a name", "SELECT 1 AS a, 2 AS A", "model.column", "two columns",
       "models/a/b.sql:1:1", ErrorKind::kConfig},
      {"a name that is reserved", "SELECT 1 AS _pos", "iceberg.reserved_name", "_pos",
       "models/a/b.sql:1:1", ErrorKind::kConfig},
      {"a partition of no column", "--| partition_by: [day(t)]\nSELECT 1 AS x",
       "iceberg.partition_column", "t", "models/a/b.sql:2:1", ErrorKind::kConfig},
      {"a check of no column", "--| checks: [not_null(y)]\nSELECT 1 AS x", "engine.bind",
       "not_null(y)", "models/a/b.sql:1:14", ErrorKind::kConfig},
      {"a check that is no boolean", "--| checks: [\"x || 'a'\"]\nSELECT 1 AS x", "engine.",
       "x || 'a'", "models/a/b.sql:1:14", ErrorKind::kInvalid},
  };
  size_t runs = 0;
  for (const FaultCase& one : cases) {
    const auto outcome = project.Run("a.b", one.text);
    ASSERT_FALSE(outcome) << one.sentence;
    const Error& error = outcome.error();
    EXPECT_THAT(error.code, HasSubstr(one.code)) << one.sentence << ": " << error.ToString();
    EXPECT_THAT(error.message, HasSubstr(one.says)) << one.sentence;
    EXPECT_THAT(error.place.ToString(), testing::StartsWith(one.place)) << one.sentence;
    EXPECT_EQ(error.kind, one.kind) << one.sentence;
    EXPECT_EQ(project.Batches("a.b").size(), ++runs) << one.sentence;
    EXPECT_EQ(project.Batches("a.b").back().state, ledger::BatchState::kVoid) << one.sentence;
  }
  EXPECT_EQ(Must(project.catalog().Tables()).size(), 1U);
  Must(project.Run("a.b", "SELECT 1 AS x"));
}

TEST(RunModel, ABatchThatAnEarlierProcessLeftOpenIsVoided) {
  TestProject project;
  {
    auto owner =
        Must(commit::Owner::Take(project.catalog(), project.lake(), project.clock(), "model/a.b"));
    ledger::BatchPlan plan;
    plan.time = project.clock().Now();
    Must(owner->Plan(plan));
  }
  project.Restart();
  Must(project.Run("a.b", "SELECT 1 AS x"));
  const auto batches = project.Batches("a.b");
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].state, ledger::BatchState::kVoid);
  EXPECT_EQ(batches[1].state, ledger::BatchState::kCommitted);
}

TEST(RunModel, AStopLeavesNothingVisible) {
  TestProject project;
  project.stop().store(true);
  const auto outcome = project.Run("a.b", "SELECT 1 AS x");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(Must(project.catalog().Tables()).size(), 0U);
  project.stop().store(false);
  Must(project.Run("a.b", "SELECT 1 AS x"));
}

std::string Content(const std::string& path) {
  return Must(env::ReadWhole(env::SystemFiles(), path, 1 << 20));
}

TEST(RunModel, TheExportFollowsTheTable) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::string text =
      "--| export: { csv: \"data/{date}/kinds.csv\" }\n" + std::string(kByKind);
  const std::string path = project.folder() + "/data/2026-05-28/kinds.csv";
  Must(project.Run("gold.kinds", text));
  EXPECT_EQ(Content(path), "kind,events\nbuy,3\nview,6\n");

  // Deleted: the next run writes it, though it skips the model.
  std::filesystem::remove(path);
  EXPECT_TRUE(Must(project.Run("gold.kinds", text)).skipped);
  EXPECT_EQ(Content(path), "kind,events\nbuy,3\nview,6\n");

  // Shows the snapshot already: not written again.
  std::ofstream(path) << "mine";
  EXPECT_TRUE(Must(project.Run("gold.kinds", text)).skipped);
  EXPECT_EQ(Content(path), "mine");
  project.Append("raw.events",
                 "SELECT 100::BIGINT AS id, 'lost' AS kind, DATE '2026-05-03' AS day");
  Must(project.Run("gold.kinds", text));
  EXPECT_EQ(Content(path), "kind,events\nbuy,3\nlost,1\nview,6\n");
}

TEST(RunModel, ExportsComeInSeveralFormats) {
  TestProject project;
  Must(project.Run("a.b",
                   "--| export: { ndjson: out/x.ndjson, parquet: out/x.parquet }\nSELECT 1 AS x"));
  EXPECT_EQ(Content(project.folder() + "/out/x.ndjson"), "{\"x\": 1}\n");
  EXPECT_EQ(Content(project.folder() + "/out/x.parquet").substr(0, 4), "PAR1");
}

TEST(RunModel, AViewIsExportedWhenWhatItReadsMoved) {
  TestProject project;
  project.Append("raw.events", kEvents);
  const std::string text =
      "--| materialize: view\n--| export: { csv: n.csv }\nSELECT count(*) AS n FROM raw.events";
  const std::string path = project.folder() + "/n.csv";
  Must(project.Run("gold.n", text));
  EXPECT_EQ(Content(path), "n\n9\n");
  EXPECT_TRUE(Must(project.Run("gold.n", text)).skipped);
  project.Append("raw.events", kEvents);
  EXPECT_FALSE(Must(project.Run("gold.n", text)).skipped);
  EXPECT_EQ(Content(path), "n\n18\n");
  EXPECT_EQ(Must(project.catalog().Tables()).size(), 1U) << "the catalog knows no view";
}

TEST(RunModel, AnExportThatFailsIsWrittenByTheNextRun) {
  TestProject project;
  const std::string text = "--| export: { csv: out/x.csv }\nSELECT 1 AS x";
  std::ofstream(project.folder() + "/out") << "in the way";
  const auto outcome = project.Run("a.b", text);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message,
              HasSubstr("table a.b is committed, its export is not written"));
  EXPECT_EQ(project.Csv("SELECT * FROM a.b"), "x\n1\n");
  std::filesystem::remove(project.folder() + "/out");
  EXPECT_TRUE(Must(project.Run("a.b", text)).skipped);
  EXPECT_EQ(Content(project.folder() + "/out/x.csv"), "x\n1\n");
}

TEST(RunModel, EveryTypeOfAResultGoesIntoTheTable) {
  TestProject project;
  const std::string query =
      "SELECT 1::TINYINT AS a, 2::BIGINT AS b, 1.5::FLOAT AS c, 1.25::DECIMAL(9,2) AS d, 'x' AS e, "
      "'00112233-4455-6677-8899-aabbccddeeff'::UUID AS f, DATE '2026-05-01' AS g, TIME '10:00:00' "
      "AS h, "
      "TIMESTAMP '2026-05-01 10:00:00' AS i, TIMESTAMPTZ '2026-05-01 10:00:00Z' AS j, 'x'::BLOB AS "
      "k, [1, 2] AS l, "
      "{'m': 1, 'n': ['o']} AS p, MAP {'q': 1} AS r, sum(3) AS s, true AS t, '{\"u\": 1}'::JSON AS "
      "u, NULL AS v";
  Must(project.Run("a.b", query));
  EXPECT_EQ(project.Csv("SELECT * FROM a.b"),
            "a,b,c,d,e,f,g,h,i,j,k,l,p,r,s,t,u,v\n"
            "1,2,1.5,1.25,x,00112233-4455-6677-8899-aabbccddeeff,2026-05-01,10:00:00,2026-05-01T10:"
            "00:00,2026-05-01T10:00:00Z,x,\"[1,2]\","
            "\"{\"\"m\"\":1,\"\"n\"\":[\"\"o\"\"]}\",\"[{\"\"key\"\":\"\"q\"\",\"\"value\"\":1}]\","
            "3,true,\"{\"\"u\"\": 1}\",\n");
}

}  // namespace
}  // namespace weir::model

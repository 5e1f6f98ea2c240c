#include "model/model_test_internal.h"

namespace weir::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Files {
  std::vector<std::pair<const char*, const char*>> files;  // Table and text.
};

class ReadingModels : public testing::Test {
 protected:
  std::vector<Model> Read(const Files& files) {
    config::Faults faults;
    config::Project project;
    for (const auto& [name, text] : files.files)
      project.models.push_back(ModelFile(name, text, faults));
    KnownTables known;
    known.written = {{"raw", "events"}, {"dead_letters", "events"}};
    known.existing = {{"other", "things"}, {"raw", "events"}};
    auto models = ReadModels(project, known, *session_, faults);
    faults_ = std::move(faults).Take();
    return models;
  }
  std::vector<std::string> Names(const Files& files) {
    std::vector<std::string> names;
    for (const Model& model : Read(files)) names.push_back(model.table.ToString());
    for (const Error& fault : faults_) ADD_FAILURE() << fault.ToString();
    return names;
  }

  std::unique_ptr<engine::Engine> engine_ = Must(engine::Engine::Open({}));
  std::unique_ptr<engine::Session> session_ = Must(engine_->NewSession());
  Errors faults_;
};

TEST_F(ReadingModels, EachStandsBehindThoseItReads) {
  EXPECT_THAT(Names({{{"a.first", "SELECT * FROM b.second JOIN c.third USING (id)"},
                      {"b.second", "SELECT * FROM c.third"},
                      {"c.third", "SELECT * FROM raw.events, other.things"},
                      {"d.fourth", "WITH first AS (SELECT 1 AS id) SELECT * FROM first"}}}),
              ElementsAre("c.third", "b.second", "a.first", "d.fourth"));
}

TEST_F(ReadingModels, TheHeaderOfTheExampleIsUnderstood) {
  const auto models =
      Read({{{"processed.events_by_type",
              "--| materialize: table\n"
              "--| checks: [not_null(event_type), unique(event_type), \"events > 0\", { expect: "
              "\"rows(1)\", on_fail: warn }]\n"
              "--| export: { csv: data/processed/events_by_type.csv }\n"
              "--| partition_by: [bucket(16, event_type)]\n"
              "SELECT event_type, count(*) AS events FROM raw.events GROUP BY event_type\n"}}});
  for (const Error& fault : faults_) ADD_FAILURE() << fault.ToString();
  ASSERT_EQ(models.size(), 1U);
  const HeaderSpec& header = models[0].header;
  EXPECT_EQ(header.materialize, Materialize::kTable);
  ASSERT_EQ(header.checks.size(), 4U);
  EXPECT_EQ(header.checks[1].text, "unique(event_type)");
  EXPECT_EQ(header.checks[2].place.ToString(), "models/processed/events_by_type.sql:2:56");
  EXPECT_EQ(header.checks[3].on_fail, OnFail::kWarn);
  EXPECT_EQ(header.exported->csv, "data/processed/events_by_type.csv");
  EXPECT_EQ(header.partition_by.at(0).value, "bucket(16, event_type)");
  EXPECT_EQ(models[0].pipeline(), "model/processed.events_by_type");
  EXPECT_THAT(models[0].reads, ElementsAre(catalog::TableName{"raw", "events"}));
}

TEST_F(ReadingModels, WhatChecksReadIsReadByTheModel) {
  EXPECT_THAT(Names({{{"a.facts",
                       "--| checks: [relationships(id -> b.dims.id), \"n <= (select count(*) from "
                       "c.counts)\"]\nSELECT 1 AS id, 2 AS n"},
                      {"b.dims", "SELECT 1 AS id"},
                      {"c.counts", "SELECT 1 AS id"}}}),
              ElementsAre("b.dims", "c.counts", "a.facts"));
}

struct FaultCase {
  const char* sentence;
  Files files;
  const char* code;
  const char* says;
  const char* place;
};

const std::vector<FaultCase> kFaults = {
    {"an unknown table",
     {{{"a.b", "--| materialize: table\nSELECT 1\nFROM raw.event"}}},
     "model.reference",
     "did you mean 'raw.events'?",
     "models/a/b.sql:3:6"},
    {"a misspelled model",
     {{{"a.daily", "SELECT 1 AS x"}, {"a.weekly", "SELECT * FROM a.dayly"}}},
     "model.reference",
     "a.daily",
     "models/a/weekly.sql:1:15"},
    {"no SQL", {{{"a.b", "SELEC 1"}}}, "engine.parse", "SELEC", "models/a/b.sql:1:1"},
    {"a syntax error",
     {{{"a.b", "--| materialize: table\n\nSELECT 1 FROM WHERE"}}},
     "engine.parse",
     "WHERE",
     "models/a/b.sql:3:15"},
    {"a statement that writes",
     {{{"a.b", "DELETE FROM raw.events"}}},
     "query.not_select",
     "DELETE",
     "models/a/b.sql:1:1"},
    {"a circle",
     {{{"a.x", "SELECT * FROM a.y"}, {"a.y", "SELECT * FROM a.z"}, {"a.z", "SELECT * FROM a.x"}}},
     "model.cycle",
     "a.x -> a.y -> a.z -> a.x",
     "models/a/z.sql:1:1"},
    {"a model of itself",
     {{{"a.x", "SELECT * FROM a.x"}}},
     "model.cycle",
     "a.x -> a.x",
     "models/a/x.sql:1:1"},
    {"two writers",
     {{{"raw.events", "SELECT 1 AS x"}}},
     "model.two_writers",
     "raw.events",
     "models/raw/events.sql:1:1"},
    {"a later kind",
     {{{"a.b", "--| materialize: scd2\nSELECT 1 AS x"}}},
     "config.not_built",
     "scd2",
     "models/a/b.sql:1:18"},
    {"a view cut into files",
     {{{"a.b", "--| materialize: view\n--| partition_by: [x]\nSELECT 1 AS x"}}},
     "model.view_key",
     "partition_by",
     "models/a/b.sql:2:20"},
    {"changes",
     {{{"a.b", "SELECT * FROM changes(raw.events)"}}},
     "config.not_built",
     "incremental",
     "models/a/b.sql:1:15"},
    {"a file",
     {{{"a.b", "SELECT * FROM 'x.csv'"}}},
     "engine.denied",
     "x.csv",
     "models/a/b.sql:1:15"},
    {"a key of another kind",
     {{{"a.b", "--| key: [id]\nSELECT 1 AS x"}}},
     "config.not_built",
     "key",
     "models/a/b.sql:1:5"},
    {"a check about all rows that is to reject some",
     {{{"a.b", "--| checks: [{ expect: rows(1), on_fail: reject }]\nSELECT 1 AS x"}}},
     "model.check_text",
     "all rows together",
     "models/a/b.sql:1:24"},
    {"a view that is to reject rows",
     {{{"a.b",
        "--| materialize: view\n--| checks: [{ expect: x > 1, on_fail: reject }]\nSELECT 1 AS x"}}},
     "model.view_key",
     "view",
     "models/a/b.sql:2:24"},
    {"an export to nowhere",
     {{{"a.b", "--| export: {}\nSELECT 1 AS x"}}},
     "config.missing_key",
     "no path",
     "models/a/b.sql:1:13"},
    {"a wrong check",
     {{{"a.b", "--| checks: [unique()]\nSELECT 1 AS x"}}},
     "model.check_text",
     "unique",
     "models/a/b.sql:1:14"},
    {"a check of a lost table",
     {{{"a.b", "--| checks: [relationships(x -> raw.evnts.id)]\nSELECT 1 AS x"}}},
     "model.reference",
     "raw.events",
     "models/a/b.sql:1:14"},
    {"a check that is no SQL",
     {{{"a.b", "--| checks: [\"x >\"]\nSELECT 1 AS x"}}},
     "engine.parse",
     "syntax",
     "models/a/b.sql:1:14"},
    {"a wrong partition",
     {{{"a.b", "--| partition_by: [dya(x)]\nSELECT 1 AS x"}}},
     "iceberg.partition_text",
     "day",
     "models/a/b.sql:1:20"},
    {"an unknown key",
     {{{"a.b", "--| materialise: table\nSELECT 1 AS x"}}},
     "config.unknown_key",
     "materialize",
     "models/a/b.sql:1:5"},
    {"a wrong export",
     {{{"a.b", "--| export: { csv: \"x{day}.csv\" }\nSELECT 1 AS x"}}},
     "path.placeholder",
     "day",
     "models/a/b.sql:1:20"},
};

TEST_F(ReadingModels, FaultsAreNamedAtTheirPlaces) {
  for (const FaultCase& one : kFaults) {
    Read(one.files);
    ASSERT_EQ(faults_.size(), 1U) << one.sentence
                                  << (faults_.size() < 2 ? "" : ": " + faults_[1].ToString());
    const Error& fault = faults_[0];
    EXPECT_EQ(fault.code, one.code) << one.sentence << ": " << fault.ToString();
    EXPECT_THAT(fault.message + " " + fault.next, HasSubstr(one.says)) << one.sentence;
    EXPECT_EQ(fault.place.ToString(), one.place) << one.sentence << ": " << fault.ToString();
    EXPECT_EQ(fault.kind, ErrorKind::kConfig) << one.sentence;
  }
}

TEST_F(ReadingModels, AllFaultsAreFoundAtOnce) {
  Read({{{"a.b", "SELECT * FROM x.y, raw.event"}, {"a.c", "--| by: key\nSELECT * FROM no.such"}}});
  EXPECT_EQ(faults_.size(), 4U);
}

TEST_F(ReadingModels, AModelKnowsTheViewsItReadsEachBehindThoseItReadsItself) {
  const auto models = Read({{{"gold.n", "SELECT count(*) AS n FROM silver.b, silver.a"},
                             {"silver.a", "--| materialize: view\nSELECT * FROM silver.b"},
                             {"silver.b", "--| materialize: view\nSELECT now() AS t"}}});
  ASSERT_TRUE(faults_.empty());
  const Model& last = models.back();
  EXPECT_EQ(last.table.name, "n");
  ASSERT_EQ(last.views.size(), 2U);
  EXPECT_EQ(last.views[0].name.name, "b");
  EXPECT_EQ(last.views[1].name.name, "a");
  EXPECT_TRUE(last.is_volatile) << "as what it reads";
  EXPECT_THAT(Definition(last), testing::HasSubstr("SELECT now() AS t"));
}

TEST_F(ReadingModels, QueriesThatAskForTheTimeOrForChanceAreVolatile) {
  const std::vector<std::pair<const char*, bool>> cases = {
      {"SELECT now() AS t", true},
      {"SELECT current_date AS d", true},
      {"SELECT * FROM (SELECT uuid() AS u)", true},
      {"SELECT * FROM raw.events USING SAMPLE 10", true},
      {"--| checks: [\"freshness(t, 1d)\"]\nSELECT t FROM raw.events", true},
      {"SELECT count(*) AS n FROM raw.events WHERE at_time < TIMESTAMP '2026-01-01'", false},
      {"SELECT 'now()' AS text -- random()", false}};
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(Read({{{"a.b", text}}}).at(0).is_volatile, expected) << text;
}

}  // namespace
}  // namespace weir::model

// A project with a lake on the local disk, for tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "catalog/catalog.h"
#include "columnar/type.h"
#include "config/sql_header.h"
#include "model/model.h"
#include "query/output.h"
#include "query/snapshot_query.h"
#include "storage/store.h"
#include "table/data_writer.h"

namespace weir::model {

// The value of a Result that must be one.
template <class T>
T Must(Result<T> result) {
  EXPECT_TRUE(result) << (result ? "" : result.error().ToString());
  if (!result) std::abort();
  return std::move(result).value();
}
inline void Must(const Result<void>& result) {
  EXPECT_TRUE(result) << (result ? "" : result.error().ToString());
}

// "raw.events" -> a file models/raw/events.sql of that text.
inline config::SqlFile ModelFile(const std::string& name, const std::string& text,
                                 config::Faults& faults) {
  const auto table = Must(catalog::ParseTableName(name));
  const std::string file = "models/" + table.space + "/" + table.name + ".sql";
  return {file, table.space, table.name, config::SplitSqlHeader(text, file, faults)};
}

class ManualClock final : public env::Clock {
 public:
  Instant Now() const override { return {now.micros}; }
  std::chrono::microseconds Monotonic() const override {
    return std::chrono::microseconds(now.micros);
  }
  Instant now = {1'780'000'000'000'000};  // 2026-05-28T20:26:40Z
};

class TestProject {
 public:
  TestProject() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/lake");
    engine_ = Must(engine::Engine::Open({.folders = {folder_ + "/lake"}}));
    Restart();
  }
  ~TestProject() { std::filesystem::remove_all(folder_); }
  TestProject(const TestProject&) = delete;
  TestProject& operator=(const TestProject&) = delete;

  // As another process would find things.
  void Restart() {
    lake_.reset();
    catalog_ = Must(catalog::OpenSqliteCatalog({folder_ + "/weir.db", "0a0b0c0d", false}));
    lake_ = std::make_unique<table::Lake>(*store_, *catalog_, clock_, random_,
                                          storage::FileLocation(folder_ + "/lake"));
    session_ = Must(engine_->NewSession());
  }

  ModelContext context() {
    return {.folder = folder_,
            .catalog = *catalog_,
            .lake = *lake_,
            .session = *session_,
            .clock = clock_,
            .files = env::SystemFiles(),
            .log = log_,
            .stop = stop_};
  }

  // The model as it would be read from its file; known are the tables that exist.
  Model Read(const std::string& name, const std::string& text) {
    config::Faults faults;
    config::Project project;
    project.models = {ModelFile(name, text, faults)};
    KnownTables known;
    known.existing = Must(catalog_->Tables());
    auto models = ReadModels(project, known, *session_, faults);
    for (const Error& fault : faults.Sorted()) ADD_FAILURE() << fault.ToString();
    return std::move(models.at(0));
  }

  Result<ModelOutcome> Run(const std::string& name, const std::string& text,
                           Rerun rerun = Rerun::kIfChanged) {
    auto ran = RunModel(context(), Read(name, text), rerun);
    if (ran) return std::move(*ran);
    failure_ = std::move(ran).error();
    return Fail(failure_.errors.front());
  }
  // Of the last Run that failed.
  const ModelFailure& failure() const { return failure_; }

  // Adds the rows that `sql` gives to the table, made from their columns where there is none.
  void Append(const std::string& name, const std::string& sql) {
    const auto session = Must(engine_->NewSession());
    const auto stream = Must(session->Query(sql));
    table::TableShape shape;
    for (const auto& field : stream->schema()->fields())
      shape.schema.fields.push_back({.name = field->name(),
                                     .type = Must(columnar::FromArrow(*field->type())),
                                     .nullable = true});
    const auto state = Must(lake_->LoadOrCreate(Must(catalog::ParseTableName(name)), shape));
    const table::WriterIdentity identity{
        {"test", "0a0b0c0d", BatchNumber(++batch_)}, Epoch(1), Attempt(1)};
    auto writer = Must(table::DataWriter::Make(lake_->writes(), state, identity));
    while (const auto rows = Must(stream->Next())) Must(writer->Write(*rows));
    const auto prepared =
        Must(lake_->Prepare(*state, {iceberg::Operation::kAppend, Must(writer->Finish()), {}}));
    Must(lake_->Sync());
    catalog::Change moved;
    moved.moves = {prepared.move};
    Must(catalog_->Commit(moved));
    lake_->Settle(prepared);
  }

  std::string Csv(const std::string& sql) {
    const auto query = Must(query::SnapshotQuery::Make({*catalog_, *lake_, *session_}));
    const auto stream = Must(query->Run(sql));
    std::string text;
    Must(query::WriteOutput(*stream, {.format = query::OutputFormat::kCsv},
                            [&text](std::string_view bytes) -> Result<void> {
                              text += bytes;
                              return {};
                            }));
    return text;
  }

  std::vector<catalog::BatchRecord> Batches(const std::string& name) {
    return Must(catalog_->Batches("model/" + name));
  }

  const std::string& folder() const { return folder_; }
  catalog::Catalog& catalog() { return *catalog_; }
  table::Lake& lake() { return *lake_; }
  engine::Session& session() { return *session_; }
  ManualClock& clock() { return clock_; }
  telemetry::RecordedLog& log() { return log_; }
  std::atomic<bool>& stop() { return stop_; }

 private:
  std::string folder_ = std::filesystem::canonical(testing::TempDir()).string() + "/model_" +
                        std::to_string(getpid());
  std::unique_ptr<storage::Store> store_ = storage::MakeLocalStore(env::SystemFiles());
  env::SeededRandom random_{7};
  ManualClock clock_;
  telemetry::RecordedLog log_;
  std::atomic<bool> stop_ = false;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<table::Lake> lake_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
  uint64_t batch_ = 0;
  ModelFailure failure_;
};

}  // namespace weir::model

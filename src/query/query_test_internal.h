// A lake on the local disk with its catalog and an engine that may read it, for tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "catalog/catalog.h"
#include "columnar/type.h"
#include "engine/engine.h"
#include "query/output.h"
#include "query/snapshot_query.h"
#include "storage/store.h"
#include "table/data_writer.h"
#include "table/lake.h"

namespace weir::query {

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

// All of a stream as CSV.
inline std::string Csv(engine::ArrowStream& stream) {
  std::string text;
  Must(WriteOutput(stream, {.format = OutputFormat::kCsv},
                   [&text](std::string_view bytes) -> Result<void> {
                     text += bytes;
                     return {};
                   }));
  return text;
}

class TestLake {
 public:
  TestLake() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/lake");
    catalog_ = Must(catalog::OpenSqliteCatalog({folder_ + "/weir.db", "0a0b0c0d", false}));
    lake_ = std::make_unique<table::Lake>(*store_, *catalog_, env::SystemClock(), random_,
                                          storage::FileLocation(folder_ + "/lake"));
    engine_ = Must(engine::Engine::Open({.folders = {folder_ + "/lake"}}));
    session_ = NewSession();
  }
  ~TestLake() { std::filesystem::remove_all(folder_); }
  TestLake(const TestLake&) = delete;
  TestLake& operator=(const TestLake&) = delete;

  std::unique_ptr<engine::Session> NewSession() { return Must(engine_->NewSession()); }
  catalog::Catalog& catalog() { return *catalog_; }
  table::Lake& lake() { return *lake_; }
  engine::Session& session() { return *session_; }
  storage::Store& store() { return *store_; }
  const std::string& folder() const { return folder_; }

  std::unique_ptr<SnapshotQuery> Query(Outside outside = Outside::kDenied) {
    return Must(SnapshotQuery::Make({*catalog_, *lake_, *session_, outside}));
  }
  // Views are "name" -> SQL, as if each were a file of that name.
  std::unique_ptr<SnapshotQuery> QueryWithViews(
      const std::vector<std::pair<std::string, std::string>>& views) {
    QueryContext context{*catalog_, *lake_, *session_};
    for (const auto& [name, sql] : views)
      context.views.push_back(
          {.name = Must(catalog::ParseTableName(name)),
           .sql = sql,
           .place = {.file = name + ".sql", .line = 10, .column = 1, .byte_offset = {}}});
    return Must(SnapshotQuery::Make(context));
  }
  std::string Csv(const std::string& sql) { return query::Csv(*Must(Query()->Run(sql))); }
  Error ErrorOf(const std::string& sql, Outside outside = Outside::kDenied) {
    const auto query = Query(outside);
    const auto stream = query->Run(sql);
    if (!stream) return stream.error();
    for (;;) {
      const auto batch = (*stream)->Next();
      if (!batch) return batch.error();
      if (!*batch) return Error{.code = "none", .message = {}, .place = {}, .next = {}};
    }
  }

  // "raw.events", {"id bigint", "note varchar"}.
  static table::TableShape Shape(const std::vector<std::string>& columns) {
    table::TableShape shape;
    for (const std::string& column : columns) {
      const size_t blank = column.find(' ');
      shape.schema.fields.push_back({.name = column.substr(0, blank),
                                     .type = Must(columnar::ParseType(column.substr(blank + 1))),
                                     .nullable = true});
    }
    return shape;
  }

  void Commit(const table::TableStatePtr& base, const table::TableChange& change) {
    const auto prepared = Must(lake_->Prepare(*base, change));
    Must(lake_->Sync());
    catalog::Change moved;
    moved.moves = {prepared.move};
    Must(catalog_->Commit(moved));
    lake_->Settle(prepared);
  }

  // Adds the rows that `sql` gives to the table, made from `columns` where there is none.
  void Append(const std::string& name, const std::vector<std::string>& columns,
              const std::string& sql) {
    const auto state =
        Must(lake_->LoadOrCreate(Must(catalog::ParseTableName(name)), Shape(columns)));
    Commit(state, {iceberg::Operation::kAppend, Write(state, sql), {}});
  }

  std::vector<iceberg::DataFile> Write(const table::TableStatePtr& state, const std::string& sql) {
    const table::WriterIdentity identity{
        {"test", "0a0b0c0d", BatchNumber(++batch_)}, Epoch(1), Attempt(1)};
    auto writer = Must(table::DataWriter::Make(lake_->writes(), state, identity));
    const auto session = NewSession();
    const auto stream = Must(session->Query(sql));
    while (const auto rows = Must(stream->Next())) Must(writer->Write(*rows));
    auto files = Must(writer->Finish());
    Must(lake_->Sync());
    return files;
  }

 private:
  std::string folder_ = std::filesystem::canonical(testing::TempDir()).string() + "/query_" +
                        std::to_string(getpid());
  std::unique_ptr<storage::Store> store_ = storage::MakeLocalStore(env::SystemFiles());
  env::SeededRandom random_{7};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<table::Lake> lake_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
  uint64_t batch_ = 0;
};

}  // namespace weir::query

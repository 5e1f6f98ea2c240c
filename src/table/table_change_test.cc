// Small files merged, rows replaced by key: what the table holds before and after.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "table/data_reader.h"
#include "table/small_files.h"
#include "table/snapshot_name.h"
#include "table/upsert.h"

namespace weir::table {
namespace {

const catalog::TableName kPrices{"raw", "prices"};
using Table = std::multimap<int64_t, std::string>;

class TableChangeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    catalog_ = catalog::OpenSqliteCatalog({folder_ + "/weir.db", "0a0b0c0d", false}).value();
    lake_ = std::make_unique<Lake>(*store_, *catalog_, env::SystemClock(), random_, "file:///lake");
    shape_.schema.fields = {
        {.name = "id", .type = columnar::ParseType("bigint").value(), .nullable = false},
        {.name = "name", .type = columnar::ParseType("varchar").value(), .nullable = true}};
    shape_.partition_by = {"bucket(2, id)"};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::shared_ptr<arrow::RecordBatch> Rows(const Table& rows) {
    arrow::Int64Builder ids;
    arrow::StringBuilder names;
    for (const auto& [id, name] : rows) {
      EXPECT_TRUE(ids.Append(id).ok());
      EXPECT_TRUE(names.Append(name).ok());
    }
    return arrow::RecordBatch::Make(
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}),
        static_cast<int64_t>(rows.size()),
        {ids.Finish().ValueOrDie(), names.Finish().ValueOrDie()});
  }

  WriterIdentity Identity() {
    return {{"prices", "0a0b0c0d", BatchNumber(++batch_)}, Epoch(1), Attempt(1)};
  }
  void Commit(const StagedTable& staged) {
    const auto prepared =
        lake_->Prepare(*staged.base, {staged.operation, staged.files, {}, staged.removed});
    ASSERT_TRUE(prepared) << prepared.error().ToString();
    ASSERT_TRUE(lake_->Sync());
    catalog::Change moved;
    moved.moves = {prepared->move};
    ASSERT_TRUE(catalog_->Commit(moved));
    lake_->Settle(*prepared);
  }
  TableStatePtr State() { return lake_->LoadOrCreate(kPrices, shape_).value(); }
  void Append(const Table& rows) {
    const auto state = State();
    const auto writer = DataWriter::Make(lake_->writes(), state, Identity()).value();
    ASSERT_TRUE(writer->Write(*Rows(rows)));
    Commit({state, iceberg::Operation::kAppend, writer->Finish().value(), rows.size()});
  }
  StagedTable Upsert(const std::vector<std::shared_ptr<arrow::RecordBatch>>& fresh) {
    const auto state = State();
    const auto writer = DataWriter::Make(lake_->writes(), state, Identity()).value();
    return StageUpsert(*store_, state, lake_->Files(*state).value(), fresh, {{.name = "id"}},
                       *writer)
        .value();
  }
  Table All() {
    Table table;
    const auto state = State();
    const auto files = lake_->Files(*state).value();
    for (const iceberg::DataFile& file : files) {
      const auto read = ReadDataFile(
          *store_, file, state->metadata.schema(), [&](const auto& rows) -> Result<void> {
            for (int64_t i = 0; i < rows->num_rows(); ++i)
              table.emplace(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(i),
                            static_cast<const arrow::StringArray&>(*rows->column(1)).GetString(i));
            return {};
          });
      EXPECT_TRUE(read) << read.error().ToString();
    }
    return table;
  }

  std::string folder_ = testing::TempDir() + "change_" + std::to_string(getpid());
  std::unique_ptr<storage::Store> store_ = storage::MakeMemoryStore();
  std::unique_ptr<catalog::Catalog> catalog_;
  env::SeededRandom random_{7};
  std::unique_ptr<Lake> lake_;
  TableShape shape_;
  uint64_t batch_ = 0;
};

TEST_F(TableChangeTest, AnUpsertReplacesRowsOfItsKeysAndLeavesTheRest) {
  Append({{1, "a"}, {2, "b"}, {3, "c"}});
  Append({{4, "d"}, {5, "e"}});
  const StagedTable staged =
      Upsert({Rows({{2, "B"}}), Rows({{9, "i"}, {2, "BB"}}), Rows({{4, "D"}})});
  EXPECT_EQ(staged.rows, 3U) << "of two rows with one key the last counts";
  EXPECT_TRUE(staged.total_rows);
  Commit(staged);
  EXPECT_EQ(All(), (Table{{1, "a"}, {2, "BB"}, {3, "c"}, {4, "D"}, {5, "e"}, {9, "i"}}));
  const auto& summary = State()->metadata.current_snapshot()->summary;
  EXPECT_EQ(summary.at("total-records"), "6");
  EXPECT_EQ(summary.at("operation"), "overwrite");
}

TEST_F(TableChangeTest, AnUpsertOfNewKeysTouchesNoFile) {
  Append({{1, "a"}});
  const StagedTable staged = Upsert({Rows({{7, "g"}})});
  EXPECT_TRUE(staged.removed.empty());
  Commit(staged);
  EXPECT_EQ(All().size(), 2U);
}

TEST_F(TableChangeTest, MergedFilesHoldTheSameRows) {
  Table rows;
  for (int64_t i = 0; i < 12; ++i) {
    rows.emplace(i, std::to_string(i));
    Append({{i, std::to_string(i)}});
  }
  const auto state = State();
  const auto files = lake_->Files(*state).value();
  const auto small = PickSmallFiles(files, state->metadata.default_spec_id, {.files_min = 2});
  EXPECT_EQ(small.size(), files.size());
  const StagedTable staged = MergeFiles(*lake_, state, small, Identity()).value();
  EXPECT_EQ(staged.files.size(), 2U) << "one per partition";
  Commit(staged);
  EXPECT_EQ(All(), rows);
  EXPECT_EQ(State()->metadata.current_snapshot()->summary.at("operation"), "replace");
}

TEST_F(TableChangeTest, WhatWasMergedMeanwhileIsNotMergedAgain) {
  Append({{1, "a"}});
  Append({{3, "c"}});
  const auto state = State();
  const auto files = lake_->Files(*state).value();
  const StagedTable first = MergeFiles(*lake_, state, files, Identity()).value();
  StagedTable second = MergeFiles(*lake_, state, files, Identity()).value();
  Commit(first);
  const auto again = lake_->Prepare(*State(), {second.operation, second.files, {}, second.removed});
  EXPECT_EQ(again.error().code, "iceberg.removed_file");
}

TEST(PickSmallFiles, TakesWhatIsSmallAndManyWithinTheLimits) {
  const auto file = [](int32_t partition, int64_t bytes) {
    iceberg::DataFile made;
    made.path = std::to_string(partition) + "/" + std::to_string(bytes);
    made.partition = {iceberg::Value(partition)};
    made.file_size = bytes;
    return made;
  };
  const SmallFileLimits limits{.small_bytes = 100, .files_min = 3, .bytes_max = 120};
  const std::vector<iceberg::DataFile> files = {file(1, 50),  file(1, 20), file(1, 90),
                                                file(1, 200), file(2, 10), file(2, 11)};
  std::vector<std::string> picked;
  const auto small = PickSmallFiles(files, 0, limits);
  for (const auto& one : small) picked.push_back(one.path);
  EXPECT_EQ(picked, (std::vector<std::string>{"1/20", "1/50"}));
  EXPECT_TRUE(PickSmallFiles(files, 1, limits).empty()) << "of another spec";
}

TEST_F(TableChangeTest, ASnapshotIsFoundByIdAndByTime) {
  Append({{1, "a"}});
  const int64_t first = State()->snapshot_id();
  Append({{2, "b"}});
  const auto state = State();
  EXPECT_EQ(FindSnapshot(*state, std::to_string(first)).value(), first);
  EXPECT_EQ(FindSnapshot(*state, "2999-01-01").value(), state->snapshot_id());
  EXPECT_EQ(FindSnapshot(*state, "2999-01-01 10:00:00Z").value(), state->snapshot_id());
  EXPECT_EQ(FindSnapshot(*state, "1999-01-01").error().code, "table.snapshot");
  EXPECT_EQ(FindSnapshot(*state, "5").error().code, "table.snapshot");
  EXPECT_EQ(FindSnapshot(*state, "yesterday").error().code, "table.snapshot_name");
}

}  // namespace
}  // namespace weir::table

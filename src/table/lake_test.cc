#include "table/lake.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "table/column_scan.h"
#include "table/data_writer.h"
#include "table/shape.h"
#include "table/shape_change.h"

namespace weir::table {
namespace {

const catalog::TableName kEvents{"raw", "events"};

// A store that remembers what was read from it.
class WatchedStore final : public storage::Store {
 public:
  Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& location) override {
    return inner_->Create(location);
  }
  Result<std::string> Read(const std::string& location) override {
    reads.push_back(location);
    return inner_->Read(location);
  }
  Result<uint64_t> Size(const std::string& location) override { return inner_->Size(location); }
  Result<std::vector<std::string>> List(const std::string& prefix) override {
    return inner_->List(prefix);
  }
  Result<void> Remove(const std::string& location) override { return inner_->Remove(location); }

  std::vector<std::string> reads;

 private:
  std::unique_ptr<storage::Store> inner_ = storage::MakeMemoryStore();
};

class LakeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    catalog_ = catalog::OpenSqliteCatalog({folder_ + "/weir.db", "0a0b0c0d", false}).value();
    lake_ = MakeLake();
    shape_.schema.fields = {
        {.name = "id", .type = columnar::ParseType("bigint").value(), .nullable = false},
        {.name = "day", .type = columnar::ParseType("date").value(), .nullable = true}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Lake> MakeLake() {
    return std::make_unique<Lake>(*store_, *catalog_, env::SystemClock(), random_, "file:///lake");
  }

  static std::shared_ptr<arrow::RecordBatch> Rows(const std::vector<int64_t>& ids, int32_t day) {
    arrow::Int64Builder id;
    arrow::Date32Builder days;
    EXPECT_TRUE(id.AppendValues(ids).ok());
    for (size_t i = 0; i < ids.size(); ++i)
      EXPECT_TRUE(days.Append(day + static_cast<int32_t>(i % 2)).ok());
    return arrow::RecordBatch::Make(
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("day", arrow::date32())}),
        static_cast<int64_t>(ids.size()), {id.Finish().ValueOrDie(), days.Finish().ValueOrDie()});
  }

  std::vector<iceberg::DataFile> Write(const TableStatePtr& state,
                                       const std::vector<int64_t>& ids) {
    const WriterIdentity identity{
        {"orders", "0a0b0c0d", BatchNumber(++batch_)}, Epoch(1), Attempt(1)};
    auto writer = DataWriter::Make(lake_->writes(), state, identity).value();
    const auto written = writer->Write(*Rows(ids, 100));
    EXPECT_TRUE(written) << written.error().ToString();
    auto files = writer->Finish();
    EXPECT_TRUE(files) << files.error().ToString();
    return *files;
  }

  // Commits as commit/ does, without a ledger.
  Result<void> Commit(const TableStatePtr& base, const TableChange& change) {
    WEIR_ASSIGN(const auto prepared, lake_->Prepare(*base, change));
    WEIR_TRY(lake_->Sync());
    catalog::Change moved;
    moved.moves = {prepared.move};
    WEIR_TRY(catalog_->Commit(moved));
    lake_->Settle(prepared);
    return {};
  }

  Result<void> Append(const std::vector<int64_t>& ids) {
    WEIR_ASSIGN(const auto state, lake_->LoadOrCreate(kEvents, shape_));
    return Commit(state, {iceberg::Operation::kAppend, Write(state, ids), {{"weir.batch", "1"}}});
  }

  static int64_t CountRows(const std::vector<iceberg::DataFile>& files) {
    int64_t rows = 0;
    for (const auto& file : files) rows += file.record_count;
    return rows;
  }

  std::string folder_ = testing::TempDir() + "lake_" + std::to_string(getpid());
  std::unique_ptr<WatchedStore> store_ = std::make_unique<WatchedStore>();
  env::SeededRandom random_{7};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Lake> lake_;
  TableShape shape_;
  uint64_t batch_ = 0;
};

TEST_F(LakeTest, WhatWasCommittedIsReadByAnotherProcess) {
  EXPECT_EQ(lake_->Load(kEvents).error().code, "table.not_found");
  ASSERT_TRUE(Append({1, 2, 3}));
  ASSERT_TRUE(Append({4}));
  auto other = MakeLake();
  const auto state = other->Load(kEvents);
  ASSERT_TRUE(state) << state.error().ToString();
  const auto files = other->Files(**state);
  ASSERT_TRUE(files);
  EXPECT_EQ(CountRows(*files), 4);
  EXPECT_EQ((*state)->metadata.current_snapshot()->summary.at("weir.batch"), "1");
  EXPECT_EQ(files->front().metrics.lower_bounds.size(), 2U);
}

TEST_F(LakeTest, PartitionsAreSeparateFiles) {
  shape_.partition_by = {"day"};
  ASSERT_TRUE(Append({1, 2, 3}));
  const auto files = lake_->Files(**lake_->Load(kEvents)).value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_NE(files[0].path.find("/data/day=1970-04-1"), std::string::npos) << files[0].path;
  EXPECT_EQ(CountRows(files), 3);
}

TEST_F(LakeTest, AStaleBaseIsRefusedAndRebases) {
  ASSERT_TRUE(Append({1}));
  const auto stale = lake_->Load(kEvents).value();
  const auto files = Write(stale, {2});
  ASSERT_TRUE(Append({3}));
  EXPECT_EQ(Commit(stale, {iceberg::Operation::kAppend, files, {}}).error().code,
            "catalog.conflict");
  ASSERT_TRUE(Commit(lake_->Load(kEvents).value(), {iceberg::Operation::kAppend, files, {}}));
  EXPECT_EQ(CountRows(lake_->Files(**lake_->Load(kEvents)).value()), 3);
}

TEST_F(LakeTest, ReplaceAllLeavesOnlyTheNewRows) {
  ASSERT_TRUE(Append({1, 2, 3}));
  const auto before = lake_->Load(kEvents).value();
  ASSERT_TRUE(Commit(before, {iceberg::Operation::kReplaceAll, Write(before, {9}), {}}));
  const auto state = lake_->Load(kEvents).value();
  EXPECT_EQ(CountRows(lake_->Files(*state).value()), 1);
  EXPECT_EQ(CountRows(lake_->Files(*state, before->snapshot_id()).value()), 3)
      << "the old snapshot stays readable";
}

TEST_F(LakeTest, ManyCommitsKeepMetadataSmall) {
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(Append({i}));
  const auto state = lake_->Load(kEvents).value();
  EXPECT_EQ(CountRows(lake_->Files(*state).value()), 300);
  EXPECT_LE(state->metadata.snapshots.size(), kSnapshotsKept);
  EXPECT_LE(state->metadata.metadata_log.size(), kMetadataFilesKept);
  EXPECT_LE(state->manifests.size(), 45U);
  const auto objects = store_->List("file:///lake/raw/events/metadata/").value();
  EXPECT_LE(objects.size(), kSnapshotsKept * 3 + kMetadataFilesKept + 50)
      << "what is unreachable is removed";
  // Everything a kept snapshot names is still there.
  for (const auto& snapshot : state->metadata.snapshots)
    ASSERT_TRUE(lake_->Files(*state, snapshot.id)) << snapshot.id;
}

TEST_F(LakeTest, ACommitReadsNoMetadataAndOneListOfManifests) {
  for (size_t i = 0; i < kSnapshotsKept + 10; ++i) ASSERT_TRUE(Append({1}));
  for (int i = 0; i < 40; ++i) {
    store_->reads.clear();
    ASSERT_TRUE(Append({2}));
    const auto count = [&](const char* part) {
      return std::count_if(store_->reads.begin(), store_->reads.end(), [&](const auto& location) {
        return location.find(part) != std::string::npos;
      });
    };
    EXPECT_EQ(count(".metadata.json"), 0);
    EXPECT_EQ(count("/snap-"), 1) << "of the oldest snapshot that is kept";
  }
}

TEST_F(LakeTest, WhatAnotherWriterCommittedIsSeen) {
  ASSERT_TRUE(Append({1}));
  auto ours = MakeLake();
  ASSERT_TRUE(ours->Load(kEvents));
  for (size_t i = 0; i < kSnapshotsKept + 5; ++i) {
    ASSERT_TRUE(Append({2}));  // Of a writer that `ours` knows nothing of.
    if (i % 3 != 0) continue;
    std::swap(lake_, ours);
    ASSERT_TRUE(Append({3}));
    std::swap(lake_, ours);
  }
  lake_.reset();
  ours.reset();  // What they were removing is gone.
  lake_ = MakeLake();
  const auto state = lake_->Load(kEvents).value();
  EXPECT_EQ(CountRows(lake_->Files(*state).value()), 1 + 105 + 35);
  std::set<std::string> named = {state->pointer};
  for (const auto& entry : state->metadata.metadata_log) named.insert(entry.file);
  for (const auto& snapshot : state->metadata.snapshots) {
    named.insert(snapshot.manifest_list);
    const auto bytes = store_->Read(snapshot.manifest_list);
    ASSERT_TRUE(bytes) << snapshot.manifest_list;
    const auto list = iceberg::DecodeManifestList(*bytes).value();
    for (const auto& manifest : list) named.insert(manifest.path);
  }
  const auto there = store_->List("file:///lake/raw/events/metadata/").value();
  EXPECT_EQ(std::set<std::string>(there.begin(), there.end()), named);
}

TEST_F(LakeTest, AContractThatChangedIsNamed) {
  ASSERT_TRUE(Append({1}));
  TableShape other = shape_;
  other.schema.fields[1].type = columnar::ParseType("varchar").value();
  EXPECT_EQ(lake_->LoadOrCreate(kEvents, other).error().code, "schema.drift");
  other = shape_;
  other.schema.fields.push_back(
      {.name = "extra", .type = columnar::ParseType("int").value(), .nullable = true});
  EXPECT_EQ(lake_->LoadOrCreate(kEvents, other).error().code, "schema.drift");
  other = shape_;
  other.partition_by = {"day"};
  EXPECT_EQ(lake_->LoadOrCreate(kEvents, other).error().code, "schema.drift");
}

TEST_F(LakeTest, AScanGivesColumnsInTheTypesThatTheTableHasNow) {
  shape_.schema.fields.push_back(
      {.name = "n", .type = columnar::ParseType("int").value(), .nullable = true});
  ASSERT_TRUE(Append({1, 2, 3}));
  TableShape wider = shape_;
  wider.schema.fields.back().type = columnar::ParseType("bigint").value();
  wider.schema.fields.push_back(
      {.name = "note", .type = columnar::ParseType("varchar").value(), .nullable = true});
  const auto before = lake_->Load(kEvents).value();
  const auto changes = ChangesFor(before->metadata, wider).value();
  const auto prepared =
      lake_->PrepareMetadata(*before, Changed(before->metadata, wider, changes).value());
  ASSERT_TRUE(prepared) << prepared.error().ToString();
  catalog::Change moved;
  moved.moves = {prepared->move};
  ASSERT_TRUE(lake_->Sync());
  ASSERT_TRUE(catalog_->Commit(moved));
  lake_->Settle(*prepared);
  const auto state = MakeLake()->LoadOrCreate(kEvents, wider);
  ASSERT_TRUE(state) << state.error().ToString();
  EXPECT_EQ((*state)->snapshot_id(), before->snapshot_id()) << "no data was touched";
  const auto files = lake_->Files(**state).value();
  const std::vector<int32_t> ids = {4, 3, 1};
  int64_t rows = 0;
  const auto scanned =
      ScanColumns(*store_, files.front(), (*state)->metadata.schema(), ids,
                  [&rows](const arrow::RecordBatch& batch) -> Result<void> {
                    rows += batch.num_rows();
                    EXPECT_EQ(batch.column(0)->null_count(), batch.num_rows());
                    EXPECT_EQ(batch.column(1)->type_id(), arrow::Type::INT64);
                    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch.column(2)).Value(0), 1);
                    return {};
                  });
  ASSERT_TRUE(scanned) << scanned.error().ToString();
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(ScanColumns(*store_, files.front(), (*state)->metadata.schema(), ids,
                        [](const arrow::RecordBatch&) -> Result<void> {
                          return Fail(ErrorKind::kCancelled, "enough", "");
                        })
                .error()
                .code,
            "enough");
  ASSERT_TRUE(store_->Remove(files.front().path));
  EXPECT_EQ(ScanColumns(*store_, files.front(), (*state)->metadata.schema(), ids,
                        [](const arrow::RecordBatch&) -> Result<void> { return {}; })
                .error()
                .code,
            "storage.not_found");
}

TEST_F(LakeTest, ALakeDeletedBehindOurBackIsSaid) {
  ASSERT_TRUE(Append({1}));
  const auto locations = store_->List("file:///lake/").value();
  for (const auto& location : locations) ASSERT_TRUE(store_->Remove(location));
  EXPECT_EQ(MakeLake()->Load(kEvents).error().code, "table.lost");
}

// Rows of one text column, as a dictionary of one value.
std::shared_ptr<arrow::RecordBatch> OneText(const std::string& text, int64_t rows) {
  const auto indices = arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), rows).ValueOrDie();
  const auto values = arrow::MakeArrayFromScalar(arrow::StringScalar(text), 1).ValueOrDie();
  const auto column = arrow::DictionaryArray::FromArrays(indices, values).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("origin", column->type())}), rows,
                                  {column});
}

TEST_F(LakeTest, ADictionaryOfATextColumnIsTextInTheTable) {
  for (const bool partitioned : {false, true}) {
    const catalog::TableName name{"raw", partitioned ? "by_origin" : "plain"};
    TableShape shape;
    shape.schema.fields.push_back(
        {.name = "origin", .type = columnar::ParseType("varchar").value(), .nullable = false});
    if (partitioned) shape.partition_by = {"origin"};
    const auto state = lake_->LoadOrCreate(name, shape).value();
    auto writer = DataWriter::Make(lake_->writes(), state,
                                   {{"orders", "0a0b0c0d", BatchNumber(1)}, Epoch(1), Attempt(1)})
                      .value();
    ASSERT_TRUE(writer->Write(*OneText("a.csv", 3)));
    if (partitioned) {
      ASSERT_TRUE(writer->Write(*OneText("b.csv", 2)));
    }
    const auto files = writer->Finish().value();
    EXPECT_EQ(CountRows(files), partitioned ? 5 : 3);
    EXPECT_EQ(files.front().metrics.lower_bounds.at(1), "a.csv");
    EXPECT_EQ(files.front().metrics.upper_bounds.at(1), "a.csv");
  }
}

TEST_F(LakeTest, ANullInARequiredColumnIsRefused) {
  const auto state = lake_->Create(kEvents, shape_).value();
  arrow::Int64Builder id;
  ASSERT_TRUE(id.AppendNull().ok());
  const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int64())}), 1,
                                             {id.Finish().ValueOrDie()});
  auto writer = DataWriter::Make(lake_->writes(), state,
                                 {{"orders", "0a0b0c0d", BatchNumber(1)}, Epoch(1), Attempt(1)})
                    .value();
  EXPECT_EQ(writer->Write(*rows).error().code, "table.column");
}

}  // namespace
}  // namespace weir::table

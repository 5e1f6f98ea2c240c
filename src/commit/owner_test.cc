#include "commit/owner.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace weir::commit {
namespace {

const catalog::TableName kEvents{"raw", "events"};

// A catalog whose COMMIT answers "unknown" once, after or before it took effect.
class LossyCatalog final : public catalog::Catalog {
 public:
  enum class Loss : uint8_t { kNone, kReply, kRequest };
  explicit LossyCatalog(std::unique_ptr<catalog::Catalog> inner) : inner_(std::move(inner)) {}

  Loss next = Loss::kNone;

  Result<void> Commit(const catalog::Change& change) override {
    const Loss loss = change.moves.empty() ? Loss::kNone : std::exchange(next, Loss::kNone);
    if (loss == Loss::kRequest) return Fail(ErrorKind::kUnknown, "catalog.unknown", "no answer");
    WEIR_TRY(inner_->Commit(change));
    if (loss == Loss::kReply) return Fail(ErrorKind::kUnknown, "catalog.unknown", "no answer");
    return {};
  }
  const std::string& instance() const override { return inner_->instance(); }
  Result<std::optional<std::string>> Find(const catalog::TableName& table) override {
    return inner_->Find(table);
  }
  Result<std::vector<catalog::TableName>> Tables() override { return inner_->Tables(); }
  Result<std::vector<std::string>> Pipelines() override { return inner_->Pipelines(); }
  Result<ledger::PipelineState> Pipeline(const std::string& name) override {
    return inner_->Pipeline(name);
  }
  Result<std::optional<catalog::BatchRecord>> Batch(const std::string& name,
                                                    BatchNumber number) override {
    return inner_->Batch(name, number);
  }
  Result<std::vector<catalog::BatchRecord>> Batches(const std::string& name) override {
    return inner_->Batches(name);
  }
  Result<std::optional<ledger::ObjectProgress>> ObjectByPath(const std::string& name,
                                                             const std::string& object) override {
    return inner_->ObjectByPath(name, object);
  }
  Result<std::optional<ledger::ObjectProgress>> ObjectByVersion(
      const std::string& name, const std::string& version) override {
    return inner_->ObjectByVersion(name, version);
  }
  Result<void> RequestKeys(Instant since,
                           const std::function<void(const ledger::RequestKey&)>& take) override {
    return inner_->RequestKeys(since, take);
  }
  Result<std::optional<ledger::KeptRequest>> KeptRequestFrom(const std::string& name,
                                                             uint64_t sequence) override {
    return inner_->KeptRequestFrom(name, sequence);
  }
  Result<std::vector<ledger::RecordFault>> RequestFaults(const std::string& name,
                                                         uint64_t sequence) override {
    return inner_->RequestFaults(name, sequence);
  }
  Result<void> Keep(const std::string& digest, const std::string& text) override {
    return inner_->Keep(digest, text);
  }
  Result<std::vector<ledger::LetterEntry>> Letters(const std::string& pipeline) override {
    return inner_->Letters(pipeline);
  }
  Result<std::optional<std::string>> Kept(const std::string& digest) override {
    return inner_->Kept(digest);
  }

 private:
  std::unique_ptr<catalog::Catalog> inner_;
};

class OwnerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    catalog_ = std::make_unique<LossyCatalog>(
        catalog::OpenSqliteCatalog({folder_ + "/weir.db", "0a0b0c0d", false}).value());
    lake_ = std::make_unique<table::Lake>(*store_, *catalog_, env::SystemClock(), random_,
                                          "file:///lake");
    shape_.schema.fields = {
        {.name = "id", .type = columnar::ParseType("bigint").value(), .nullable = false}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Owner> Take(const std::string& pipeline = "orders") {
    return Owner::Take(*catalog_, *lake_, env::SystemClock(), pipeline).value();
  }

  table::StagedTable Stage(const OpenBatch& batch, int64_t rows) {
    arrow::Int64Builder id;
    for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(id.Append(i).ok());
    const auto batch_rows = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("id", arrow::int64())}), rows, {id.Finish().ValueOrDie()});
    table::StagedTable staged{lake_->LoadOrCreate(kEvents, shape_).value(),
                              iceberg::Operation::kAppend,
                              {},
                              static_cast<uint64_t>(rows)};
    auto writer = table::DataWriter::Make(lake_->writes(), staged.base, batch.writer()).value();
    EXPECT_TRUE(writer->Write(*batch_rows));
    staged.files = writer->Finish().value();
    return staged;
  }

  static ledger::BatchOutcome Outcome(uint64_t rows) {
    ledger::BatchOutcome outcome;
    outcome.counts = {rows, rows, 0, 0, 0, 0};
    return outcome;
  }

  Result<void> CommitRows(Owner& owner, int64_t rows) {
    WEIR_ASSIGN(const OpenBatch batch, owner.Plan({}));
    WEIR_ASSIGN(
        const auto outcome,
        owner.Commit(batch, {Stage(batch, rows)}, Outcome(static_cast<uint64_t>(rows)),
                     {{"a.csv", "v" + std::to_string(batch.id.number.value), 1, 1, "", true}}));
    EXPECT_EQ(outcome.tables.at(0).rows, static_cast<uint64_t>(rows));
    return {};
  }

  int64_t Rows() {
    int64_t rows = 0;
    const auto files = lake_->Files(**lake_->Load(kEvents)).value();
    for (const auto& file : files) rows += file.record_count;
    return rows;
  }

  std::string folder_ = testing::TempDir() + "owner_" + std::to_string(getpid());
  std::unique_ptr<storage::Store> store_ = storage::MakeMemoryStore();
  env::SeededRandom random_{11};
  std::unique_ptr<LossyCatalog> catalog_;
  std::unique_ptr<table::Lake> lake_;
  table::TableShape shape_;
};

TEST_F(OwnerTest, RowsCountsAndProgressMoveTogether) {
  auto owner = Take();
  ASSERT_TRUE(CommitRows(*owner, 3));
  EXPECT_EQ(Rows(), 3);
  EXPECT_EQ(catalog_->Pipeline("orders")->state, ledger::BatchState::kCommitted);
  EXPECT_TRUE(catalog_->ObjectByPath("orders", "a.csv").value()->done);
  const auto summary = lake_->Load(kEvents).value()->metadata.current_snapshot()->summary;
  EXPECT_EQ(summary.at("weir.pipeline"), "orders");
  EXPECT_EQ(summary.at("weir.batch"), "1");
  EXPECT_EQ(summary.at("weir.epoch"), "1");
}

TEST_F(OwnerTest, AnUnsettledBatchIsFoundByTheNextOwner) {
  ledger::BatchPlan plan;
  plan.rows_max = 42;
  ASSERT_TRUE(Take()->Plan(plan));
  auto next = Take();
  EXPECT_EQ(next->epoch(), Epoch(2));
  const auto batch = next->Unsettled().value();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->plan, plan);
  EXPECT_EQ(batch->epoch, Epoch(2));
  ASSERT_TRUE(next->Commit(*batch, {Stage(*batch, 2)}, Outcome(2), {}));
  EXPECT_EQ(next->Unsettled().value(), std::nullopt);
  EXPECT_EQ(Rows(), 2);
}

TEST_F(OwnerTest, AnOldOwnerChangesNothing) {
  auto old = Take();
  const auto batch = old->Plan({}).value();
  const auto staged = Stage(batch, 5);
  auto next = Take();
  EXPECT_EQ(old->Commit(batch, {staged}, Outcome(5), {}).error().code, "ledger.fenced");
  EXPECT_EQ(old->Plan({}).error().code, "ledger.fenced");
  EXPECT_EQ(lake_->Load(kEvents).error().code, "table.not_found");
}

TEST_F(OwnerTest, AForeignCommitInBetweenIsKept) {
  auto orders = Take();
  auto returns = Take("returns");
  ASSERT_TRUE(CommitRows(*orders, 1));
  const auto batch = orders->Plan({}).value();
  const auto staged = Stage(batch, 2);
  ASSERT_TRUE(CommitRows(*returns, 4));
  ASSERT_TRUE(orders->Commit(batch, {staged}, Outcome(2), {}));
  EXPECT_EQ(Rows(), 7);
}

TEST_F(OwnerTest, ALostReplyIsReadBackAndNothingDoubles) {
  auto owner = Take();
  catalog_->next = LossyCatalog::Loss::kReply;
  ASSERT_TRUE(CommitRows(*owner, 3));
  EXPECT_EQ(Rows(), 3);
  catalog_->next = LossyCatalog::Loss::kRequest;
  ASSERT_TRUE(CommitRows(*owner, 2));
  EXPECT_EQ(Rows(), 5);
  EXPECT_EQ(catalog_->Batches("orders").value().size(), 2U);
}

TEST_F(OwnerTest, AHeldBatchShowsNothing) {
  auto owner = Take();
  const auto batch = owner->Plan({}).value();
  Stage(batch, 3);
  ASSERT_TRUE(owner->Hold(batch, Outcome(3), "too many bad"));
  EXPECT_EQ(owner->Held().value()->note, "too many bad");
  EXPECT_EQ(lake_->Load(kEvents).error().code, "table.not_found");
  EXPECT_EQ(owner->Plan({}).error().code, "ledger.out_of_order");
}

TEST_F(OwnerTest, AVoidBatchCommitsOnlyItsDeadLetters) {
  auto owner = Take();
  const auto batch = owner->Plan({}).value();
  ASSERT_TRUE(owner->Void(batch, {Stage(batch, 1)}, {}, "the file is gone"));
  EXPECT_EQ(Rows(), 1);
  EXPECT_EQ(catalog_->Pipeline("orders")->state, ledger::BatchState::kVoid);
  ASSERT_TRUE(CommitRows(*owner, 2));
}

TEST_F(OwnerTest, ATableWhoseColumnsChangedMeanwhileIsStagedAgain) {
  auto owner = Take();
  const auto batch = owner->Plan({}).value();
  const auto staged = Stage(batch, 2);
  shape_.schema.fields.push_back(
      {.name = "other", .type = columnar::ParseType("int").value(), .nullable = true});
  auto returns = Take("returns");
  const auto theirs = returns->Plan({}).value();
  ASSERT_TRUE(returns->Commit(theirs, {Stage(theirs, 1)}, Outcome(1), {}));
  EXPECT_EQ(owner->Commit(batch, {staged}, Outcome(2), {}).error().code, "table.changed");
  EXPECT_TRUE(owner->Unsettled().value()) << "the plan stays, to be done again";
}

}  // namespace
}  // namespace weir::commit

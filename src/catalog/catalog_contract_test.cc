// The contract of Catalog, run over every implementation.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "catalog/catalog.h"

namespace weir::catalog {
namespace {

const TableName kEvents{"raw", "events"};

struct Kind {
  const char* name;
  Result<std::unique_ptr<Catalog>> (*open)(const std::string& folder);
};

class CatalogContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    catalog_ = Open();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Catalog> Open() const { return GetParam().open(folder_).value(); }

  static Change Planned(uint64_t epoch, uint64_t batch) {
    Change change;
    change.step = {"orders", ledger::Plan{Epoch(epoch), BatchNumber(batch), "digest"},
                   {5},      ledger::BatchPlan{}.ToJson(),
                   {},       ""};
    return change;
  }
  static Change Committed(uint64_t epoch, uint64_t batch) {
    Change change;
    ledger::BatchOutcome outcome;
    outcome.counts = {3, 2, 1, 0, 0, 0};
    change.step = {
        "orders", ledger::Commit{Epoch(epoch), BatchNumber(batch), "digest"}, {9}, "", outcome, ""};
    return change;
  }
  Result<void> Own(uint64_t epoch) {
    Change change;
    change.step = {"orders", ledger::Own{Epoch(epoch)}, {1}, "", {}, ""};
    return catalog_->Commit(change);
  }

  std::string folder_ = testing::TempDir() + "/catalog_" + std::to_string(getpid());
  std::unique_ptr<Catalog> catalog_;
};

TEST_P(CatalogContract, ATablePointerMovesByCompareAndSwap) {
  EXPECT_EQ(catalog_->Find(kEvents).value(), std::nullopt);
  ASSERT_TRUE(catalog_->Commit(
      {.moves = {{kEvents, {}, "m0"}}, .step = {}, .progress = {}, .progress_of = ""}));
  EXPECT_EQ(catalog_->Find(kEvents).value(), "m0");
  EXPECT_EQ(
      catalog_
          ->Commit({.moves = {{kEvents, {}, "m1"}}, .step = {}, .progress = {}, .progress_of = ""})
          .error()
          .code,
      "catalog.conflict");
  EXPECT_EQ(
      catalog_
          ->Commit(
              {.moves = {{kEvents, "mX", "m1"}}, .step = {}, .progress = {}, .progress_of = ""})
          .error()
          .code,
      "catalog.conflict");
  ASSERT_TRUE(catalog_->Commit(
      {.moves = {{kEvents, "m0", "m1"}}, .step = {}, .progress = {}, .progress_of = ""}));
  EXPECT_EQ(catalog_->Find(kEvents).value(), "m1");
  EXPECT_EQ(catalog_->Tables().value(), std::vector<TableName>{kEvents});
}

TEST_P(CatalogContract, AChangeHappensWholeOrNotAtAll) {
  EXPECT_EQ(catalog_->Pipelines().value(), std::vector<std::string>());
  ASSERT_TRUE(Own(1));
  EXPECT_EQ(catalog_->Pipelines().value(), std::vector<std::string>{"orders"});
  ASSERT_TRUE(catalog_->Commit(Planned(1, 1)));
  Change change = Committed(1, 1);
  change.moves = {{kEvents, {}, "m0"}, {{"raw", "other"}, "gone", "m1"}};
  change.progress = {{"a.csv", "v", 1, 2, "", true}};
  EXPECT_EQ(catalog_->Commit(change).error().code, "catalog.conflict");
  EXPECT_EQ(catalog_->Find(kEvents).value(), std::nullopt);
  EXPECT_EQ(catalog_->Pipeline("orders")->state, ledger::BatchState::kPlanned);
  EXPECT_EQ(catalog_->ObjectByPath("orders", "a.csv").value(), std::nullopt);
}

TEST_P(CatalogContract, ADeadLetterIsSettledOnce) {
  const auto enter = [&](const char* id, ledger::LetterStep step) {
    Change change;
    change.letters = {{.sequence = 0,
                       .pipeline = "orders",
                       .id = id,
                       .step = step,
                       .batch = "orders/0a0b0c0d/2",
                       .at = {7},
                       .detail = "why"}};
    return catalog_->Commit(change);
  };
  using enum ledger::LetterStep;
  ASSERT_TRUE(enter("a", kFix));
  ASSERT_TRUE(enter("a", kReplay));
  ASSERT_TRUE(enter("b", kDiscard));
  EXPECT_EQ(enter("a", kDiscard).error().code, "ledger.letter_settled");
  EXPECT_EQ(enter("b", kReplay).error().code, "ledger.letter_settled");
  const auto letters = catalog_->Letters("orders").value();
  ASSERT_EQ(letters.size(), 3U);
  EXPECT_EQ(letters[1].id, "a");
  EXPECT_EQ(letters[1].step, kReplay);
  EXPECT_EQ(letters[1].batch, "orders/0a0b0c0d/2");
  EXPECT_EQ(letters[1].detail, "why");
  EXPECT_LT(letters[0].sequence, letters[1].sequence);
  EXPECT_TRUE(catalog_->Letters("returns").value().empty());
  EXPECT_EQ(catalog_->Letters("").value().size(), 3U);
}

TEST_P(CatalogContract, TheLedgerMovesOnlyAsDrawn) {
  ASSERT_TRUE(Own(1));
  EXPECT_EQ(catalog_->Commit(Planned(1, 2)).error().code, "ledger.out_of_order");
  ASSERT_TRUE(catalog_->Commit(Planned(1, 1)));
  ASSERT_TRUE(Own(2));
  EXPECT_EQ(catalog_->Commit(Committed(1, 1)).error().code, "ledger.fenced");
  ASSERT_TRUE(catalog_->Commit(Committed(2, 1)));
  EXPECT_EQ(catalog_->Commit(Committed(2, 1)).error().code, "ledger.out_of_order");
  const auto record = catalog_->Batch("orders", BatchNumber(1)).value();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->state, ledger::BatchState::kCommitted);
  EXPECT_EQ(record->outcome->counts.read, 3U);
  EXPECT_EQ(record->settled_at.micros, 9);
  EXPECT_EQ(catalog_->Batches("").value().size(), 1U);
  EXPECT_EQ(catalog_->Batches("other").value().size(), 0U);
}

TEST_P(CatalogContract, EverythingSurvivesReopening) {
  ASSERT_TRUE(Own(4));
  ASSERT_TRUE(catalog_->Commit(Planned(4, 1)));
  ASSERT_TRUE(catalog_->Keep("d", "text"));
  const std::string instance = catalog_->instance();
  catalog_ = Open();
  EXPECT_EQ(catalog_->instance(), instance);
  EXPECT_EQ(catalog_->Pipeline("orders")->epoch, Epoch(4));
  EXPECT_EQ(catalog_->Pipeline("orders")->state, ledger::BatchState::kPlanned);
  EXPECT_EQ(catalog_->Kept("d").value(), "text");
  EXPECT_EQ(catalog_->Kept("e").value(), std::nullopt);
}

TEST_P(CatalogContract, ObjectsAreFoundByPathAndByContent) {
  const auto note = [&](ledger::ObjectProgress object) {
    ASSERT_TRUE(catalog_->Commit(
        {.moves = {}, .step = {}, .progress = {std::move(object)}, .progress_of = "orders"}));
  };
  note({"a.csv", "v1", 10, 1, "{}", false});
  note({"a.csv", "v2", 20, 2, "", true});
  note({"b.csv", "v1", 10, 3, "", true});
  EXPECT_EQ(catalog_->ObjectByPath("orders", "a.csv").value()->version, "v2");
  EXPECT_EQ(catalog_->ObjectByVersion("orders", "v1").value()->object, "b.csv")
      << "the finished one";
  EXPECT_EQ(catalog_->ObjectByVersion("others", "v1").value(), std::nullopt);
  note({"a.csv", "v1", 10, 4, "", true});
  EXPECT_EQ(catalog_->ObjectByPath("orders", "a.csv").value()->version, "v1")
      << "back to old content";
}

INSTANTIATE_TEST_SUITE_P(Kinds, CatalogContract,
                         testing::Values(Kind{"Sqlite",
                                              [](const std::string& folder) {
                                                return OpenSqliteCatalog(
                                                    {folder + "/weir.db", "0a0b0c0d", false});
                                              }}),
                         [](const auto& test) { return test.param.name; });

TEST(SqliteCatalog, RefusesWhatIsNoDatabase) {
  const std::string path = testing::TempDir() + "/not_a_database_" + std::to_string(getpid());
  FILE* file = fopen(path.c_str(), "w");
  fputs("this is certainly no database, and long enough to be looked at as one", file);
  fclose(file);
  EXPECT_EQ(OpenSqliteCatalog({path, "0a0b0c0d", false}).error().code, "catalog.not_a_database");
  EXPECT_EQ(OpenSqliteCatalog({path + ".none", "", true}).error().code, "catalog.not_found");
  std::filesystem::remove(path);
}

TEST(TableName, IsSchemaAndName) {
  EXPECT_EQ(ParseTableName("raw.events")->ToString(), "raw.events");
  EXPECT_EQ(ParseTableName("a.b.c")->space, "a.b");
  for (const char* bad :
       {"", "events", ".events", "raw.", "Raw.events", "raw.1x", "raw..x", "raw.a-b"})
    EXPECT_EQ(ParseTableName(bad).error().code, "table.name") << bad;
}

}  // namespace
}  // namespace weir::catalog

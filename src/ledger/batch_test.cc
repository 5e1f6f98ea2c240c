#include "ledger/batch.h"

#include <gtest/gtest.h>

namespace weir::ledger {
namespace {

BatchPlan SomePlan() {
  return {.time = {1'700'000'000'000'000},
          .definition = "d1",
          .decoder_version = 1,
          .rows_max = 100,
          .bytes_max = 1000,
          .splits = {{"in/a.csv", "h1", 10, 5, "{\"offset\":3}", false}},
          .inputs = {{"raw.events", 42}},
          .letters = {},
          .letters_until = 0};
}

TEST(BatchPlan, SurvivesItsStoredForm) {
  const BatchPlan plan = SomePlan();
  EXPECT_EQ(BatchPlan::FromJson(plan.ToJson()).value(), plan);
}

TEST(BatchPlan, OfAReplayNamesItsLetters) {
  BatchPlan plan = SomePlan();
  EXPECT_EQ(plan.ToJson().find("letters"), std::string::npos) << "stored plans keep their digest";
  plan.letters = {"a1", "b2"};
  plan.letters_until = 9;
  EXPECT_EQ(BatchPlan::FromJson(plan.ToJson()).value(), plan);
}

TEST(BatchPlan, AnotherPlanHasAnotherDigest) {
  const BatchPlan plan = SomePlan();
  BatchPlan other = plan;
  EXPECT_EQ(plan.Digest(), other.Digest());
  other.splits[0].state = "{\"offset\":4}";
  EXPECT_NE(plan.Digest(), other.Digest());
}

TEST(BatchPlan, RefusesWhatItDidNotWrite) {
  for (const char* text :
       {"", "{}", "[1]", R"({"weir.plan": 2})", R"({"weir.plan": 1, "time": "x"})"})
    EXPECT_EQ(BatchPlan::FromJson(text).error().code, "ledger.plan") << text;
}

TEST(BatchOutcome, SurvivesItsStoredForm) {
  const BatchOutcome outcome{.counts = {10, 7, 2, 0, 1, 0},
                             .rejected_by = {{"type.bigint", 2}},
                             .warned_by = {{"total", 1}},
                             .tables = {{"raw.events", 5, 7}},
                             .bytes = 99,
                             .replay = {}};
  EXPECT_EQ(BatchOutcome::FromJson(outcome.ToJson()).value(), outcome);
  BatchOutcome replay;
  replay.replay = {
      .tried = 4, .replayed = 1, .duplicate = 1, .filtered = 0, .still_bad = 2, .rejected = 3};
  EXPECT_EQ(BatchOutcome::FromJson(replay.ToJson()).value(), replay);
  EXPECT_TRUE(replay.replay->balanced());
  EXPECT_EQ(BatchOutcome::FromJson("{}").error().code, "ledger.outcome");
}

TEST(Counts, BalanceIsAnEquality) {
  EXPECT_TRUE((Counts{10, 7, 2, 0, 1, 0}.balanced()));
  EXPECT_FALSE((Counts{10, 7, 2, 0, 0, 0}.balanced()));
  Counts sum{10, 7, 2, 0, 1, 0};
  sum += Counts{1, 0, 0, 1, 0, 0};
  EXPECT_EQ(sum, (Counts{11, 7, 2, 1, 1, 0}));
}

}  // namespace
}  // namespace weir::ledger

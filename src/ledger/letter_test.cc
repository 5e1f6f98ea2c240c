#include "ledger/letter.h"

#include <gtest/gtest.h>

namespace weir::ledger {
namespace {

struct Case {
  const char* name;
  std::vector<LetterStep> steps;
  LetterState state;
  uint64_t attempts;
  bool fixed;  // A fix holds for the next replay.
};

class Letters : public testing::TestWithParam<Case> {};

TEST_P(Letters, StandAsTheirEntriesSay) {
  std::vector<LetterEntry> entries;
  for (const LetterStep step : GetParam().steps)
    entries.push_back({.sequence = 0,
                       .pipeline = "orders",
                       .id = "a1",
                       .step = step,
                       .batch = "",
                       .at = {7},
                       .detail = step == LetterStep::kFix ? "{}" : ""});
  const auto standings = Standings(entries);
  const LetterStanding standing = standings.empty() ? LetterStanding{} : standings.at("a1");
  EXPECT_EQ(standing.state, GetParam().state);
  EXPECT_EQ(standing.attempts, GetParam().attempts);
  EXPECT_EQ(!standing.fix.empty(), GetParam().fixed);
}

using enum LetterStep;
INSTANTIATE_TEST_SUITE_P(
    Ledger, Letters,
    testing::Values(
        Case{"NothingHappened", {}, LetterState::kOpen, 0, false},
        Case{"Fixed", {kFix}, LetterState::kFixed, 0, true},
        Case{"FixedTwice", {kFix, kFix}, LetterState::kFixed, 0, true},
        Case{"StillBad", {kAttempt, kAttempt}, LetterState::kOpen, 2, false},
        Case{"FixedAndStillBad", {kFix, kAttempt}, LetterState::kOpen, 1, true},
        Case{"FixedAgain", {kFix, kAttempt, kFix}, LetterState::kFixed, 1, true},
        Case{"Replayed", {kFix, kAttempt, kFix, kReplay}, LetterState::kReplayed, 1, true},
        Case{"Duplicate", {kDuplicate}, LetterState::kDuplicate, 0, false},
        Case{"Discarded", {kAttempt, kDiscard}, LetterState::kDiscarded, 1, false}),
    [](const auto& one) { return one.param.name; });

TEST(LetterSteps, AreReadAsTheyAreWritten) {
  for (const LetterStep step : {kFix, kAttempt, kReplay, kDuplicate, kDiscard})
    EXPECT_EQ(ParseLetterStep(ToString(step)).value(), step);
  EXPECT_EQ(ParseLetterStep("burn").error().code, "ledger.letter");
}

}  // namespace
}  // namespace weir::ledger

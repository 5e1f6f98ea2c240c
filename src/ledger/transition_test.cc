#include "ledger/transition.h"

#include <gtest/gtest.h>

namespace weir::ledger {
namespace {

constexpr Epoch kMine(3);
constexpr BatchNumber kLast(7);
const std::string kDigest = "aaaa";

PipelineState In(BatchState state) { return {kMine, kLast, state, kDigest}; }

struct Case {
  const char* name;
  BatchState from;
  Event event;
  const char* code;  // nullptr: legal
  BatchState to = BatchState::kNone;
};

// Every event in every state.
const Case kCases[] = {
    {"plan the first", BatchState::kNone, Plan{kMine, BatchNumber(8), "b"}, nullptr,
     BatchState::kPlanned},
    {"plan after a commit", BatchState::kCommitted, Plan{kMine, BatchNumber(8), "b"}, nullptr,
     BatchState::kPlanned},
    {"plan after a void", BatchState::kVoid, Plan{kMine, BatchNumber(8), "b"}, nullptr,
     BatchState::kPlanned},
    {"plan over a plan", BatchState::kPlanned, Plan{kMine, BatchNumber(8), "b"},
     "ledger.out_of_order"},
    {"plan over a held one", BatchState::kHeld, Plan{kMine, BatchNumber(8), "b"},
     "ledger.out_of_order"},
    {"commit", BatchState::kPlanned, Commit{kMine, kLast, kDigest}, nullptr,
     BatchState::kCommitted},
    {"accept a held one", BatchState::kHeld, Commit{kMine, kLast, kDigest}, nullptr,
     BatchState::kCommitted},
    {"commit twice", BatchState::kCommitted, Commit{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"commit a void one", BatchState::kVoid, Commit{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"commit nothing", BatchState::kNone, Commit{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"hold", BatchState::kPlanned, Hold{kMine, kLast, kDigest}, nullptr, BatchState::kHeld},
    {"hold twice", BatchState::kHeld, Hold{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"hold a committed one", BatchState::kCommitted, Hold{kMine, kLast, kDigest},
     "ledger.out_of_order"},
    {"hold a void one", BatchState::kVoid, Hold{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"hold nothing", BatchState::kNone, Hold{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"retry", BatchState::kHeld, Retry{kMine, kLast, kDigest}, nullptr, BatchState::kPlanned},
    {"retry what is not held", BatchState::kPlanned, Retry{kMine, kLast, kDigest},
     "ledger.out_of_order"},
    {"retry a committed one", BatchState::kCommitted, Retry{kMine, kLast, kDigest},
     "ledger.out_of_order"},
    {"retry a void one", BatchState::kVoid, Retry{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"retry nothing", BatchState::kNone, Retry{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"void a planned one", BatchState::kPlanned, Void{kMine, kLast, kDigest}, nullptr,
     BatchState::kVoid},
    {"void a held one", BatchState::kHeld, Void{kMine, kLast, kDigest}, nullptr, BatchState::kVoid},
    {"void a committed one", BatchState::kCommitted, Void{kMine, kLast, kDigest},
     "ledger.out_of_order"},
    {"void twice", BatchState::kVoid, Void{kMine, kLast, kDigest}, "ledger.out_of_order"},
    {"void nothing", BatchState::kNone, Void{kMine, kLast, kDigest}, "ledger.out_of_order"},
    // Forged: a wrong number, digest or epoch.
    {"plan with a gap", BatchState::kCommitted, Plan{kMine, BatchNumber(9), "b"},
     "ledger.out_of_order"},
    {"plan the same again", BatchState::kCommitted, Plan{kMine, kLast, "b"}, "ledger.out_of_order"},
    {"commit another batch", BatchState::kPlanned, Commit{kMine, BatchNumber(6), kDigest},
     "ledger.out_of_order"},
    {"commit another plan", BatchState::kPlanned, Commit{kMine, kLast, "bbbb"}, "ledger.diverged"},
    {"hold another plan", BatchState::kPlanned, Hold{kMine, kLast, "bbbb"}, "ledger.diverged"},
    {"retry another plan", BatchState::kHeld, Retry{kMine, kLast, "bbbb"}, "ledger.diverged"},
    {"void another plan", BatchState::kPlanned, Void{kMine, kLast, "bbbb"}, "ledger.diverged"},
    {"plan by an old owner", BatchState::kCommitted, Plan{Epoch(2), BatchNumber(8), "b"},
     "ledger.fenced"},
    {"commit by an old owner", BatchState::kPlanned, Commit{Epoch(2), kLast, kDigest},
     "ledger.fenced"},
    {"commit by a future owner", BatchState::kPlanned, Commit{Epoch(4), kLast, kDigest},
     "ledger.fenced"},
    {"hold by an old owner", BatchState::kPlanned, Hold{Epoch(2), kLast, kDigest}, "ledger.fenced"},
    {"retry by an old owner", BatchState::kHeld, Retry{Epoch(2), kLast, kDigest}, "ledger.fenced"},
    {"void by an old owner", BatchState::kPlanned, Void{Epoch(2), kLast, kDigest}, "ledger.fenced"},
    {"own with the same epoch", BatchState::kPlanned, Own{kMine}, "ledger.fenced"},
    {"own with a lower epoch", BatchState::kPlanned, Own{Epoch(1)}, "ledger.fenced"},
};

TEST(Transition, EveryEventInEveryStateIsAsDrawn) {
  for (const Case& c : kCases) {
    const PipelineState before = In(c.from);
    const auto after = Apply(before, c.event);
    if (c.code != nullptr) {
      ASSERT_FALSE(after) << c.name;
      EXPECT_EQ(after.error().code, c.code) << c.name;
    } else {
      ASSERT_TRUE(after) << c.name << ": " << after.error().ToString();
      EXPECT_EQ(after->state, c.to) << c.name;
      EXPECT_EQ(after->epoch, kMine) << c.name;
    }
  }
}

TEST(Transition, OwningChangesOnlyTheEpoch) {
  for (const BatchState state : {BatchState::kNone, BatchState::kPlanned, BatchState::kHeld,
                                 BatchState::kCommitted, BatchState::kVoid}) {
    PipelineState expected = In(state);
    expected.epoch = Epoch(9);
    EXPECT_EQ(Apply(In(state), Own{Epoch(9)}).value(), expected);
  }
}

TEST(Transition, StatesHaveNames) {
  for (const BatchState state : {BatchState::kNone, BatchState::kPlanned, BatchState::kHeld,
                                 BatchState::kCommitted, BatchState::kVoid})
    EXPECT_EQ(ParseBatchState(ToString(state)).value(), state);
  EXPECT_EQ(ParseBatchState("lost").error().code, "ledger.state");
}

}  // namespace
}  // namespace weir::ledger

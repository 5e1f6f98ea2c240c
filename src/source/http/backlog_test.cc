#include "source/http/backlog.h"

#include <gtest/gtest.h>

namespace weir::source {
namespace {

using wal::Sequence;

constexpr Instant At(int64_t milliseconds) { return {milliseconds * 1000}; }

TEST(Backlog, IsWhatWasStoredAndNotCommitted) {
  Backlog backlog;
  EXPECT_EQ(backlog.state().waiting.lines, 0U);
  EXPECT_EQ(backlog.state().oldest, std::nullopt);

  backlog.Stored(Sequence(1), {.bytes = 10, .lines = 1}, At(1000));
  backlog.Stored(Sequence(4), {.bytes = 30, .lines = 3}, At(1050));  // The same step.
  backlog.Stored(Sequence(9), {.bytes = 50, .lines = 5}, At(1100));
  EXPECT_EQ(backlog.state().waiting.lines, 9U);
  EXPECT_EQ(backlog.state().waiting.bytes, 90U);
  EXPECT_EQ(backlog.state().oldest, At(1000));

  backlog.Committed(Sequence(3));  // Within a step.
  EXPECT_EQ(backlog.state().waiting.lines, 9U);
  backlog.Committed(Sequence(4));
  EXPECT_EQ(backlog.state().waiting.lines, 5U);
  EXPECT_EQ(backlog.state().oldest, At(1100));
  backlog.Committed(Sequence(12));
  EXPECT_EQ(backlog.state().waiting.lines, 0U);
  EXPECT_EQ(backlog.state().waiting.bytes, 0U);
  EXPECT_EQ(backlog.state().oldest, std::nullopt);
}

TEST(Backlog, AClockThatIsSetBackDoesNotJoinWhatComesLater) {
  Backlog backlog;
  backlog.Stored(Sequence(1), {.bytes = 10, .lines = 1}, At(5000));
  backlog.Stored(Sequence(2), {.bytes = 10, .lines = 1}, At(1000));
  backlog.Stored(Sequence(3), {.bytes = 10, .lines = 1}, At(1200));
  backlog.Committed(Sequence(2));
  EXPECT_EQ(backlog.state().waiting.lines, 1U);
  EXPECT_EQ(backlog.state().oldest, At(1200));
}

TEST(Backlog, ACommitThatIsToldBeforeTheStoringCounts) {
  Backlog backlog;
  backlog.Committed(Sequence(2));
  backlog.Stored(Sequence(2), {.bytes = 10, .lines = 1}, At(1000));
  EXPECT_EQ(backlog.state().oldest, std::nullopt);
}

}  // namespace
}  // namespace weir::source

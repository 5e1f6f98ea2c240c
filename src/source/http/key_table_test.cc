#include <gtest/gtest.h>

#include "source/http/key_table_internal.h"

namespace weir::source {
namespace {

constexpr std::chrono::microseconds kHorizon = std::chrono::hours(24);
constexpr int64_t kHorizonMicros = kHorizon.count();

KeyRecord Key(uint64_t number, uint64_t body = 1) { return {{number, number}, body}; }

KeyState StateOf(KeyTable& table, const KeyRecord& key, int64_t at = 0) {
  return table.Begin(key, {at}).state;
}

TEST(KeyTable, AKeyStandsForOneBody) {
  KeyTable table(10, kHorizon);
  EXPECT_EQ(StateOf(table, Key(1)), KeyState::kNew);
  EXPECT_EQ(StateOf(table, Key(1)), KeyState::kRunning);
  table.Stored(Key(1), wal::Sequence(7), {0});
  EXPECT_EQ(table.Begin(Key(1), {0}).sequence, wal::Sequence(7));
  EXPECT_EQ(StateOf(table, Key(1, 2)), KeyState::kOther);
}

TEST(KeyTable, WhereItIsFullANewKeyIsRefusedAndAKnownOneIsNot) {
  KeyTable table(2, kHorizon);
  for (const uint64_t number : {1, 2}) {
    EXPECT_EQ(StateOf(table, Key(number)), KeyState::kNew);
    table.Stored(Key(number), wal::Sequence(number), {0});
  }
  EXPECT_EQ(StateOf(table, Key(3), kHorizonMicros - 1), KeyState::kFull);
  EXPECT_EQ(StateOf(table, Key(1), kHorizonMicros - 1), KeyState::kStored);
  EXPECT_EQ(StateOf(table, Key(3), kHorizonMicros), KeyState::kNew);
  EXPECT_EQ(table.size(), 1U);
}

TEST(KeyTable, WhatIsRestoredCountsAgainstTheBoundAndIsKeptBeyondIt) {
  KeyTable table(1, kHorizon);
  for (const uint64_t number : {1, 2, 3}) table.Restore(Key(number), wal::Sequence(number), {0});
  EXPECT_EQ(table.size(), 3U);
  EXPECT_EQ(StateOf(table, Key(3)), KeyState::kStored);
  EXPECT_EQ(StateOf(table, Key(4)), KeyState::kFull);
}

TEST(KeyTable, ADroppedKeyLeavesNothing) {
  KeyTable table(1, kHorizon);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(StateOf(table, Key(1)), KeyState::kNew);
    table.Dropped(Key(1));
  }
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(StateOf(table, Key(2)), KeyState::kNew);
  // Its second life is its own: the first does not end it.
  table.Dropped(Key(2));
  EXPECT_EQ(StateOf(table, Key(2), 5), KeyState::kNew);
  table.Stored(Key(2), wal::Sequence(1), {5});
  EXPECT_EQ(StateOf(table, Key(2), kHorizonMicros), KeyState::kStored);
  EXPECT_EQ(StateOf(table, Key(2), kHorizonMicros + 5), KeyState::kNew);
}

TEST(KeyTable, TheHorizonIsItsOwn) {
  KeyTable table(1, std::chrono::microseconds(10));
  EXPECT_EQ(StateOf(table, Key(1)), KeyState::kNew);
  table.Stored(Key(1), wal::Sequence(7), {0});
  EXPECT_EQ(StateOf(table, Key(1, 2), 9), KeyState::kOther);
  EXPECT_EQ(StateOf(table, Key(1, 2), 10), KeyState::kNew);
}

}  // namespace
}  // namespace weir::source

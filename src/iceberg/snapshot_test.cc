#include "iceberg/snapshot.h"

#include <gtest/gtest.h>

#include "iceberg/metadata.h"
#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

Snapshot Numbered(int64_t id, int64_t sequence_number) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.sequence_number = sequence_number;
  snapshot.manifest_list = "file:///lake/snap-" + std::to_string(id) + ".avro";
  snapshot.summary = {{"operation", "append"}};
  return snapshot;
}

std::vector<int64_t> Ids(const SnapshotList& list) {
  std::vector<int64_t> ids;
  for (const Snapshot& snapshot : list) ids.push_back(snapshot.id);
  return ids;
}

TEST(Snapshot, SaysItsNumbers) {
  Snapshot snapshot = Numbered(1, 1);
  snapshot.summary["total-records"] = "12345678901";
  EXPECT_EQ(snapshot.number("total-records"), 12'345'678'901U);
  EXPECT_EQ(snapshot.number("added-records"), std::nullopt);
}

TEST(SnapshotList, ACopySharesItsSnapshotsAndChangesAlone) {
  const SnapshotList list = {Numbered(1, 1), Numbered(2, 2)};
  SnapshotList copy = list;
  EXPECT_EQ(copy, list);
  copy.push_back(Numbered(3, 3));
  EXPECT_EQ(&*copy.begin(), &*list.begin());
  EXPECT_EQ(Ids(list), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(Ids(copy), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(copy.back().id, 3);
  EXPECT_NE(copy, list);
}

TEST(SnapshotList, WhatIsTakenOutLeavesInOrder) {
  SnapshotList list = {Numbered(1, 1), Numbered(2, 2), Numbered(3, 3), Numbered(4, 4)};
  const auto taken = list.Take([](const Snapshot& snapshot) { return snapshot.id % 2 == 1; });
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].id, 1);
  EXPECT_EQ(taken[1].id, 3);
  EXPECT_EQ(Ids(list), (std::vector<int64_t>{2, 4}));
  EXPECT_TRUE(list.Take([](const Snapshot&) { return false; }).empty());
}

TEST(SnapshotList, SortsBySequenceNumberAndWalksBothWays) {
  SnapshotList list = {Numbered(1, 3), Numbered(2, 1), Numbered(3, 1)};
  list.Sort();
  EXPECT_EQ(Ids(list), (std::vector<int64_t>{2, 3, 1}));
  std::vector<int64_t> back;
  for (auto at = list.rbegin(); at != list.rend(); ++at) back.push_back(at->id);
  EXPECT_EQ(back, (std::vector<int64_t>{1, 3, 2}));
}

TEST(SnapshotList, ATextThatWasMadeOnceIsStillTheOneOfItsSnapshot) {
  SnapshotList list = {Numbered(1, 1), Numbered(2, 2)};
  const std::string both = list.ItemsAsJson();
  EXPECT_EQ(list.ItemsAsJson(), both);
  list.push_back(Numbered(3, 3));
  SnapshotList fresh = {Numbered(1, 1), Numbered(2, 2), Numbered(3, 3)};
  EXPECT_EQ(list.ItemsAsJson(), fresh.ItemsAsJson());
  list.Take([](const Snapshot& snapshot) { return snapshot.id != 2; });
  EXPECT_EQ(list.ItemsAsJson(), SnapshotList({Numbered(2, 2)}).ItemsAsJson());
  EXPECT_EQ(SnapshotList().ItemsAsJson(), "");
}

TEST(SnapshotList, TextsOfAnyKindSurviveJson) {
  TableMetadata metadata = EventTable();
  Snapshot snapshot = Numbered(1, 1);
  snapshot.summary["a\"b\\c"] = "line\nend\x01 \xc3\xa9\"";
  snapshot.summary["empty"] = "";
  metadata.last_sequence_number = 1;
  metadata.snapshots = {snapshot};
  EXPECT_EQ(ParseMetadata(ToJson(metadata)).value(), metadata);
  snapshot.summary["broken"] =
      "a\xff"
      "b";
  metadata.snapshots = {snapshot};
  EXPECT_EQ(ParseMetadata(ToJson(metadata)).value().snapshots.back().summary.at("broken"),
            "a\xef\xbf\xbd"
            "b");
}

}  // namespace
}  // namespace weir::iceberg

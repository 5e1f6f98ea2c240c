// What a commit does beside its own files: manifests merge, snapshots expire, logs stay short.
#include <gtest/gtest.h>

#include <algorithm>

#include "iceberg/memory_table_internal.h"

namespace weir::iceberg {
namespace {

TEST(Merging, SixteenManifestsOfATierBecomeOneOfTheNext) {
  MemoryTable table;
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(table.Append({FileOf("a" + std::to_string(i), 1)}).replaced_manifests.size(), 0U);
  EXPECT_EQ(table.List().size(), 16U);
  const CommitPlan merging = table.Append({FileOf("last", 1)});
  EXPECT_EQ(merging.replaced_manifests.size(), 16U);
  ASSERT_EQ(merging.manifests.size(), 2U);
  EXPECT_EQ(merging.manifests[1].existing_files, 16);
  EXPECT_EQ(merging.manifests[1].min_sequence_number, 1);
  EXPECT_EQ(table.Live().at(PathOf("a3")), 4);
  EXPECT_EQ(table.Live().at(PathOf("last")), 17);
}

TEST(Merging, LargeManifestsAndOtherSpecsStayApart) {
  std::vector<ManifestFile> manifests(40);
  for (size_t i = 0; i < manifests.size(); ++i) {
    manifests[i].path = std::to_string(i);
    manifests[i].added_files = 1;
    manifests[i].length = i < 15 ? 100 : 8 * 1024 * 1024;
    manifests[i].spec_id = static_cast<int32_t>(i % 2);
  }
  CommitRequest request;
  EXPECT_TRUE(NeededManifests(manifests, request).empty());
  for (ManifestFile& manifest : manifests) manifest.length = 100;
  EXPECT_EQ(NeededManifests(manifests, request).size(), 40U);
  for (size_t i = 0; i < 10; ++i) manifests[i].content = ManifestContent::kDeletes;
  EXPECT_TRUE(NeededManifests(manifests, request).empty());
}

// The cost of a commit is counted in bytes and entries, not in time.
TEST(Upkeep, TheLastOfManyCommitsCostsWhatAnEarlyOneDid) {
  constexpr size_t kCommits = 600;
  MemoryTable table;
  CommitPolicy policy;  // Small, so that few commits fill all tiers.
  policy.manifests_before_merge = 4;
  policy.snapshots_kept = 20;
  policy.metadata_files_kept = 5;
  size_t most_manifests = 0;
  size_t rewritten = 0;
  size_t early_bytes = 0;
  size_t last_bytes = 0;
  size_t expired = 0;
  size_t old_metadata = 0;
  for (size_t i = 1; i <= kCommits; ++i) {
    const CommitPlan plan = table.Append({FileOf("f" + std::to_string(i), 1)}, policy);
    most_manifests = std::max(most_manifests, plan.manifests.size());
    for (const ManifestFile& manifest : plan.manifests)
      if (manifest.added_snapshot_id == plan.next.current_snapshot_id)
        rewritten += static_cast<size_t>(manifest.existing_files);
    expired += plan.expired.size();
    old_metadata += plan.old_metadata.size();
    last_bytes = plan.metadata.bytes.size();
    if (i == 100) early_bytes = last_bytes;
    ASSERT_LE(plan.next.snapshots.size(), 20U);
    ASSERT_LE(plan.next.snapshot_log.size(), 20U);
    ASSERT_LE(plan.next.metadata_log.size(), 5U);
  }
  EXPECT_LT(last_bytes, early_bytes * 11 / 10);
  EXPECT_LE(most_manifests, 3U * 5 + 1);  // Three in each of five tiers, and the new one.
  EXPECT_LE(rewritten, kCommits * 5);     // Once per tier.
  EXPECT_EQ(expired, kCommits - 20);
  EXPECT_EQ(old_metadata, kCommits - 5);
  EXPECT_EQ(table.Live().size(), kCommits);
  EXPECT_EQ(table.metadata().current_snapshot()->summary.at("total-records"),
            std::to_string(kCommits));
}

// What a commit repeats of its base is neither copied nor made into text again.
TEST(Upkeep, ACommitSharesTheSnapshotsOfItsBase) {
  MemoryTable table;
  CommitPolicy policy;
  policy.snapshots_kept = 5;
  for (int i = 0; i < 12; ++i) {
    const TableMetadata base = table.metadata();
    std::set<const Snapshot*> known;
    for (const Snapshot& snapshot : base.snapshots) known.insert(&snapshot);
    const CommitPlan plan = table.Append({FileOf("f" + std::to_string(i), 1)}, policy);
    for (const Snapshot& snapshot : plan.next.snapshots)
      EXPECT_EQ(known.contains(&snapshot), snapshot.id != plan.next.current_snapshot_id);
  }
}

TEST(Upkeep, NothingExpiresThatAReaderStandsOn) {
  MemoryTable table;
  CommitPolicy policy;
  policy.snapshots_kept = 3;
  std::vector<int64_t> ids;
  std::set<int64_t> held;
  for (int i = 0; i < 10; ++i) {
    CommitRequest request = table.Request(Operation::kAppend, {FileOf("f" + std::to_string(i), 1)});
    if (i == 4) held = {ids[3]};
    request.protected_snapshots = held;
    ids.push_back(request.snapshot_id);
    table.Commit(request, policy);
  }
  const auto kept = [&] {
    std::vector<int64_t> made;
    for (const Snapshot& snapshot : table.metadata().snapshots) made.push_back(snapshot.id);
    return made;
  };
  EXPECT_EQ(kept(), std::vector<int64_t>(ids.begin() + 3, ids.end()));
  const CommitPlan freed = table.Append({FileOf("last", 1)}, policy);
  EXPECT_EQ(freed.expired.size(), 5U);
  EXPECT_EQ(freed.expired.front().id, ids[3]);
  EXPECT_EQ(table.metadata().snapshots.size(), 3U);
  EXPECT_EQ(table.metadata().snapshot_log.size(), 3U);
}

TEST(Upkeep, TagsAndBranchesOfOthersAreKept) {
  MemoryTable table;
  CommitPolicy policy;
  policy.snapshots_kept = 2;
  std::vector<int64_t> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(*table.Append({FileOf("f" + std::to_string(i), 1)}).next.current_snapshot_id);
  TableMetadata base = table.metadata();
  base.refs["tag"] = {.snapshot_id = ids[0],
                      .is_branch = false,
                      .min_snapshots_to_keep = {},
                      .max_snapshot_age_ms = {},
                      .max_ref_age_ms = {}};
  base.statistics = {{.snapshot_id = ids[1], .json = R"({"snapshot-id":1})"}};
  const auto plan = PlanCommit(base, table.location(), table.List(), {},
                               table.Request(Operation::kAppend, {}), policy)
                        .value();
  ASSERT_EQ(plan.expired.size(), 1U);
  EXPECT_EQ(plan.expired[0].id, ids[1]);
  EXPECT_TRUE(plan.next.statistics.empty());
  EXPECT_EQ(plan.next.snapshot_log.size(), 2U);  // Everything up to the hole.
  base.refs["branch"] = {.snapshot_id = ids[1],
                         .is_branch = true,
                         .min_snapshots_to_keep = {},
                         .max_snapshot_age_ms = {},
                         .max_ref_age_ms = {}};
  EXPECT_TRUE(PlanCommit(base, table.location(), table.List(), {},
                         table.Request(Operation::kAppend, {}), policy)
                  .value()
                  .expired.empty());
}

TEST(Upkeep, AManifestIsDeadWhenNoSnapshotThatIsLeftListsIt) {
  const auto list = [](const std::vector<std::string>& names) {
    std::vector<ManifestFile> made;
    for (const std::string& name : names) {
      made.emplace_back();
      made.back().path = name;
    }
    return made;
  };
  const std::vector<std::vector<ManifestFile>> expired = {list({"a", "b"}), list({"a", "b", "c"})};
  const std::vector<std::vector<ManifestFile>> retained = {list({"c", "d"})};
  EXPECT_EQ(DeadManifests(expired, retained), list({"a", "b"}));
}

// A model of the live set against random histories.
TEST(History, LiveFilesAndTotalsAgreeWithAModel) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    env::SeededRandom random(seed);
    MemoryTable table({"bucket(3, id)"});
    CommitPolicy policy;
    policy.manifests_before_merge = 3;
    policy.snapshots_kept = 4;
    std::map<std::string, int64_t> model;  // Path to rows.
    for (int step = 0; step < 40; ++step) {
      std::vector<DataFile> added;
      for (uint64_t i = random.Next() % 4; i > 0; --i)
        added.push_back(FileOf(std::to_string(step) + "-" + std::to_string(i),
                               static_cast<int64_t>(random.Next() % 50 + 1),
                               {static_cast<int32_t>(random.Next() % 3)}));
      const uint64_t dice = random.Next() % 10;
      const Operation operation = dice < 6   ? Operation::kAppend
                                  : dice < 9 ? Operation::kOverwrite
                                             : Operation::kReplaceAll;
      CommitRequest request = table.Request(operation, added);
      if (operation == Operation::kOverwrite)
        for (const auto& [path, rows] : model)
          if (random.Next() % 4 == 0) request.removed.insert(path);
      if (operation == Operation::kReplaceAll) model.clear();
      for (const std::string& path : request.removed) model.erase(path);
      for (const DataFile& file : added) model[file.path] = file.record_count;
      const CommitPlan plan = table.Commit(request, policy);

      const auto live = table.Live();
      ASSERT_EQ(live.size(), model.size()) << "seed " << seed << " step " << step;
      int64_t rows = 0;
      for (const auto& [path, records] : model) {
        ASSERT_TRUE(live.contains(path)) << path;
        rows += records;
      }
      const StringMap& summary = plan.next.current_snapshot()->summary;
      ASSERT_EQ(summary.at("total-records"), std::to_string(rows));
      ASSERT_EQ(summary.at("total-data-files"), std::to_string(model.size()));
      ASSERT_EQ(summary.at("total-files-size"), std::to_string(rows * 100));
      ASSERT_LE(plan.next.snapshots.size(), 4U);
    }
  }
}

}  // namespace
}  // namespace weir::iceberg

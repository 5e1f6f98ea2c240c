#include "iceberg/snapshot_update.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "env/random.h"
#include "iceberg/rejections_internal.h"
#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

// A table whose files are in memory: commits as the table room does, reading back only bytes.
class Lake {
 public:
  explicit Lake(const std::vector<std::string>& partition_by = {}) {
    const MetadataPlan plan = PlanMetadata(EventTable(partition_by), "", "m-0", 1'700'000'000'000);
    files_[plan.metadata.location] = plan.metadata.bytes;
    location_ = plan.metadata.location;
    metadata_ = plan.next;
  }

  const TableMetadata& metadata() const { return metadata_; }

  std::vector<ManifestFile> List(const Snapshot& snapshot) const {
    return DecodeManifestList(files_.at(snapshot.manifest_list)).value();
  }
  std::vector<ManifestFile> List() const {
    const Snapshot* current = metadata_.current_snapshot();
    return current == nullptr ? std::vector<ManifestFile>{} : List(*current);
  }

  std::vector<ManifestEntry> Entries(const ManifestFile& manifest) const {
    return DecodeManifest(files_.at(manifest.path), manifest,
                          *metadata().FindSpec(manifest.spec_id))
        .value();
  }

  // Path of each live file and its data sequence number.
  std::map<std::string, int64_t> Live() const {
    std::map<std::string, int64_t> live;
    for (const ManifestFile& manifest : List())
      for (const ManifestEntry& entry : Entries(manifest)) {
        if (!entry.live()) continue;
        EXPECT_TRUE(live.emplace(entry.file.path, *entry.sequence_number).second)
            << entry.file.path;
      }
    return live;
  }

  CommitRequest Request(Operation operation, std::vector<DataFile> added) {
    ++count_;
    CommitRequest request;
    request.operation = operation;
    request.added = std::move(added);
    request.snapshot_id = SnapshotIdFrom(env::SplitMix64(1, static_cast<uint64_t>(count_)));
    request.commit_uuid = "commit-" + std::to_string(count_);
    request.metadata_uuid = "m-" + std::to_string(count_);
    request.timestamp_ms = 1'700'000'000'000 + count_ * 1000;
    return request;
  }

  Result<CommitPlan> Plan(const CommitRequest& request, const CommitPolicy& policy = {}) const {
    const std::vector<ManifestFile> list = List();
    std::vector<LoadedManifest> loaded;
    for (const ManifestFile& manifest : NeededManifests(list, request, policy))
      loaded.push_back({.file = manifest, .entries = Entries(manifest)});
    return PlanCommit(metadata(), location_, list, loaded, request, policy);
  }

  CommitPlan Commit(const CommitRequest& request, const CommitPolicy& policy = {}) {
    CommitPlan plan = Plan(request, policy).value();
    // Also that the metadata's bytes say what `next` does. Long histories look at some.
    if (count_ < 100 || count_ % 64 == 0) {
      EXPECT_EQ(Rejections(plan), std::vector<std::string>{});
    }
    for (const PlannedFile& file : plan.files) Put(file);
    Put(plan.metadata);
    location_ = plan.metadata.location;
    metadata_ = plan.next;
    return plan;
  }

  CommitPlan Append(std::vector<DataFile> added, const CommitPolicy& policy = {}) {
    return Commit(Request(Operation::kAppend, std::move(added)), policy);
  }

  const std::string& location() const { return location_; }

 private:
  void Put(const PlannedFile& file) {
    EXPECT_TRUE(files_.emplace(file.location, file.bytes).second)
        << file.location << " was written before";
  }

  std::map<std::string, std::string> files_;
  std::string location_;
  TableMetadata metadata_;
  int count_ = 0;
};

std::string PathOf(const std::string& name) { return FileOf(name, 1).path; }

TEST(Append, TheFirstCommitMakesTheFirstSnapshot) {
  Lake lake({"day(ts)"});
  CommitRequest request = lake.Request(
      Operation::kAppend, {FileOf("a", 10, {int32_t{1}}), FileOf("b", 5, {int32_t{2}})});
  request.summary = {{"weir.batch", "p/1/1"}, {"operation", "never"}};
  request.properties = {{"weir.last", "1"}};
  const CommitPlan plan = lake.Commit(request);
  const Snapshot& snapshot = *plan.next.current_snapshot();
  EXPECT_EQ(plan.metadata.location, "file:///lake/raw/events/metadata/00001-m-1.metadata.json");
  EXPECT_EQ(snapshot.manifest_list, "file:///lake/raw/events/metadata/snap-" +
                                        std::to_string(snapshot.id) + "-1-commit-1.avro");
  EXPECT_EQ(plan.files[0].location, "file:///lake/raw/events/metadata/commit-1-1-m0.avro");
  EXPECT_FALSE(snapshot.parent_id);
  EXPECT_EQ(snapshot.sequence_number, 1);
  EXPECT_EQ(snapshot.summary, (StringMap{{"operation", "append"},
                                         {"weir.batch", "p/1/1"},
                                         {"added-data-files", "2"},
                                         {"added-records", "15"},
                                         {"added-files-size", "1500"},
                                         {"changed-partition-count", "2"},
                                         {"manifests-created", "1"},
                                         {"manifests-kept", "0"},
                                         {"manifests-replaced", "0"},
                                         {"total-data-files", "2"},
                                         {"total-records", "15"},
                                         {"total-files-size", "1500"},
                                         {"total-delete-files", "0"},
                                         {"total-position-deletes", "0"},
                                         {"total-equality-deletes", "0"}}));
  EXPECT_EQ(plan.next.properties.at("weir.last"), "1");
  EXPECT_EQ(plan.next.metadata_log.size(), 1U);
  EXPECT_EQ(lake.Live(), (std::map<std::string, int64_t>{{PathOf("a"), 1}, {PathOf("b"), 1}}));
}

TEST(Append, TheSecondCommitCarriesTheFirst) {
  Lake lake;
  const CommitPlan first = lake.Append({FileOf("a", 10)});
  const CommitPlan second = lake.Append({FileOf("b", 5)});
  EXPECT_EQ(second.next.current_snapshot()->parent_id, first.next.current_snapshot_id);
  EXPECT_EQ(second.next.current_snapshot()->summary.at("total-records"), "15");
  EXPECT_EQ(second.next.current_snapshot()->summary.at("total-files-size"), "1500");
  EXPECT_EQ(second.manifests.size(), 2U);
  EXPECT_EQ(second.manifests[1], first.manifests[0]);
  EXPECT_EQ(lake.Live(), (std::map<std::string, int64_t>{{PathOf("a"), 1}, {PathOf("b"), 2}}));
}

TEST(Append, ABatchWithoutRowsStillLeavesItsMarker) {
  Lake lake;
  CommitRequest request = lake.Request(Operation::kAppend, {});
  request.summary["weir.batch"] = "p/1/1";
  const CommitPlan plan = lake.Commit(request);
  EXPECT_EQ(plan.files.size(), 1U);
  EXPECT_EQ(plan.next.current_snapshot()->operation(), "append");
  EXPECT_TRUE(lake.Live().empty());
}

TEST(Append, ALostRaceIsRebasedByPlanningAgain) {
  Lake lake;
  CommitRequest slow = lake.Request(Operation::kAppend, {FileOf("slow", 1)});
  const CommitPlan lost = lake.Plan(slow).value();
  lake.Append({FileOf("quick", 1)});
  slow.attempt = 2;
  slow.metadata_uuid = "m-again";
  const CommitPlan won = lake.Commit(slow);
  EXPECT_NE(lost.files[0].location, won.files[0].location);
  EXPECT_EQ(won.next.current_snapshot()->sequence_number, 2);
  EXPECT_EQ(lake.Live(),
            (std::map<std::string, int64_t>{{PathOf("quick"), 1}, {PathOf("slow"), 2}}));
}

TEST(Append, TimeNeverRunsBackwards) {
  Lake lake;
  lake.Append({FileOf("a", 1)});
  CommitRequest request = lake.Request(Operation::kAppend, {FileOf("b", 1)});
  request.timestamp_ms = 5;
  const CommitPlan plan = lake.Commit(request);
  EXPECT_EQ(plan.next.last_updated_ms, 1'700'000'001'000);
  EXPECT_EQ(plan.next.current_snapshot()->timestamp_ms, 1'700'000'001'000);
}

TEST(Append, RequestsThatDoNotFitAreRefused) {
  Lake lake({"day(ts)"});
  const CommitPlan first = lake.Append({FileOf("a", 1, {int32_t{1}})});
  CommitRequest twice = lake.Request(Operation::kAppend, {});
  twice.snapshot_id = *first.next.current_snapshot_id;
  EXPECT_EQ(lake.Plan(twice).error().code, "iceberg.snapshot_exists");
  EXPECT_EQ(lake.Plan(lake.Request(Operation::kAppend, {FileOf("b", 1)})).error().code,
            "iceberg.added_file");
  DataFile relative = FileOf("b", 1, {int32_t{1}});
  relative.path = "data/b.parquet";
  EXPECT_EQ(lake.Plan(lake.Request(Operation::kAppend, {relative})).error().code,
            "iceberg.added_file");
}

TEST(Overwrite, TakesOutTheNamedFilesAndKeepsTheNumbersOfTheRest) {
  Lake lake;
  lake.Append({FileOf("a", 10), FileOf("b", 5)});
  lake.Append({FileOf("c", 1)});
  CommitRequest request = lake.Request(Operation::kOverwrite, {FileOf("a2", 11)});
  request.removed = {PathOf("a")};
  const CommitPlan plan = lake.Commit(request);
  const StringMap& summary = plan.next.current_snapshot()->summary;
  EXPECT_EQ(summary.at("operation"), "overwrite");
  EXPECT_EQ(summary.at("deleted-records"), "10");
  EXPECT_EQ(summary.at("removed-files-size"), "1000");
  EXPECT_EQ(summary.at("total-records"), "17");
  EXPECT_EQ(summary.at("total-files-size"), "1700");
  EXPECT_EQ(lake.Live(), (std::map<std::string, int64_t>{
                             {PathOf("a2"), 3}, {PathOf("b"), 1}, {PathOf("c"), 2}}));
  ASSERT_EQ(plan.replaced_manifests.size(), 1U);

  int deleted = 0;
  for (const ManifestFile& manifest : lake.List())
    for (const ManifestEntry& entry : lake.Entries(manifest))
      if (entry.status == EntryStatus::kDeleted) {
        ++deleted;
        EXPECT_EQ(entry.file.path, PathOf("a"));
        EXPECT_EQ(entry.snapshot_id, request.snapshot_id);
        EXPECT_EQ(entry.sequence_number, 1);
      }
  EXPECT_EQ(deleted, 1);
  // Deleted entries stand in the snapshot that deleted them, and in no later one.
  const CommitPlan next = lake.Append({FileOf("d", 1)});
  for (const ManifestFile& manifest : next.manifests) EXPECT_EQ(manifest.deleted_files, 0);
}

TEST(Overwrite, AFileThatIsGoneAlreadyIsAConflict) {
  Lake lake;
  lake.Append({FileOf("a", 10)});
  CommitRequest request = lake.Request(Operation::kOverwrite, {});
  request.removed = {PathOf("a"), PathOf("b")};
  const auto plan = lake.Plan(request);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "iceberg.removed_file");
  EXPECT_EQ(plan.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(plan.error().message, "1 of 2 files to replace are not in the table any more");
  request.removed = {PathOf("a")};
  EXPECT_EQ(lake.Commit(request).next.current_snapshot()->operation(), "delete");
  EXPECT_TRUE(lake.Live().empty());
}

TEST(Overwrite, EntriesThatAreNeededMustBeGiven) {
  Lake lake;
  lake.Append({FileOf("a", 10)});
  const auto plan = PlanCommit(lake.metadata(), lake.location(), lake.List(), {},
                               lake.Request(Operation::kReplaceAll, {}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "iceberg.not_loaded");
}

TEST(ReplaceAll, LeavesOnlyTheNewFiles) {
  Lake lake({"region"});
  for (int i = 0; i < 20; ++i)
    lake.Append({FileOf("a" + std::to_string(i), 10, {std::string(i % 2 == 0 ? "eu" : "us")})});
  const CommitPlan plan =
      lake.Commit(lake.Request(Operation::kReplaceAll, {FileOf("new", 3, {std::monostate{}})}));
  EXPECT_EQ(plan.next.current_snapshot()->summary.at("deleted-data-files"), "20");
  EXPECT_EQ(plan.next.current_snapshot()->summary.at("total-data-files"), "1");
  EXPECT_EQ(plan.next.current_snapshot()->summary.at("changed-partition-count"), "3");
  EXPECT_EQ(plan.manifests.size(), 2U);
  EXPECT_EQ(lake.Live(), (std::map<std::string, int64_t>{{PathOf("new"), 21}}));
  EXPECT_EQ(
      lake.Commit(lake.Request(Operation::kReplaceAll, {})).next.current_snapshot()->operation(),
      "delete");
}

TEST(Compact, KeepsTheSequenceNumberOfTheRowsAndMayNotAddAny) {
  Lake lake;
  lake.Append({FileOf("a", 10)});
  lake.Append({FileOf("b", 5)});
  CommitRequest request = lake.Request(Operation::kCompact, {FileOf("ab", 16)});
  request.removed = {PathOf("a"), PathOf("b")};
  request.added_sequence_number = 2;
  EXPECT_EQ(lake.Plan(request).error().code, "iceberg.added_file");
  request.added = {FileOf("ab", 15)};
  EXPECT_EQ(lake.Commit(request).next.current_snapshot()->operation(), "replace");
  EXPECT_EQ(lake.Live(), (std::map<std::string, int64_t>{{PathOf("ab"), 2}}));
}

TEST(Deletes, PositionDeleteFilesGetManifestsOfTheirOwn) {
  Lake lake;
  lake.Append({FileOf("a", 10)});
  DataFile deletes = FileOf("a-deletes", 2);
  deletes.content = FileContent::kPositionDeletes;
  deletes.sort_order_id.reset();
  const CommitPlan plan =
      lake.Commit(lake.Request(Operation::kOverwrite, {deletes, FileOf("b", 2)}));
  const StringMap& summary = plan.next.current_snapshot()->summary;
  EXPECT_EQ(summary.at("operation"), "overwrite");
  EXPECT_EQ(summary.at("added-position-deletes"), "2");
  EXPECT_EQ(summary.at("total-delete-files"), "1");
  EXPECT_EQ(summary.at("total-records"), "12");
  EXPECT_EQ(plan.manifests.size(), 3U);
  const CommitPlan cleared = lake.Commit(lake.Request(Operation::kReplaceAll, {}));
  EXPECT_EQ(cleared.next.current_snapshot()->summary.at("removed-position-delete-files"), "1");
  EXPECT_EQ(cleared.next.current_snapshot()->summary.at("total-position-deletes"), "0");
}

TEST(Merging, SixteenManifestsOfATierBecomeOneOfTheNext) {
  Lake lake;
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(lake.Append({FileOf("a" + std::to_string(i), 1)}).replaced_manifests.size(), 0U);
  EXPECT_EQ(lake.List().size(), 16U);
  const CommitPlan merging = lake.Append({FileOf("last", 1)});
  EXPECT_EQ(merging.replaced_manifests.size(), 16U);
  ASSERT_EQ(merging.manifests.size(), 2U);
  EXPECT_EQ(merging.manifests[1].existing_files, 16);
  EXPECT_EQ(merging.manifests[1].min_sequence_number, 1);
  EXPECT_EQ(lake.Live().at(PathOf("a3")), 4);
  EXPECT_EQ(lake.Live().at(PathOf("last")), 17);
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
  Lake lake;
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
    const CommitPlan plan = lake.Append({FileOf("f" + std::to_string(i), 1)}, policy);
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
  EXPECT_EQ(lake.Live().size(), kCommits);
  EXPECT_EQ(lake.metadata().current_snapshot()->summary.at("total-records"),
            std::to_string(kCommits));
}

TEST(Upkeep, NothingExpiresThatAReaderStandsOn) {
  Lake lake;
  CommitPolicy policy;
  policy.snapshots_kept = 3;
  std::vector<int64_t> ids;
  std::set<int64_t> held;
  for (int i = 0; i < 10; ++i) {
    CommitRequest request = lake.Request(Operation::kAppend, {FileOf("f" + std::to_string(i), 1)});
    if (i == 4) held = {ids[3]};
    request.protected_snapshots = held;
    ids.push_back(request.snapshot_id);
    lake.Commit(request, policy);
  }
  const auto kept = [&] {
    std::vector<int64_t> made;
    for (const Snapshot& snapshot : lake.metadata().snapshots) made.push_back(snapshot.id);
    return made;
  };
  EXPECT_EQ(kept(), std::vector<int64_t>(ids.begin() + 3, ids.end()));
  const CommitPlan freed = lake.Append({FileOf("last", 1)}, policy);
  EXPECT_EQ(freed.expired.size(), 5U);
  EXPECT_EQ(freed.expired.front().id, ids[3]);
  EXPECT_EQ(lake.metadata().snapshots.size(), 3U);
  EXPECT_EQ(lake.metadata().snapshot_log.size(), 3U);
}

TEST(Upkeep, TagsAndBranchesOfOthersAreKept) {
  Lake lake;
  CommitPolicy policy;
  policy.snapshots_kept = 2;
  std::vector<int64_t> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(*lake.Append({FileOf("f" + std::to_string(i), 1)}).next.current_snapshot_id);
  TableMetadata base = lake.metadata();
  base.refs["tag"] = {.snapshot_id = ids[0],
                      .is_branch = false,
                      .min_snapshots_to_keep = {},
                      .max_snapshot_age_ms = {},
                      .max_ref_age_ms = {}};
  base.statistics = {{.snapshot_id = ids[1], .json = R"({"snapshot-id":1})"}};
  const auto plan = PlanCommit(base, lake.location(), lake.List(), {},
                               lake.Request(Operation::kAppend, {}), policy)
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
  EXPECT_TRUE(PlanCommit(base, lake.location(), lake.List(), {},
                         lake.Request(Operation::kAppend, {}), policy)
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

TEST(Metadata, ACommitOfMetadataAloneKeepsTheSnapshots) {
  Lake lake;
  lake.Append({FileOf("a", 1)});
  TableMetadata changed = lake.metadata();
  changed.properties["k"] = "v";
  const MetadataPlan plan = PlanMetadata(changed, lake.location(), "m-x", 1'700'000'009'000);
  EXPECT_EQ(plan.metadata.location, "file:///lake/raw/events/metadata/00002-m-x.metadata.json");
  EXPECT_EQ(plan.next.metadata_log.back().file, lake.location());
  EXPECT_EQ(plan.next.metadata_log.back().timestamp_ms, 1'700'000'001'000);
  EXPECT_EQ(ParseMetadata(plan.metadata.bytes).value(), plan.next);
  EXPECT_EQ(plan.next.current_snapshot_id, changed.current_snapshot_id);
}

TEST(SchemaChange, TravelsWithTheNextCommitAndOldManifestsStillMerge) {
  Lake lake({"region"});
  for (int i = 0; i < 16; ++i)
    lake.Append({FileOf("f" + std::to_string(i), 1, {std::string("eu")})});
  TableMetadata base = lake.metadata();
  // As if another engine had dropped the partition column and repartitioned.
  Schema narrow = base.schema();
  narrow.fields.pop_back();
  base = WithSchema(base, narrow);
  base.specs.push_back({.id = 1, .fields = {}});
  base.default_spec_id = 1;
  const std::vector<ManifestFile> list = lake.List();
  std::vector<LoadedManifest> loaded;
  for (const ManifestFile& manifest : list)
    loaded.push_back({.file = manifest, .entries = lake.Entries(manifest)});
  const auto plan = PlanCommit(base, lake.location(), list, loaded,
                               lake.Request(Operation::kAppend, {FileOf("n", 1)}));
  ASSERT_TRUE(plan) << plan.error().ToString();
  EXPECT_EQ(Rejections(*plan), std::vector<std::string>{});
  EXPECT_EQ(plan->manifests.size(), 2U);
  EXPECT_EQ(plan->manifests[0].spec_id, 1);
  EXPECT_EQ(plan->manifests[1].spec_id, 0);
  EXPECT_EQ(plan->next.current_snapshot()->schema_id, 1);
}

// A model of the live set against random histories.
TEST(History, LiveFilesAndTotalsAgreeWithAModel) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    env::SeededRandom random(seed);
    Lake lake({"bucket(3, id)"});
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
      CommitRequest request = lake.Request(operation, added);
      if (operation == Operation::kOverwrite)
        for (const auto& [path, rows] : model)
          if (random.Next() % 4 == 0) request.removed.insert(path);
      if (operation == Operation::kReplaceAll) model.clear();
      for (const std::string& path : request.removed) model.erase(path);
      for (const DataFile& file : added) model[file.path] = file.record_count;
      const CommitPlan plan = lake.Commit(request, policy);

      const auto live = lake.Live();
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

#include "iceberg/snapshot_update.h"

#include <gtest/gtest.h>

#include "iceberg/memory_table_internal.h"

namespace weir::iceberg {
namespace {

TEST(Append, TheFirstCommitMakesTheFirstSnapshot) {
  MemoryTable table({"day(ts)"});
  CommitRequest request = table.Request(
      Operation::kAppend, {FileOf("a", 10, {int32_t{1}}), FileOf("b", 5, {int32_t{2}})});
  request.summary = {{"weir.batch", "p/1/1"}, {"operation", "never"}};
  request.properties = {{"weir.last", "1"}};
  const CommitPlan plan = table.Commit(request);
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
  EXPECT_EQ(table.Live(), (std::map<std::string, int64_t>{{PathOf("a"), 1}, {PathOf("b"), 1}}));
}

TEST(Append, TheSecondCommitCarriesTheFirst) {
  MemoryTable table;
  const CommitPlan first = table.Append({FileOf("a", 10)});
  const CommitPlan second = table.Append({FileOf("b", 5)});
  EXPECT_EQ(second.next.current_snapshot()->parent_id, first.next.current_snapshot_id);
  EXPECT_EQ(second.next.current_snapshot()->summary.at("total-records"), "15");
  EXPECT_EQ(second.next.current_snapshot()->summary.at("total-files-size"), "1500");
  EXPECT_EQ(second.manifests.size(), 2U);
  EXPECT_EQ(second.manifests[1], first.manifests[0]);
  EXPECT_EQ(table.Live(), (std::map<std::string, int64_t>{{PathOf("a"), 1}, {PathOf("b"), 2}}));
}

TEST(Append, ABatchWithoutRowsStillLeavesItsMarker) {
  MemoryTable table;
  CommitRequest request = table.Request(Operation::kAppend, {});
  request.summary["weir.batch"] = "p/1/1";
  const CommitPlan plan = table.Commit(request);
  EXPECT_EQ(plan.files.size(), 1U);
  EXPECT_EQ(plan.next.current_snapshot()->operation(), "append");
  EXPECT_TRUE(table.Live().empty());
}

TEST(Append, ALostRaceIsRebasedByPlanningAgain) {
  MemoryTable table;
  CommitRequest slow = table.Request(Operation::kAppend, {FileOf("slow", 1)});
  const CommitPlan lost = table.Plan(slow).value();
  table.Append({FileOf("quick", 1)});
  slow.attempt = 2;
  slow.metadata_uuid = "m-again";
  const CommitPlan won = table.Commit(slow);
  EXPECT_NE(lost.files[0].location, won.files[0].location);
  EXPECT_EQ(won.next.current_snapshot()->sequence_number, 2);
  EXPECT_EQ(table.Live(),
            (std::map<std::string, int64_t>{{PathOf("quick"), 1}, {PathOf("slow"), 2}}));
}

TEST(Append, TimeNeverRunsBackwards) {
  MemoryTable table;
  table.Append({FileOf("a", 1)});
  CommitRequest request = table.Request(Operation::kAppend, {FileOf("b", 1)});
  request.timestamp_ms = 5;
  const CommitPlan plan = table.Commit(request);
  EXPECT_EQ(plan.next.last_updated_ms, 1'700'000'001'000);
  EXPECT_EQ(plan.next.current_snapshot()->timestamp_ms, 1'700'000'001'000);
}

TEST(Append, RequestsThatDoNotFitAreRefused) {
  MemoryTable table({"day(ts)"});
  const CommitPlan first = table.Append({FileOf("a", 1, {int32_t{1}})});
  CommitRequest twice = table.Request(Operation::kAppend, {});
  twice.snapshot_id = *first.next.current_snapshot_id;
  EXPECT_EQ(table.Plan(twice).error().code, "iceberg.snapshot_exists");
  EXPECT_EQ(table.Plan(table.Request(Operation::kAppend, {FileOf("b", 1)})).error().code,
            "iceberg.added_file");
  DataFile relative = FileOf("b", 1, {int32_t{1}});
  relative.path = "data/b.parquet";
  EXPECT_EQ(table.Plan(table.Request(Operation::kAppend, {relative})).error().code,
            "iceberg.added_file");
}

TEST(Overwrite, TakesOutTheNamedFilesAndKeepsTheNumbersOfTheRest) {
  MemoryTable table;
  table.Append({FileOf("a", 10), FileOf("b", 5)});
  table.Append({FileOf("c", 1)});
  CommitRequest request = table.Request(Operation::kOverwrite, {FileOf("a2", 11)});
  request.removed = {PathOf("a")};
  const CommitPlan plan = table.Commit(request);
  const StringMap& summary = plan.next.current_snapshot()->summary;
  EXPECT_EQ(summary.at("operation"), "overwrite");
  EXPECT_EQ(summary.at("deleted-records"), "10");
  EXPECT_EQ(summary.at("removed-files-size"), "1000");
  EXPECT_EQ(summary.at("total-records"), "17");
  EXPECT_EQ(summary.at("total-files-size"), "1700");
  EXPECT_EQ(table.Live(), (std::map<std::string, int64_t>{
                              {PathOf("a2"), 3}, {PathOf("b"), 1}, {PathOf("c"), 2}}));
  ASSERT_EQ(plan.replaced_manifests.size(), 1U);

  int deleted = 0;
  for (const ManifestFile& manifest : table.List())
    for (const ManifestEntry& entry : table.Entries(manifest))
      if (entry.status == EntryStatus::kDeleted) {
        ++deleted;
        EXPECT_EQ(entry.file.path, PathOf("a"));
        EXPECT_EQ(entry.snapshot_id, request.snapshot_id);
        EXPECT_EQ(entry.sequence_number, 1);
      }
  EXPECT_EQ(deleted, 1);
  // Deleted entries stand in the snapshot that deleted them, and in no later one.
  const CommitPlan next = table.Append({FileOf("d", 1)});
  for (const ManifestFile& manifest : next.manifests) EXPECT_EQ(manifest.deleted_files, 0);
}

TEST(Overwrite, AFileThatIsGoneAlreadyIsAConflict) {
  MemoryTable table;
  table.Append({FileOf("a", 10)});
  CommitRequest request = table.Request(Operation::kOverwrite, {});
  request.removed = {PathOf("a"), PathOf("b")};
  const auto plan = table.Plan(request);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "iceberg.removed_file");
  EXPECT_EQ(plan.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(plan.error().message, "1 of 2 files to replace are not in the table any more");
  request.removed = {PathOf("a")};
  EXPECT_EQ(table.Commit(request).next.current_snapshot()->operation(), "delete");
  EXPECT_TRUE(table.Live().empty());
}

TEST(Overwrite, EntriesThatAreNeededMustBeGiven) {
  MemoryTable table;
  table.Append({FileOf("a", 10)});
  const auto plan = PlanCommit(table.metadata(), table.location(), table.List(), {},
                               table.Request(Operation::kReplaceAll, {}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, "iceberg.not_loaded");
}

TEST(ReplaceAll, LeavesOnlyTheNewFiles) {
  MemoryTable table({"region"});
  for (int i = 0; i < 20; ++i)
    table.Append({FileOf("a" + std::to_string(i), 10, {std::string(i % 2 == 0 ? "eu" : "us")})});
  const CommitPlan plan =
      table.Commit(table.Request(Operation::kReplaceAll, {FileOf("new", 3, {std::monostate{}})}));
  EXPECT_EQ(plan.next.current_snapshot()->summary.at("deleted-data-files"), "20");
  EXPECT_EQ(plan.next.current_snapshot()->summary.at("total-data-files"), "1");
  EXPECT_EQ(plan.next.current_snapshot()->summary.at("changed-partition-count"), "3");
  EXPECT_EQ(plan.manifests.size(), 2U);
  EXPECT_EQ(table.Live(), (std::map<std::string, int64_t>{{PathOf("new"), 21}}));
  EXPECT_EQ(
      table.Commit(table.Request(Operation::kReplaceAll, {})).next.current_snapshot()->operation(),
      "delete");
}

TEST(Compact, KeepsTheSequenceNumberOfTheRowsAndMayNotAddAny) {
  MemoryTable table;
  table.Append({FileOf("a", 10)});
  table.Append({FileOf("b", 5)});
  CommitRequest request = table.Request(Operation::kCompact, {FileOf("ab", 16)});
  request.removed = {PathOf("a"), PathOf("b")};
  request.added_sequence_number = 2;
  EXPECT_EQ(table.Plan(request).error().code, "iceberg.added_file");
  request.added = {FileOf("ab", 15)};
  EXPECT_EQ(table.Commit(request).next.current_snapshot()->operation(), "replace");
  EXPECT_EQ(table.Live(), (std::map<std::string, int64_t>{{PathOf("ab"), 2}}));
}

TEST(Deletes, PositionDeleteFilesGetManifestsOfTheirOwn) {
  MemoryTable table;
  table.Append({FileOf("a", 10)});
  DataFile deletes = FileOf("a-deletes", 2);
  deletes.content = FileContent::kPositionDeletes;
  deletes.sort_order_id.reset();
  const CommitPlan plan =
      table.Commit(table.Request(Operation::kOverwrite, {deletes, FileOf("b", 2)}));
  const StringMap& summary = plan.next.current_snapshot()->summary;
  EXPECT_EQ(summary.at("operation"), "overwrite");
  EXPECT_EQ(summary.at("added-position-deletes"), "2");
  EXPECT_EQ(summary.at("total-delete-files"), "1");
  EXPECT_EQ(summary.at("total-records"), "12");
  EXPECT_EQ(plan.manifests.size(), 3U);
  const CommitPlan cleared = table.Commit(table.Request(Operation::kReplaceAll, {}));
  EXPECT_EQ(cleared.next.current_snapshot()->summary.at("removed-position-delete-files"), "1");
  EXPECT_EQ(cleared.next.current_snapshot()->summary.at("total-position-deletes"), "0");
}

TEST(Metadata, ACommitOfMetadataAloneKeepsTheSnapshots) {
  MemoryTable table;
  table.Append({FileOf("a", 1)});
  TableMetadata changed = table.metadata();
  changed.properties["k"] = "v";
  const MetadataPlan plan = PlanMetadata(changed, table.location(), "m-x", 1'700'000'009'000);
  EXPECT_EQ(plan.metadata.location, "file:///lake/raw/events/metadata/00002-m-x.metadata.json");
  EXPECT_EQ(plan.next.metadata_log.back().file, table.location());
  EXPECT_EQ(plan.next.metadata_log.back().timestamp_ms, 1'700'000'001'000);
  EXPECT_EQ(ParseMetadata(plan.metadata.bytes).value(), plan.next);
  EXPECT_EQ(plan.next.current_snapshot_id, changed.current_snapshot_id);
}

TEST(SchemaChange, TravelsWithTheNextCommitAndOldManifestsStillMerge) {
  MemoryTable table({"region"});
  for (int i = 0; i < 16; ++i)
    table.Append({FileOf("f" + std::to_string(i), 1, {std::string("eu")})});
  TableMetadata base = table.metadata();
  // As if another engine had dropped the partition column and repartitioned.
  Schema narrow = base.schema();
  narrow.fields.pop_back();
  base = WithSchema(base, narrow);
  base.specs.push_back({.id = 1, .fields = {}});
  base.default_spec_id = 1;
  const std::vector<ManifestFile> list = table.List();
  std::vector<LoadedManifest> loaded;
  for (const ManifestFile& manifest : list)
    loaded.push_back({.file = manifest, .entries = table.Entries(manifest)});
  const auto plan = PlanCommit(base, table.location(), list, loaded,
                               table.Request(Operation::kAppend, {FileOf("n", 1)}));
  ASSERT_TRUE(plan) << plan.error().ToString();
  EXPECT_EQ(Rejections(*plan), std::vector<std::string>{});
  EXPECT_EQ(plan->manifests.size(), 2U);
  EXPECT_EQ(plan->manifests[0].spec_id, 1);
  EXPECT_EQ(plan->manifests[1].spec_id, 0);
  EXPECT_EQ(plan->next.current_snapshot()->schema_id, 1);
}

}  // namespace
}  // namespace weir::iceberg

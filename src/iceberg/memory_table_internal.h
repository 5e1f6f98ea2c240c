// A table whose files are in memory: tests commit to it as the table room does, reading back bytes.
// Included by *_test.cc only.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "env/random.h"
#include "iceberg/rejections_internal.h"
#include "iceberg/snapshot_update.h"
#include "iceberg/testing_internal.h"

namespace weir::iceberg {

class MemoryTable {
 public:
  explicit MemoryTable(const std::vector<std::string>& partition_by = {}) {
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

inline std::string PathOf(const std::string& name) { return FileOf(name, 1).path; }

}  // namespace weir::iceberg

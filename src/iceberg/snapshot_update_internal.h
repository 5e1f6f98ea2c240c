// The parts of a commit: which manifests merge, what the summary says, what expires.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "iceberg/snapshot_update.h"

namespace weir::iceberg {

// Groups of manifests that become one each. Positions in `manifests`; those in `apart` do not
// count.
std::vector<std::vector<size_t>> MergeGroups(std::span<const ManifestFile> manifests,
                                             const std::set<size_t>& apart,
                                             const CommitPolicy& policy);

// Files and rows that one commit adds and removes.
class SummaryBuilder {
 public:
  void Add(const DataFile& file) { Count(file, added_); }
  void Remove(const DataFile& file) { Count(file, removed_); }

  bool adds_data() const { return added_.data_files != 0; }
  bool adds_deletes() const { return added_.delete_files() != 0; }
  bool removes() const { return removed_.data_files + removed_.delete_files() != 0; }
  int64_t added_records() const { return added_.records; }
  int64_t removed_records() const { return removed_.records; }

  int64_t manifests_created = 0;
  int64_t manifests_kept = 0;
  int64_t manifests_replaced = 0;

  // `previous` is the parent's summary (null: the first snapshot), `manifests` the new list, from
  // which totals are counted, so that they are right even if the parent's were not.
  StringMap Finish(Operation operation, const StringMap* previous,
                   std::span<const ManifestFile> manifests) const;

 private:
  struct Tally {
    int64_t data_files = 0;
    int64_t records = 0;
    int64_t bytes = 0;
    int64_t position_delete_files = 0;
    int64_t position_deletes = 0;
    int64_t equality_delete_files = 0;
    int64_t equality_deletes = 0;
    int64_t delete_files() const { return position_delete_files + equality_delete_files; }
  };
  using Partition = std::pair<int32_t, PartitionTuple>;  // Spec and values.
  struct PartitionLess {
    bool operator()(const Partition& left, const Partition& right) const;
  };
  void Count(const DataFile& file, Tally& tally);
  static void Write(StringMap& summary, const Tally& tally, bool adding);

  Tally added_;
  Tally removed_;
  std::set<Partition, PartitionLess> partitions_;
};

// Takes the snapshots out of `metadata` that policy and protection do not keep, with all that names
// them, and returns them, oldest first.
std::vector<Snapshot> Expire(TableMetadata& metadata, const std::set<int64_t>& protected_snapshots,
                             size_t snapshots_kept);

// Adds the base's file to the log, cuts the log and returns what fell out.
std::vector<std::string> LogMetadata(TableMetadata& metadata, int64_t base_updated_ms,
                                     const std::string& base_location, size_t files_kept);

}  // namespace weir::iceberg

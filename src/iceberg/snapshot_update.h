// The next state of a table, decided purely: which files to write and what they say.
//
//   NeededManifests(...) -> the caller reads and decodes those -> PlanCommit(...) -> the caller
//   writes plan.files in order, then plan.metadata, then moves the catalog's pointer from
//   `base_location`. A lost race: read the new base and call again with the same request (and
//   `attempt` + 1); staged data files stay valid. Nothing here is ever written to twice under one
//   name.
//
// Cost. A commit's work does not grow with the number of commits before it: metadata holds at most
// policy.snapshots_kept snapshots and policy.metadata_files_kept log entries, and manifests are
// merged by tiers. The tier of a manifest is floor(log16(its live files)); as soon as a tier of one
// spec holds 16 of them, those become one manifest of the tier above. So at most 15 manifests per
// tier remain (about 15 * log16(files)), and an entry is rewritten once per tier: 3 times for 4,096
// files. Manifests above policy.manifest_bytes_target are never merged again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/metadata.h"

namespace weir::iceberg {

enum class Operation : uint8_t {
  kAppend,      // `added` joins what is there.
  kOverwrite,   // `removed` goes, `added` comes; either may be empty.
  kReplaceAll,  // Every live file goes, `added` comes.
  kCompact,     // As kOverwrite, but the rows stay the same (Iceberg's "replace").
};

struct CommitPolicy {
  size_t manifests_before_merge = kManifestsBeforeMerge;
  int64_t manifest_bytes_target = 8 * 1024 * 1024;
  size_t snapshots_kept = kSnapshotsKept;
  size_t metadata_files_kept = kMetadataFilesKept;
};

struct CommitRequest {
  Operation operation = Operation::kAppend;
  std::vector<DataFile> added;  // With tuples of the table's default spec.
  std::set<std::string>
      removed;  // Paths of live data or delete files; kOverwrite and kCompact only.
  // kCompact: the data sequence number of the rows, that is of the snapshot they were read from.
  std::optional<int64_t> added_sequence_number;
  int64_t snapshot_id = 0;
  std::string commit_uuid;    // In the names of manifests and of the list.
  std::string metadata_uuid;  // In the name of the metadata file.
  int attempt = 1;            // Of this request; part of every name.
  int64_t timestamp_ms = 0;   // Raised to the base's last_updated_ms where it lies before.
  StringMap summary;          // Joins the snapshot's summary: the marker of the batch.
  StringMap properties;       // Joins the table's properties in the same commit.
  // Snapshots that readers stand on: neither they nor anything newer expires.
  std::set<int64_t> protected_snapshots;
};

// A manifest's line and its decoded entries.
struct LoadedManifest {
  ManifestFile file;
  std::vector<ManifestEntry> entries;
};

struct PlannedFile {
  std::string location;  // Full URI.
  std::string bytes;
};

struct CommitPlan {
  std::vector<PlannedFile>
      files;  // Manifests, then the manifest list: durable before the metadata.
  PlannedFile metadata;
  TableMetadata next;                   // What `metadata` says.
  std::vector<ManifestFile> manifests;  // What the new manifest list says.

  // No longer reachable once the commit has succeeded. For upkeep, aged; never at once.
  std::vector<Snapshot> expired;                 // Their manifest lists are dead.
  std::vector<std::string> old_metadata;         // Fell out of the metadata log.
  std::vector<ManifestFile> replaced_manifests;  // Dead when no snapshot that is left lists them.
};

// Which of `manifests` (the current snapshot's list) PlanCommit must be given with their entries:
// the ones to merge, or for operations that remove, all that hold live files.
std::vector<ManifestFile> NeededManifests(std::span<const ManifestFile> manifests,
                                          const CommitRequest& request,
                                          const CommitPolicy& policy = {});

// `base` was read from `base_location` (empty: a table not yet in the catalog), possibly changed
// since by WithSchema. `manifests` is its current snapshot's list (empty: no snapshot), `loaded`
// holds at least NeededManifests. Errors: iceberg.removed_file (kConflict: a file to remove is not
// live any more), iceberg.not_loaded (kInvalid), iceberg.snapshot_exists (kInvalid),
// iceberg.added_file (kInvalid: a file lacks a full URI or its tuple does not fit the spec), those
// of EncodeManifest.
Result<CommitPlan> PlanCommit(const TableMetadata& base, const std::string& base_location,
                              std::span<const ManifestFile> manifests,
                              std::span<const LoadedManifest> loaded, const CommitRequest& request,
                              const CommitPolicy& policy = {});

// A commit that changes metadata alone (schema, properties, the creation of a table).
// `changed` is the base with the change made.
struct MetadataPlan {
  PlannedFile metadata;
  TableMetadata next;
  std::vector<std::string> old_metadata;
};
MetadataPlan PlanMetadata(const TableMetadata& changed, const std::string& base_location,
                          const std::string& metadata_uuid, int64_t timestamp_ms,
                          const CommitPolicy& policy = {});

// Manifests that some list of `expired` names and no list of `retained` does. `retained` must hold
// the lists of *all* snapshots left. The files of kDeleted entries in a dead manifest are dead data
// files, if main is the table's only ref.
std::vector<ManifestFile> DeadManifests(std::span<const std::vector<ManifestFile>> expired,
                                        std::span<const std::vector<ManifestFile>> retained);

}  // namespace weir::iceberg

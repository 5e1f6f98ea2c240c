// Manifests and manifest lists: Avro files that name the data files of a snapshot. Bytes in, values
// out. Pure; threads: any. Decoding takes bytes as untrusted: any input ends in a value or an
// error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/bounds.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/value.h"

namespace weir::iceberg {

enum class FileContent : int32_t { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };
enum class ManifestContent : int32_t { kData = 0, kDeletes = 1 };
enum class EntryStatus : int32_t { kExisting = 0, kAdded = 1, kDeleted = 2 };

struct DataFile {
  FileContent content = FileContent::kData;
  std::string path;  // Full URI; written byte for byte the same everywhere.
  std::string format = "PARQUET";
  int32_t spec_id = 0;       // Not in the file: that of its manifest.
  PartitionTuple partition;  // In the order of that spec.
  int64_t record_count = 0;
  int64_t file_size = 0;  // In bytes, exact.
  Metrics metrics;
  std::optional<std::string> key_metadata;
  std::vector<int64_t> split_offsets;  // Where row groups begin; ascending; empty: unknown.
  std::vector<int32_t> equality_ids;   // Of kEqualityDeletes.
  std::optional<int32_t> sort_order_id;
  std::optional<std::string> referenced_data_file;  // Of kPositionDeletes for one data file.
  friend bool operator==(const DataFile&, const DataFile&) = default;
};

// A file's place in history. Numbers that are empty are inherited from the manifest; DecodeManifest
// has filled them already.
struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  std::optional<int64_t> snapshot_id;           // That added it, or that deleted it (kDeleted).
  std::optional<int64_t> sequence_number;       // Of its data.
  std::optional<int64_t> file_sequence_number;  // Of the snapshot that added the file.
  DataFile file;

  bool live() const { return status != EntryStatus::kDeleted; }
  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

// What all of a manifest's files have in one partition field.
struct FieldSummary {
  bool contains_null = false;
  std::optional<bool> contains_nan;
  std::optional<std::string> lower_bound;  // EncodeValue of the field's result type.
  std::optional<std::string> upper_bound;
  friend bool operator==(const FieldSummary&, const FieldSummary&) = default;
};

// A line of a manifest list.
struct ManifestFile {
  std::string path;    // Full URI.
  int64_t length = 0;  // In bytes, exact.
  int32_t spec_id = 0;
  ManifestContent content = ManifestContent::kData;
  int64_t sequence_number = 0;      // Of the snapshot that wrote it.
  int64_t min_sequence_number = 0;  // The least among its live entries.
  int64_t added_snapshot_id = 0;
  int32_t added_files = 0;
  int32_t existing_files = 0;
  int32_t deleted_files = 0;
  int64_t added_rows = 0;
  int64_t existing_rows = 0;
  int64_t deleted_rows = 0;
  std::vector<FieldSummary> partitions;  // One per field of the spec, or none.
  std::optional<std::string> key_metadata;

  int64_t live_files() const { return int64_t{added_files} + existing_files; }
  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct ManifestHeader {
  Schema schema;  // Of the table.
  PartitionSpec spec;
  ManifestContent content = ManifestContent::kData;
  int64_t snapshot_id = 0;      // That writes it.
  int64_t sequence_number = 0;  // Of that snapshot; stands in the list, not in the manifest.
};

struct EncodedManifest {
  std::string bytes;
  ManifestFile file;  // All but `path`; `length` is bytes.size().
};

// Invariants (checked): not empty; kExisting and kDeleted entries have all three numbers; a tuple
// has one value per field of the spec; entries' content fits the header's. Error: those of
// PartitionTypes.
Result<EncodedManifest> EncodeManifest(const ManifestHeader& header,
                                       std::span<const ManifestEntry> entries);

// `listed` is the manifest's line in the list (numbers are inherited from it), `spec` the spec of
// listed.spec_id. Errors: iceberg.avro_corrupt (kCorrupt), iceberg.avro_codec (kUnsupported).
Result<std::vector<ManifestEntry>> DecodeManifest(std::string_view bytes,
                                                  const ManifestFile& listed,
                                                  const PartitionSpec& spec);

struct ManifestListHeader {
  int64_t snapshot_id = 0;
  std::optional<int64_t> parent_snapshot_id;
  int64_t sequence_number = 0;
};

std::string EncodeManifestList(const ManifestListHeader& header,
                               std::span<const ManifestFile> manifests);

// Errors as DecodeManifest.
Result<std::vector<ManifestFile>> DecodeManifestList(std::string_view bytes);

}  // namespace weir::iceberg

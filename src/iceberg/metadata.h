// TableMetadata: the JSON file that is a table's state. The catalog points at one; a commit writes
// the next and moves the pointer. Format version 2. Pure; threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/snapshot.h"

namespace weir::iceberg {

struct SnapshotRef {
  int64_t snapshot_id = 0;
  bool is_branch = true;  // Else a tag.
  std::optional<int64_t> min_snapshots_to_keep;
  std::optional<int64_t> max_snapshot_age_ms;
  std::optional<int64_t> max_ref_age_ms;
  friend bool operator==(const SnapshotRef&, const SnapshotRef&) = default;
};

struct SnapshotLogEntry {
  int64_t timestamp_ms = 0;
  int64_t snapshot_id = 0;
  friend bool operator==(const SnapshotLogEntry&, const SnapshotLogEntry&) = default;
};

struct MetadataLogEntry {
  int64_t timestamp_ms = 0;
  std::string file;
  friend bool operator==(const MetadataLogEntry&, const MetadataLogEntry&) = default;
};

// Statistics of a snapshot by another engine: carried along, dropped with their snapshot.
struct StatisticsEntry {
  int64_t snapshot_id = 0;
  std::string json;
  friend bool operator==(const StatisticsEntry&, const StatisticsEntry&) = default;
};

struct TableMetadata {
  std::string table_uuid;
  std::string location;  // Full URI, no final slash.
  int64_t last_sequence_number = 0;
  int64_t last_updated_ms = 0;
  int32_t last_column_id = 0;
  int32_t current_schema_id = 0;
  std::vector<Schema> schemas;
  int32_t default_spec_id = 0;
  std::vector<PartitionSpec> specs;
  int32_t last_partition_id = kLastPartitionIdOfNone;
  int32_t default_sort_order_id = 0;
  std::string sort_orders_json;  // The array as read; ours is the one unsorted order.
  StringMap properties;
  std::optional<int64_t> current_snapshot_id;
  std::map<std::string, SnapshotRef> refs;
  SnapshotList snapshots;  // Oldest first.
  std::vector<SnapshotLogEntry> snapshot_log;
  std::vector<MetadataLogEntry> metadata_log;
  std::vector<StatisticsEntry> statistics;
  std::vector<StatisticsEntry> partition_statistics;
  StringMap unknown;  // Top-level members that this version does not know: name to JSON text.

  // Invariant (of a validated value): they exist.
  const Schema& schema() const;
  const PartitionSpec& spec() const;
  const PartitionSpec* FindSpec(int32_t id) const;
  const Schema* FindSchema(int32_t id) const;
  const Snapshot* FindSnapshot(int64_t id) const;
  const Snapshot* current_snapshot() const;  // Null: the table is empty.
  friend bool operator==(const TableMetadata&, const TableMetadata&) = default;
};

// Parses and validates. Errors: iceberg.metadata_corrupt (kCorrupt), iceberg.format_version
// (kUnsupported) for anything but version 2, and those of Validate.
Result<TableMetadata> ParseMetadata(std::string_view json);
std::string ToJson(const TableMetadata& metadata);

// The checks that readers make on load: ids exist, refs.main is the current snapshot, sequence
// numbers and logs in order (one minute of clock skew is allowed). Error iceberg.metadata_invalid
// (kCorrupt).
Result<void> Validate(const TableMetadata& metadata);

struct NewTableRequest {
  std::string location;  // Full URI.
  std::string table_uuid;
  int64_t timestamp_ms = 0;
  Schema schema;       // Of FromColumnar.
  PartitionSpec spec;  // Of ParsePartitionSpec; empty: not partitioned.
  StringMap properties;
};
TableMetadata NewTable(NewTableRequest request);

// `metadata` with `schema` current: an equal one is used again, else it is added under the next id.
TableMetadata WithSchema(TableMetadata metadata, Schema schema);

// `metadata` with a spec of these fields as the default: an equal one is used again, else it is
// added under the next id. Partition fields that some spec of the table has keep their ids.
TableMetadata WithSpec(TableMetadata metadata, PartitionSpec spec);

// The first 00000, then one more than the number in `previous`:
// "<folder>/00003-<uuid>.metadata.json". `folder` is MetadataFolder; `previous` may be empty (no
// file yet).
std::string NextMetadataLocation(std::string_view folder, std::string_view previous,
                                 std::string_view uuid);
// "<location>/metadata", "<location>/data", unless the table's properties say otherwise.
std::string MetadataFolder(const TableMetadata& metadata);
std::string DataFolder(const TableMetadata& metadata);

// A snapshot's id from 64 random bits: positive. The caller draws again if the table has it.
int64_t SnapshotIdFrom(uint64_t random);

// "/a/b" -> "file:///a/b". Invariant (checked): absolute.
std::string FileUri(std::string_view path);
// "file:///a/b", "file:/a/b" or "/a/b" -> "/a/b", byte for byte (names are not percent-decoded, as
// in every Iceberg reader). Error iceberg.not_local (kUnsupported).
Result<std::string> LocalPath(std::string_view uri);

}  // namespace weir::iceberg

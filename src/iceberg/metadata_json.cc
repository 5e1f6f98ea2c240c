// TableMetadata as JSON, both ways.
#include <algorithm>
#include <array>

#include "iceberg/json_internal.h"
#include "iceberg/metadata.h"

namespace weir::iceberg {
namespace {

constexpr std::array<std::string_view, 21> kKnown = {
    "format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms",
    "last-column-id", "current-schema-id", "schemas", "default-spec-id", "partition-specs",
    "last-partition-id", "default-sort-order-id", "sort-orders", "properties", "current-snapshot-id",
    "refs", "snapshots", "snapshot-log", "metadata-log", "statistics", "partition-statistics"};

// Calls `read(element)` for each element of the array `key`, which may be missing.
template <class Read>
Result<void> ForEach(const Json& object, const char* key, Read read) {
  const Json* array = FindMember(object, key);
  if (array == nullptr) return {};
  if (!array->is_array()) return CorruptMetadata(std::string("member '") + key + "' is not an array");
  for (const Json& element : *array) {
    Result<void> done = read(element);
    if (!done)
      return Fail(WithContext(std::move(done).error(), std::string("in '") + key + "'"));
  }
  return {};
}

Result<Snapshot> SnapshotFromJson(const Json& json) {
  Snapshot snapshot;
  WEIR_ASSIGN(snapshot.id, IntMember(json, "snapshot-id"));
  WEIR_ASSIGN(snapshot.parent_id, OptionalInt(json, "parent-snapshot-id"));
  WEIR_ASSIGN(const auto sequence_number, OptionalInt(json, "sequence-number"));
  snapshot.sequence_number = sequence_number.value_or(0);
  WEIR_ASSIGN(snapshot.timestamp_ms, IntMember(json, "timestamp-ms"));
  WEIR_ASSIGN(snapshot.manifest_list, StringMember(json, "manifest-list"));
  WEIR_ASSIGN(snapshot.summary, OptionalStrings(json, "summary"));
  if (FindMember(json, "schema-id") != nullptr) {
    WEIR_ASSIGN(snapshot.schema_id, Int32Member(json, "schema-id"));
  }
  return snapshot;
}

Result<SnapshotRef> RefFromJson(const Json& json) {
  SnapshotRef ref;
  WEIR_ASSIGN(ref.snapshot_id, IntMember(json, "snapshot-id"));
  WEIR_ASSIGN(const std::string type, StringMember(json, "type"));
  ref.is_branch = type != "tag";
  WEIR_ASSIGN(ref.min_snapshots_to_keep, OptionalInt(json, "min-snapshots-to-keep"));
  WEIR_ASSIGN(ref.max_snapshot_age_ms, OptionalInt(json, "max-snapshot-age-ms"));
  WEIR_ASSIGN(ref.max_ref_age_ms, OptionalInt(json, "max-ref-age-ms"));
  return ref;
}

Result<void> ReadStatistics(const Json& json, const char* key, std::vector<StatisticsEntry>& into) {
  return ForEach(json, key, [&](const Json& element) -> Result<void> {
    StatisticsEntry entry;
    WEIR_ASSIGN(entry.snapshot_id, IntMember(element, "snapshot-id"));
    entry.json = Print(element);
    into.push_back(std::move(entry));
    return {};
  });
}

Result<void> ReadSnapshots(const Json& json, TableMetadata& metadata) {
  WEIR_ASSIGN(metadata.current_snapshot_id, OptionalInt(json, "current-snapshot-id"));
  if (metadata.current_snapshot_id == -1) metadata.current_snapshot_id.reset();
  WEIR_TRY(ForEach(json, "snapshots", [&](const Json& element) -> Result<void> {
    WEIR_ASSIGN(Snapshot snapshot, SnapshotFromJson(element));
    metadata.snapshots.push_back(std::move(snapshot));
    return {};
  }));
  std::stable_sort(metadata.snapshots.begin(), metadata.snapshots.end(),
                   [](const Snapshot& a, const Snapshot& b) { return a.sequence_number < b.sequence_number; });
  if (const Json* refs = FindMember(json, "refs")) {
    if (!refs->is_object()) return CorruptMetadata("member 'refs' is not an object");
    for (const auto& [name, value] : refs->items()) {
      WEIR_ASSIGN(metadata.refs[name], RefFromJson(value));
    }
  }
  if (metadata.current_snapshot_id && !metadata.refs.contains("main"))
    metadata.refs["main"].snapshot_id = *metadata.current_snapshot_id;
  WEIR_TRY(ForEach(json, "snapshot-log", [&](const Json& element) -> Result<void> {
    SnapshotLogEntry entry;
    WEIR_ASSIGN(entry.timestamp_ms, IntMember(element, "timestamp-ms"));
    WEIR_ASSIGN(entry.snapshot_id, IntMember(element, "snapshot-id"));
    metadata.snapshot_log.push_back(entry);
    return {};
  }));
  WEIR_TRY(ForEach(json, "metadata-log", [&](const Json& element) -> Result<void> {
    MetadataLogEntry entry;
    WEIR_ASSIGN(entry.timestamp_ms, IntMember(element, "timestamp-ms"));
    WEIR_ASSIGN(entry.file, StringMember(element, "metadata-file"));
    metadata.metadata_log.push_back(std::move(entry));
    return {};
  }));
  WEIR_TRY(ReadStatistics(json, "statistics", metadata.statistics));
  return ReadStatistics(json, "partition-statistics", metadata.partition_statistics);
}

Result<void> ReadShape(const Json& json, TableMetadata& metadata) {
  WEIR_ASSIGN(metadata.last_column_id, Int32Member(json, "last-column-id"));
  WEIR_ASSIGN(metadata.current_schema_id, Int32Member(json, "current-schema-id"));
  WEIR_ASSIGN(metadata.default_spec_id, Int32Member(json, "default-spec-id"));
  WEIR_ASSIGN(metadata.last_partition_id, Int32Member(json, "last-partition-id"));
  WEIR_ASSIGN(metadata.default_sort_order_id, Int32Member(json, "default-sort-order-id"));
  WEIR_TRY(ForEach(json, "schemas", [&](const Json& element) -> Result<void> {
    WEIR_ASSIGN(Schema schema, SchemaFromJson(element));
    metadata.schemas.push_back(std::move(schema));
    return {};
  }));
  WEIR_TRY(ForEach(json, "partition-specs", [&](const Json& element) -> Result<void> {
    WEIR_ASSIGN(PartitionSpec spec, SpecFromJson(element));
    metadata.specs.push_back(std::move(spec));
    return {};
  }));
  WEIR_ASSIGN(const Json* orders, ArrayMember(json, "sort-orders"));
  metadata.sort_orders_json = Print(*orders);
  return {};
}

Json SnapshotJson(const Snapshot& snapshot) {
  Json json = {{"sequence-number", snapshot.sequence_number}, {"snapshot-id", snapshot.id}};
  if (snapshot.parent_id) json["parent-snapshot-id"] = *snapshot.parent_id;
  json["timestamp-ms"] = snapshot.timestamp_ms;
  json["summary"] = snapshot.summary;
  json["manifest-list"] = snapshot.manifest_list;
  if (snapshot.schema_id) json["schema-id"] = *snapshot.schema_id;
  return json;
}

Json RefJson(const SnapshotRef& ref) {
  Json json = {{"snapshot-id", ref.snapshot_id}, {"type", ref.is_branch ? "branch" : "tag"}};
  if (ref.min_snapshots_to_keep) json["min-snapshots-to-keep"] = *ref.min_snapshots_to_keep;
  if (ref.max_snapshot_age_ms) json["max-snapshot-age-ms"] = *ref.max_snapshot_age_ms;
  if (ref.max_ref_age_ms) json["max-ref-age-ms"] = *ref.max_ref_age_ms;
  return json;
}

Json StatisticsJson(const std::vector<StatisticsEntry>& entries) {
  Json array = Json::array();
  for (const StatisticsEntry& entry : entries) array.push_back(Json::parse(entry.json, nullptr, false));
  return array;
}

}  // namespace

Result<TableMetadata> ParseMetadata(std::string_view text) {
  WEIR_ASSIGN(const Json json, ParseJson(text));
  if (!json.is_object()) return CorruptMetadata("not a JSON object");
  WEIR_ASSIGN(const int64_t version, IntMember(json, "format-version"));
  if (version != 2)
    return Fail(ErrorKind::kUnsupported, "iceberg.format_version",
                "the table has format version " + std::to_string(version) + "; Weir reads and writes 2",
                version == 1 ? "upgrade it in Spark: alter table ... set tblproperties ('format-version'='2')"
                             : "copy it into a table of format version 2");
  TableMetadata metadata;
  WEIR_ASSIGN(metadata.table_uuid, StringMember(json, "table-uuid"));
  WEIR_ASSIGN(metadata.location, StringMember(json, "location"));
  WEIR_ASSIGN(metadata.last_sequence_number, IntMember(json, "last-sequence-number"));
  WEIR_ASSIGN(metadata.last_updated_ms, IntMember(json, "last-updated-ms"));
  WEIR_TRY(ReadShape(json, metadata));
  WEIR_ASSIGN(metadata.properties, OptionalStrings(json, "properties"));
  WEIR_TRY(ReadSnapshots(json, metadata));
  for (const auto& [name, value] : json.items())
    if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end())
      metadata.unknown[name] = Print(value);
  WEIR_TRY(Validate(metadata));
  return metadata;
}

std::string ToJson(const TableMetadata& metadata) {
  Json json = {{"format-version", 2},
               {"table-uuid", metadata.table_uuid},
               {"location", metadata.location},
               {"last-sequence-number", metadata.last_sequence_number},
               {"last-updated-ms", metadata.last_updated_ms},
               {"last-column-id", metadata.last_column_id},
               {"current-schema-id", metadata.current_schema_id}};
  json["schemas"] = Json::array();
  for (const Schema& schema : metadata.schemas) json["schemas"].push_back(SchemaJson(schema));
  json["default-spec-id"] = metadata.default_spec_id;
  json["partition-specs"] = Json::array();
  for (const PartitionSpec& spec : metadata.specs) json["partition-specs"].push_back(SpecJson(spec));
  json["last-partition-id"] = metadata.last_partition_id;
  json["default-sort-order-id"] = metadata.default_sort_order_id;
  json["sort-orders"] = Json::parse(metadata.sort_orders_json, nullptr, false);
  json["properties"] = metadata.properties;
  // -1 rather than null: older readers refuse null in version 2.
  json["current-snapshot-id"] = metadata.current_snapshot_id.value_or(-1);
  json["refs"] = Json::object();
  for (const auto& [name, ref] : metadata.refs) json["refs"][name] = RefJson(ref);
  json["snapshots"] = Json::array();
  for (const Snapshot& snapshot : metadata.snapshots) json["snapshots"].push_back(SnapshotJson(snapshot));
  json["statistics"] = StatisticsJson(metadata.statistics);
  json["partition-statistics"] = StatisticsJson(metadata.partition_statistics);
  json["snapshot-log"] = Json::array();
  for (const SnapshotLogEntry& entry : metadata.snapshot_log)
    json["snapshot-log"].push_back(Json{{"timestamp-ms", entry.timestamp_ms}, {"snapshot-id", entry.snapshot_id}});
  json["metadata-log"] = Json::array();
  for (const MetadataLogEntry& entry : metadata.metadata_log)
    json["metadata-log"].push_back(Json{{"timestamp-ms", entry.timestamp_ms}, {"metadata-file", entry.file}});
  for (const auto& [name, value] : metadata.unknown) json[name] = Json::parse(value, nullptr, false);
  return Print(json);
}

}  // namespace weir::iceberg

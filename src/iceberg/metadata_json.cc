// TableMetadata as JSON, both ways.
#include <algorithm>
#include <array>

#include "iceberg/json_internal.h"
#include "iceberg/metadata.h"

namespace weir::iceberg {
namespace {

constexpr std::array<std::string_view, 21> kKnown = {"format-version",
                                                     "table-uuid",
                                                     "location",
                                                     "last-sequence-number",
                                                     "last-updated-ms",
                                                     "last-column-id",
                                                     "current-schema-id",
                                                     "schemas",
                                                     "default-spec-id",
                                                     "partition-specs",
                                                     "last-partition-id",
                                                     "default-sort-order-id",
                                                     "sort-orders",
                                                     "properties",
                                                     "current-snapshot-id",
                                                     "refs",
                                                     "snapshots",
                                                     "snapshot-log",
                                                     "metadata-log",
                                                     "statistics",
                                                     "partition-statistics"};

// Calls `read(element)` for each element of the array `key`, which may be missing.
template <class Read>
Result<void> ForEach(Json object, const char* key, Read read) {
  if (!FindMember(object, key)) return {};
  WEIR_ASSIGN(const simdjson::dom::array array, ArrayMember(object, key));
  for (const Json element : array) {
    Result<void> done = read(element);
    if (!done) return Fail(WithContext(std::move(done).error(), std::string("in '") + key + "'"));
  }
  return {};
}

Result<Snapshot> SnapshotFromJson(Json json) {
  Snapshot snapshot;
  WEIR_ASSIGN(snapshot.id, IntMember(json, "snapshot-id"));
  WEIR_ASSIGN(snapshot.parent_id, OptionalInt(json, "parent-snapshot-id"));
  WEIR_ASSIGN(const auto sequence_number, OptionalInt(json, "sequence-number"));
  snapshot.sequence_number = sequence_number.value_or(0);
  WEIR_ASSIGN(snapshot.timestamp_ms, IntMember(json, "timestamp-ms"));
  WEIR_ASSIGN(snapshot.manifest_list, StringMember(json, "manifest-list"));
  WEIR_ASSIGN(snapshot.summary, OptionalStrings(json, "summary"));
  if (FindMember(json, "schema-id")) {
    WEIR_ASSIGN(snapshot.schema_id, Int32Member(json, "schema-id"));
  }
  return snapshot;
}

Result<SnapshotRef> RefFromJson(Json json) {
  SnapshotRef ref;
  WEIR_ASSIGN(ref.snapshot_id, IntMember(json, "snapshot-id"));
  WEIR_ASSIGN(const std::string type, StringMember(json, "type"));
  ref.is_branch = type != "tag";
  WEIR_ASSIGN(ref.min_snapshots_to_keep, OptionalInt(json, "min-snapshots-to-keep"));
  WEIR_ASSIGN(ref.max_snapshot_age_ms, OptionalInt(json, "max-snapshot-age-ms"));
  WEIR_ASSIGN(ref.max_ref_age_ms, OptionalInt(json, "max-ref-age-ms"));
  return ref;
}

Result<void> ReadStatistics(Json json, const char* key, std::vector<StatisticsEntry>& into) {
  return ForEach(json, key, [&](Json element) -> Result<void> {
    StatisticsEntry entry;
    WEIR_ASSIGN(entry.snapshot_id, IntMember(element, "snapshot-id"));
    entry.json = Print(element);
    into.push_back(std::move(entry));
    return {};
  });
}

Result<void> ReadSnapshots(Json json, TableMetadata& metadata) {
  WEIR_ASSIGN(metadata.current_snapshot_id, OptionalInt(json, "current-snapshot-id"));
  if (metadata.current_snapshot_id == -1) metadata.current_snapshot_id.reset();
  WEIR_TRY(ForEach(json, "snapshots", [&](Json element) -> Result<void> {
    WEIR_ASSIGN(Snapshot snapshot, SnapshotFromJson(element));
    metadata.snapshots.push_back(std::move(snapshot));
    return {};
  }));
  metadata.snapshots.Sort();
  if (const auto refs = FindMember(json, "refs")) {
    simdjson::dom::object members;
    if (refs->get(members) != simdjson::SUCCESS)
      return CorruptMetadata("member 'refs' is not an object");
    for (const auto& [name, value] : members) {
      WEIR_ASSIGN(metadata.refs[std::string(name)], RefFromJson(value));
    }
  }
  if (metadata.current_snapshot_id && !metadata.refs.contains("main"))
    metadata.refs["main"].snapshot_id = *metadata.current_snapshot_id;
  WEIR_TRY(ForEach(json, "snapshot-log", [&](Json element) -> Result<void> {
    SnapshotLogEntry entry;
    WEIR_ASSIGN(entry.timestamp_ms, IntMember(element, "timestamp-ms"));
    WEIR_ASSIGN(entry.snapshot_id, IntMember(element, "snapshot-id"));
    metadata.snapshot_log.push_back(entry);
    return {};
  }));
  WEIR_TRY(ForEach(json, "metadata-log", [&](Json element) -> Result<void> {
    MetadataLogEntry entry;
    WEIR_ASSIGN(entry.timestamp_ms, IntMember(element, "timestamp-ms"));
    WEIR_ASSIGN(entry.file, StringMember(element, "metadata-file"));
    metadata.metadata_log.push_back(std::move(entry));
    return {};
  }));
  WEIR_TRY(ReadStatistics(json, "statistics", metadata.statistics));
  return ReadStatistics(json, "partition-statistics", metadata.partition_statistics);
}

Result<void> ReadShape(Json json, TableMetadata& metadata) {
  WEIR_ASSIGN(metadata.last_column_id, Int32Member(json, "last-column-id"));
  WEIR_ASSIGN(metadata.current_schema_id, Int32Member(json, "current-schema-id"));
  WEIR_ASSIGN(metadata.default_spec_id, Int32Member(json, "default-spec-id"));
  WEIR_ASSIGN(metadata.last_partition_id, Int32Member(json, "last-partition-id"));
  WEIR_ASSIGN(metadata.default_sort_order_id, Int32Member(json, "default-sort-order-id"));
  WEIR_TRY(ForEach(json, "schemas", [&](Json element) -> Result<void> {
    WEIR_ASSIGN(Schema schema, SchemaFromJson(element));
    metadata.schemas.push_back(std::move(schema));
    return {};
  }));
  WEIR_TRY(ForEach(json, "partition-specs", [&](Json element) -> Result<void> {
    WEIR_ASSIGN(PartitionSpec spec, SpecFromJson(element));
    metadata.specs.push_back(std::move(spec));
    return {};
  }));
  WEIR_ASSIGN(const simdjson::dom::array orders, ArrayMember(json, "sort-orders"));
  metadata.sort_orders_json = simdjson::minify(orders);
  return {};
}

void WriteRef(JsonWriter& out, const SnapshotRef& ref) {
  out.Begin('{').Key("snapshot-id").Number(ref.snapshot_id);
  out.Key("type").Text(ref.is_branch ? "branch" : "tag");
  if (ref.min_snapshots_to_keep)
    out.Key("min-snapshots-to-keep").Number(*ref.min_snapshots_to_keep);
  if (ref.max_snapshot_age_ms) out.Key("max-snapshot-age-ms").Number(*ref.max_snapshot_age_ms);
  if (ref.max_ref_age_ms) out.Key("max-ref-age-ms").Number(*ref.max_ref_age_ms);
  out.End('}');
}

void WriteStatistics(JsonWriter& out, const std::vector<StatisticsEntry>& entries) {
  out.Begin('[');
  for (const StatisticsEntry& entry : entries) out.Raw(entry.json);
  out.End(']');
}

void WriteShape(JsonWriter& out, const TableMetadata& metadata) {
  out.Key("last-column-id").Number(metadata.last_column_id);
  out.Key("current-schema-id").Number(metadata.current_schema_id);
  out.Key("schemas").Begin('[');
  for (const Schema& schema : metadata.schemas) WriteSchema(out, schema);
  out.End(']');
  out.Key("default-spec-id").Number(metadata.default_spec_id);
  out.Key("partition-specs").Begin('[');
  for (const PartitionSpec& spec : metadata.specs) WriteSpec(out, spec);
  out.End(']');
  out.Key("last-partition-id").Number(metadata.last_partition_id);
  out.Key("default-sort-order-id").Number(metadata.default_sort_order_id);
  out.Key("sort-orders").Raw(metadata.sort_orders_json);
}

void WriteLogs(JsonWriter& out, const TableMetadata& metadata) {
  out.Key("snapshot-log").Begin('[');
  for (const SnapshotLogEntry& entry : metadata.snapshot_log)
    out.Begin('{')
        .Key("timestamp-ms")
        .Number(entry.timestamp_ms)
        .Key("snapshot-id")
        .Number(entry.snapshot_id)
        .End('}');
  out.End(']').Key("metadata-log").Begin('[');
  for (const MetadataLogEntry& entry : metadata.metadata_log)
    out.Begin('{')
        .Key("timestamp-ms")
        .Number(entry.timestamp_ms)
        .Key("metadata-file")
        .Text(entry.file)
        .End('}');
  out.End(']');
}

}  // namespace

Result<TableMetadata> ParseMetadata(std::string_view text) {
  WEIR_ASSIGN(const JsonText document, JsonText::Parse(text));
  const Json json = document.root();
  simdjson::dom::object members;
  if (json.get(members) != simdjson::SUCCESS) return CorruptMetadata("not a JSON object");
  WEIR_ASSIGN(const int64_t version, IntMember(json, "format-version"));
  if (version != 2)
    return Fail(
        ErrorKind::kUnsupported, "iceberg.format_version",
        "the table has format version " + std::to_string(version) + "; Weir reads and writes 2",
        version == 1
            ? "upgrade it in Spark: alter table ... set tblproperties ('format-version'='2')"
            : "copy it into a table of format version 2");
  TableMetadata metadata;
  WEIR_ASSIGN(metadata.table_uuid, StringMember(json, "table-uuid"));
  WEIR_ASSIGN(metadata.location, StringMember(json, "location"));
  WEIR_ASSIGN(metadata.last_sequence_number, IntMember(json, "last-sequence-number"));
  WEIR_ASSIGN(metadata.last_updated_ms, IntMember(json, "last-updated-ms"));
  WEIR_TRY(ReadShape(json, metadata));
  WEIR_ASSIGN(metadata.properties, OptionalStrings(json, "properties"));
  WEIR_TRY(ReadSnapshots(json, metadata));
  for (const auto& [name, value] : members)
    if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end())
      metadata.unknown[std::string(name)] = Print(value);
  WEIR_TRY(Validate(metadata));
  return metadata;
}

std::string ToJson(const TableMetadata& metadata) {
  JsonWriter out;
  out.Begin('{').Key("format-version").Number(2);
  out.Key("table-uuid").Text(metadata.table_uuid).Key("location").Text(metadata.location);
  out.Key("last-sequence-number").Number(metadata.last_sequence_number);
  out.Key("last-updated-ms").Number(metadata.last_updated_ms);
  WriteShape(out, metadata);
  out.Key("properties");
  WriteStrings(out, metadata.properties);
  // -1 rather than null: older readers refuse null in version 2.
  out.Key("current-snapshot-id").Number(metadata.current_snapshot_id.value_or(-1));
  out.Key("refs").Begin('{');
  for (const auto& [name, ref] : metadata.refs) {
    out.Key(name);
    WriteRef(out, ref);
  }
  const std::string snapshots = metadata.snapshots.ItemsAsJson();
  constexpr size_t kBytesOfLogEntry = 256;
  out.Reserve(snapshots.size() +
              kBytesOfLogEntry * (metadata.snapshot_log.size() + metadata.metadata_log.size()));
  out.End('}').Key("snapshots").Begin('[').Raw(snapshots).End(']').Key("statistics");
  WriteStatistics(out, metadata.statistics);
  out.Key("partition-statistics");
  WriteStatistics(out, metadata.partition_statistics);
  WriteLogs(out, metadata);
  for (const auto& [name, value] : metadata.unknown) out.Key(name).Raw(value);
  return out.End('}').Finish();
}

}  // namespace weir::iceberg

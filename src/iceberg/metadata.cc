#include "iceberg/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace weir::iceberg {
namespace {

constexpr int64_t kClockSkewMs = 60'000;

std::unexpected<Error> Invalid(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "iceberg.metadata_invalid", why);
}

template <class Log>
bool InOrder(const Log& log) {
  for (size_t i = 1; i < log.size(); ++i)
    if (log[i].timestamp_ms < log[i - 1].timestamp_ms - kClockSkewMs) return false;
  return true;
}

std::string FolderFor(const TableMetadata& metadata, const char* property, const char* name) {
  const auto found = metadata.properties.find(property);
  if (found == metadata.properties.end() || found->second.empty())
    return metadata.location + "/" + name;
  std::string folder = found->second;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return folder;
}

}  // namespace

const Schema* TableMetadata::FindSchema(int32_t id) const {
  for (const Schema& each : schemas)
    if (each.id == id) return &each;
  return nullptr;
}

const PartitionSpec* TableMetadata::FindSpec(int32_t id) const {
  for (const PartitionSpec& each : specs)
    if (each.id == id) return &each;
  return nullptr;
}

const Snapshot* TableMetadata::FindSnapshot(int64_t id) const {
  for (const Snapshot& each : snapshots)
    if (each.id == id) return &each;
  return nullptr;
}

const Schema& TableMetadata::schema() const {
  const Schema* found = FindSchema(current_schema_id);
  WEIR_CHECK(found != nullptr);
  return *found;
}

const PartitionSpec& TableMetadata::spec() const {
  const PartitionSpec* found = FindSpec(default_spec_id);
  WEIR_CHECK(found != nullptr);
  return *found;
}

const Snapshot* TableMetadata::current_snapshot() const {
  return current_snapshot_id ? FindSnapshot(*current_snapshot_id) : nullptr;
}

Result<void> Validate(const TableMetadata& metadata) {
  if (metadata.table_uuid.empty()) return Invalid("the table has no uuid");
  if (metadata.location.empty()) return Invalid("the table has no location");
  if (metadata.FindSchema(metadata.current_schema_id) == nullptr)
    return Invalid(fmt::format("the current schema {} is not listed", metadata.current_schema_id));
  if (metadata.FindSpec(metadata.default_spec_id) == nullptr)
    return Invalid(
        fmt::format("the default partition spec {} is not listed", metadata.default_spec_id));
  for (const Schema& schema : metadata.schemas)
    if (HighestFieldId(schema) > metadata.last_column_id)
      return Invalid(fmt::format("schema {} has a column above last-column-id {}", schema.id,
                                 metadata.last_column_id));
  const auto main = metadata.refs.find("main");
  if (metadata.current_snapshot_id) {
    if (metadata.current_snapshot() == nullptr)
      return Invalid(
          fmt::format("the current snapshot {} is not listed", *metadata.current_snapshot_id));
    if (main == metadata.refs.end() || main->second.snapshot_id != *metadata.current_snapshot_id)
      return Invalid("the branch main does not point at the current snapshot");
  } else if (main != metadata.refs.end()) {
    return Invalid("the branch main points at a snapshot but there is no current one");
  }
  for (const auto& [name, ref] : metadata.refs)
    if (metadata.FindSnapshot(ref.snapshot_id) == nullptr)
      return Invalid(fmt::format("the ref '{}' points at snapshot {}, which is not listed", name,
                                 ref.snapshot_id));
  for (const Snapshot& snapshot : metadata.snapshots)
    if (snapshot.sequence_number > metadata.last_sequence_number)
      return Invalid(fmt::format("snapshot {} has sequence number {}, above the table's {}",
                                 snapshot.id, snapshot.sequence_number,
                                 metadata.last_sequence_number));
  if (!InOrder(metadata.snapshot_log)) return Invalid("the snapshot log is not in order of time");
  if (!InOrder(metadata.metadata_log)) return Invalid("the metadata log is not in order of time");
  if (!metadata.snapshot_log.empty() &&
      metadata.last_updated_ms < metadata.snapshot_log.back().timestamp_ms - kClockSkewMs)
    return Invalid("the table was last updated before its newest snapshot");
  if (!metadata.metadata_log.empty() &&
      metadata.last_updated_ms < metadata.metadata_log.back().timestamp_ms - kClockSkewMs)
    return Invalid("the table was last updated before its previous metadata");
  return {};
}

TableMetadata NewTable(NewTableRequest request) {
  TableMetadata metadata;
  metadata.table_uuid = std::move(request.table_uuid);
  metadata.location = std::move(request.location);
  while (metadata.location.size() > 1 && metadata.location.back() == '/')
    metadata.location.pop_back();
  metadata.last_updated_ms = request.timestamp_ms;
  metadata.last_column_id = HighestFieldId(request.schema);
  metadata.current_schema_id = request.schema.id = 0;
  metadata.schemas.push_back(std::move(request.schema));
  metadata.default_spec_id = request.spec.id = 0;
  for (const PartitionField& field : request.spec.fields)
    metadata.last_partition_id = std::max(metadata.last_partition_id, field.field_id);
  metadata.specs.push_back(std::move(request.spec));
  metadata.sort_orders_json = R"([{"order-id":0,"fields":[]}])";
  metadata.properties = std::move(request.properties);
  metadata.properties.try_emplace("write.parquet.compression-codec", "zstd");
  return metadata;
}

TableMetadata WithSchema(TableMetadata metadata, Schema schema) {
  metadata.last_column_id = std::max(metadata.last_column_id, HighestFieldId(schema));
  int32_t highest = -1;
  for (const Schema& known : metadata.schemas) {
    highest = std::max(highest, known.id);
    if (known.fields != schema.fields || known.identifier_field_ids != schema.identifier_field_ids)
      continue;
    metadata.current_schema_id = known.id;
    return metadata;
  }
  schema.id = highest + 1;
  metadata.current_schema_id = schema.id;
  metadata.schemas.push_back(std::move(schema));
  return metadata;
}

TableMetadata WithSpec(TableMetadata metadata, PartitionSpec spec) {
  int32_t highest = -1;
  for (const PartitionSpec& known : metadata.specs) highest = std::max(highest, known.id);
  for (PartitionField& field : spec.fields) {
    field.field_id = 0;
    for (const PartitionSpec& known : metadata.specs)
      for (const PartitionField& other : known.fields)
        if (other.source_id == field.source_id && other.transform == field.transform)
          field.field_id = other.field_id;
    if (field.field_id == 0) field.field_id = ++metadata.last_partition_id;
  }
  for (const PartitionSpec& known : metadata.specs) {
    if (!std::ranges::equal(known.fields, spec.fields, {}, &PartitionField::field_id,
                            &PartitionField::field_id))
      continue;
    metadata.default_spec_id = known.id;
    return metadata;
  }
  spec.id = highest + 1;
  metadata.default_spec_id = spec.id;
  metadata.specs.push_back(std::move(spec));
  return metadata;
}

std::string NextMetadataLocation(std::string_view folder, std::string_view previous,
                                 std::string_view uuid) {
  int64_t version = -1;
  const std::string_view name = previous.substr(previous.find_last_of('/') + 1);
  // "00012-<uuid>.metadata.json", or "v12.metadata.json" of a filesystem catalog.
  const std::string_view digits = name.starts_with('v') ? name.substr(1) : name;
  std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return fmt::format("{}/{:05d}-{}.metadata.json", folder, version + 1, uuid);
}

std::string MetadataFolder(const TableMetadata& metadata) {
  return FolderFor(metadata, "write.metadata.path", "metadata");
}
std::string DataFolder(const TableMetadata& metadata) {
  return FolderFor(metadata, "write.data.path", "data");
}

int64_t SnapshotIdFrom(uint64_t random) {
  const auto id = static_cast<int64_t>(random & 0x7fffffffffffffffULL);
  return id == 0 ? 1 : id;
}

std::string FileUri(std::string_view path) {
  WEIR_CHECK(path.starts_with('/'));
  return "file://" + std::string(path);
}

Result<std::string> LocalPath(std::string_view uri) {
  std::string_view path = uri;
  if (path.starts_with("file://localhost/"))
    path.remove_prefix(16);
  else if (path.starts_with("file:///"))
    path.remove_prefix(7);
  else if (path.starts_with("file:/") && !path.starts_with("file://"))
    path.remove_prefix(5);
  if (!path.starts_with('/'))
    return Fail(ErrorKind::kUnsupported, "iceberg.not_local",
                "'" + std::string(uri) + "' is not a file of this machine");
  return std::string(path);
}

}  // namespace weir::iceberg

// EncodeManifest and EncodeManifestList.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "iceberg/avro_internal.h"
#include "iceberg/manifest.h"
#include "iceberg/manifest_schema_internal.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

using avro::Encoder;

void WriteOptional(Encoder& out, const std::optional<int64_t>& value) {
  if (!value) return out.Null();
  out.Value();
  out.Whole(*value);
}

void WriteOptional(Encoder& out, const std::optional<std::string>& value) {
  if (!value) return out.Null();
  out.Value();
  out.Bytes(*value);
}

template <class Number>
void WriteOptionalList(Encoder& out, const std::vector<Number>& list) {
  if (list.empty()) return out.Null();
  out.Value();
  out.BeginArray(list.size());
  for (const Number number : list) out.Whole(number);
  out.EndArray();
}

void WriteMapValue(Encoder& out, int64_t value) { out.Whole(value); }
void WriteMapValue(Encoder& out, const std::string& value) { out.Bytes(value); }

// An empty map is written as such: PyIceberg's metadata tables cannot take null for one.
template <class Mapped>
void WriteOptionalMap(Encoder& out, const std::map<int32_t, Mapped>& map) {
  out.Value();
  out.BeginArray(map.size());
  for (const auto& [id, value] : map) {
    out.Whole(id);
    WriteMapValue(out, value);
  }
  out.EndArray();
}

void WritePartitionValue(Encoder& out, const Type& type, const Value& value) {
  if (IsNull(value)) return out.Null();
  out.Value();
  switch (type.kind) {
    case TypeKind::kBoolean:
      return out.Flag(std::get<bool>(value));
    case TypeKind::kFloat:
      return out.Real(std::get<float>(value));
    case TypeKind::kDouble: {
      const auto* narrow = std::get_if<float>(&value);
      return out.Real(narrow != nullptr ? double{*narrow} : std::get<double>(value));
    }
    case TypeKind::kString:
    case TypeKind::kBinary:
      return out.Bytes(std::get<std::string>(value));
    case TypeKind::kUuid:
    case TypeKind::kFixed: {
      const auto& bytes = std::get<std::string>(value);
      WEIR_CHECK(bytes.size() ==
                 (type.kind == TypeKind::kUuid ? 16 : static_cast<size_t>(type.length)));
      return out.Fixed(bytes);
    }
    case TypeKind::kDecimal: {
      const size_t size = DecimalFixedSize(type.precision);
      const DecimalBytes minimal = MinimalBytes(std::get<Unscaled>(value));
      const std::string_view bytes = minimal.view();
      WEIR_CHECK(bytes.size() <= size);
      const char sign = (bytes.front() & 0x80) != 0 ? '\xff' : '\0';
      return out.Fixed(std::string(size - bytes.size(), sign).append(bytes));
    }
    default:
      return out.Whole(WholeNumber(value));
  }
}

void WriteDataFile(Encoder& out, const DataFile& file, std::span<const Type> types) {
  WEIR_CHECK(file.partition.size() == types.size());
  out.Whole(static_cast<int32_t>(file.content));
  out.Bytes(file.path);
  out.Bytes(file.format);
  for (size_t i = 0; i < types.size(); ++i) WritePartitionValue(out, types[i], file.partition[i]);
  out.Whole(file.record_count);
  out.Whole(file.file_size);
  WriteOptionalMap(out, file.metrics.column_sizes);
  WriteOptionalMap(out, file.metrics.value_counts);
  WriteOptionalMap(out, file.metrics.null_value_counts);
  WriteOptionalMap(out, file.metrics.nan_value_counts);
  WriteOptionalMap(out, file.metrics.lower_bounds);
  WriteOptionalMap(out, file.metrics.upper_bounds);
  WriteOptional(out, file.key_metadata);
  WriteOptionalList(out, file.split_offsets);
  WriteOptionalList(out, file.equality_ids);
  WriteOptional(out, file.sort_order_id);
  WriteOptional(out, file.referenced_data_file);
}

bool IsNan(const Value& value) {
  if (const auto* narrow = std::get_if<float>(&value)) return std::isnan(*narrow);
  const auto* wide = std::get_if<double>(&value);
  return wide != nullptr && std::isnan(*wide);
}

// Gathers what the list says about one field of the spec.
class Summary {
 public:
  explicit Summary(const Type& type) : type_(type) {}

  void Add(const Value& value) {
    if (IsNull(value)) {
      has_null_ = true;
    } else if (IsNan(value)) {
      has_nan_ = true;
    } else {
      if (IsNull(lowest_) || CompareValues(value, lowest_) < 0) lowest_ = value;
      if (IsNull(highest_) || CompareValues(value, highest_) > 0) highest_ = value;
    }
  }
  FieldSummary Finish() const {
    FieldSummary made;
    made.contains_null = has_null_;
    made.contains_nan = has_nan_;
    if (!IsNull(lowest_)) made.lower_bound = EncodeValue(type_, lowest_);
    if (!IsNull(highest_)) made.upper_bound = EncodeValue(type_, highest_);
    return made;
  }

 private:
  Type type_;
  Value lowest_;
  Value highest_;
  bool has_null_ = false;
  bool has_nan_ = false;
};

void Count(ManifestFile& file, const ManifestEntry& entry) {
  switch (entry.status) {
    case EntryStatus::kAdded:
      ++file.added_files;
      file.added_rows += entry.file.record_count;
      break;
    case EntryStatus::kExisting:
      ++file.existing_files;
      file.existing_rows += entry.file.record_count;
      break;
    case EntryStatus::kDeleted:
      ++file.deleted_files;
      file.deleted_rows += entry.file.record_count;
      break;
  }
}

void CheckEntry(const ManifestEntry& entry, ManifestContent content) {
  WEIR_CHECK((entry.file.content == FileContent::kData) == (content == ManifestContent::kData));
  if (entry.status == EntryStatus::kAdded) return;
  WEIR_CHECK(entry.snapshot_id && entry.sequence_number && entry.file_sequence_number);
}

}  // namespace

Result<EncodedManifest> EncodeManifest(const ManifestHeader& header,
                                       std::span<const ManifestEntry> entries) {
  WEIR_CHECK(!entries.empty());
  WEIR_ASSIGN(const std::vector<Type> types, PartitionTypes(header.spec, header.schema));
  avro::ContainerWriter writer(
      ManifestAvroSchema(header.spec, types),
      {{"schema", ToJson(header.schema)},
       {"schema-id", std::to_string(header.schema.id)},
       {"partition-spec", FieldsToJson(header.spec)},
       {"partition-spec-id", std::to_string(header.spec.id)},
       {"format-version", "2"},
       {"content", header.content == ManifestContent::kData ? "data" : "deletes"}});
  EncodedManifest made;
  made.file.spec_id = header.spec.id;
  made.file.content = header.content;
  made.file.sequence_number = header.sequence_number;
  made.file.added_snapshot_id = header.snapshot_id;
  made.file.min_sequence_number = header.sequence_number;
  std::vector<Summary> summaries(types.begin(), types.end());
  for (const ManifestEntry& entry : entries) {
    CheckEntry(entry, header.content);
    Encoder& out = writer.encoder();
    out.Whole(static_cast<int32_t>(entry.status));
    WriteOptional(out, entry.snapshot_id ? entry.snapshot_id : std::optional(header.snapshot_id));
    WriteOptional(out, entry.sequence_number);
    // Of an added file always inherited, also where its data is older (a compaction).
    WriteOptional(out,
                  entry.status == EntryStatus::kAdded ? std::nullopt : entry.file_sequence_number);
    WriteDataFile(out, entry.file, types);
    writer.EndRecord();
    Count(made.file, entry);
    if (entry.live() && entry.sequence_number)
      made.file.min_sequence_number =
          std::min(made.file.min_sequence_number, *entry.sequence_number);
    for (size_t i = 0; i < types.size(); ++i) summaries[i].Add(entry.file.partition[i]);
  }
  for (const Summary& summary : summaries) made.file.partitions.push_back(summary.Finish());
  made.bytes = writer.Finish();
  made.file.length = static_cast<int64_t>(made.bytes.size());
  return made;
}

std::string EncodeManifestList(const ManifestListHeader& header,
                               std::span<const ManifestFile> manifests) {
  const std::string parent =
      header.parent_snapshot_id ? std::to_string(*header.parent_snapshot_id) : "null";
  avro::ContainerWriter writer(ManifestListAvroSchema(),
                               {{"snapshot-id", std::to_string(header.snapshot_id)},
                                {"parent-snapshot-id", parent},
                                {"sequence-number", std::to_string(header.sequence_number)},
                                {"format-version", "2"}});
  for (const ManifestFile& file : manifests) {
    Encoder& out = writer.encoder();
    out.Bytes(file.path);
    out.Whole(file.length);
    out.Whole(file.spec_id);
    out.Whole(static_cast<int32_t>(file.content));
    out.Whole(file.sequence_number);
    out.Whole(file.min_sequence_number);
    out.Whole(file.added_snapshot_id);
    out.Whole(file.added_files);
    out.Whole(file.existing_files);
    out.Whole(file.deleted_files);
    out.Whole(file.added_rows);
    out.Whole(file.existing_rows);
    out.Whole(file.deleted_rows);
    out.Value();
    out.BeginArray(file.partitions.size());
    for (const FieldSummary& summary : file.partitions) {
      out.Flag(summary.contains_null);
      if (summary.contains_nan) {
        out.Value();
        out.Flag(*summary.contains_nan);
      } else {
        out.Null();
      }
      WriteOptional(out, summary.lower_bound);
      WriteOptional(out, summary.upper_bound);
    }
    out.EndArray();
    WriteOptional(out, file.key_metadata);
    writer.EndRecord();
  }
  return writer.Finish();
}

}  // namespace weir::iceberg

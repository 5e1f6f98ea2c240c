// DecodeManifest and DecodeManifestList: by field id, whatever else the writer put there.
#include <limits>

#include "iceberg/avro_internal.h"
#include "iceberg/manifest.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

using avro::Cursor;
using avro::Kind;
using avro::Node;

int32_t Narrow(Cursor& cursor, int64_t value) {
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    cursor.Fault();
    return 0;
  }
  return static_cast<int32_t>(value);
}

int32_t ReadInt(Cursor& cursor, const Node& node) {
  return Narrow(cursor, cursor.Whole(node).value_or(0));
}
int64_t ReadLong(Cursor& cursor, const Node& node) { return cursor.Whole(node).value_or(0); }
std::string ReadText(Cursor& cursor, const Node& node) {
  return std::string(cursor.Bytes(node).value_or(""));
}
std::optional<std::string> ReadOptionalText(Cursor& cursor, const Node& node) {
  const auto bytes = cursor.Bytes(node);
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

void ReadMapValue(Cursor& cursor, const Node& node, int64_t& value) {
  value = ReadLong(cursor, node);
}
void ReadMapValue(Cursor& cursor, const Node& node, std::string& value) {
  value = ReadText(cursor, node);
}

// A map with int keys: an array of records of key and value.
template <class Mapped>
std::map<int32_t, Mapped> ReadIntMap(Cursor& cursor, const Node& node) {
  std::map<int32_t, Mapped> map;
  cursor.Array(node, [&](const Node& pair) {
    int32_t key = 0;
    Mapped value{};
    size_t position = 0;
    cursor.Record(pair, [&](const Node& child, int32_t) {
      if (position == 0)
        key = ReadInt(cursor, child);
      else if (position == 1)
        ReadMapValue(cursor, child, value);
      else
        cursor.Skip(child);
      ++position;
    });
    map.insert_or_assign(map.end(), key, std::move(value));
  });
  return map;
}

template <class Number>
std::vector<Number> ReadList(Cursor& cursor, const Node& node) {
  std::vector<Number> list;
  cursor.Array(node, [&](const Node& item) {
    if constexpr (sizeof(Number) == 4)
      list.push_back(ReadInt(cursor, item));
    else
      list.push_back(ReadLong(cursor, item));
  });
  return list;
}

Value ReadPartitionValue(Cursor& cursor, const Node& optional) {
  const Node& node = cursor.Branch(optional);
  switch (node.kind) {
    case Kind::kBoolean:
      return cursor.Flag(node).value_or(false);
    case Kind::kInt:
      return ReadInt(cursor, node);
    case Kind::kLong:
      return ReadLong(cursor, node);
    case Kind::kFloat:
      return static_cast<float>(cursor.Real(node).value_or(0));
    case Kind::kDouble:
      return cursor.Real(node).value_or(0);
    case Kind::kString:
      return ReadText(cursor, node);
    case Kind::kBytes:
    case Kind::kFixed: {
      const std::string_view bytes = cursor.Bytes(node).value_or("");
      if (node.logical != "decimal") return std::string(bytes);
      if (bytes.empty() || bytes.size() > 16) {
        cursor.Fault();
        return std::monostate{};
      }
      return FromBigEndian(bytes);
    }
    case Kind::kNull:
      return std::monostate{};
    default:
      cursor.Fault();
      return std::monostate{};
  }
}

PartitionTuple ReadPartition(Cursor& cursor, const Node& node, const PartitionSpec& spec) {
  PartitionTuple tuple(spec.fields.size());
  cursor.Record(node, [&](const Node& child, int32_t id) {
    for (size_t i = 0; i < spec.fields.size(); ++i) {
      if (spec.fields[i].field_id != id) continue;
      tuple[i] = ReadPartitionValue(cursor, child);
      return;
    }
    cursor.Skip(child);
  });
  return tuple;
}

template <class Enum>
Enum ReadEnum(Cursor& cursor, const Node& node, int32_t last) {
  const int32_t number = ReadInt(cursor, node);
  if (number < 0 || number > last) {
    cursor.Fault();
    return Enum{};
  }
  return static_cast<Enum>(number);
}

void ReadDataFileField(Cursor& cursor, const Node& node, int32_t id, const PartitionSpec& spec,
                       DataFile& file) {
  switch (id) {
    case 134:
      file.content = ReadEnum<FileContent>(cursor, node, 2);
      return;
    case 100:
      file.path = ReadText(cursor, node);
      return;
    case 101:
      file.format = ReadText(cursor, node);
      return;
    case 102:
      file.partition = ReadPartition(cursor, node, spec);
      return;
    case 103:
      file.record_count = ReadLong(cursor, node);
      return;
    case 104:
      file.file_size = ReadLong(cursor, node);
      return;
    case 108:
      file.metrics.column_sizes = ReadIntMap<int64_t>(cursor, node);
      return;
    case 109:
      file.metrics.value_counts = ReadIntMap<int64_t>(cursor, node);
      return;
    case 110:
      file.metrics.null_value_counts = ReadIntMap<int64_t>(cursor, node);
      return;
    case 137:
      file.metrics.nan_value_counts = ReadIntMap<int64_t>(cursor, node);
      return;
    case 125:
      file.metrics.lower_bounds = ReadIntMap<std::string>(cursor, node);
      return;
    case 128:
      file.metrics.upper_bounds = ReadIntMap<std::string>(cursor, node);
      return;
    case 131:
      file.key_metadata = ReadOptionalText(cursor, node);
      return;
    case 132:
      file.split_offsets = ReadList<int64_t>(cursor, node);
      return;
    case 135:
      file.equality_ids = ReadList<int32_t>(cursor, node);
      return;
    case 140:
      if (const auto order = cursor.Whole(node)) file.sort_order_id = Narrow(cursor, *order);
      return;
    case 143:
      file.referenced_data_file = ReadOptionalText(cursor, node);
      return;
    default:
      cursor.Skip(node);
  }
}

ManifestEntry ReadEntry(Cursor& cursor, const Node& node, const PartitionSpec& spec) {
  ManifestEntry entry;
  entry.file.partition.resize(spec.fields.size());
  cursor.Record(node, [&](const Node& child, int32_t id) {
    switch (id) {
      case 0:
        entry.status = ReadEnum<EntryStatus>(cursor, child, 2);
        return;
      case 1:
        entry.snapshot_id = cursor.Whole(child);
        return;
      case 2:
        cursor.Record(child, [&](const Node& field, int32_t field_id) {
          ReadDataFileField(cursor, field, field_id, spec, entry.file);
        });
        return;
      case 3:
        entry.sequence_number = cursor.Whole(child);
        return;
      case 4:
        entry.file_sequence_number = cursor.Whole(child);
        return;
      default:
        cursor.Skip(child);
    }
  });
  return entry;
}

// A manifest is written before its snapshot's number is known; the list tells it.
void Inherit(ManifestEntry& entry, const ManifestFile& listed) {
  if (!entry.snapshot_id) entry.snapshot_id = listed.added_snapshot_id;
  // Number 0 is a manifest of format version 1.
  if (entry.status != EntryStatus::kAdded && listed.sequence_number != 0) return;
  if (!entry.sequence_number) entry.sequence_number = listed.sequence_number;
  if (!entry.file_sequence_number) entry.file_sequence_number = listed.sequence_number;
}

std::vector<FieldSummary> ReadSummaries(Cursor& cursor, const Node& node) {
  std::vector<FieldSummary> summaries;
  cursor.Array(node, [&](const Node& item) {
    FieldSummary summary;
    cursor.Record(item, [&](const Node& child, int32_t id) {
      switch (id) {
        case 509:
          summary.contains_null = cursor.Flag(child).value_or(true);
          return;
        case 518:
          summary.contains_nan = cursor.Flag(child);
          return;
        case 510:
          summary.lower_bound = ReadOptionalText(cursor, child);
          return;
        case 511:
          summary.upper_bound = ReadOptionalText(cursor, child);
          return;
        default:
          cursor.Skip(child);
      }
    });
    summaries.push_back(std::move(summary));
  });
  return summaries;
}

void ReadManifestFileField(Cursor& cursor, const Node& node, int32_t id, ManifestFile& file) {
  switch (id) {
    case 500:
      file.path = ReadText(cursor, node);
      return;
    case 501:
      file.length = ReadLong(cursor, node);
      return;
    case 502:
      file.spec_id = ReadInt(cursor, node);
      return;
    case 517:
      file.content = ReadEnum<ManifestContent>(cursor, node, 1);
      return;
    case 515:
      file.sequence_number = ReadLong(cursor, node);
      return;
    case 516:
      file.min_sequence_number = ReadLong(cursor, node);
      return;
    case 503:
      file.added_snapshot_id = ReadLong(cursor, node);
      return;
    case 504:
      file.added_files = ReadInt(cursor, node);
      return;
    case 505:
      file.existing_files = ReadInt(cursor, node);
      return;
    case 506:
      file.deleted_files = ReadInt(cursor, node);
      return;
    case 512:
      file.added_rows = ReadLong(cursor, node);
      return;
    case 513:
      file.existing_rows = ReadLong(cursor, node);
      return;
    case 514:
      file.deleted_rows = ReadLong(cursor, node);
      return;
    case 507:
      file.partitions = ReadSummaries(cursor, node);
      return;
    case 519:
      file.key_metadata = ReadOptionalText(cursor, node);
      return;
    default:
      cursor.Skip(node);
  }
}

}  // namespace

Result<std::vector<ManifestEntry>> DecodeManifest(std::string_view bytes,
                                                  const ManifestFile& listed,
                                                  const PartitionSpec& spec) {
  const auto decode = [&]() -> Result<std::vector<ManifestEntry>> {
    WEIR_ASSIGN(const avro::Container container, avro::Open(bytes));
    std::vector<ManifestEntry> entries;
    std::string fault;
    WEIR_TRY(avro::ReadRecords(container, [&](Cursor& cursor) {
      ManifestEntry entry = ReadEntry(cursor, container.schema, spec);
      entry.file.spec_id = listed.spec_id;
      Inherit(entry, listed);
      if (entry.file.path.empty()) fault = "an entry has no file path";
      if (entry.file.record_count < 0 || entry.file.file_size < 0)
        fault = "an entry has a negative size";
      if (!entry.sequence_number || !entry.file_sequence_number)
        fault = "an entry that is not new has no sequence number";
      if (!fault.empty()) return;
      entries.push_back(std::move(entry));
    }));
    if (!fault.empty()) return avro::Corrupt(fault);
    return entries;
  };
  auto entries = decode();
  if (!entries) return Fail(WithContext(std::move(entries).error(), "manifest " + listed.path));
  return entries;
}

Result<std::vector<ManifestFile>> DecodeManifestList(std::string_view bytes) {
  WEIR_ASSIGN(const avro::Container container, avro::Open(bytes));
  std::vector<ManifestFile> manifests;
  std::string fault;
  WEIR_TRY(avro::ReadRecords(container, [&](Cursor& cursor) {
    ManifestFile file;
    cursor.Record(container.schema, [&](const Node& child, int32_t id) {
      ReadManifestFileField(cursor, child, id, file);
    });
    if (file.path.empty()) fault = "a manifest has no path";
    if (file.length < 0) fault = "a manifest has a negative length";
    if (!fault.empty()) return;
    manifests.push_back(std::move(file));
  }));
  if (!fault.empty()) return avro::Corrupt(fault);
  return manifests;
}

}  // namespace weir::iceberg

#include "iceberg/manifest_schema_internal.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

using Json = nlohmann::ordered_json;

// Compact; invalid UTF-8 is replaced, never thrown at.
std::string Print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Required(const std::string& name, int32_t id, Json type) {
  return {{"name", name}, {"type", std::move(type)}, {"field-id", id}};
}

Json Optional(const std::string& name, int32_t id, Json type) {
  return {{"name", name},
          {"type", Json::array({"null", std::move(type)})},
          {"default", nullptr},
          {"field-id", id}};
}

Json Record(const std::string& name, Json fields) {
  return {{"type", "record"}, {"name", name}, {"fields", std::move(fields)}};
}

Json List(int32_t element_id, Json items) {
  return {{"type", "array"}, {"items", std::move(items)}, {"element-id", element_id}};
}

// A map with int keys: an array of pairs, since Avro's own maps have text keys only.
Json IntMap(int32_t key_id, int32_t value_id, const std::string& value_type) {
  const std::string name = fmt::format("k{}_v{}", key_id, value_id);
  return {{"type", "array"},
          {"items", Record(name, Json::array({Required("key", key_id, "int"),
                                              Required("value", value_id, value_type)}))},
          {"logicalType", "map"}};
}

// Every named type is unique in the file, so fixed types carry their field's id.
Json PartitionType(const Type& type, int32_t field_id) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return "boolean";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kLong:
      return "long";
    case TypeKind::kFloat:
      return "float";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kDate:
      return {{"type", "int"}, {"logicalType", "date"}};
    case TypeKind::kTime:
      return {{"type", "long"}, {"logicalType", "time-micros"}};
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return {{"type", "long"},
              {"logicalType", "timestamp-micros"},
              {"adjust-to-utc", type.kind == TypeKind::kTimestamptz}};
    case TypeKind::kString:
      return "string";
    case TypeKind::kUuid:
      return {{"type", "fixed"},
              {"name", fmt::format("uuid_fixed_{}", field_id)},
              {"size", 16},
              {"logicalType", "uuid"}};
    case TypeKind::kFixed:
      return {
          {"type", "fixed"}, {"name", fmt::format("fixed_{}", field_id)}, {"size", type.length}};
    case TypeKind::kBinary:
      return "bytes";
    case TypeKind::kDecimal:
      return {{"type", "fixed"},
              {"name", fmt::format("decimal_{}_{}_{}", type.precision, type.scale, field_id)},
              {"size", DecimalFixedSize(type.precision)},
              {"logicalType", "decimal"},
              {"precision", type.precision},
              {"scale", type.scale}};
    default:
      WEIR_CHECK(false);
  }
}

Json PartitionRecord(const PartitionSpec& spec, std::span<const Type> types) {
  Json fields = Json::array();
  std::set<std::string> names;
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    const PartitionField& field = spec.fields[i];
    std::string name = AvroName(field.name);
    if (!names.insert(name).second) name += fmt::format("_{}", field.field_id);
    Json json = Optional(name, field.field_id, PartitionType(types[i], field.field_id));
    if (name != field.name) json["iceberg-field-name"] = field.name;
    fields.push_back(std::move(json));
  }
  return Record("r102", std::move(fields));
}

}  // namespace

std::string AvroName(const std::string& name) {
  std::string made;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (i == 0 && digit) made += '_';
    if (digit || letter)
      made += c;
    else
      made += fmt::format("_x{:02X}", static_cast<unsigned char>(c));
  }
  return made.empty() ? "_" : made;
}

std::string ManifestAvroSchema(const PartitionSpec& spec, std::span<const Type> types) {
  const Json file = Record(
      "r2",
      Json::array(
          {Required("content", 134, "int"), Required("file_path", 100, "string"),
           Required("file_format", 101, "string"),
           Required("partition", 102, PartitionRecord(spec, types)),
           Required("record_count", 103, "long"), Required("file_size_in_bytes", 104, "long"),
           Optional("column_sizes", 108, IntMap(117, 118, "long")),
           Optional("value_counts", 109, IntMap(119, 120, "long")),
           Optional("null_value_counts", 110, IntMap(121, 122, "long")),
           Optional("nan_value_counts", 137, IntMap(138, 139, "long")),
           Optional("lower_bounds", 125, IntMap(126, 127, "bytes")),
           Optional("upper_bounds", 128, IntMap(129, 130, "bytes")),
           Optional("key_metadata", 131, "bytes"),
           Optional("split_offsets", 132, List(133, "long")),
           Optional("equality_ids", 135, List(136, "int")), Optional("sort_order_id", 140, "int"),
           Optional("referenced_data_file", 143, "string")}));
  return Print(Record(
      "manifest_entry",
      Json::array({Required("status", 0, "int"), Optional("snapshot_id", 1, "long"),
                   Optional("sequence_number", 3, "long"),
                   Optional("file_sequence_number", 4, "long"), Required("data_file", 2, file)})));
}

const std::string& ManifestListAvroSchema() {
  static const std::string schema = [] {
    const Json summary = Record("r508", Json::array({Required("contains_null", 509, "boolean"),
                                                     Optional("contains_nan", 518, "boolean"),
                                                     Optional("lower_bound", 510, "bytes"),
                                                     Optional("upper_bound", 511, "bytes")}));
    return Print(Record(
        "manifest_file",
        Json::array(
            {Required("manifest_path", 500, "string"), Required("manifest_length", 501, "long"),
             Required("partition_spec_id", 502, "int"), Required("content", 517, "int"),
             Required("sequence_number", 515, "long"), Required("min_sequence_number", 516, "long"),
             Required("added_snapshot_id", 503, "long"), Required("added_files_count", 504, "int"),
             Required("existing_files_count", 505, "int"),
             Required("deleted_files_count", 506, "int"), Required("added_rows_count", 512, "long"),
             Required("existing_rows_count", 513, "long"),
             Required("deleted_rows_count", 514, "long"),
             Optional("partitions", 507, List(508, summary)),
             Optional("key_metadata", 519, "bytes")})));
  }();
  return schema;
}

}  // namespace weir::iceberg

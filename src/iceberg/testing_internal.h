// Values that this room's tests build on. Included by *_test.cc only.
#pragma once

#include <string>
#include <vector>

#include "iceberg/snapshot_update.h"

namespace weir::iceberg {

inline Type Primitive(TypeKind kind) {
  Type type;
  type.kind = kind;
  return type;
}
inline Type Decimal(int precision, int scale) {
  Type type = Primitive(TypeKind::kDecimal);
  type.precision = precision;
  type.scale = scale;
  return type;
}

// id long, ts timestamptz, region string; made as FromColumnar makes it.
inline Schema EventSchema() {
  const auto field = [](const char* name, columnar::Kind kind, bool nullable) {
    return columnar::Field{
        .name = name,
        .type = {.kind = kind, .precision = 0, .scale = 0, .length = 0, .children = {}},
        .nullable = nullable};
  };
  return FromColumnar({.fields = {field("id", columnar::Kind::kBigint, false),
                                  field("ts", columnar::Kind::kTimestamptz, true),
                                  field("region", columnar::Kind::kVarchar, true)}})
      .value();
}

inline PartitionSpec SpecOf(const std::vector<std::string>& texts) {
  return ParsePartitionSpec(texts, EventSchema()).value();
}

inline TableMetadata EventTable(const std::vector<std::string>& partition_by = {}) {
  return NewTable({.location = "file:///lake/raw/events",
                   .table_uuid = "6a3c1f5e-0000-4000-8000-000000000001",
                   .timestamp_ms = 1'700'000'000'000,
                   .schema = EventSchema(),
                   .spec = SpecOf(partition_by),
                   .properties = {}});
}

inline DataFile FileOf(const std::string& name, int64_t records, PartitionTuple partition = {}) {
  DataFile file;
  file.path = "file:///lake/raw/events/data/" + name + ".parquet";
  file.record_count = records;
  file.file_size = records * 100;
  file.partition = std::move(partition);
  file.metrics.value_counts = {{1, records}, {2, records}};
  file.metrics.null_value_counts = {{1, 0}, {2, 1}};
  file.metrics.lower_bounds = {{1, EncodeValue(Primitive(TypeKind::kLong), int64_t{1})}};
  file.metrics.upper_bounds = {{1, EncodeValue(Primitive(TypeKind::kLong), records)}};
  file.split_offsets = {4};
  file.sort_order_id = 0;
  return file;
}

}  // namespace weir::iceberg

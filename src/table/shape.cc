#include "table/shape.h"

#include <algorithm>

namespace weir::table {
namespace {

using columnar::Field;
using columnar::Kind;
using columnar::Type;

Type Simple(Kind kind) {
  return {.kind = kind, .precision = 0, .scale = 0, .length = 0, .children = {}};
}

Field Column(const char* name, Kind kind, bool nullable = false) {
  return {.name = name, .type = Simple(kind), .nullable = nullable};
}

// How a table remembers a type: json and varchar(n) are plain text there.
std::string Stored(const Type& type) {
  if (type.kind == Kind::kJson || type.kind == Kind::kVarchar) return "varchar";
  return columnar::ToText(type);
}

Result<void> Drift(const catalog::TableName& name, const std::string& difference) {
  return Fail(ErrorKind::kConfig, "schema.drift",
              "table " + name.ToString() + " no longer fits its contract: " + difference,
              "change the contract back, or write to a table with a new name");
}

}  // namespace

columnar::Schema WithSystemColumns(columnar::Schema contract) {
  contract.fields.push_back(Column("_ingested_at", Kind::kTimestamptz));
  contract.fields.push_back(Column("_batch", Kind::kVarchar));
  contract.fields.push_back(Column("_source", Kind::kVarchar));
  contract.fields.push_back(Column("_offset", Kind::kBigint));
  contract.fields.push_back(Column("_rescued", Kind::kJson, true));
  return contract;
}

TableShape DeadLetterShape() {
  Type reason = Simple(Kind::kStruct);
  for (const char* name : {"code", "rule", "column", "detail"})
    reason.children.push_back(Column(name, Kind::kVarchar, true));
  Type reasons = Simple(Kind::kList);
  reasons.children.push_back({.name = "element", .type = reason, .nullable = true});
  TableShape shape;
  shape.schema.fields = {Column("id", Kind::kVarchar),
                         Column("batch", Kind::kVarchar),
                         Column("source", Kind::kVarchar),
                         Column("line", Kind::kBigint, true),
                         Column("offset", Kind::kBigint),
                         Column("raw", Kind::kBinary),
                         Column("raw_length", Kind::kBigint),
                         Column("raw_hash", Kind::kVarchar),
                         Column("kind", Kind::kVarchar),
                         Column("sink", Kind::kVarchar, true),
                         {.name = "reasons", .type = reasons, .nullable = false},
                         Column("received_at", Kind::kTimestamptz)};
  return shape;
}

Result<void> CheckShape(const catalog::TableName& name, const iceberg::TableMetadata& metadata,
                        const TableShape& shape) {
  WEIR_ASSIGN(const columnar::Schema have, iceberg::ToColumnar(metadata.schema()));
  for (const Field& wanted : shape.schema.fields) {
    const auto at = have.Find(wanted.name);
    if (!at) return Drift(name, "it has no column " + wanted.name);
    const Field& field = have.fields[*at];
    if (Stored(field.type) != Stored(wanted.type))
      return Drift(name, "column " + wanted.name + " is " + Stored(field.type) +
                             ", the contract says " + columnar::ToText(wanted.type));
    if (!field.nullable && wanted.nullable)
      return Drift(name, "column " + wanted.name + " is not null there, the contract allows null");
  }
  for (const Field& field : have.fields) {
    if (!field.nullable && !shape.schema.Find(field.name))
      return Drift(
          name, "its column " + field.name + " is not null, and the contract has no such column");
  }
  WEIR_ASSIGN(const iceberg::PartitionSpec spec,
              iceberg::ParsePartitionSpec(shape.partition_by, metadata.schema()));
  const auto same = [](const iceberg::PartitionField& a, const iceberg::PartitionField& b) {
    return a.source_id == b.source_id && a.transform == b.transform;
  };
  if (!std::ranges::equal(spec.fields, metadata.spec().fields, same))
    return Drift(name, "it is partitioned otherwise than partition_by says");
  return {};
}

}  // namespace weir::table

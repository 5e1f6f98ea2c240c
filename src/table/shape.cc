#include "table/shape.h"

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
                         Column("received_at", Kind::kTimestamptz),
                         Column("read_as", Kind::kVarchar, true)};
  return shape;
}

}  // namespace weir::table

#include <algorithm>

#include "arrow/type.h"
#include "base/letter_case.h"
#include "model/reshape.h"

namespace weir::model {
namespace {

using iceberg::PartitionField;
using iceberg::PartitionSpec;
using iceberg::TableMetadata;

// Whether two types are the same but for field ids.
bool SameType(const iceberg::Type& a, const iceberg::Type& b) {
  const auto same_child = [](const iceberg::Field& x, const iceberg::Field& y) {
    return x.name == y.name && x.required == y.required && SameType(x.type, y.type);
  };
  return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale &&
         a.length == b.length && std::ranges::equal(a.children, b.children, same_child);
}

void RaiseIds(iceberg::Field& field, int32_t by) {
  field.id += by;
  for (iceberg::Field& child : field.type.children) RaiseIds(child, by);
}

bool SamePartitioning(const PartitionSpec& a, const PartitionSpec& b) {
  return std::ranges::equal(a.fields, b.fields,
                            [](const PartitionField& x, const PartitionField& y) {
                              return x.source_id == y.source_id && x.transform == y.transform;
                            });
}

// Partition fields keep their number for ever: the same one under another spec is the same number.
int32_t PartitionFieldId(TableMetadata& metadata, const PartitionField& wanted) {
  for (const PartitionSpec& spec : metadata.specs)
    for (const PartitionField& field : spec.fields)
      if (field.source_id == wanted.source_id && field.transform == wanted.transform)
        return field.field_id;
  return ++metadata.last_partition_id;
}

void SetSpec(TableMetadata& metadata, PartitionSpec wanted) {
  if (SamePartitioning(metadata.spec(), wanted)) return;
  const auto same = [&wanted](const PartitionSpec& spec) { return SamePartitioning(spec, wanted); };
  if (const auto known = std::ranges::find_if(metadata.specs, same);
      known != metadata.specs.end()) {
    metadata.default_spec_id = known->id;
    return;
  }
  wanted.id = 1 + std::ranges::max(metadata.specs, {}, &PartitionSpec::id).id;
  for (PartitionField& field : wanted.fields) field.field_id = PartitionFieldId(metadata, field);
  metadata.default_spec_id = wanted.id;
  metadata.specs.push_back(std::move(wanted));
}

Error BadColumn(const Model& model, std::string message, std::string next) {
  return {.kind = ErrorKind::kConfig,
          .code = "model.column",
          .message = std::move(message),
          .place = model.place,
          .next = std::move(next)};
}

}  // namespace

Result<table::TableShape> ShapeOf(const Model& model, const arrow::Schema& result) {
  table::TableShape shape;
  for (const auto& field : result.fields()) {
    auto type = columnar::FromArrow(*field->type());
    if (!type)
      return Fail(BadColumn(model, "column " + field->name() + ": " + type.error().message,
                            "cast it to a type of a table"));
    for (const columnar::Field& other : shape.schema.fields) {
      if (!EqualAnyCase(other.name, field->name())) continue;
      return Fail(BadColumn(model, "two columns of the result are called " + field->name(),
                            "give one of them another name with AS"));
    }
    shape.schema.fields.push_back(
        {.name = field->name(), .type = std::move(*type), .nullable = true});
  }
  for (const auto& term : model.header.partition_by) shape.partition_by.push_back(term.value);
  return shape;
}

Result<table::TableStatePtr> Reshape(const table::TableStatePtr& base,
                                     const table::TableShape& shape) {
  WEIR_ASSIGN(iceberg::Schema wanted, iceberg::FromColumnar(shape.schema));
  const iceberg::Schema& current = base->metadata.schema();
  for (iceberg::Field& field : wanted.fields) {
    const iceberg::Field* old = current.Find(field.name);
    if (old != nullptr && SameType(old->type, field.type)) {
      field = *old;
      field.required = false;
    } else {
      RaiseIds(field, base->metadata.last_column_id);
    }
  }
  auto next = std::make_shared<table::TableState>(*base);
  if (wanted.fields != current.fields)
    next->metadata = iceberg::WithSchema(std::move(next->metadata), std::move(wanted));
  WEIR_ASSIGN(PartitionSpec spec,
              iceberg::ParsePartitionSpec(shape.partition_by, next->metadata.schema()));
  SetSpec(next->metadata, std::move(spec));
  if (next->metadata == base->metadata) return base;
  return next;
}

}  // namespace weir::model

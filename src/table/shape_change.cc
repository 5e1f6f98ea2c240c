#include "table/shape_change.h"

#include <algorithm>

#include "base/letter_case.h"
#include "columnar/type.h"
#include "table/shape.h"

namespace weir::table {
namespace {

using Kind = ShapeChange::Kind;

std::string TypeText(const iceberg::Type& type) {
  iceberg::Schema one;
  one.fields.push_back({.id = 1,
                        .name = "it",
                        .required = false,
                        .type = type,
                        .doc = {},
                        .initial_default = {},
                        .write_default = {}});
  const auto shown = iceberg::ToColumnar(one);
  return shown ? columnar::ToText(shown->fields.front().type) : iceberg::ToText(type);
}

// "day(ts), bucket(16, id)"; "nothing" where it is not cut at all.
std::string PartitionText(const iceberg::PartitionSpec& spec, const iceberg::Schema& schema) {
  std::string text;
  for (const iceberg::PartitionField& field : spec.fields) {
    const iceberg::Field* source = schema.FindById(field.source_id);
    const std::string name = source != nullptr ? source->name : "a dropped column";
    std::string transform = iceberg::ToText(field.transform);
    if (const size_t at = transform.find('['); at != std::string::npos)
      transform = transform.substr(0, at) + "(" +
                  transform.substr(at + 1, transform.size() - at - 2) + ", " + name + ")";
    else
      transform = transform == "identity" ? name : transform + "(" + name + ")";
    text += (text.empty() ? "" : ", ") + transform;
  }
  return text.empty() ? "nothing" : text;
}

// No two columns of a table differ in letter case alone: SQL could not tell them apart.
Result<void> CheckLetterCase(const std::string& name, const iceberg::Schema& schema) {
  const auto same = [&name](const iceberg::Field& field) { return EqualAnyCase(field.name, name); };
  const auto found = std::ranges::find_if(schema.fields, same);
  if (found == schema.fields.end()) return {};
  return Fail(ErrorKind::kConfig, "schema.letter_case",
              "it has a column '" + found->name + "', which the contract writes '" + name +
                  "': letter case does not tell columns apart",
              "write it '" + found->name + "' (`from: " + name + "` where the input says so)");
}

std::string FreeName(const std::string& name, const iceberg::Schema& schema,
                     const columnar::Schema& wanted) {
  std::string free = name + "_old";
  for (int i = 2; schema.Find(free) != nullptr || wanted.Find(free); ++i)
    free = name + "_old" + std::to_string(i);
  return free;
}

// What must happen to the column `have` so that values of `wanted` can be written into it.
std::vector<ShapeChange> ColumnChanges(const iceberg::Field& have, const columnar::Field& wanted,
                                       const iceberg::Schema& schema,
                                       const columnar::Schema& all_wanted) {
  ShapeChange change{.kind = Kind::kWiden,
                     .column = wanted.name,
                     .from = TypeText(have.type),
                     .to = columnar::ToText(wanted.type),
                     .aside = {}};
  iceberg::Schema one;
  one.fields = {have};
  const auto evolved = iceberg::Evolve(one, {{wanted}}, have.id, 1);
  if (!evolved) {
    change.kind = Kind::kReplace;
    change.aside = FreeName(wanted.name, schema, all_wanted);
    return {change};
  }
  std::vector<ShapeChange> changes;
  const iceberg::Field& next = evolved->fields.front();
  change.to = TypeText(next.type);
  if (next.type != have.type) changes.push_back(change);
  if (have.required && !next.required) {
    change.kind = Kind::kAllowNull;
    changes.push_back(change);
  }
  return changes;
}

iceberg::Schema WithColumnsAside(iceberg::Schema schema, const std::vector<ShapeChange>& changes) {
  for (const ShapeChange& change : changes) {
    if (change.kind != Kind::kReplace) continue;
    for (iceberg::Field& field : schema.fields) {
      if (field.name != change.column) continue;
      field.name = change.aside;
      field.required = false;
    }
  }
  return schema;
}

Result<iceberg::TableMetadata> WithColumns(iceberg::TableMetadata metadata, const TableShape& shape,
                                           const std::vector<ShapeChange>& changes) {
  WEIR_ASSIGN(iceberg::Schema schema, iceberg::Evolve(WithColumnsAside(metadata.schema(), changes),
                                                      shape.schema, metadata.last_column_id, 0));
  return iceberg::WithSchema(std::move(metadata), std::move(schema));
}

bool SameCut(const iceberg::PartitionSpec& a, const iceberg::PartitionSpec& b) {
  return std::ranges::equal(a.fields, b.fields,
                            [](const iceberg::PartitionField& x, const iceberg::PartitionField& y) {
                              return x.source_id == y.source_id && x.transform == y.transform;
                            });
}

}  // namespace

std::string ShapeChange::action() const {
  switch (kind) {
    case Kind::kAddColumn:
      return "add column " + column + " " + to;
    case Kind::kWiden:
      return "widen column " + column + " from " + from + " to " + to;
    case Kind::kAllowNull:
      return "let column " + column + " be null";
    case Kind::kReplace:
      return "replace column " + column + " " + from + " by " + column + " " + to;
    case Kind::kRepartition:
      return "partition by " + to + ", no longer by " + from;
  }
  return {};
}

std::string ShapeChange::why() const {
  switch (kind) {
    case Kind::kAddColumn:
      return "the contract has it, the table has not";
    case Kind::kWiden:
    case Kind::kReplace:
      return "the contract says " + to + ", the table has " + from;
    case Kind::kAllowNull:
      return to.empty() ? "the contract has no such column any more" : "the contract allows null";
    case Kind::kRepartition:
      return "partition_by of the sink says so";
  }
  return {};
}

std::string ShapeChange::effect() const {
  switch (kind) {
    case Kind::kReplace:
      return "the values that are there stay under the name " + aside + "; " + column +
             " is null in all rows that are there";
    case Kind::kRepartition:
      return "files that are there stay as they are; files to come are cut the new way";
    default:
      return {};
  }
}

Result<std::vector<ShapeChange>> ChangesFor(const iceberg::TableMetadata& metadata,
                                            const TableShape& shape) {
  WEIR_TRY(iceberg::FromColumnar(shape.schema));
  const iceberg::Schema& schema = metadata.schema();
  std::vector<ShapeChange> changes;
  for (const columnar::Field& wanted : shape.schema.fields) {
    if (const iceberg::Field* have = schema.Find(wanted.name)) {
      std::ranges::move(ColumnChanges(*have, wanted, schema, shape.schema),
                        std::back_inserter(changes));
    } else {
      WEIR_TRY(CheckLetterCase(wanted.name, schema));
      changes.push_back({.kind = Kind::kAddColumn,
                         .column = wanted.name,
                         .from = {},
                         .to = columnar::ToText(wanted.type),
                         .aside = {}});
    }
  }
  for (const iceberg::Field& have : schema.fields) {
    if (!have.required || shape.schema.Find(have.name)) continue;
    changes.push_back({.kind = Kind::kAllowNull,
                       .column = have.name,
                       .from = TypeText(have.type),
                       .to = {},
                       .aside = {}});
  }
  WEIR_ASSIGN(const iceberg::TableMetadata next, WithColumns(metadata, shape, changes));
  WEIR_ASSIGN(const iceberg::PartitionSpec spec,
              iceberg::ParsePartitionSpec(shape.partition_by, next.schema()));
  if (!SameCut(spec, metadata.spec()))
    changes.push_back({.kind = Kind::kRepartition,
                       .column = {},
                       .from = PartitionText(metadata.spec(), schema),
                       .to = PartitionText(spec, next.schema()),
                       .aside = {}});
  return changes;
}

Result<iceberg::TableMetadata> Changed(iceberg::TableMetadata metadata, const TableShape& shape,
                                       const std::vector<ShapeChange>& changes) {
  if (changes.empty()) return metadata;
  WEIR_ASSIGN(iceberg::TableMetadata next, WithColumns(std::move(metadata), shape, changes));
  WEIR_ASSIGN(iceberg::PartitionSpec spec,
              iceberg::ParsePartitionSpec(shape.partition_by, next.schema()));
  return iceberg::WithSpec(std::move(next), std::move(spec));
}

Result<iceberg::TableMetadata> WithNewColumns(iceberg::TableMetadata metadata,
                                              const columnar::Schema& columns,
                                              const std::set<std::string>& json) {
  iceberg::Schema schema = metadata.schema();
  int32_t last = metadata.last_column_id;
  for (const columnar::Field& column : columns.fields) {
    WEIR_ASSIGN(const iceberg::Schema one, iceberg::FromColumnar({{column}}));
    iceberg::Field field = one.fields.front();
    field.id = ++last;
    field.required = false;
    if (json.contains(field.name)) field.doc = kJsonDoc;
    schema.fields.push_back(std::move(field));
  }
  return iceberg::WithSchema(std::move(metadata), std::move(schema));
}

Result<void> CheckUnchanged(const catalog::TableName& name,
                            const std::vector<ShapeChange>& changes) {
  if (changes.empty()) return {};
  constexpr size_t kShown = 3;
  std::string told;
  for (size_t i = 0; i < std::min(changes.size(), kShown); ++i)
    told += (i == 0 ? "" : "; ") + changes[i].action();
  const bool breaking = std::ranges::any_of(changes, &ShapeChange::breaking);
  if (changes.size() > kShown) told += "; and " + std::to_string(changes.size() - kShown) + " more";
  return Fail(ErrorKind::kConfig, "schema.drift",
              "table " + name.ToString() + " does not fit its contract: " + told,
              breaking ? "weir plan shows what that means; weir apply --allow-breaking does it, or "
                         "change the contract back"
                       : "weir plan shows it, weir apply does it; or change the contract back");
}

std::optional<std::string> Difference(const TableShape& one, const TableShape& other) {
  for (const auto& [made, wanted] : {std::pair(&one, &other), std::pair(&other, &one)}) {
    auto schema = iceberg::FromColumnar(made->schema);
    if (!schema) return std::nullopt;  // Neither makes a table; that is a fault of its own.
    auto spec = iceberg::ParsePartitionSpec(made->partition_by, *schema);
    if (!spec) return std::nullopt;
    const auto table = iceberg::NewTable({.location = "memory:/it",
                                          .table_uuid = "it",
                                          .timestamp_ms = 0,
                                          .schema = std::move(*schema),
                                          .spec = std::move(*spec),
                                          .properties = {}});
    const auto changes = ChangesFor(table, *wanted);
    if (changes && !changes->empty()) return changes->front().action();
  }
  return std::nullopt;
}

}  // namespace weir::table

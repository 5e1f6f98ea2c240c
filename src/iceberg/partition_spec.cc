#include "iceberg/partition_spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/letter_case.h"
#include "base/spelling.h"
#include "iceberg/json_internal.h"

namespace weir::iceberg {
namespace {

struct TransformName {
  TransformKind kind;
  std::string_view name;
  bool has_width;
};

constexpr std::array<TransformName, 7> kTransforms = {{
    {TransformKind::kIdentity, "identity", false},
    {TransformKind::kBucket, "bucket", true},
    {TransformKind::kTruncate, "truncate", true},
    {TransformKind::kYear, "year", false},
    {TransformKind::kMonth, "month", false},
    {TransformKind::kDay, "day", false},
    {TransformKind::kHour, "hour", false},
}};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool ReadWidth(std::string_view text, int32_t& width) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), width);
  return ec == std::errc() && end == text.data() + text.size() && width > 0;
}

std::unexpected<Error> BadTerm(std::string_view text, const std::string& why, std::string next) {
  return Fail(ErrorKind::kConfig, "iceberg.partition_text",
              "partition_by '" + std::string(text) + "': " + why, std::move(next));
}

bool IsTimestamp(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

bool Takes(const Transform& transform, const Type& source) {
  const TypeKind kind = source.kind;
  switch (transform.kind) {
    case TransformKind::kIdentity:
      return source.primitive() && kind != TypeKind::kOther;
    case TransformKind::kBucket:
      return source.primitive() && kind != TypeKind::kOther && kind != TypeKind::kBoolean &&
             kind != TypeKind::kFloat && kind != TypeKind::kDouble;
    case TransformKind::kTruncate:
      return kind == TypeKind::kInt || kind == TypeKind::kLong || kind == TypeKind::kDecimal ||
             kind == TypeKind::kString || kind == TypeKind::kBinary;
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
      return kind == TypeKind::kDate || IsTimestamp(kind);
    case TransformKind::kHour:
      return IsTimestamp(kind);
    case TransformKind::kVoid:
      return source.primitive();
    case TransformKind::kOther:
      return false;
  }
  return false;
}

std::string DefaultName(const std::string& column, const Transform& transform) {
  switch (transform.kind) {
    case TransformKind::kBucket:
      return column + "_bucket_" + std::to_string(transform.width);
    case TransformKind::kTruncate:
      return column + "_trunc_" + std::to_string(transform.width);
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      return column + "_" + ToText(transform);
    case TransformKind::kVoid:
      return column + "_null";
    default:
      return column;
  }
}

Transform TransformFromText(const std::string& text) {
  Transform transform;
  if (text == "void") {
    transform.kind = TransformKind::kVoid;
    return transform;
  }
  for (const TransformName& known : kTransforms) {
    const std::string open = std::string(known.name) + "[";
    const bool matches = known.has_width
                             ? text.starts_with(open) && text.ends_with("]") &&
                                   ReadWidth(std::string_view(text).substr(
                                                 open.size(), text.size() - open.size() - 1),
                                             transform.width)
                             : text == known.name;
    if (!matches) continue;
    transform.kind = known.kind;
    return transform;
  }
  return {.kind = TransformKind::kOther, .width = 0, .name = text};
}

Result<PartitionField> FieldFromJson(Json json, int32_t position) {
  PartitionField field;
  if (FindMember(json, "source-id")) {
    WEIR_ASSIGN(field.source_id, Int32Member(json, "source-id"));
  } else {
    WEIR_ASSIGN(const simdjson::dom::array sources, ArrayMember(json, "source-ids"));
    const auto first = sources.begin() != sources.end() ? AsInt32(*sources.begin()) : std::nullopt;
    if (!first) return CorruptMetadata("a partition field has no source column");
    field.source_id = *first;
  }
  // Version 1 numbered fields by position.
  field.field_id = kLastPartitionIdOfNone + 1 + position;
  if (FindMember(json, "field-id")) {
    WEIR_ASSIGN(field.field_id, Int32Member(json, "field-id"));
  }
  WEIR_ASSIGN(field.name, StringMember(json, "name"));
  WEIR_ASSIGN(const std::string transform, StringMember(json, "transform"));
  field.transform = TransformFromText(transform);
  return field;
}

}  // namespace

Result<PartitionTerm> ParsePartitionTerm(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty()) return BadTerm(text, "a column is missing", "write for example day(ts)");
  const size_t open = trimmed.find('(');
  if (open == std::string_view::npos)
    return PartitionTerm{.column = std::string(trimmed), .transform = {}};
  if (trimmed.back() != ')')
    return BadTerm(text, "')' is missing at the end", "write for example day(ts)");
  const std::string name = Lower(Trim(trimmed.substr(0, open)));
  std::string_view inside = trimmed.substr(open + 1, trimmed.size() - open - 2);
  const auto* known = std::find_if(kTransforms.begin(), kTransforms.end(),
                                   [&](const TransformName& t) { return t.name == name; });
  if (known == kTransforms.end()) {
    std::vector<std::string> names;
    for (const TransformName& transform : kTransforms) names.emplace_back(transform.name);
    const auto near = NearestWord(name, names);
    return BadTerm(
        text, "no transform '" + name + "'",
        near ? "did you mean '" + *near + "'?"
             : "transforms are year month day hour bucket(n, column) truncate(n, column)");
  }
  PartitionTerm term;
  term.transform.kind = known->kind;
  if (known->has_width) {
    const size_t comma = inside.find(',');
    if (comma == std::string_view::npos ||
        !ReadWidth(Trim(inside.substr(0, comma)), term.transform.width))
      return BadTerm(text, "a whole number above zero comes first",
                     "write for example " + name + "(16, id)");
    inside = inside.substr(comma + 1);
  }
  term.column = std::string(Trim(inside));
  if (term.column.empty()) return BadTerm(text, "a column is missing", "write for example day(ts)");
  return term;
}

Result<PartitionSpec> BindPartitionSpec(std::span<const PartitionTerm> terms,
                                        const Schema& schema) {
  PartitionSpec spec;
  std::set<std::string> names;
  for (const PartitionTerm& term : terms) {
    const Field* source = schema.Find(term.column);
    if (source == nullptr) {
      std::vector<std::string> columns;
      for (const Field& field : schema.fields) columns.push_back(field.name);
      const auto near = NearestWord(term.column, columns);
      return Fail(ErrorKind::kConfig, "iceberg.partition_column",
                  "partition_by names the column '" + term.column + "', which the table lacks",
                  near ? "did you mean '" + *near + "'?" : "name one of the table's columns");
    }
    if (!Takes(term.transform, source->type))
      return Fail(ErrorKind::kConfig, "iceberg.partition_type",
                  "partition_by: " + ToText(term.transform) + " does not take column '" +
                      term.column + "' of type " + ToText(source->type));
    PartitionField field;
    field.source_id = source->id;
    field.field_id = kLastPartitionIdOfNone + 1 + static_cast<int32_t>(spec.fields.size());
    field.name = DefaultName(term.column, term.transform);
    field.transform = term.transform;
    // Iceberg allows a column's name for its identity only.
    if (term.transform.kind != TransformKind::kIdentity)
      while (schema.Find(field.name) != nullptr) field.name += "_part";
    if (!names.insert(field.name).second)
      return Fail(ErrorKind::kConfig, "iceberg.partition_duplicate",
                  "partition_by names " + field.name + " twice", "leave one of them out");
    spec.fields.push_back(std::move(field));
  }
  return spec;
}

Result<PartitionSpec> ParsePartitionSpec(std::span<const std::string> texts, const Schema& schema) {
  std::vector<PartitionTerm> terms;
  for (const std::string& text : texts) {
    WEIR_ASSIGN(PartitionTerm term, ParsePartitionTerm(text));
    terms.push_back(std::move(term));
  }
  return BindPartitionSpec(terms, schema);
}

Result<Type> ResultType(const Transform& transform, const Type& source) {
  if (!Takes(transform, source))
    return Fail(ErrorKind::kUnsupported, "iceberg.partition_type",
                "the partition transform " + ToText(transform) + " of a column of type " +
                    ToText(source) + " is not known to Weir");
  Type type;
  switch (transform.kind) {
    case TransformKind::kBucket:
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kHour:
      type.kind = TypeKind::kInt;
      return type;
    case TransformKind::kDay:
      type.kind = TypeKind::kDate;
      return type;
    default:
      return source;
  }
}

Result<std::vector<Type>> PartitionTypes(const PartitionSpec& spec, const Schema& schema) {
  std::vector<Type> types;
  for (const PartitionField& field : spec.fields) {
    const Field* source = schema.FindById(field.source_id);
    if (source == nullptr && field.transform.kind == TransformKind::kVoid) {
      Type always_null;
      always_null.kind = TypeKind::kInt;
      types.push_back(std::move(always_null));
      continue;
    }
    if (source == nullptr)
      return Fail(ErrorKind::kUnsupported, "iceberg.partition_column",
                  "the column behind partition field '" + field.name + "' was dropped");
    WEIR_ASSIGN(Type type, ResultType(field.transform, source->type));
    types.push_back(std::move(type));
  }
  return types;
}

std::string ToText(const Transform& transform) {
  if (transform.kind == TransformKind::kOther) return transform.name;
  if (transform.kind == TransformKind::kVoid) return "void";
  for (const TransformName& known : kTransforms) {
    if (known.kind != transform.kind) continue;
    std::string text(known.name);
    if (known.has_width) text += "[" + std::to_string(transform.width) + "]";
    return text;
  }
  return {};
}

void WriteSpecFields(JsonWriter& out, const PartitionSpec& spec) {
  out.Begin('[');
  for (const PartitionField& field : spec.fields) {
    out.Begin('{').Key("name").Text(field.name).Key("transform").Text(ToText(field.transform));
    out.Key("source-id").Number(field.source_id).Key("field-id").Number(field.field_id).End('}');
  }
  out.End(']');
}

void WriteSpec(JsonWriter& out, const PartitionSpec& spec) {
  out.Begin('{').Key("spec-id").Number(spec.id).Key("fields");
  WriteSpecFields(out, spec);
  out.End('}');
}

Result<PartitionSpec> SpecFromJson(Json json) {
  PartitionSpec spec;
  WEIR_ASSIGN(spec.id, Int32Member(json, "spec-id"));
  WEIR_ASSIGN(const simdjson::dom::array fields, ArrayMember(json, "fields"));
  for (const Json element : fields) {
    WEIR_ASSIGN(PartitionField field,
                FieldFromJson(element, static_cast<int32_t>(spec.fields.size())));
    spec.fields.push_back(std::move(field));
  }
  return spec;
}

std::string ToJson(const PartitionSpec& spec) {
  JsonWriter out;
  WriteSpec(out, spec);
  return out.Finish();
}

std::string FieldsToJson(const PartitionSpec& spec) {
  JsonWriter out;
  WriteSpecFields(out, spec);
  return out.Finish();
}

Result<PartitionSpec> ParseSpec(std::string_view json) {
  WEIR_ASSIGN(const JsonText text, JsonText::Parse(json));
  return SpecFromJson(text.root());
}

}  // namespace weir::iceberg

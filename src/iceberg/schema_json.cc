// Schemas as JSON, both ways.
#include <array>
#include <charconv>

#include "base/check.h"
#include "iceberg/json_internal.h"
#include "iceberg/schema.h"

namespace weir::iceberg {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 12> kNames = {{
    {"boolean", TypeKind::kBoolean},
    {"int", TypeKind::kInt},
    {"long", TypeKind::kLong},
    {"float", TypeKind::kFloat},
    {"double", TypeKind::kDouble},
    {"date", TypeKind::kDate},
    {"time", TypeKind::kTime},
    {"timestamp", TypeKind::kTimestamp},
    {"timestamptz", TypeKind::kTimestamptz},
    {"string", TypeKind::kString},
    {"uuid", TypeKind::kUuid},
    {"binary", TypeKind::kBinary},
}};

Type MakeType(TypeKind kind) {
  Type type;
  type.kind = kind;
  return type;
}

// Reads the numbers of "decimal(9, 2)" or "fixed[16]" behind the first bracket.
template <size_t N>
bool ReadNumbers(std::string_view text, char close, std::array<int, N>& numbers) {
  for (size_t i = 0; i < N; ++i) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (ec != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.empty() || text.front() != (i + 1 == N ? close : ',')) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

Result<Type> PrimitiveFromText(const std::string& text) {
  for (const auto& [name, kind] : kNames)
    if (name == text) return MakeType(kind);
  if (text.starts_with("decimal(")) {
    std::array<int, 2> numbers{};
    if (!ReadNumbers(std::string_view(text).substr(8), ')', numbers) || numbers[0] < 1 ||
        numbers[0] > 38 || numbers[1] < 0 || numbers[1] > numbers[0])
      return CorruptMetadata("type '" + text + "' is malformed");
    Type type = MakeType(TypeKind::kDecimal);
    type.precision = numbers[0];
    type.scale = numbers[1];
    return type;
  }
  if (text.starts_with("fixed[")) {
    std::array<int, 1> numbers{};
    if (!ReadNumbers(std::string_view(text).substr(6), ']', numbers) || numbers[0] < 1)
      return CorruptMetadata("type '" + text + "' is malformed");
    Type type = MakeType(TypeKind::kFixed);
    type.length = numbers[0];
    return type;
  }
  Type type = MakeType(TypeKind::kOther);
  type.name = text;
  return type;
}

Result<Type> TypeFromJson(Json json);

Result<Field> FieldFromJson(Json json) {
  Field field;
  WEIR_ASSIGN(field.id, Int32Member(json, "id"));
  WEIR_ASSIGN(field.name, StringMember(json, "name"));
  WEIR_ASSIGN(field.required, FlagMember(json, "required"));
  const auto type = FindMember(json, "type");
  if (!type) return CorruptMetadata("field '" + field.name + "' has no type");
  WEIR_ASSIGN(field.type, TypeFromJson(*type));
  if (const auto doc = FindMember(json, "doc")) field.doc = AsText(*doc).value_or("");
  if (const auto value = FindMember(json, "initial-default")) field.initial_default = Print(*value);
  if (const auto value = FindMember(json, "write-default")) field.write_default = Print(*value);
  return field;
}

// The child of a list or a map, whose members carry the prefix `part`: "element-id", "element".
Result<Field> ChildFromJson(Json json, const std::string& part, bool always_required) {
  Field child;
  child.name = part;
  child.required = true;
  WEIR_ASSIGN(child.id, Int32Member(json, (part + "-id").c_str()));
  if (!always_required) {
    WEIR_ASSIGN(child.required, FlagMember(json, (part + "-required").c_str()));
  }
  const auto type = FindMember(json, part.c_str());
  if (!type) return CorruptMetadata("member '" + part + "' is missing");
  WEIR_ASSIGN(child.type, TypeFromJson(*type));
  return child;
}

Result<std::vector<Field>> FieldsFromJson(Json json) {
  WEIR_ASSIGN(const simdjson::dom::array array, ArrayMember(json, "fields"));
  std::vector<Field> fields;
  for (const Json element : array) {
    WEIR_ASSIGN(Field field, FieldFromJson(element));
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<Type> TypeFromJson(Json json) {
  if (const auto text = AsText(json)) return PrimitiveFromText(std::string(*text));
  WEIR_ASSIGN(const std::string kind, StringMember(json, "type"));
  if (kind == "struct") {
    Type type = MakeType(TypeKind::kStruct);
    WEIR_ASSIGN(type.children, FieldsFromJson(json));
    return type;
  }
  if (kind == "list") {
    Type type = MakeType(TypeKind::kList);
    WEIR_ASSIGN(Field element, ChildFromJson(json, "element", false));
    type.children.push_back(std::move(element));
    return type;
  }
  if (kind == "map") {
    Type type = MakeType(TypeKind::kMap);
    WEIR_ASSIGN(Field key, ChildFromJson(json, "key", true));
    WEIR_ASSIGN(Field value, ChildFromJson(json, "value", false));
    type.children = {std::move(key), std::move(value)};
    return type;
  }
  return CorruptMetadata("no nested type '" + kind + "'");
}

void WriteType(JsonWriter& out, const Type& type);

void WriteFields(JsonWriter& out, const std::vector<Field>& fields) {
  out.Key("fields").Begin('[');
  for (const Field& field : fields) {
    out.Begin('{').Key("id").Number(field.id).Key("name").Text(field.name);
    out.Key("required").Flag(field.required).Key("type");
    WriteType(out, field.type);
    if (!field.doc.empty()) out.Key("doc").Text(field.doc);
    if (!field.initial_default.empty()) out.Key("initial-default").Raw(field.initial_default);
    if (!field.write_default.empty()) out.Key("write-default").Raw(field.write_default);
    out.End('}');
  }
  out.End(']');
}

void WriteType(JsonWriter& out, const Type& type) {
  if (type.primitive()) {
    out.Text(ToText(type));
    return;
  }
  out.Begin('{').Key("type");
  if (type.kind == TypeKind::kStruct) {
    out.Text("struct");
    WriteFields(out, type.children);
  } else if (type.kind == TypeKind::kList) {
    const Field& element = type.children.at(0);
    out.Text("list").Key("element-id").Number(element.id);
    out.Key("element-required").Flag(element.required).Key("element");
    WriteType(out, element.type);
  } else {
    const Field& key = type.children.at(0);
    const Field& value = type.children.at(1);
    out.Text("map").Key("key-id").Number(key.id).Key("key");
    WriteType(out, key.type);
    out.Key("value-id").Number(value.id).Key("value-required").Flag(value.required).Key("value");
    WriteType(out, value.type);
  }
  out.End('}');
}

}  // namespace

std::string ToText(const Type& type) {
  for (const auto& [name, kind] : kNames)
    if (kind == type.kind) return std::string(name);
  switch (type.kind) {
    case TypeKind::kDecimal:
      return "decimal(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeKind::kFixed:
      return "fixed[" + std::to_string(type.length) + "]";
    case TypeKind::kList:
      return "list<" + ToText(type.children.at(0).type) + ">";
    case TypeKind::kMap:
      return "map<" + ToText(type.children.at(0).type) + ", " + ToText(type.children.at(1).type) +
             ">";
    case TypeKind::kStruct: {
      std::string text;
      for (const Field& child : type.children)
        text += (text.empty() ? "struct<" : ", ") + child.name + " " + ToText(child.type);
      return (text.empty() ? "struct<" : text) + ">";
    }
    default:
      return type.name;
  }
}

void WriteSchema(JsonWriter& out, const Schema& schema) {
  out.Begin('{').Key("type").Text("struct").Key("schema-id").Number(schema.id);
  if (!schema.identifier_field_ids.empty()) {
    out.Key("identifier-field-ids").Begin('[');
    for (const int32_t id : schema.identifier_field_ids) out.Number(id);
    out.End(']');
  }
  WriteFields(out, schema.fields);
  out.End('}');
}

Result<Schema> SchemaFromJson(Json json) {
  if (!json.is_object()) return CorruptMetadata("a schema is not an object");
  Schema schema;
  if (FindMember(json, "schema-id")) {
    WEIR_ASSIGN(schema.id, Int32Member(json, "schema-id"));
  }
  WEIR_ASSIGN(schema.fields, FieldsFromJson(json));
  if (FindMember(json, "identifier-field-ids")) {
    WEIR_ASSIGN(const simdjson::dom::array ids, ArrayMember(json, "identifier-field-ids"));
    for (const Json element : ids) {
      const auto id = AsInt32(element);
      if (!id) return CorruptMetadata("an identifier field id is not a number");
      schema.identifier_field_ids.push_back(*id);
    }
  }
  return schema;
}

std::string ToJson(const Schema& schema) {
  JsonWriter out;
  WriteSchema(out, schema);
  return out.Finish();
}

Result<Schema> ParseSchema(std::string_view json) {
  WEIR_ASSIGN(const JsonText text, JsonText::Parse(json));
  return SchemaFromJson(text.root());
}

}  // namespace weir::iceberg

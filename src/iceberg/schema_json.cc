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

Result<Type> TypeFromJson(const Json& json);

Result<Field> FieldFromJson(const Json& json) {
  if (!json.is_object()) return CorruptMetadata("a field is not an object");
  Field field;
  WEIR_ASSIGN(field.id, Int32Member(json, "id"));
  WEIR_ASSIGN(field.name, StringMember(json, "name"));
  const Json* required = FindMember(json, "required");
  if (required == nullptr || !required->is_boolean())
    return CorruptMetadata("field '" + field.name + "' does not say whether it is required");
  field.required = required->get<bool>();
  const Json* type = FindMember(json, "type");
  if (type == nullptr) return CorruptMetadata("field '" + field.name + "' has no type");
  WEIR_ASSIGN(field.type, TypeFromJson(*type));
  if (const Json* doc = FindMember(json, "doc"); doc != nullptr && doc->is_string())
    field.doc = doc->get<std::string>();
  if (const Json* value = FindMember(json, "initial-default")) field.initial_default = Print(*value);
  if (const Json* value = FindMember(json, "write-default")) field.write_default = Print(*value);
  return field;
}

// The child of a list or a map, whose members carry the prefix `part`: "element-id", "element".
Result<Field> ChildFromJson(const Json& json, const std::string& part, bool always_required) {
  Field child;
  child.name = part;
  WEIR_ASSIGN(child.id, Int32Member(json, (part + "-id").c_str()));
  child.required = always_required;
  if (!always_required) {
    const Json* required = FindMember(json, (part + "-required").c_str());
    if (required == nullptr || !required->is_boolean())
      return CorruptMetadata("member '" + part + "-required' is missing");
    child.required = required->get<bool>();
  }
  const Json* type = FindMember(json, part.c_str());
  if (type == nullptr) return CorruptMetadata("member '" + part + "' is missing");
  WEIR_ASSIGN(child.type, TypeFromJson(*type));
  return child;
}

Result<std::vector<Field>> FieldsFromJson(const Json& json) {
  WEIR_ASSIGN(const Json* array, ArrayMember(json, "fields"));
  std::vector<Field> fields;
  for (const Json& element : *array) {
    WEIR_ASSIGN(Field field, FieldFromJson(element));
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<Type> TypeFromJson(const Json& json) {
  if (json.is_string()) return PrimitiveFromText(json.get<std::string>());
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

Json TypeJson(const Type& type);

Json FieldsJson(const std::vector<Field>& fields) {
  Json array = Json::array();
  for (const Field& field : fields) {
    Json json = {{"id", field.id}, {"name", field.name}, {"required", field.required},
                 {"type", TypeJson(field.type)}};
    if (!field.doc.empty()) json["doc"] = field.doc;
    if (!field.initial_default.empty())
      json["initial-default"] = Json::parse(field.initial_default, nullptr, false);
    if (!field.write_default.empty())
      json["write-default"] = Json::parse(field.write_default, nullptr, false);
    array.push_back(std::move(json));
  }
  return array;
}

Json TypeJson(const Type& type) {
  switch (type.kind) {
    case TypeKind::kStruct:
      return {{"type", "struct"}, {"fields", FieldsJson(type.children)}};
    case TypeKind::kList: {
      const Field& element = type.children.at(0);
      return {{"type", "list"},
              {"element-id", element.id},
              {"element-required", element.required},
              {"element", TypeJson(element.type)}};
    }
    case TypeKind::kMap: {
      const Field& key = type.children.at(0);
      const Field& value = type.children.at(1);
      return {{"type", "map"},       {"key-id", key.id},
              {"key", TypeJson(key.type)}, {"value-id", value.id},
              {"value-required", value.required}, {"value", TypeJson(value.type)}};
    }
    default:
      return ToText(type);
  }
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
      return "map<" + ToText(type.children.at(0).type) + ", " + ToText(type.children.at(1).type) + ">";
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

Json SchemaJson(const Schema& schema) {
  Json json = {{"type", "struct"}, {"schema-id", schema.id}};
  if (!schema.identifier_field_ids.empty())
    json["identifier-field-ids"] = schema.identifier_field_ids;
  json["fields"] = FieldsJson(schema.fields);
  return json;
}

Result<Schema> SchemaFromJson(const Json& json) {
  if (!json.is_object()) return CorruptMetadata("a schema is not an object");
  Schema schema;
  if (FindMember(json, "schema-id") != nullptr) {
    WEIR_ASSIGN(schema.id, Int32Member(json, "schema-id"));
  }
  WEIR_ASSIGN(schema.fields, FieldsFromJson(json));
  if (const Json* ids = FindMember(json, "identifier-field-ids")) {
    if (!ids->is_array()) return CorruptMetadata("member 'identifier-field-ids' is not an array");
    for (const Json& id : *ids) {
      if (!id.is_number_integer()) return CorruptMetadata("an identifier field id is not a number");
      schema.identifier_field_ids.push_back(id.get<int32_t>());
    }
  }
  return schema;
}

std::string ToJson(const Schema& schema) { return Print(SchemaJson(schema)); }

Result<Schema> ParseSchema(std::string_view json) {
  WEIR_ASSIGN(const Json parsed, ParseJson(json));
  return SchemaFromJson(parsed);
}

}  // namespace weir::iceberg

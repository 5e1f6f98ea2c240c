#include "query/table_view.h"

#include <algorithm>

#include "engine/sql.h"

namespace weir::query {
namespace {

using engine::QuotedName;
using engine::QuotedText;
using iceberg::TypeKind;

void AddPaths(const std::string& prefix, const std::vector<iceberg::Field>& fields,
              FieldPaths& paths) {
  for (const iceberg::Field& field : fields) {
    const std::string path = prefix + field.name;
    paths.emplace(path, field.id);
    AddPaths(path + ".", field.type.children, paths);
  }
}

Result<std::string> TypeOf(const iceberg::Field& field) {
  auto type = SqlType(field.type);
  if (!type) return Fail(WithContext(std::move(type).error(), "column " + field.name));
  return type;
}

Result<std::string> StructType(const iceberg::Type& type) {
  std::string text = "STRUCT(";
  for (const iceberg::Field& child : type.children) {
    WEIR_ASSIGN(const std::string inner, TypeOf(child));
    text += (&child == type.children.data() ? "" : ", ") + QuotedName(child.name) + " " + inner;
  }
  return text + ")";
}

Result<std::string> NoRows(const iceberg::Schema& schema) {
  std::string sql = "SELECT ";
  for (const iceberg::Field& field : schema.fields) {
    WEIR_ASSIGN(const std::string type, TypeOf(field));
    sql += "CAST(NULL AS " + type + ") AS " + QuotedName(field.name) + ", ";
  }
  sql.resize(sql.size() - 2);
  return sql + " WHERE false";
}

std::string ListOf(std::span<const std::string> paths) {
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "[" : ", ") + QuotedText(path);
  return list + "]";
}

// `path` of a file in which a column is called as in `names` (written to current); nullopt: of none
// of them.
std::optional<std::string> PathToday(const std::string& path,
                                     const std::map<std::string, std::string>& names) {
  const std::string column = path.substr(0, path.find('.'));
  for (const std::string& name : {path, column})
    if (const auto found = names.find(name); found != names.end())
      return found->second + path.substr(name.size());
  return std::nullopt;
}

}  // namespace

Result<std::string> SqlType(const iceberg::Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kInt:
      return "INTEGER";
    case TypeKind::kLong:
      return "BIGINT";
    case TypeKind::kFloat:
      return "FLOAT";
    case TypeKind::kDouble:
      return "DOUBLE";
    case TypeKind::kDecimal:
      return "DECIMAL(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTime:
      return "TIME";
    case TypeKind::kTimestamp:
      return "TIMESTAMP";
    case TypeKind::kTimestamptz:
      return "TIMESTAMPTZ";
    case TypeKind::kString:
      return "VARCHAR";
    case TypeKind::kUuid:
      return "UUID";
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return "BLOB";
    case TypeKind::kList: {
      WEIR_ASSIGN(const std::string item, SqlType(type.children[0].type));
      return item + "[]";
    }
    case TypeKind::kStruct:
      return StructType(type);
    case TypeKind::kMap: {
      WEIR_ASSIGN(const std::string key, SqlType(type.children[0].type));
      WEIR_ASSIGN(const std::string value, SqlType(type.children[1].type));
      return "MAP(" + key + ", " + value + ")";
    }
    case TypeKind::kOther:
      break;
  }
  return Fail(ErrorKind::kUnsupported, "query.unsupported_type",
              "its type " + iceberg::ToText(type) + " cannot be read by this version");
}

Result<std::string> SelectFiles(const iceberg::Schema& schema, std::span<const std::string> paths) {
  if (paths.empty()) return NoRows(schema);
  std::string sql = "SELECT * FROM read_parquet(" + ListOf(paths) +
                    ", hive_partitioning => false, schema => MAP {";
  const bool by_name = ReadsByName(schema);
  for (const iceberg::Field& field : schema.fields) {
    WEIR_ASSIGN(const std::string type, TypeOf(field));
    sql += (by_name ? QuotedText(field.name) : std::to_string(field.id)) +
           ": {name: " + QuotedText(field.name) + ", type: " + QuotedText(type) +
           ", default_value: NULL}, ";
  }
  sql.resize(sql.size() - 2);
  return sql + "})";
}

bool ReadsByName(const iceberg::Schema& schema) {
  return std::ranges::any_of(schema.fields,
                             [](const iceberg::Field& field) { return !field.type.primitive(); });
}

FieldPaths PathsOf(const iceberg::Schema& schema) {
  FieldPaths paths;
  AddPaths("", schema.fields, paths);
  return paths;
}

Result<void> CheckNames(const FieldPaths& current, const FieldPaths& written) {
  std::map<int32_t, std::string> by_id;
  for (const auto& [path, id] : current) by_id.emplace(id, path);
  for (const auto& [path, id] : written) {
    const auto same_path = current.find(path);
    const auto same_id = by_id.find(id);
    if (same_path != current.end() && same_path->second != id) {
      return Fail(ErrorKind::kUnsupported, "query.renamed_nested",
                  "another column was once called " + path +
                      ", and a table with nested columns is read by name",
                  "rewrite the table's older files with the program that renamed it");
    }
    if (same_id != by_id.end() && same_id->second != path) {
      return Fail(ErrorKind::kUnsupported, "query.renamed_nested",
                  "column " + same_id->second + " was once called " + path +
                      ", and a table with nested columns is read by name",
                  "rewrite the table's older files with the program that renamed it");
    }
  }
  return {};
}

Result<std::string> SelectRenamed(const iceberg::Schema& schema, const FieldPaths& written,
                                  std::span<const std::string> paths) {
  iceberg::Schema then;
  std::map<std::string, std::string> names;  // Written to current.
  std::string columns;
  for (const iceberg::Field& field : schema.fields) {
    const auto at = std::ranges::find(written, field.id, &FieldPaths::value_type::second);
    std::string value = "NULL";
    if (at != written.end()) {
      then.fields.push_back(field);
      then.fields.back().name = at->first;
      names.emplace(at->first, field.name);
      value = QuotedName(at->first);
    }
    WEIR_ASSIGN(const std::string type, TypeOf(field));
    columns += (columns.empty() ? "CAST(" : ", CAST(") + value + " AS " + type + ") AS " +
               QuotedName(field.name);
  }
  FieldPaths today;
  for (const auto& [path, id] : written)
    if (const auto name = PathToday(path, names)) today.emplace(*name, id);
  WEIR_TRY(CheckNames(PathsOf(schema), today));
  std::string files = "SELECT 1 FROM read_parquet(" + ListOf(paths) + ")";
  if (!then.fields.empty()) {
    WEIR_ASSIGN(files, SelectFiles(then, paths));
  }
  return "SELECT " + columns + " FROM (" + files + ")";
}

}  // namespace weir::query

#include "iceberg/schema.h"

#include <arrow/extension/uuid.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/check.h"

namespace weir::iceberg {
namespace {

constexpr std::array<std::string_view, 7> kReserved = {"_file",
                                                       "_pos",
                                                       "_deleted",
                                                       "_spec_id",
                                                       "_partition",
                                                       "_row_id",
                                                       "_last_updated_sequence_number"};

const Field* FindIn(const std::vector<Field>& fields, int32_t id) {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
    if (const Field* found = FindIn(field.type.children, id)) return found;
  }
  return nullptr;
}

int32_t HighestIn(const std::vector<Field>& fields) {
  int32_t highest = 0;
  for (const Field& field : fields)
    highest = std::max({highest, field.id, HighestIn(field.type.children)});
  return highest;
}

// The type without ids below it; AssignIds gives them.
Type FromColumnarType(const columnar::Type& from) {
  using columnar::Kind;
  Type type;
  switch (from.kind) {
    case Kind::kBool:
      type.kind = TypeKind::kBoolean;
      break;
    case Kind::kInt:
      type.kind = TypeKind::kInt;
      break;
    case Kind::kBigint:
      type.kind = TypeKind::kLong;
      break;
    case Kind::kDouble:
      type.kind = TypeKind::kDouble;
      break;
    case Kind::kDecimal:
      type.kind = TypeKind::kDecimal;
      type.precision = from.precision;
      type.scale = from.scale;
      break;
    case Kind::kVarchar:
    case Kind::kJson:
      type.kind = TypeKind::kString;
      break;
    case Kind::kUuid:
      type.kind = TypeKind::kUuid;
      break;
    case Kind::kDate:
      type.kind = TypeKind::kDate;
      break;
    case Kind::kTime:
      type.kind = TypeKind::kTime;
      break;
    case Kind::kTimestamp:
      type.kind = TypeKind::kTimestamp;
      break;
    case Kind::kTimestamptz:
      type.kind = TypeKind::kTimestamptz;
      break;
    case Kind::kBinary:
      type.kind = TypeKind::kBinary;
      break;
    case Kind::kList:
      type.kind = TypeKind::kList;
      break;
    case Kind::kStruct:
      type.kind = TypeKind::kStruct;
      break;
  }
  for (const columnar::Field& child : from.children) {
    Field field;
    field.name = from.kind == Kind::kList ? "element" : child.name;
    field.required = !child.nullable;
    field.type = FromColumnarType(child.type);
    type.children.push_back(std::move(field));
  }
  return type;
}

void AssignIds(std::vector<Field>& fields, int32_t& last) {
  for (Field& field : fields) field.id = ++last;
  for (Field& field : fields) AssignIds(field.type.children, last);
}

Result<void> CheckNames(const columnar::Schema& schema) {
  std::set<std::string_view> seen;
  if (schema.fields.empty())
    return Fail(ErrorKind::kConfig, "iceberg.no_columns", "a table needs at least one column");
  for (const columnar::Field& field : schema.fields) {
    WEIR_TRY(CheckColumnName(field.name));
    if (!seen.insert(field.name).second)
      return Fail(ErrorKind::kConfig, "iceberg.duplicate_name",
                  "two columns are called '" + field.name + "'", "rename one of them");
  }
  return {};
}

Result<columnar::Type> ToColumnarType(const Type& from, const std::string& column) {
  using columnar::Kind;
  columnar::Type type{
      .kind = Kind::kVarchar, .precision = 0, .scale = 0, .length = 0, .children = {}};
  switch (from.kind) {
    case TypeKind::kBoolean:
      type.kind = Kind::kBool;
      break;
    case TypeKind::kInt:
      type.kind = Kind::kInt;
      break;
    case TypeKind::kLong:
      type.kind = Kind::kBigint;
      break;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      type.kind = Kind::kDouble;
      break;
    case TypeKind::kDecimal:
      type.kind = Kind::kDecimal;
      type.precision = from.precision;
      type.scale = from.scale;
      break;
    case TypeKind::kDate:
      type.kind = Kind::kDate;
      break;
    case TypeKind::kTime:
      type.kind = Kind::kTime;
      break;
    case TypeKind::kTimestamp:
      type.kind = Kind::kTimestamp;
      break;
    case TypeKind::kTimestamptz:
      type.kind = Kind::kTimestamptz;
      break;
    case TypeKind::kString:
      break;
    case TypeKind::kUuid:
      type.kind = Kind::kUuid;
      break;
    case TypeKind::kBinary:
      type.kind = Kind::kBinary;
      break;
    case TypeKind::kList:
      type.kind = Kind::kList;
      break;
    case TypeKind::kStruct:
      type.kind = Kind::kStruct;
      break;
    case TypeKind::kFixed:
    case TypeKind::kMap:
    case TypeKind::kOther:
      return Fail(
          ErrorKind::kUnsupported, "iceberg.unsupported_type",
          "column '" + column + "' has the type " + ToText(from) + ", which Weir cannot hold",
          "leave the column out, or store it as a struct, list, binary or varchar");
  }
  for (const Field& child : from.children) {
    WEIR_ASSIGN(columnar::Type child_type, ToColumnarType(child.type, column + "." + child.name));
    type.children.push_back(
        {.name = child.name, .type = std::move(child_type), .nullable = !child.required});
  }
  return type;
}

// Evolution of one level; gathers the new fields' ids from `last`.
class Evolution {
 public:
  explicit Evolution(int32_t last_column_id) : last_(last_column_id) {}

  Result<void> Fields(std::vector<Field>& current, const std::vector<columnar::Field>& wanted,
                      const std::string& path) {
    for (Field& field : current) {
      const auto match = std::find_if(wanted.begin(), wanted.end(), [&](const columnar::Field& f) {
        return f.name == field.name;
      });
      if (match == wanted.end()) {
        field.required = false;
        continue;
      }
      if (match->nullable) field.required = false;
      WEIR_TRY(OneType(field.type, match->type, path + field.name));
    }
    for (const columnar::Field& field : wanted) {
      const bool known = std::any_of(current.begin(), current.end(),
                                     [&](const Field& f) { return f.name == field.name; });
      if (known) continue;
      Field added;
      added.name = field.name;
      added.type = FromColumnarType(field.type);
      added.id = ++last_;
      AssignIds(added.type.children, last_);
      current.push_back(std::move(added));
    }
    return {};
  }

 private:
  Result<void> OneType(Type& current, const columnar::Type& wanted, const std::string& path) {
    const Type target = FromColumnarType(wanted);
    if (current.kind == TypeKind::kStruct && target.kind == TypeKind::kStruct)
      return Fields(current.children, wanted.children, path + ".");
    if (current.kind == TypeKind::kList && target.kind == TypeKind::kList) {
      Field& element = current.children.at(0);
      if (wanted.children.at(0).nullable) element.required = false;
      return OneType(element.type, wanted.children.at(0).type, path + ".element");
    }
    const auto is = [&](TypeKind from, TypeKind to) {
      return current.kind == from && target.kind == to;
    };
    if (is(TypeKind::kInt, TypeKind::kLong) || is(TypeKind::kFloat, TypeKind::kDouble)) {
      current = target;
      return {};
    }
    if (is(TypeKind::kLong, TypeKind::kInt)) return {};
    if (is(TypeKind::kDecimal, TypeKind::kDecimal) && current.scale == target.scale) {
      current.precision = std::max(current.precision, target.precision);
      return {};
    }
    if (current == target) return {};
    return Fail(ErrorKind::kConfig, "iceberg.incompatible_type",
                "column '" + path + "' is " + ToText(current) + " in the table and cannot become " +
                    ToText(target),
                "give the column another name, or write to a new table");
  }

  int32_t last_;
};

Result<std::shared_ptr<arrow::Field>> ToArrowField(const Field& field) {
  WEIR_ASSIGN(std::shared_ptr<arrow::DataType> type, ToArrowType(field.type));
  return arrow::field(field.name, std::move(type), !field.required,
                      arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(field.id)}));
}

}  // namespace

const Field* Schema::Find(std::string_view name) const {
  for (const Field& field : fields)
    if (field.name == name) return &field;
  return nullptr;
}

const Field* Schema::FindById(int32_t field_id) const { return FindIn(fields, field_id); }

Result<void> CheckColumnName(std::string_view name) {
  const bool reserved = name.starts_with("_change_") ||
                        std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
  if (!reserved) return {};
  return Fail(ErrorKind::kConfig, "iceberg.reserved_name",
              "the column name '" + std::string(name) + "' is reserved by Iceberg",
              "rename the column, for example to '" + std::string(name.substr(1)) + "'");
}

Result<Schema> FromColumnar(const columnar::Schema& schema) {
  WEIR_TRY(CheckNames(schema));
  Schema made;
  for (const columnar::Field& from : schema.fields) {
    Field field;
    field.name = from.name;
    field.required = !from.nullable;
    field.type = FromColumnarType(from.type);
    made.fields.push_back(std::move(field));
  }
  int32_t last = 0;
  AssignIds(made.fields, last);
  return made;
}

Result<columnar::Schema> ToColumnar(const Schema& schema) {
  columnar::Schema made;
  for (const Field& field : schema.fields) {
    WEIR_ASSIGN(columnar::Type type, ToColumnarType(field.type, field.name));
    made.fields.push_back(
        {.name = field.name, .type = std::move(type), .nullable = !field.required});
  }
  return made;
}

Result<Schema> Evolve(const Schema& current, const columnar::Schema& wanted, int32_t last_column_id,
                      int32_t new_schema_id) {
  WEIR_TRY(CheckNames(wanted));
  Schema next = current;
  WEIR_TRY(Evolution(last_column_id).Fields(next.fields, wanted.fields, ""));
  if (next.fields != current.fields) next.id = new_schema_id;
  return next;
}

int32_t HighestFieldId(const Schema& schema) { return HighestIn(schema.fields); }

Result<std::shared_ptr<arrow::DataType>> ToArrowType(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return arrow::boolean();
    case TypeKind::kInt:
      return arrow::int32();
    case TypeKind::kLong:
      return arrow::int64();
    case TypeKind::kFloat:
      return arrow::float32();
    case TypeKind::kDouble:
      return arrow::float64();
    case TypeKind::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
    case TypeKind::kDate:
      return arrow::date32();
    case TypeKind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestamptz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeKind::kString:
      return arrow::utf8();
    case TypeKind::kUuid:
      return arrow::extension::uuid();
    case TypeKind::kFixed:
      return arrow::fixed_size_binary(type.length);
    case TypeKind::kBinary:
      return arrow::binary();
    case TypeKind::kList: {
      WEIR_ASSIGN(std::shared_ptr<arrow::Field> element, ToArrowField(type.children.at(0)));
      return arrow::list(std::move(element));
    }
    case TypeKind::kMap: {
      WEIR_ASSIGN(std::shared_ptr<arrow::Field> key, ToArrowField(type.children.at(0)));
      WEIR_ASSIGN(std::shared_ptr<arrow::Field> value, ToArrowField(type.children.at(1)));
      return std::make_shared<arrow::MapType>(std::move(key), std::move(value));
    }
    case TypeKind::kStruct: {
      arrow::FieldVector fields;
      for (const Field& child : type.children) {
        WEIR_ASSIGN(std::shared_ptr<arrow::Field> field, ToArrowField(child));
        fields.push_back(std::move(field));
      }
      return arrow::struct_(std::move(fields));
    }
    case TypeKind::kOther:
      break;
  }
  return Fail(ErrorKind::kUnsupported, "iceberg.unsupported_type",
              "no data file can be written with the type " + ToText(type));
}

Result<std::shared_ptr<arrow::Schema>> ToArrowForParquet(const Schema& schema) {
  arrow::FieldVector fields;
  for (const Field& field : schema.fields) {
    auto made = ToArrowField(field);
    if (!made) return Fail(WithContext(std::move(made).error(), "column '" + field.name + "'"));
    fields.push_back(std::move(made).value());
  }
  return arrow::schema(std::move(fields));
}

}  // namespace weir::iceberg

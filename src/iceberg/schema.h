// Iceberg's schema: columns that are known by number, so that a rename or a reorder never touches a
// data file. Pure values; threads: any.
//
// Mapping from the user's types (columnar/type.h): json and varchar(n) become string and come back
// as varchar: the contract, not the table, remembers what a text means. A foreign float is read as
// double.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "columnar/type.h"

namespace weir::iceberg {

enum class TypeKind : uint8_t {
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kString,
  kUuid,
  kFixed,
  kBinary,
  kList,
  kStruct,
  kMap,
  kOther,  // A type of a later format version; kept by name, refused only where a value is needed.
};

struct Field;

struct Type {
  TypeKind kind = TypeKind::kString;
  int precision = 0;            // kDecimal.
  int scale = 0;                // kDecimal.
  int length = 0;               // kFixed: bytes.
  std::string name;             // kOther: the name as it was read.
  std::vector<Field> children;  // kList: "element"; kMap: "key", "value"; kStruct: its fields.

  bool primitive() const {
    return kind != TypeKind::kList && kind != TypeKind::kStruct && kind != TypeKind::kMap;
  }
  friend bool operator==(const Type&, const Type&) = default;
};

struct Field {
  int32_t id = 0;
  std::string name;
  bool required = false;
  Type type;
  std::string doc;
  std::string initial_default;  // JSON text of a v3 default; empty: none. Kept, not applied.
  std::string write_default;    // The same.

  friend bool operator==(const Field&, const Field&) = default;
};

struct Schema {
  int32_t id = 0;
  std::vector<Field> fields;
  std::vector<int32_t> identifier_field_ids;

  // The top-level field `name`, exact spelling; null if there is none.
  const Field* Find(std::string_view name) const;
  // The field with `field_id` at any depth; null if there is none.
  const Field* FindById(int32_t field_id) const;
  friend bool operator==(const Schema&, const Schema&) = default;
};

// ok unless Iceberg or Spark reserves `name`: a table with such a column cannot be read.
// Error iceberg.reserved_name (kConfig).
Result<void> CheckColumnName(std::string_view name);

// Assigns ids from 1, all fields of a struct before the children of any (as every Iceberg writer).
// Errors: iceberg.reserved_name, iceberg.duplicate_name, iceberg.no_columns (kConfig).
Result<Schema> FromColumnar(const columnar::Schema& schema);

// What the table looks like to the rest of Weir. Error iceberg.unsupported_type (kUnsupported) for
// map, fixed and later types, naming the column.
Result<columnar::Schema> ToColumnar(const Schema& schema);

// `current` changed to hold `wanted`: new columns are appended (nullable) with ids above
// `last_column_id`, int widens to long, float to double, decimals to more digits, required becomes
// optional. Columns that `wanted` lacks stay and become optional. The result has `current`'s id
// when nothing changed, else the id `new_schema_id`. Errors: iceberg.incompatible_type (kConfig)
// naming column and both types; those of FromColumnar.
Result<Schema> Evolve(const Schema& current, const columnar::Schema& wanted, int32_t last_column_id,
                      int32_t new_schema_id);

// The highest field id at any depth.
int32_t HighestFieldId(const Schema& schema);

// Arrow's schema for a data file: types of columnar::ToArrow, `PARQUET:field_id` on every field,
// nullability by `required`. Error iceberg.unsupported_type.
Result<std::shared_ptr<arrow::Schema>> ToArrowForParquet(const Schema& schema);
Result<std::shared_ptr<arrow::DataType>> ToArrowType(const Type& type);

// "decimal(9, 2)", "timestamptz", "list<string>": for people and messages.
std::string ToText(const Type& type);

// JSON as it stands in metadata and manifests. Parsing accepts every v1 to v3 schema.
// Error iceberg.metadata_corrupt (kCorrupt).
std::string ToJson(const Schema& schema);
Result<Schema> ParseSchema(std::string_view json);

}  // namespace weir::iceberg

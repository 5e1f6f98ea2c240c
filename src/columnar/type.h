// Type, Field and Schema: the types a user writes in a contract (docs/user/contracts.md), and how
// each stands in memory. Pure values.
//
//   user            Arrow in memory                 Iceberg          note
//   bool            boolean                         boolean
//   int             int32                           int
//   bigint          int64                           long
//   double          double                          double
//   decimal(p,s)    decimal128(p,s), p <= 38        decimal(p,s)
//   varchar[(n)]    utf8                            string           n counts code points
//   uuid            arrow.uuid over fixed(16)       uuid
//   date            date32                          date
//   time            time64(us)                      time
//   timestamp       timestamp(us)                   timestamp
//   timestamptz     timestamp(us, UTC)              timestamptz
//   json            utf8                            string           normalised text of one value
//   binary          binary                          binary
//   list(T)         list<element: T>                list
//   struct(a T,..)  struct<a: T, ..>                struct
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"

namespace weir::columnar {

enum class Kind : uint8_t {
  kBool,
  kInt,
  kBigint,
  kDouble,
  kDecimal,
  kVarchar,
  kUuid,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kJson,
  kBinary,
  kList,
  kStruct,
};

struct Field;

struct Type {
  Kind kind = Kind::kVarchar;
  int precision = 0;            // kDecimal: 1 to 38.
  int scale = 0;                // kDecimal: 0 to precision.
  uint32_t length = 0;          // kVarchar: most code points; 0 is no limit.
  std::vector<Field> children;  // kList: one field named "element"; kStruct: its fields.

  friend bool operator==(const Type&, const Type&) = default;
};

struct Field {
  std::string name;
  Type type;
  bool nullable = true;

  friend bool operator==(const Field&, const Field&) = default;
};

struct Schema {
  std::vector<Field> fields;

  // The position of the field `name` (exact spelling), if there is one.
  std::optional<size_t> Find(std::string_view name) const;
  friend bool operator==(const Schema&, const Schema&) = default;
};

// "decimal(10,2)", "list(struct(sku varchar, qty int))" -> Type. Letter case does not matter.
// Errors (kInvalid): type.unknown (with "did you mean"), type.malformed, type.decimal_range.
Result<Type> ParseType(std::string_view text);

// The inverse of ParseType: "decimal(10,2)".
std::string ToText(const Type& type);

// The type's name in the engine's SQL: "DECIMAL(10,2)", "STRUCT(sku VARCHAR, qty INTEGER)[]".
std::string ToSql(const Type& type);

std::shared_ptr<arrow::DataType> ToArrow(const Type& type);
std::shared_ptr<arrow::Schema> ToArrow(const Schema& schema);

// The user's type that an Arrow type (of a query's result, or of a foreign file) stands for.
// Unsigned and small integers widen; error type.unsupported where there is none.
Result<Type> FromArrow(const arrow::DataType& type);

}  // namespace weir::columnar

// How a table is cut into partitions, and which partition a row belongs to. Pure; threads: any.
//
//   user's text          transform     name in the table     value
//   region               identity      region                the column's
//   year(ts) month(ts)   year, month   ts_year, ts_month     int: years, months since 1970
//   day(ts)  hour(ts)    day, hour     ts_day, ts_hour       date; int: hours since 1970
//   bucket(16, id)       bucket[16]    id_bucket_16          int: murmur3 of the value modulo 16
//   truncate(4, code)    truncate[4]   code_trunc_4          the column's type
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/value.h"

namespace weir::iceberg {

enum class TransformKind : uint8_t {
  kIdentity,
  kBucket,
  kTruncate,
  kYear,
  kMonth,
  kDay,
  kHour,
  kVoid,
  kOther,  // Of a later format: kept by name; nothing can be written through it.
};

struct Transform {
  TransformKind kind = TransformKind::kIdentity;
  int32_t width = 0;  // kBucket: buckets; kTruncate: width.
  std::string name;   // kOther: as it was read.
  friend bool operator==(const Transform&, const Transform&) = default;
};

struct PartitionField {
  int32_t source_id = 0;
  int32_t field_id = 0;  // From 1000, unique over all specs of the table.
  std::string name;
  Transform transform;
  friend bool operator==(const PartitionField&, const PartitionField&) = default;
};

struct PartitionSpec {
  int32_t id = 0;
  std::vector<PartitionField> fields;  // Empty: not partitioned.
  friend bool operator==(const PartitionSpec&, const PartitionSpec&) = default;
};

inline constexpr int32_t kLastPartitionIdOfNone = 999;

// One element of `partition_by`, not yet bound to a schema.
struct PartitionTerm {
  std::string column;
  Transform transform;
  friend bool operator==(const PartitionTerm&, const PartitionTerm&) = default;
};

// "day(ts)", "bucket(16, id)", "region". Letter case of the transform does not matter.
// Error iceberg.partition_text (kConfig), with "did you mean".
Result<PartitionTerm> ParsePartitionTerm(std::string_view text);

// Binds `terms` to top-level columns; field ids count from 1000.
// Errors (kConfig): iceberg.partition_column (no such column), iceberg.partition_type (the
// transform does not take the column's type), iceberg.partition_duplicate.
Result<PartitionSpec> BindPartitionSpec(std::span<const PartitionTerm> terms, const Schema& schema);
// Both steps: {"day(ts)", "region"} -> spec.
Result<PartitionSpec> ParsePartitionSpec(std::span<const std::string> texts, const Schema& schema);

// The type of a field's values. Error iceberg.partition_type (kUnsupported or kCorrupt).
Result<Type> ResultType(const Transform& transform, const Type& source);
// One per field of `spec`. A field whose column was dropped: error iceberg.partition_column.
Result<std::vector<Type>> PartitionTypes(const PartitionSpec& spec, const Schema& schema);

// "ts_day=2026-05-01/region=a%2Fb": names and values encoded as Java's URLEncoder does; empty for
// an unpartitioned spec. Only decoration: a reader takes values from the manifest.
std::string PartitionPath(const PartitionSpec& spec, std::span<const Type> types,
                          const PartitionTuple& tuple);

// The transform of one value; null stays null. Invariant (checked): `transform` takes `source`.
Value Apply(const Transform& transform, const Type& source, const Value& value);

// murmur3_x86_32 with seed 0: the hash of `bucket`. Public for its test vectors.
uint32_t Murmur3(std::string_view bytes);

// Which partition each row of a batch belongs to.
struct PartitionedRows {
  std::vector<PartitionTuple> tuples;  // The distinct ones, in order of first appearance.
  std::vector<uint32_t> row_tuple;  // Per row its place in `tuples`; empty when there is only one.
};

// Splits batches by a spec. Rows cost no allocation unless they open a new partition.
// Threads: any number at once.
class Partitioner {
 public:
  // Errors: those of PartitionTypes; iceberg.partition_type for kOther.
  static Result<Partitioner> Make(const Schema& schema, const PartitionSpec& spec);

  // `batch` has the columns of the schema by name, in the types of ToArrowForParquet.
  // Error iceberg.column_type (kInvalid): a column is missing or of another type.
  Result<PartitionedRows> Split(const arrow::RecordBatch& batch) const;

  // Whether Split looks at the column.
  bool reads(std::string_view column) const;

  const PartitionSpec& spec() const { return spec_; }
  const std::vector<Type>& types() const { return types_; }

 private:
  PartitionSpec spec_;
  std::vector<Type> types_;     // Of the results.
  std::vector<Field> sources_;  // One per field of the spec.
};

// JSON {"spec-id", "fields"} of metadata; the fields alone, as manifests carry them.
// Error iceberg.metadata_corrupt (kCorrupt).
std::string ToJson(const PartitionSpec& spec);
std::string FieldsToJson(const PartitionSpec& spec);
Result<PartitionSpec> ParseSpec(std::string_view json);
std::string ToText(const Transform& transform);

}  // namespace weir::iceberg

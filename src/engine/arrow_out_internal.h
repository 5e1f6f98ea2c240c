// DuckDB's chunks (2048 rows) gathered into Arrow batches of the types of columnar::ToArrow:
//   tinyint smallint utinyint usmallint -> int32; uinteger -> int64; float -> double
//   ubigint -> decimal(20,0); hugeint uhugeint -> decimal(38,0), a larger value is error
//     engine.type
//   enum, interval, bit, timetz, the null type -> utf8
//   map -> list<struct<key, value>>; array -> list
//   timestamp_s timestamp_ms timestamp_ns time_ns -> microseconds, rounded down
// Infinite dates and timestamps are error engine.type: no column of a table can hold them.
// union, bignum, variant and geometry are error engine.type: cast them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "duckdb.h"

namespace weir::engine {

// One column being gathered.
class ColumnOut {
 public:
  virtual ~ColumnOut() = default;
  // Appends rows [start, start + count) of a flat vector. Throws nothing.
  virtual Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) = 0;
  virtual Result<void> AppendNulls(idx_t count) = 0;
  virtual Result<std::shared_ptr<arrow::Array>> Finish() = 0;
  virtual std::shared_ptr<arrow::DataType> type() const = 0;
  // About how much memory the values hold.
  virtual size_t bytes() const = 0;
};

Result<std::unique_ptr<ColumnOut>> MakeColumnOut(duckdb_logical_type type);

// Lists, maps, arrays, structs; the text of values that only DuckDB can format. In arrow_nested.cc.
Result<std::unique_ptr<ColumnOut>> MakeNestedOut(duckdb_logical_type type);
Result<std::unique_ptr<ColumnOut>> MakeTextOut(duckdb_logical_type type);

class BatchOut {
 public:
  static Result<BatchOut> Make(const std::vector<std::string>& names,
                               const std::vector<duckdb_logical_type>& types);
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t rows() const { return rows_; }
  size_t bytes() const;
  Result<void> Append(duckdb_data_chunk chunk);
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  std::vector<std::unique_ptr<ColumnOut>> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t rows_ = 0;
};

}  // namespace weir::engine

// One Parquet data file being written through a WriteGroup.
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "iceberg/bounds.h"
#include "iceberg/manifest.h"
#include "storage/write_group.h"

namespace weir::table {

class ParquetFile {
 public:
  // `arrow_schema` is iceberg::ToArrowForParquet(schema).
  static Result<std::unique_ptr<ParquetFile>> Create(storage::WriteGroup& writes,
                                                     std::string location,
                                                     const iceberg::Schema& schema,
                                                     std::shared_ptr<arrow::Schema> arrow_schema);
  ~ParquetFile();
  // `rows` has exactly the file's schema.
  Result<void> Write(const arrow::RecordBatch& rows);
  // Durable afterwards. Everything but spec_id and partition is filled in.
  Result<iceberg::DataFile> Finish();

 private:
  struct State;
  explicit ParquetFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::table

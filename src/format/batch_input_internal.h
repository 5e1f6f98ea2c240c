// BatchInput: the rows of a Parquet or Arrow file as Arrow batches, from any row on, with one row
// group's pages or one batch in memory. What Arrow finds wrong with a file is kCorrupt
// (object.corrupt); errors of the file itself stay what they are.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "env/files.h"
#include "format/format_spec.h"

namespace weir::format {

class BatchInput {
 public:
  virtual ~BatchInput() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  // The next rows; null at the end. The first batch begins with the row that was asked for.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  // How many of the file's bytes are read with the last batch: less than its size while rows are
  // left. For progress, not for resuming.
  virtual uint64_t bytes_read() const = 0;
};

// `row`: the first to be read, counted from 0. Borrows `file`, which is `size` bytes long.
Result<std::unique_ptr<BatchInput>> OpenParquet(const env::OpenFile& file, uint64_t size,
                                                uint64_t row);
// IPC files (Feather version 2) and IPC streams.
Result<std::unique_ptr<BatchInput>> OpenArrow(const env::OpenFile& file, uint64_t size,
                                              uint64_t row);

}  // namespace weir::format

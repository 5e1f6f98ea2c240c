// Reads one Parquet data file as rows of its table's schema of today: columns by field id, so that
// one that was renamed, added or widened since the file was written reads as the table says now.
//
// Threads: one at a time. Memory: the file's bytes and one batch.
#pragma once

#include <functional>
#include <memory>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/schema.h"
#include "storage/store.h"

namespace weir::table {

using TakeRows = std::function<Result<void>(const std::shared_ptr<arrow::RecordBatch>&)>;

// Hands the file's rows to `take`, in order. Errors: table.parquet (kCorrupt, kUnsupported for a
// nested column that was changed since), those of the store and of `take`.
Result<void> ReadDataFile(storage::Store& store, const iceberg::DataFile& file,
                          const iceberg::Schema& schema, const TakeRows& take);

}  // namespace weir::table

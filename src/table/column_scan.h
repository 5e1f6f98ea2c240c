// Some columns of one data file, a group of rows at a time: memory does not grow with the file.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/schema.h"
#include "storage/store.h"

namespace weir::table {

// Hands the columns `field_ids` of `schema` to `take`, in this order and in the types the schema
// has now (the file may be older; a uuid is its 16 bytes); a column that the file lacks is all
// null. Stops at the first error of `take` and returns it. Errors: those of the store,
// table.parquet (kCorrupt).
Result<void> ScanColumns(storage::Store& store, const iceberg::DataFile& file,
                         const iceberg::Schema& schema, std::span<const int32_t> field_ids,
                         const std::function<Result<void>(const arrow::RecordBatch&)>& take);

}  // namespace weir::table

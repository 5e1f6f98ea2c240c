// Copy-on-write upsert: rows of a batch take the place of the table's rows with the same key.
//
//   Add* -> Stage: files that hold a key are written again without it, the others are left alone
//
// Of equal keys within a batch the last one counts. A null is a key as any other. Memory: the rows
// of one batch, and one data file. Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "table/data_writer.h"
#include "table/lake.h"
#include "table/row_key.h"

namespace weir::table {

// Writes what `fresh` makes of `state`. `live` are the table's data files. Errors: table.key_column
// (kConfig), those of reading and writing.
Result<StagedTable> StageUpsert(storage::Store& store, TableStatePtr state,
                                const std::vector<iceberg::DataFile>& live,
                                const std::vector<std::shared_ptr<arrow::RecordBatch>>& fresh,
                                const std::vector<KeyColumn>& key, DataWriter& writer);

}  // namespace weir::table

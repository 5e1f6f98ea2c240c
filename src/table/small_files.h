// Small data files put together: many batches make many files, and a scan pays for each.
//
// Decided purely (PickSmallFiles), then done (MergeFiles): rows stay what they are, old files go
// out of the table in the same commit that brings the new ones. Threads: one at a time.
#pragma once

#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "table/data_writer.h"
#include "table/lake.h"

namespace weir::table {

struct SmallFileLimits {
  int64_t small_bytes = kSmallFileBytes;      // A file below this is small.
  size_t files_min = kSmallFilesBeforeMerge;  // Fewer in one partition are left alone.
  int64_t bytes_max = kMergeBytesMax;         // Of all that one merge reads.
};

// The files to put together, of one spec: partition by partition, the smallest first, within
// bytes_max. Empty: nothing to do.
std::vector<iceberg::DataFile> PickSmallFiles(const std::vector<iceberg::DataFile>& files,
                                              int32_t spec_id, const SmallFileLimits& limits);

// Writes the rows of `files` (live in `state`) into new ones. Nobody names them yet; Sync of the
// lake makes them durable.
Result<StagedTable> MergeFiles(Lake& lake, TableStatePtr state,
                               const std::vector<iceberg::DataFile>& files,
                               const WriterIdentity& identity);

}  // namespace weir::table

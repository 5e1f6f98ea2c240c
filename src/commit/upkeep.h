// Changes of one table that are no batch: small files merged, an older content put back. Each is
// one compare-and-swap of the table's pointer; a batch that commits meanwhile wins, and this looks
// again.
//
// If the process dies: before the swap nothing happened, and files that nobody names stay on the
// disk. Threads: one at a time. Errors of all: those of catalog and lake.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/catalog.h"
#include "table/lake.h"
#include "table/small_files.h"

namespace weir::commit {

struct UpkeepContext {
  catalog::Catalog& catalog;
  table::Lake& lake;
};

struct MergeReport {
  uint64_t files_before = 0;
  uint64_t files_after = 0;
  uint64_t rows = 0;
  int64_t snapshot = 0;  // 0: there was nothing to merge, or others kept changing the table.
};

// Merges small files of the table once, within the limits.
Result<MergeReport> MergeSmallFiles(const UpkeepContext& context, const catalog::TableName& name,
                                    const table::SmallFileLimits& limits);

// Whether so many batches were committed since the last merge that it is time to look.
bool MergeIsDue(const table::TableState& state);

// Makes a new snapshot that holds what snapshot `to` held; history goes on, nothing is removed from
// it. Error table.snapshot (kNotFound), table.partitioned_since (kUnsupported: the table is cut
// into partitions otherwise by now).
Result<int64_t> PutBack(const UpkeepContext& context, const catalog::TableName& name, int64_t to);

}  // namespace weir::commit

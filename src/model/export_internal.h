// Copies of a model's rows as files, for those who read no tables.
//
//   commit -> [died here: the next run finds no note of the version and writes the file]
//          -> the file under another name, synced, renamed
//          -> [died here: the next run writes the same file again]
//          -> the catalog notes which version the file shows
//
// So a reader sees one whole version, never an older one than the last that a finished run showed.
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"
#include "model/model.h"

namespace weir::model {

// Writes every export of the model that does not show `version` yet, or is not there. `at` is the
// time in its path: that of the batch. Rows come from `query`.
Result<void> WriteExports(const ModelContext& context, const Model& model,
                          query::SnapshotQuery& query, Instant at, const std::string& version);

}  // namespace weir::model

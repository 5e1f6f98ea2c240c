// `dedupe`: which records of a batch are in the table already, or came before in the batch itself.
// Private to pipeline/.
//
//   Begin (catch up with the table) -> Mark* -> Staged -> Begin ...
//
// The table is the truth; the index (key_index_internal.h) is what is known of it. Begin looks at
// the table's snapshot: the one the index stands at; or the one that this object's last batch made,
// whose keys are then joined to the index; or any other, and then the key columns of the files that
// the index does not cover are read. So a batch that is done again, by this process or the next,
// finds the keys of exactly the batches before it, and marks the same records.
//
// A batch is given up by the next Begin: its keys were never in the index. Threads: one at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "arrow/type_fwd.h"
#include "commit/owner.h"
#include "env/random.h"
#include "pipeline/gates_spec.h"
#include "pipeline/key_index_internal.h"
#include "table/lake.h"

namespace weir::pipeline {

struct DedupeParts {
  table::Lake& lake;
  catalog::TableName table;
  env::Files& files;
  env::Random& random;
  std::string folder;  // Of the index.
};

class Dedupe {
 public:
  Dedupe(const DedupeParts& parts, DedupeSpec spec);

  // Errors: those of the lake, of the index (disk), table.parquet.
  Result<void> Begin(const commit::OpenBatch& batch);

  // Per row whether it is a duplicate; the others are first of their key from now on. `rows` has
  // the contract's columns.
  Result<std::vector<bool>> Mark(const arrow::RecordBatch& rows);

  // The files that hold the rows of this batch.
  void Staged(const table::StagedTable& staged);

 private:
  Result<void> CatchUp(const table::TableState& state);
  bool IsMine(const table::TableState& state) const;
  Result<void> JoinMine();
  Result<void> ReadFiles(const table::TableState& state);
  Result<void> ReadFile(const table::TableState& state, const iceberg::DataFile& file);
  KeyIndexSubject SubjectOf(const table::TableState& state) const;
  std::string FreshSecret();

  DedupeParts parts_;
  DedupeSpec spec_;
  KeyIndex index_;
  std::optional<KeyIndexSubject> subject_;  // Of the index, once it is open.
  int64_t snapshot_ = 0;                    // Of the table, that the index stands at.
  std::optional<int64_t> skipped_;          // Newest row of files that were too old to be read.

  // Of the batch under way.
  Instant time_;
  std::optional<Instant> since_;
  std::string digest_;
  std::string id_;
  std::unordered_set<KeyHash, KeyHashHash> seen_;
  std::vector<std::string> staged_;
};

}  // namespace weir::pipeline

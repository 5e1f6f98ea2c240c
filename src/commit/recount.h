// Recounts what the ledger says from what the tables hold: promise 2 looked at from outside.
//
// For tables that only grow, rows are counted by `_batch` (dead letters by `batch`); for tables
// whose rows are replaced, the snapshot's total is compared with what the last batch left.
// Dead letters: rejected = open + replayed + duplicate + discarded, where rejected are the rows
// that the ledger says were refused, and each of the others is an entry about a row that is there.
// Every data file that a table names must be there with its size.
//
// Threads: one at a time.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "ledger/batch.h"
#include "table/lake.h"

namespace weir::commit {

struct Finding {
  std::string code;  // verify.letters, verify.unbalanced, verify.rows, verify.file, verify.table,
                     // verify.unknown_batch
  std::string message;
};

struct RecountedTable {
  std::string table;
  std::string how;  // "by _batch", "by batch", "by snapshot total"
  uint64_t rows = 0;
  uint64_t foreign_rows = 0;  // Of no batch that this ledger knows: another program's.
  uint64_t files = 0;
};

struct RecountedLetters {
  std::string pipeline;
  uint64_t rejected = 0;
  uint64_t open = 0;
  uint64_t replayed = 0;
  uint64_t duplicate = 0;
  uint64_t discarded = 0;
};

// A batch that waits for a person.
struct HeldBatch {
  std::string id;
  std::string why;
};

struct RecountReport {
  uint64_t batches = 0;         // Committed.
  uint64_t open = 0;            // Planned or held: nothing of them may be visible.
  std::vector<HeldBatch> held;  // Of these.
  ledger::Counts counts;        // Sum over the pipelines' batches.
  std::vector<RecountedTable> tables;
  std::vector<RecountedLetters> letters;  // Of pipelines that any were settled of.
  std::vector<Finding> findings;          // Empty: all is as it should be.
};

// `session` is of an engine that may read the lake's folder. Errors: those of catalog and query;
// what is wrong with the data is a finding, not an error.
Result<RecountReport> Recount(catalog::Catalog& catalog, table::Lake& lake,
                              engine::Session& session);

}  // namespace weir::commit

// A Sink is where the accepted rows of a batch leave the pipeline. It stages; commit/ makes
// visible.
//
//   Begin -> Write* -> Stage -> (commit/ settles)        Begin again drops what was not staged.
//
// Invariants, tested through pipeline/ and table/:
//   (1) Nothing written or staged is visible to a reader of the target.
//   (2) What Stage returns is enough to commit or to forget. Of a table it is durable when
//       Lake::Sync, which the commit waits for, has returned.
//
// Threads: one at a time.
#pragma once

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "table/data_writer.h"

namespace weir::sink {

class Sink {
 public:
  virtual ~Sink() = default;
  // Errors: schema.drift (kConfig) where the target no longer fits the contract; those of the
  // target.
  virtual Result<void> Begin(const table::WriterIdentity& identity) = 0;
  virtual Result<void> Write(const arrow::RecordBatch& rows) = 0;
  virtual Result<table::StagedTable> Stage() = 0;
};

}  // namespace weir::sink

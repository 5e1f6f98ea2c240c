// The part of records that were refused, over the batches of the last `over`. Private to pipeline/.
//
// What other processes committed counts too: it is read from the ledger once, from the newest batch
// back, so that the cost does not grow with history. Threads: one at a time.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "commit/owner.h"
#include "pipeline/gates_spec.h"

namespace weir::pipeline {

class BadRate {
 public:
  // To be called before Exceeds. Does nothing without `over`, which is then that of `batch` alone.
  Result<void> Load(catalog::Catalog& catalog, const commit::OpenBatch& batch,
                    std::optional<std::chrono::microseconds> over);
  // After a commit.
  void Note(Instant time, const ledger::Counts& counts);
  // Why a batch with `counts` is held; none: it may be committed.
  std::optional<std::string> Exceeds(const MaxBadSpec& spec, const ledger::Counts& counts) const;

 private:
  struct Past {
    Instant time;
    uint64_t read = 0;
    uint64_t rejected = 0;
  };
  bool loaded_ = false;
  std::deque<Past> past_;  // Within `over` of the batch under way; oldest first.
};

}  // namespace weir::pipeline

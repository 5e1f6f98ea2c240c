// A batch whose source is dead letters: what passes today's contract goes to the sink, and the
// ledger says of every letter what became of it, in the batch's one transaction. The rows of the
// dead-letter table stay as they are.
//
// The same plan stages the same rows: letters by id, fixes up to the plan's entry of the ledger.
// Letters that were settled since the plan (discarded by a person) are left out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipeline/batch_run_internal.h"
#include "pipeline/letter_view.h"

namespace weir::pipeline {

struct StagedReplay {
  std::vector<table::StagedTable> tables;
  ledger::BatchOutcome outcome;
  std::vector<ledger::LetterEntry> letters;
  std::map<std::string, uint64_t> still_bad_by;  // First reason's code -> letters.
};

// `view` is of the batch's pipeline, as of plan.letters_until. Errors: contract.fail (kStopped: the
// batch must be voided), run.cancelled, those of the parts.
Result<StagedReplay> RunReplay(const BatchParts& parts, source::Source& source, LetterView& view,
                               const commit::OpenBatch& batch);

}  // namespace weir::pipeline

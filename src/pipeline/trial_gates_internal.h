// What the gates would say of letters that pass the contract, for a dry run: late, a duplicate of
// what the table has or of a letter before it. Nothing of the pipeline's is written: another
// process may be running it, so known keys are read from the table into a folder that is gone
// afterwards. Private to pipeline/.
//
// Threads: one at a time. Borrows all it is made from.
#pragma once

#include <memory>
#include <optional>

#include "env/scratch_folder.h"
#include "pipeline/gates_internal.h"
#include "pipeline/letter_trial.h"

namespace weir::pipeline {

class TrialGates {
 public:
  TrialGates(const RunContext& context, const PipelineSpec& spec, Instant now)
      : context_(context), spec_(spec), now_(now) {}

  // For TryRecords. The table is looked at when the first letter comes this far. Errors: those of
  // Gates, file.io.
  LetterGate gate();

 private:
  Result<void> Begin();

  const RunContext& context_;
  const PipelineSpec& spec_;
  Instant now_;
  std::optional<env::ScratchFolder> folder_;
  std::unique_ptr<Gates> gates_;  // Keeps keys in the folder: gone before it.
};

}  // namespace weir::pipeline

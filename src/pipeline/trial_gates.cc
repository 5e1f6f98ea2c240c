#include "pipeline/trial_gates_internal.h"

#include <arrow/record_batch.h>

namespace weir::pipeline {

LetterGate TrialGates::gate() {
  return [this](contract::CheckedBatch& checked,
                const columnar::DecodedBatch& decoded) -> Result<std::vector<uint64_t>> {
    if (checked.accepted->num_rows() == 0) return std::vector<uint64_t>{};
    if (gates_ == nullptr) WEIR_TRY(Begin());
    WEIR_ASSIGN(GateCounts gated, gates_->Pass(checked, decoded));
    return std::move(gated.duplicates);
  };
}

Result<void> TrialGates::Begin() {
  WEIR_ASSIGN(env::ScratchFolder folder, env::ScratchFolder::Make("weir-dry-run"));
  folder_.emplace(std::move(folder));
  RunContext apart = context_;
  apart.state_folder = folder_->path();
  WEIR_ASSIGN(gates_, Gates::Make(apart, spec_));
  commit::OpenBatch never{};
  never.plan.time = now_;
  return gates_->Begin(never);
}

}  // namespace weir::pipeline

// One batch being read, checked and staged. The same plan over the same bytes stages the same rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commit/owner.h"
#include "pipeline/dead_letters.h"
#include "pipeline/gates_internal.h"
#include "pipeline/read_ahead_internal.h"
#include "pipeline/runner.h"

namespace weir::pipeline {

// What a batch came to, staged and not yet visible.
struct StagedBatch {
  std::vector<table::StagedTable> tables;
  ledger::BatchOutcome outcome;
  std::vector<ledger::ObjectProgress> progress;
  std::optional<std::vector<ledger::RequestCounts>> requests;  // Of splits that have parts.
  bool input_broke = false;   // A letter of kind object stands for what could not be read.
  std::optional<Error> fail;  // on_fail: fail, or unknown_columns: fail.
  // The batch is one request, all or nothing, and it is nothing: why, and what it was.
  std::optional<ledger::RequestCounts> refused;
};

// Parts of a pipeline that a batch goes through. Borrowed.
struct BatchParts {
  const RunContext& context;
  const PipelineSpec& spec;
  contract::Contract& contract;
  Gates& gates;
  sink::Sink& sink;
  sink::Sink& dead_letters;
};

// Takes the batch's pieces from `input`, which stands at its first. Errors: source.lost,
// source.changed (the batch must be voided), run.cancelled (kCancelled, by `stop`: nothing of it
// counts), those of the parts. `advance` is told of every piece's bytes.
Result<StagedBatch> RunBatch(const BatchParts& parts, const commit::OpenBatch& batch,
                             ReadAhead& input, const std::function<void(uint64_t bytes)>& advance);

}  // namespace weir::pipeline

// One batch being read, checked and staged. The same plan over the same bytes stages the same rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commit/owner.h"
#include "format/decoder.h"
#include "pipeline/dead_letters.h"
#include "pipeline/runner.h"

namespace weir::pipeline {

// A decoder left standing where the last batch ended, so that the next one needs no new start.
struct LiveDecoder {
  ledger::ObjectProgress split;  // As it stands now.
  std::unique_ptr<source::OpenSplit> open;
  std::unique_ptr<format::Decoder> decoder;
};

// What a batch came to, staged and not yet visible.
struct StagedBatch {
  std::vector<table::StagedTable> tables;
  ledger::BatchOutcome outcome;
  std::vector<ledger::ObjectProgress> progress;
  std::optional<Error> fail;  // on_fail: fail, or unknown_columns: fail.
};

// Parts of a pipeline that a batch goes through. Borrowed.
struct BatchParts {
  const RunContext& context;
  const PipelineSpec& spec;
  source::Source& source;
  contract::Contract& contract;
  sink::Sink& sink;
  sink::Sink& dead_letters;
};

// Reads the plan's splits up to its limits. Errors: source.lost, source.changed (the batch must be
// voided), source.cancelled (kCancelled, by `stop`: nothing of it counts), those of the parts.
// `live` is used where it fits the plan's first split, and is left for the next batch.
Result<StagedBatch> RunBatch(const BatchParts& parts, const commit::OpenBatch& batch,
                             std::optional<LiveDecoder>& live,
                             const std::function<void(uint64_t bytes)>& advance);

}  // namespace weir::pipeline

// Runs one pipeline over what its source holds now: discover, plan, read, check, stage, commit,
// until nothing is left. Memory is bounded by the limits of a batch, not by the input.
//
//   Start (own, look at what is unsettled) --> Run --> summary
//
// A record's path: OpenSplit -> Decoder -> Contract -> Sink, refused ones -> dead letters; all of
// it becomes visible in the one commit of the batch.
//
// Threads: Run on one; `stop` from any: the batch under way is finished or abandoned whole.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "commit/owner.h"
#include "contract/contract.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ledger/batch.h"
#include "pipeline/pipeline_spec.h"
#include "sink/sink.h"
#include "source/source.h"
#include "table/lake.h"
#include "telemetry/telemetry.h"

namespace weir::pipeline {

// Everything a run borrows.
struct RunContext {
  std::string project;
  catalog::Catalog& catalog;
  table::Lake& lake;
  engine::Session& session;  // For the contract's rules.
  const env::Clock& clock;
  telemetry::Log& log;
  const std::atomic<bool>& stop;  // Set by a signal.
};

// Where a run stands, for a progress bar.
struct Progress {
  uint64_t bytes = 0;        // Read so far, of all batches.
  uint64_t bytes_total = 0;  // Of the splits discovered.
  ledger::Counts counts;     // Committed so far.
};

struct RunSummary {
  ledger::Counts counts;
  std::map<std::string, uint64_t> rejected_by;
  std::map<std::string, uint64_t> warned_by;
  uint64_t batches = 0;
  uint64_t replayed = 0;  // Of these, planned by an earlier process.
  uint64_t voided = 0;
  uint64_t bytes = 0;
  uint64_t objects = 0;  // That the source holds.
  std::vector<source::SkippedObject> skipped;
  bool stopped = false;  // By a signal, with input left.
};

// A failed run, with what it had committed before.
struct RunFailure {
  Error error;
  RunSummary summary;
};

class Runner {
 public:
  // Compiles the contract. Errors: those of contract::Compile, all at once.
  static std::expected<std::unique_ptr<Runner>, Errors> Make(
      const RunContext& context, PipelineSpec spec, std::unique_ptr<source::Source> source);
  ~Runner();

  // Errors: batch.held (kStopped), those of source, sink, catalog, lake. What was committed stays.
  std::expected<RunSummary, RunFailure> Run(const std::function<void(const Progress&)>& report);

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::pipeline

// Runs one pipeline over what its source holds now: discover, plan, read, check, stage, commit,
// until nothing is left. Memory is bounded by the limits of a batch, not by the input.
//
//   Make --> Run --> summary                     what is there now
//   Make --> Step, Step ... --> TakeSummary       following: one batch at most in each
//
// The first of either owns the pipeline and settles what an earlier process left open.
//
// A record's path: OpenSplit -> Decoder -> Contract -> Sink, refused ones -> dead letters; all of
// it becomes visible in the one commit of the batch.
//
// Threads: Run on one; `stop` from any: the batch under way is finished or abandoned whole.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "commit/owner.h"
#include "contract/contract.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "env/files.h"
#include "env/random.h"
#include "ledger/batch.h"
#include "pipeline/letter_trial.h"
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
  std::string state_folder = {};  // Where known keys are kept (dedupe).
  env::Files& files = env::SystemFiles();
  env::Random& random = env::SystemRandom();
  // Opens a session that reads the lake's files: a replay reads dead letters through it.
  std::function<Result<std::unique_ptr<engine::Session>>()> lake_session = {};
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
  uint64_t redone = 0;  // Of these, planned by an earlier process.
  uint64_t voided = 0;
  std::map<std::string, std::string> voided_for;  // Objects that voided a batch -> how.
  uint64_t bytes = 0;
  uint64_t objects = 0;  // That the source holds.
  uint64_t waiting = 0;  // Of these, not complete yet.
  std::vector<source::SkippedObject> skipped;
  Errors failed;         // Objects that could not be read or put away; the others were. Each once.
  bool stopped = false;  // By a signal, with input left.
  bool paused = false;   // By max_bad with `then: pause`; the error that came with it is no failure
                         // of the others.
};

// Key of warned_by for records that came late and were accepted. No rule has such a name.
inline constexpr std::string_view kLateAccepted = "(late)";

struct ReplaySummary {
  ledger::ReplayCounts counts;
  std::map<std::string, uint64_t> still_bad_by;  // First reason's code -> letters.
  std::vector<BatchId> batches;
};

// When a pipeline that is followed wants to be stepped again.
struct NextStep {
  std::chrono::microseconds in{};
  bool sooner_with_news = false;  // Of its source; else not before that time.
  bool gathers = false;           // It is the pause of `flush.every`, which FlushNow ends.
};

// A failed run, with what it had committed before.
struct RunFailure {
  Error error;
  RunSummary summary;
};

// What becomes of a held batch.
enum class HeldVerdict : uint8_t {
  kRetry,   // The next run does it again, as planned.
  kAccept,  // What passed is committed, the rest are dead letters.
  kVoid,    // Nothing of it is committed; its input counts as read, one dead letter per split says
            // so.
};

// Whether what stops a batch (`on_fail: fail`, `unknown_columns: fail`) refuses the record instead:
// for kAccept.
enum class Severity : uint8_t { kAsWritten, kRefuse };

class Runner {
 public:
  // Compiles the contract. Errors: those of contract::Compile, all at once.
  static std::expected<std::unique_ptr<Runner>, Errors> Make(
      const RunContext& context, PipelineSpec spec, std::unique_ptr<source::Source> source,
      Severity severity = Severity::kAsWritten);
  ~Runner();

  // Errors: batch.held (kStopped), those of source, sink, catalog, lake. What was committed stays.
  std::expected<RunSummary, RunFailure> Run(const std::function<void(const Progress&)>& report);

  // Ends the batch that is held as a person decided. Errors: batch.not_held, batch.redefined
  // (kInvalid), source.lost (its input is gone: weir run voids it), and those of Run.
  Result<ledger::BatchOutcome> Settle(HeldVerdict verdict);

  // Looks for news and commits one batch at most. Batches begin `flush.every` apart or more, so
  // that input gathers. What will pass by itself (catalog.busy) is tried again; other errors are
  // those of Run, and the end of this runner. kCancelled: stopped, and the batch under way
  // abandoned.
  Result<NextStep> Step();
  // The next Step looks for news, `flush.every` over or not: where enough waits, or all of it is to
  // be committed.
  void FlushNow();
  // What happened since the last call.
  RunSummary TakeSummary();
  // Objects that cannot be read or put away as things stand.
  bool has_failed_objects() const;
  // Tries the dead letters that match `where` (SQL over letter_view.h; empty: all) and are neither
  // replayed nor discarded, and commits what passes. What an earlier process left open is settled
  // first. Errors: dlq.where, contract.fail (kStopped: nothing of it was committed), as Run.
  Result<ReplaySummary> Replay(const std::string& where);
  // What Replay would do, without doing it.
  Result<ReplaySummary> TryReplay(const std::string& where);
  // What the contract says of `letters` now, one by one.
  Result<std::vector<LetterTrial>> Try(const std::vector<source::Letter>& letters);

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::pipeline

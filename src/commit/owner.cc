#include "commit/owner.h"

#include "base/check.h"
#include "base/limits.h"
#include "env/failpoint.h"

namespace weir::commit {
namespace {

// What a snapshot says about the batch that made it. Anybody can read it back from the table.
iceberg::StringMap Marker(const OpenBatch& batch) {
  return {{"weir.pipeline", batch.id.pipeline},
          {"weir.instance", batch.id.instance},
          {"weir.batch", std::to_string(batch.id.number.value)},
          {"weir.epoch", std::to_string(batch.epoch.value)},
          {"weir.plan", batch.digest}};
}

// What the table holds, where rows took the place of others.
std::optional<uint64_t> TotalOf(const table::StagedTable& staged, const table::TableState& next) {
  if (!staged.total_rows || next.metadata.current_snapshot() == nullptr) return std::nullopt;
  return next.metadata.current_snapshot()->number("total-records");
}

// The staged files carry field ids and partition values of the state they were written for.
// Rows that take the place of others were looked for in that state, too.
Result<void> CheckStillFits(const table::StagedTable& staged_table, const table::TableState& now) {
  const table::TableState& staged = *staged_table.base;
  if (now.pointer == staged.pointer) return {};  // It was another that moved.
  if (staged_table.total_rows)
    return Fail(ErrorKind::kConflict, "table.changed",
                "table " + now.name.ToString() + " was changed by somebody else meanwhile",
                "weir run does the batch again");
  if (staged.metadata.schema().fields == now.metadata.schema().fields &&
      staged.metadata.spec() == now.metadata.spec())
    return {};
  return Fail(
      ErrorKind::kConflict, "table.changed",
      "the columns of table " + now.name.ToString() + " were changed by somebody else meanwhile",
      "weir run does the batch again");
}

}  // namespace

Result<std::unique_ptr<Owner>> Owner::Take(catalog::Catalog& catalog, table::Lake& lake,
                                           const env::Clock& clock, std::string pipeline) {
  WEIR_ASSIGN(const ledger::PipelineState state, catalog.Pipeline(pipeline));
  const Epoch epoch = state.epoch.next();
  catalog::Change change;
  change.step = {pipeline, ledger::Own{epoch}, clock.Now(), "", {}, ""};
  WEIR_TRY(catalog.Commit(change));
  WEIR_TRY(env::ReachFailpoint("commit.owned"));
  return std::unique_ptr<Owner>(new Owner(catalog, lake, clock, std::move(pipeline), epoch));
}

Result<std::optional<OpenBatch>> Owner::Unsettled() {
  WEIR_ASSIGN(const ledger::PipelineState state, catalog_.Pipeline(pipeline_));
  if (state.settled()) return std::nullopt;
  WEIR_ASSIGN(const auto record, catalog_.Batch(pipeline_, state.batch));
  WEIR_CHECK(record.has_value());
  if (record->plan.Digest() != state.digest) {
    return Fail(
        ErrorKind::kStopped, "ledger.diverged",
        "the plan of batch " + record->id.ToString() + " is not the one that the ledger names",
        "weir verify");
  }
  return OpenBatch{record->id, epoch_, Attempt(1), record->plan, state.digest};
}

Result<std::optional<catalog::BatchRecord>> Owner::Held() {
  WEIR_ASSIGN(const ledger::PipelineState state, catalog_.Pipeline(pipeline_));
  if (state.state != ledger::BatchState::kHeld) return std::nullopt;
  return catalog_.Batch(pipeline_, state.batch);
}

Result<OpenBatch> Owner::Plan(ledger::BatchPlan plan) {
  WEIR_ASSIGN(const ledger::PipelineState state, catalog_.Pipeline(pipeline_));
  (void)lake_.Sync();  // What an abandoned batch left under way is no concern of this one.
  OpenBatch batch{{pipeline_, catalog_.instance(), state.batch.next()},
                  epoch_,
                  Attempt(1),
                  std::move(plan),
                  {}};
  batch.digest = batch.plan.Digest();
  catalog::Change change;
  change.step = {pipeline_,    ledger::Plan{epoch_, batch.id.number, batch.digest},
                 clock_.Now(), batch.plan.ToJson(),
                 {},           ""};
  WEIR_TRY(env::ReachFailpoint("commit.plan"));
  WEIR_TRY(catalog_.Commit(change));
  WEIR_TRY(env::ReachFailpoint("commit.planned"));
  return batch;
}

Result<ledger::BatchOutcome> Owner::Commit(
    const OpenBatch& batch, std::vector<table::StagedTable> tables, ledger::BatchOutcome outcome,
    std::vector<ledger::ObjectProgress> progress, const std::string& note,
    std::vector<ledger::LetterEntry> letters, std::optional<ledger::RequestRows> requests) {
  WEIR_CHECK(outcome.counts.balanced());
  WEIR_TRY(env::ReachFailpoint("commit.staged"));
  catalog::LedgerStep step{
      pipeline_, ledger::Commit{epoch_, batch.id.number, batch.digest}, {}, "", std::move(outcome),
      note};
  WEIR_TRY(Settle(batch, std::move(tables), step, std::move(progress), std::move(letters),
                  std::move(requests)));
  WEIR_ASSIGN(const auto record, catalog_.Batch(pipeline_, batch.id.number));
  WEIR_CHECK(record && record->outcome);
  return *record->outcome;
}

Result<void> Owner::Hold(const OpenBatch& batch, const ledger::BatchOutcome& outcome,
                         const std::string& why) {
  catalog::Change change;
  change.step = {pipeline_,    ledger::Hold{epoch_, batch.id.number, batch.digest},
                 clock_.Now(), "",
                 outcome,      why};
  return catalog_.Commit(change);
}

Result<void> Owner::Retry(const OpenBatch& batch, const std::string& why) {
  catalog::Change change;
  change.step = {
      pipeline_, ledger::Retry{epoch_, batch.id.number, batch.digest}, clock_.Now(), "", {}, why};
  return catalog_.Commit(change);
}

Result<void> Owner::Void(const OpenBatch& batch, std::vector<table::StagedTable> dead_letters,
                         std::vector<ledger::ObjectProgress> progress, const std::string& why,
                         std::optional<ledger::RequestRows> requests) {
  catalog::LedgerStep step{pipeline_,
                           ledger::Void{epoch_, batch.id.number, batch.digest},
                           {},
                           "",
                           ledger::BatchOutcome{},
                           why};
  return Settle(batch, std::move(dead_letters), step, std::move(progress), {}, std::move(requests));
}

Result<void> Owner::Note(std::vector<ledger::ObjectProgress> progress) {
  if (progress.empty()) return {};
  catalog::Change change;
  change.progress = std::move(progress);
  change.progress_of = pipeline_;
  return catalog_.Commit(change);
}

Result<std::vector<table::PreparedTable>> Owner::Prepare(
    const OpenBatch& batch, const std::vector<table::StagedTable>& tables) {
  std::vector<table::PreparedTable> prepared;
  for (const table::StagedTable& staged : tables) {
    WEIR_ASSIGN(auto next, lake_.Prepare(*staged.base, {staged.operation, staged.files,
                                                        Marker(batch), staged.removed}));
    prepared.push_back(std::move(next));
  }
  return prepared;
}

Result<void> Owner::Settle(const OpenBatch& batch, std::vector<table::StagedTable> tables,
                           catalog::LedgerStep step, std::vector<ledger::ObjectProgress> progress,
                           std::vector<ledger::LetterEntry> letters,
                           std::optional<ledger::RequestRows> requests) {
  // Nothing to add is no reason for a snapshot, but a table that does not exist yet is made, so
  // that a query over it has an answer.
  std::erase_if(tables, [](const table::StagedTable& staged) {
    return staged.files.empty() && staged.operation == iceberg::Operation::kAppend &&
           !staged.base->pointer.empty();
  });
  for (int attempt = 1;; ++attempt) {
    WEIR_ASSIGN(const auto prepared, Prepare(batch, tables));
    WEIR_TRY(lake_.Sync());
    catalog::Change change;
    step.outcome->tables.clear();
    for (size_t i = 0; i < tables.size(); ++i) {
      change.moves.push_back(prepared[i].move);
      step.outcome->tables.push_back({tables[i].base->name.ToString(),
                                      prepared[i].next->snapshot_id(), tables[i].rows,
                                      TotalOf(tables[i], *prepared[i].next)});
    }
    step.at = clock_.Now();
    change.step = step;
    change.progress = progress;
    change.letters = letters;
    change.requests = requests;
    WEIR_TRY(env::ReachFailpoint("commit.prepared"));
    auto committed = catalog_.Commit(change);
    if (!committed && committed.error().kind == ErrorKind::kUnknown) {
      WEIR_ASSIGN(const ledger::BatchState now, ReadBack(batch));
      if (now != ledger::BatchState::kPlanned && now != ledger::BatchState::kHeld) committed = {};
    }
    if (committed) {
      WEIR_TRY(env::ReachFailpoint("commit.committed"));
      for (const table::PreparedTable& next : prepared) lake_.Settle(next);
      return {};
    }
    const bool again = committed.error().code == "catalog.conflict" ||
                       committed.error().kind == ErrorKind::kUnknown;
    if (!again || attempt == kCommitTriesMax) return committed;
    // Somebody else moved a table: what was prepared is named by nobody. The data files stay good.
    for (table::StagedTable& staged : tables) {
      auto now = lake_.Load(staged.base->name);
      if (!now && now.error().code == "table.not_found" && staged.base->pointer.empty()) continue;
      if (!now) return Fail(std::move(now).error());
      WEIR_TRY(CheckStillFits(staged, **now));
      staged.base = *now;
    }
  }
}

// Asks the catalog what it holds of `batch`. As long as it does not answer, nobody knows.
Result<ledger::BatchState> Owner::ReadBack(const OpenBatch& batch) {
  WEIR_ASSIGN(const auto record, catalog_.Batch(pipeline_, batch.id.number));
  WEIR_CHECK(record.has_value());
  return record->state;
}

}  // namespace weir::commit

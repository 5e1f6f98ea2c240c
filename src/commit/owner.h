// The batch protocol, seen from its one owner. Pipelines and models both commit through it.
//
//   Take --> [Unsettled: do it again] --> Plan --> stage files --> Commit --> committed
//                                          |            |            | catalog.conflict: rebase
//                                          |            +--> Hold    | catalog.unknown: read back
//                                          +--> Void                 +--> once more
//
// Invariants (numbers of ARCHITECTURE.md in brackets):
//   (1) A plan is durable before anything of its batch exists anywhere [I3].
//   (2) All tables of a batch, its counts, and the progress of its input move in one transaction of
//       the catalog: the marker is in the commit, never beside it [I4].
//   (3) An unknown outcome is read back; where that fails too, the next owner does it. Nothing is
//       deleted or planned again meanwhile [I5].
//   (4) An owner with an old epoch changes nothing [I6].
//
// If the process dies: before Plan, nothing happened. After Plan, the next owner finds the batch
// unsettled and does the same plan again; files of the dead attempt are named by nobody. In the
// transaction, it happened whole or not at all. After it, the batch is settled.
//
// Threads: one at a time. Borrows all it is made from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "env/clock.h"
#include "ledger/batch.h"
#include "table/data_writer.h"
#include "table/lake.h"

namespace weir::commit {

// A batch between Plan and its end.
struct OpenBatch {
  BatchId id;
  Epoch epoch;
  Attempt attempt{1};
  ledger::BatchPlan plan;
  std::string digest;

  table::WriterIdentity writer() const { return {id, epoch, attempt}; }
};

class Owner {
 public:
  // Makes this process the owner of `pipeline`: the epoch rises by one. The caller holds the lock
  // of the state directory. Errors of the catalog.
  static Result<std::unique_ptr<Owner>> Take(catalog::Catalog& catalog, table::Lake& lake,
                                             const env::Clock& clock, std::string pipeline);

  // The batch that an earlier owner planned and did not settle.
  Result<std::optional<OpenBatch>> Unsettled();
  // Whether that batch is held; its note says why.
  Result<std::optional<catalog::BatchRecord>> Held();

  Result<OpenBatch> Plan(ledger::BatchPlan plan);

  // Settles `batch` as committed. `outcome.tables` is filled in here. A table without files gets no
  // snapshot. Errors: table.changed (kConflict: a table's columns changed since staging; do it
  // again), ledger.letter_settled (kConflict: do it again), ledger.fenced, ledger.diverged,
  // those of catalog and lake.
  Result<ledger::BatchOutcome> Commit(const OpenBatch& batch,
                                      std::vector<table::StagedTable> tables,
                                      ledger::BatchOutcome outcome,
                                      std::vector<ledger::ObjectProgress> progress,
                                      const std::string& note = {},
                                      std::vector<ledger::LetterEntry> letters = {},
                                      std::optional<ledger::RequestRows> requests = {});

  // Holds `batch` for a person (max_bad, on_fail: fail): nothing of it is visible.
  Result<void> Hold(const OpenBatch& batch, const ledger::BatchOutcome& outcome,
                    const std::string& why);

  // A held batch is planned again, to be done by whoever owns the pipeline next.
  Result<void> Retry(const OpenBatch& batch, const std::string& why);

  // Settles `batch` as void: nothing of it was committed, and its input is gone or not wanted.
  // `dead_letters` says so, one per split.
  Result<void> Void(const OpenBatch& batch, std::vector<table::StagedTable> dead_letters,
                    std::vector<ledger::ObjectProgress> progress, const std::string& why,
                    std::optional<ledger::RequestRows> requests = {});

  // Notes progress outside of any batch: input that needs no reading.
  Result<void> Note(std::vector<ledger::ObjectProgress> progress);

  const std::string& pipeline() const { return pipeline_; }
  Epoch epoch() const { return epoch_; }

 private:
  Owner(catalog::Catalog& catalog, table::Lake& lake, const env::Clock& clock, std::string pipeline,
        Epoch epoch)
      : catalog_(catalog),
        lake_(lake),
        clock_(clock),
        pipeline_(std::move(pipeline)),
        epoch_(epoch) {}

  Result<std::vector<table::PreparedTable>> Prepare(const OpenBatch& batch,
                                                    const std::vector<table::StagedTable>& tables);
  Result<void> Settle(const OpenBatch& batch, std::vector<table::StagedTable> tables,
                      catalog::LedgerStep step, std::vector<ledger::ObjectProgress> progress,
                      std::vector<ledger::LetterEntry> letters = {},
                      std::optional<ledger::RequestRows> requests = {});
  Result<ledger::BatchState> ReadBack(const OpenBatch& batch);

  catalog::Catalog& catalog_;
  table::Lake& lake_;
  const env::Clock& clock_;
  std::string pipeline_;
  Epoch epoch_;
};

}  // namespace weir::commit

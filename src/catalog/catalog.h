// The Catalog holds the names of all tables, the ledger and the progress of every pipeline in one
// database, so that one transaction can move them together. It is the truth, not a cache.
//
// Invariants, checked for every implementation by catalog_contract_test.cc:
//   (1) Commit does all of a Change or nothing.
//   (2) A table's pointer moves only from the location that the caller read (compare-and-swap).
//   (3) The ledger moves only along ledger/transition.h, decided inside the transaction.
//   (4) The write lock is held for the length of one Commit, which does no other I/O.
//
// Threads: one at a time per object; several processes may share the database, PyIceberg and Spark
// among them (tables iceberg_tables and iceberg_namespace_properties, schema V1, catalog `lake`).
// Errors of all calls: catalog.busy (kBusy: locked for 10 s by another process), catalog.unknown
// (kUnknown: the database failed at COMMIT; read back), catalog.io, catalog.corrupt.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/units.h"
#include "catalog/table_name.h"
#include "ledger/batch.h"
#include "ledger/letter.h"
#include "ledger/request.h"
#include "ledger/transition.h"

namespace weir::catalog {

// One table's pointer from the metadata file that was read to the one just written.
struct TableMove {
  TableName table;
  std::optional<std::string> from;  // nullopt: create the table.
  std::string to;
};

// A step of one pipeline's ledger, with what is stored about the batch.
struct LedgerStep {
  std::string pipeline;
  ledger::Event event;
  Instant at;
  std::string plan;                             // With Plan: BatchPlan::ToJson.
  std::optional<ledger::BatchOutcome> outcome;  // With Commit and Hold.
  std::string note;                             // With Hold and Void: why.
};

struct Change {
  std::vector<TableMove> moves;
  std::optional<LedgerStep> step;
  std::vector<ledger::ObjectProgress> progress;   // Of step's pipeline, or of `progress_of`.
  std::string progress_of;                        // The pipeline, where there is no step.
  std::vector<ledger::LetterEntry> letters = {};  // Their sequence is given here.
  // Of a pipeline that reads requests: of its progress the newest row alone is kept.
  std::optional<ledger::RequestRows> requests = {};
};

// A batch as stored.
struct BatchRecord {
  BatchId id;
  Epoch epoch;
  ledger::BatchState state = ledger::BatchState::kNone;
  ledger::BatchPlan plan;
  std::optional<ledger::BatchOutcome> outcome;
  Instant planned_at;
  Instant settled_at;  // 0 while it is not.
  std::string note;
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  // This state directory's identity: 8 hex digits, made when the database was.
  virtual const std::string& instance() const = 0;

  // Where the table's current metadata file is; nullopt: no such table.
  virtual Result<std::optional<std::string>> Find(const TableName& table) = 0;
  virtual Result<std::vector<TableName>> Tables() = 0;

  // Errors beside the common ones: catalog.conflict (kConflict, a pointer moved meanwhile: nothing
  // was done, read again), ledger.letter_settled (kConflict: a dead letter was settled meanwhile),
  // and those of ledger::Apply.
  virtual Result<void> Commit(const Change& change) = 0;

  // The names of those that this instance has a ledger of, in the project still or not.
  virtual Result<std::vector<std::string>> Pipelines() = 0;
  // The pipeline's ledger in this instance; a fresh state where it never ran.
  virtual Result<ledger::PipelineState> Pipeline(const std::string& pipeline) = 0;
  virtual Result<std::optional<BatchRecord>> Batch(const std::string& pipeline,
                                                   BatchNumber number) = 0;
  // Batches by planning order, oldest first; of all pipelines where `pipeline` is empty.
  virtual Result<std::vector<BatchRecord>> Batches(const std::string& pipeline) = 0;

  // The newest version of an object that `pipeline` knows, by its path.
  virtual Result<std::optional<ledger::ObjectProgress>> ObjectByPath(const std::string& pipeline,
                                                                     const std::string& object) = 0;
  // An object of that content, under whatever path; one that was read to its end, if there is one.
  virtual Result<std::optional<ledger::ObjectProgress>> ObjectByVersion(
      const std::string& pipeline, const std::string& version) = 0;

  // What became of dead letters, in order; of all pipelines where `pipeline` is empty.
  virtual Result<std::vector<ledger::LetterEntry>> Letters(const std::string& pipeline) = 0;

  // Idempotency-Keys of requests that were received since then, oldest first.
  virtual Result<void> RequestKeys(Instant since,
                                   const std::function<void(const ledger::RequestKey&)>& take) = 0;
  // What is kept of the request, or of the next one behind it of which anything is.
  virtual Result<std::optional<ledger::KeptRequest>> KeptRequestFrom(const std::string& pipeline,
                                                                     uint64_t sequence) = 0;
  // Why records of that request were refused; none where it was long ago.
  virtual Result<std::vector<ledger::RecordFault>> RequestFaults(const std::string& pipeline,
                                                                 uint64_t sequence) = 0;

  // Keeps a text under its digest (the definitions that plans refer to).
  virtual Result<void> Keep(const std::string& digest, const std::string& text) = 0;
  virtual Result<std::optional<std::string>> Kept(const std::string& digest) = 0;
};

struct SqliteCatalogOptions {
  std::string path;      // Of weir.db.
  std::string instance;  // Used when the database is new.
  bool read_only =
      false;  // Then the database must exist (catalog.not_found), and Commit is refused.
};

// Copies the database of `path` as of one moment into the new file `to`, whoever writes meanwhile.
Result<void> CopySqliteCatalog(const std::string& path, const std::string& to);
// Makes such a copy the catalog from now on. Its epochs rise far beyond those that a lost future
// may have had, so that no file's name is written a second time.
Result<void> AdoptSqliteCatalog(const std::string& path);

// Errors: catalog.not_found, catalog.newer (written by a newer Weir), catalog.network_disk
// (SQLite's locks do not work there), catalog.not_a_database.
Result<std::unique_ptr<Catalog>> OpenSqliteCatalog(const SqliteCatalogOptions& options);

}  // namespace weir::catalog

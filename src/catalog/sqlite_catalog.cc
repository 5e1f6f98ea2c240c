// The catalog in SQLite, in the schema V1 that PyIceberg and Iceberg's JDBC catalog share
// (docs/formats/state.md). Times are microseconds since 1970, UTC.
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/check.h"
#include "base/limits.h"
#include "base/request_limits.h"
#include "catalog/catalog.h"
#include "catalog/sqlite_database_internal.h"

namespace weir::catalog {
namespace {

constexpr int64_t kSchemaVersion = 5;
constexpr int64_t kLettersSince = 2;  // weir_letters.
constexpr std::string_view kCatalogName = "lake";

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS iceberg_tables (
  catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),
  previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),
  PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
  catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL,
  property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000) NOT NULL,
  PRIMARY KEY (catalog_name, namespace, property_key));
CREATE TABLE IF NOT EXISTS weir_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_pipelines (
  pipeline TEXT NOT NULL, instance TEXT NOT NULL, epoch INTEGER NOT NULL, batch INTEGER NOT NULL,
  state TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (pipeline, instance)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_batches (
  id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, instance TEXT NOT NULL, batch INTEGER NOT NULL,
  epoch INTEGER NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL, outcome TEXT,
  planned_at INTEGER NOT NULL, settled_at INTEGER NOT NULL, note TEXT NOT NULL,
  UNIQUE (pipeline, instance, batch));
CREATE TABLE IF NOT EXISTS weir_objects (
  id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, object TEXT NOT NULL, version TEXT NOT NULL,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, state TEXT NOT NULL, done INTEGER NOT NULL,
  UNIQUE (pipeline, object, version));
CREATE INDEX IF NOT EXISTS weir_objects_version ON weir_objects (pipeline, version);
CREATE INDEX IF NOT EXISTS weir_objects_newest ON weir_objects (pipeline, object, id);
CREATE TABLE IF NOT EXISTS weir_definitions (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_letters (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, pipeline TEXT NOT NULL, id TEXT NOT NULL,
  step TEXT NOT NULL, batch TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS weir_letters_pipeline ON weir_letters (pipeline);
CREATE UNIQUE INDEX IF NOT EXISTS weir_letters_settled ON weir_letters (pipeline, id)
  WHERE step IN ('replay', 'duplicate', 'discard');
CREATE TABLE IF NOT EXISTS weir_request_keys (
  high INTEGER NOT NULL, low INTEGER NOT NULL, fingerprint INTEGER NOT NULL,
  sequence INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (high, low)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS weir_request_keys_at ON weir_request_keys (at);
CREATE TABLE IF NOT EXISTS weir_request_counts (
  pipeline TEXT NOT NULL, sequence INTEGER NOT NULL, read INTEGER NOT NULL,
  accepted INTEGER NOT NULL, rejected INTEGER NOT NULL, duplicate INTEGER NOT NULL,
  filtered INTEGER NOT NULL, late INTEGER NOT NULL, first_batch INTEGER NOT NULL,
  last_batch INTEGER NOT NULL, PRIMARY KEY (pipeline, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_request_faults (
  pipeline TEXT NOT NULL, sequence INTEGER NOT NULL, batch INTEGER NOT NULL, at INTEGER NOT NULL,
  faults TEXT NOT NULL, PRIMARY KEY (pipeline, sequence, batch));
CREATE INDEX IF NOT EXISTS weir_request_faults_at ON weir_request_faults (at);
)";

// The batch that `event` ends; 0: none.
BatchNumber SettledBy(const ledger::Event& event) {
  if (const auto* commit = std::get_if<ledger::Commit>(&event)) return commit->batch;
  if (const auto* done = std::get_if<ledger::Void>(&event)) return done->batch;
  return BatchNumber();
}

constexpr std::string_view kBatchColumns =
    "SELECT pipeline, instance, batch, epoch, state, plan, outcome, planned_at, settled_at, note "
    "FROM weir_batches ";
constexpr std::string_view kObjectColumns =
    "SELECT object, version, size, mtime_ns, state, done FROM weir_objects ";

Result<BatchRecord> ReadBatch(const Statement& row) {
  BatchRecord record;
  record.id = {row.Text(0), row.Text(1), BatchNumber(static_cast<uint64_t>(row.Number(2)))};
  record.epoch = Epoch(static_cast<uint64_t>(row.Number(3)));
  WEIR_ASSIGN(record.state, ledger::ParseBatchState(row.Text(4)));
  WEIR_ASSIGN(record.plan, ledger::BatchPlan::FromJson(row.Text(5)));
  if (!row.IsNull(6)) {
    WEIR_ASSIGN(record.outcome, ledger::BatchOutcome::FromJson(row.Text(6)));
  }
  record.planned_at = {row.Number(7)};
  record.settled_at = {row.Number(8)};
  record.note = row.Text(9);
  return record;
}

ledger::ObjectProgress ReadObject(const Statement& row) {
  return {.object = row.Text(0),
          .version = row.Text(1),
          .size = static_cast<uint64_t>(row.Number(2)),
          .mtime_ns = row.Number(3),
          .state = row.Text(4),
          .done = row.Number(5) != 0};
}

Result<int64_t> ReadNumber(Database& database, const char* sql) {
  WEIR_ASSIGN(auto row, database.Prepare(sql));
  WEIR_ASSIGN(const bool found, row.Step());
  return found ? row.Number(0) : 0;
}

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::unique_ptr<Database> database, std::string instance)
      : database_(std::move(database)), instance_(std::move(instance)) {}

  const std::string& instance() const override { return instance_; }

  Result<std::optional<std::string>> Find(const TableName& table) override {
    WEIR_ASSIGN(auto row,
                database_->Prepare(
                    "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND "
                    "table_namespace = ? AND table_name = ? AND "
                    "(iceberg_type = 'TABLE' OR iceberg_type IS NULL)"));
    row.Bind(kCatalogName).Bind(table.space).Bind(table.name);
    WEIR_ASSIGN(const bool found, row.Step());
    if (!found) return std::nullopt;
    return row.Text(0);
  }

  Result<std::vector<TableName>> Tables() override {
    WEIR_ASSIGN(auto row,
                database_->Prepare(
                    "SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = ? "
                    "AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL) ORDER BY 1, 2"));
    row.Bind(kCatalogName);
    std::vector<TableName> tables;
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) return tables;
      tables.push_back({row.Text(0), row.Text(1)});
    }
  }

  Result<void> Commit(const Change& change) override {
    return database_->Transact([&]() -> Result<void> {
      for (const TableMove& move : change.moves) WEIR_TRY(Move(move));
      if (change.step) WEIR_TRY(Take(*change.step));
      const std::string& pipeline = change.step ? change.step->pipeline : change.progress_of;
      for (const ledger::ObjectProgress& object : change.progress) WEIR_TRY(Note(pipeline, object));
      for (const ledger::LetterEntry& letter : change.letters) WEIR_TRY(Add(letter));
      if (!change.requests) return {};
      WEIR_TRY(AddRequests(pipeline, change.step ? SettledBy(change.step->event) : BatchNumber(),
                           change.step ? change.step->at : Instant(), *change.requests));
      if (!change.progress.empty()) WEIR_TRY(ForgetOlder(pipeline, change.progress.back().object));
      return {};
    });
  }

  Result<std::vector<std::string>> Pipelines() override {
    WEIR_ASSIGN(auto row,
                database_->Prepare(
                    "SELECT pipeline FROM weir_pipelines WHERE instance = ? ORDER BY pipeline"));
    row.Bind(instance_);
    std::vector<std::string> names;
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) return names;
      names.push_back(row.Text(0));
    }
  }

  Result<ledger::PipelineState> Pipeline(const std::string& pipeline) override {
    WEIR_ASSIGN(auto row,
                database_->Prepare("SELECT epoch, batch, state, digest FROM weir_pipelines "
                                   "WHERE pipeline = ? AND instance = ?"));
    row.Bind(pipeline).Bind(instance_);
    WEIR_ASSIGN(const bool found, row.Step());
    ledger::PipelineState state;
    if (!found) return state;
    state.epoch = Epoch(static_cast<uint64_t>(row.Number(0)));
    state.batch = BatchNumber(static_cast<uint64_t>(row.Number(1)));
    WEIR_ASSIGN(state.state, ledger::ParseBatchState(row.Text(2)));
    state.digest = row.Text(3);
    return state;
  }

  Result<std::optional<BatchRecord>> Batch(const std::string& pipeline,
                                           BatchNumber number) override {
    WEIR_ASSIGN(auto row, database_->Prepare(std::string(kBatchColumns) +
                                             "WHERE pipeline = ? AND instance = ? AND batch = ?"));
    row.Bind(pipeline).Bind(instance_).Bind(static_cast<int64_t>(number.value));
    WEIR_ASSIGN(const bool found, row.Step());
    if (!found) return std::nullopt;
    WEIR_ASSIGN(BatchRecord record, ReadBatch(row));
    return record;
  }

  Result<std::vector<BatchRecord>> Batches(const std::string& pipeline) override {
    WEIR_ASSIGN(auto row, database_->Prepare(std::string(kBatchColumns) +
                                             "WHERE (?1 = '' OR pipeline = ?1) ORDER BY id"));
    row.Bind(pipeline);
    std::vector<BatchRecord> records;
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) return records;
      WEIR_ASSIGN(BatchRecord record, ReadBatch(row));
      records.push_back(std::move(record));
    }
  }

  Result<void> RequestKeys(Instant since,
                           const std::function<void(const ledger::RequestKey&)>& take) override {
    WEIR_ASSIGN(auto row, database_->Prepare("SELECT high, low, fingerprint, sequence, at FROM "
                                             "weir_request_keys WHERE at >= ? ORDER BY at"));
    row.Bind(since.micros);
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) return {};
      take({.high = static_cast<uint64_t>(row.Number(0)),
            .low = static_cast<uint64_t>(row.Number(1)),
            .fingerprint = static_cast<uint64_t>(row.Number(2)),
            .sequence = static_cast<uint64_t>(row.Number(3)),
            .at = {row.Number(4)}});
    }
  }

  Result<std::optional<ledger::KeptRequest>> KeptRequestFrom(const std::string& pipeline,
                                                             uint64_t sequence) override {
    WEIR_ASSIGN(auto row,
                database_->Prepare(
                    "SELECT sequence, read, accepted, rejected, duplicate, filtered, late, "
                    "first_batch, last_batch FROM weir_request_counts WHERE pipeline = ? AND "
                    "sequence >= ? ORDER BY sequence LIMIT 1"));
    row.Bind(pipeline).Bind(static_cast<int64_t>(sequence));
    WEIR_ASSIGN(const bool found, row.Step());
    if (!found) return std::nullopt;
    const auto number = [&row](int column) { return static_cast<uint64_t>(row.Number(column)); };
    return ledger::KeptRequest{.sequence = number(0),
                               .counts = {.read = number(1),
                                          .accepted = number(2),
                                          .rejected = number(3),
                                          .duplicate = number(4),
                                          .filtered = number(5),
                                          .late = number(6)},
                               .first_batch = BatchNumber(number(7)),
                               .last_batch = BatchNumber(number(8))};
  }

  Result<std::vector<ledger::RecordFault>> RequestFaults(const std::string& pipeline,
                                                         uint64_t sequence) override {
    WEIR_ASSIGN(auto row,
                database_->Prepare("SELECT faults FROM weir_request_faults WHERE pipeline = ? AND "
                                   "sequence = ? ORDER BY batch"));
    row.Bind(pipeline).Bind(static_cast<int64_t>(sequence));
    std::vector<ledger::RecordFault> faults;
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) break;
      WEIR_ASSIGN(auto more, ledger::FaultsFromJson(row.Text(0)));
      std::ranges::move(more, std::back_inserter(faults));
    }
    if (faults.size() > kRequestFaultsMax) faults.resize(kRequestFaultsMax);
    return faults;
  }

  Result<std::optional<ledger::ObjectProgress>> ObjectByPath(const std::string& pipeline,
                                                             const std::string& object) override {
    return Object("WHERE pipeline = ? AND object = ? ORDER BY id DESC LIMIT 1", pipeline, object);
  }

  Result<std::optional<ledger::ObjectProgress>> ObjectByVersion(
      const std::string& pipeline, const std::string& version) override {
    return Object("WHERE pipeline = ? AND version = ? ORDER BY done DESC, id LIMIT 1", pipeline,
                  version);
  }

  Result<std::vector<ledger::LetterEntry>> Letters(const std::string& pipeline) override {
    std::vector<ledger::LetterEntry> letters;
    // Opened for reading alone, and written by an older Weir.
    WEIR_ASSIGN(const int64_t version, ReadNumber(*database_, "PRAGMA user_version"));
    if (version < kLettersSince) return letters;
    WEIR_ASSIGN(auto row,
                database_->Prepare("SELECT sequence, pipeline, id, step, batch, at, detail FROM "
                                   "weir_letters WHERE (?1 = '' OR pipeline = ?1) ORDER BY 1"));
    row.Bind(pipeline);
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) return letters;
      WEIR_ASSIGN(const ledger::LetterStep step, ledger::ParseLetterStep(row.Text(3)));
      letters.push_back({.sequence = row.Number(0),
                         .pipeline = row.Text(1),
                         .id = row.Text(2),
                         .step = step,
                         .batch = row.Text(4),
                         .at = {row.Number(5)},
                         .detail = row.Text(6)});
    }
  }

  Result<void> Keep(const std::string& digest, const std::string& text) override {
    return database_->Transact([&]() -> Result<void> {
      WEIR_ASSIGN(auto insert,
                  database_->Prepare("INSERT OR IGNORE INTO weir_definitions VALUES (?, ?)"));
      return insert.Bind(digest).Bind(text).Run();
    });
  }

  Result<std::optional<std::string>> Kept(const std::string& digest) override {
    WEIR_ASSIGN(auto row, database_->Prepare("SELECT text FROM weir_definitions WHERE digest = ?"));
    row.Bind(digest);
    WEIR_ASSIGN(const bool found, row.Step());
    if (!found) return std::nullopt;
    return row.Text(0);
  }

 private:
  Result<void> Move(const TableMove& move) {
    if (!move.from) return Create(move);
    WEIR_ASSIGN(
        auto update,
        database_->Prepare(
            "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
            "WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND "
            "metadata_location = ? AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)"));
    update.Bind(move.to).Bind(*move.from).Bind(kCatalogName);
    WEIR_TRY(update.Bind(move.table.space).Bind(move.table.name).Bind(*move.from).Run());
    return database_->changes() == 1 ? Result<void>{} : Conflict(move.table);
  }

  Result<void> Create(const TableMove& move) {
    WEIR_ASSIGN(auto space, database_->Prepare("INSERT OR IGNORE INTO iceberg_namespace_properties "
                                               "VALUES (?, ?, 'exists', 'true')"));
    WEIR_TRY(space.Bind(kCatalogName).Bind(move.table.space).Run());
    WEIR_ASSIGN(auto insert,
                database_->Prepare(
                    "INSERT OR IGNORE INTO iceberg_tables VALUES (?, ?, ?, ?, NULL, 'TABLE')"));
    WEIR_TRY(
        insert.Bind(kCatalogName).Bind(move.table.space).Bind(move.table.name).Bind(move.to).Run());
    return database_->changes() == 1 ? Result<void>{} : Conflict(move.table);
  }

  static Result<void> Conflict(const TableName& table) {
    return Fail(ErrorKind::kConflict, "catalog.conflict",
                "table " + table.ToString() + " was changed by somebody else meanwhile",
                "run it again");
  }

  Result<void> Take(const LedgerStep& step) {
    WEIR_ASSIGN(const ledger::PipelineState before, Pipeline(step.pipeline));
    WEIR_ASSIGN(const ledger::PipelineState after, ledger::Apply(before, step.event));
    WEIR_ASSIGN(auto state, database_->Prepare(
                                "INSERT OR REPLACE INTO weir_pipelines VALUES (?, ?, ?, ?, ?, ?)"));
    state.Bind(step.pipeline).Bind(instance_).Bind(static_cast<int64_t>(after.epoch.value));
    state.Bind(static_cast<int64_t>(after.batch.value)).Bind(ledger::ToString(after.state));
    WEIR_TRY(state.Bind(after.digest).Run());
    if (std::holds_alternative<ledger::Own>(step.event)) return {};
    if (std::holds_alternative<ledger::Plan>(step.event)) return InsertBatch(step, after);
    return SettleBatch(step, after);
  }

  Result<void> InsertBatch(const LedgerStep& step, const ledger::PipelineState& after) {
    WEIR_ASSIGN(
        auto insert,
        database_->Prepare(
            "INSERT INTO weir_batches (pipeline, instance, batch, epoch, state, plan, "
            "outcome, planned_at, settled_at, note) VALUES (?, ?, ?, ?, ?, ?, NULL, ?, 0, '')"));
    insert.Bind(step.pipeline).Bind(instance_).Bind(static_cast<int64_t>(after.batch.value));
    insert.Bind(static_cast<int64_t>(after.epoch.value)).Bind(ledger::ToString(after.state));
    return insert.Bind(step.plan).Bind(step.at.micros).Run();
  }

  Result<void> SettleBatch(const LedgerStep& step, const ledger::PipelineState& after) {
    WEIR_ASSIGN(auto update,
                database_->Prepare(
                    "UPDATE weir_batches SET epoch = ?, state = ?, outcome = coalesce(?, outcome), "
                    "settled_at = ?, note = ? WHERE pipeline = ? AND instance = ? AND batch = ?"));
    update.Bind(static_cast<int64_t>(after.epoch.value)).Bind(ledger::ToString(after.state));
    if (step.outcome) {
      WEIR_CHECK(step.outcome->counts.balanced());
      update.Bind(step.outcome->ToJson());
    } else {
      update.BindNull();
    }
    update.Bind(after.settled() ? step.at.micros : 0).Bind(step.note).Bind(step.pipeline);
    WEIR_TRY(update.Bind(instance_).Bind(static_cast<int64_t>(after.batch.value)).Run());
    WEIR_CHECK(database_->changes() == 1);
    return {};
  }

  Result<void> AddRequests(const std::string& pipeline, BatchNumber batch, Instant at,
                           const ledger::RequestRows& requests) {
    for (const char* sql : {"DELETE FROM weir_request_keys WHERE at < ?",
                            "DELETE FROM weir_request_faults WHERE at < ?"}) {
      WEIR_ASSIGN(auto forget, database_->Prepare(sql));
      WEIR_TRY(forget.Bind(requests.forget_keys_before.micros).Run());
    }
    for (const ledger::RequestKey& key : requests.keys) {
      WEIR_ASSIGN(auto insert, database_->Prepare(
                                   "INSERT OR REPLACE INTO weir_request_keys VALUES (?,?,?,?,?)"));
      WEIR_TRY(insert.Bind(static_cast<int64_t>(key.high))
                   .Bind(static_cast<int64_t>(key.low))
                   .Bind(static_cast<int64_t>(key.fingerprint))
                   .Bind(static_cast<int64_t>(key.sequence))
                   .Bind(key.at.micros)
                   .Run());
    }
    for (const ledger::RequestCounts& request : requests.counts) {
      WEIR_ASSIGN(
          auto add,
          database_->Prepare(
              "INSERT INTO weir_request_counts VALUES (?,?,?,?,?,?,?,?,?9,?9) ON CONFLICT DO "
              "UPDATE SET read = read + excluded.read, accepted = accepted + "
              "excluded.accepted, rejected = rejected + excluded.rejected, duplicate = "
              "duplicate + excluded.duplicate, filtered = filtered + excluded.filtered, "
              "late = late + excluded.late, last_batch = excluded.last_batch"));
      add.Bind(pipeline).Bind(static_cast<int64_t>(request.sequence));
      const ledger::Counts& counts = request.counts;
      for (const uint64_t count : {counts.read, counts.accepted, counts.rejected, counts.duplicate,
                                   counts.filtered, counts.late})
        add.Bind(static_cast<int64_t>(count));
      WEIR_TRY(add.Bind(static_cast<int64_t>(batch.value)).Run());
      if (!request.faults.empty()) WEIR_TRY(AddFaults(pipeline, batch, at, request));
    }
    return {};
  }

  Result<void> AddFaults(const std::string& pipeline, BatchNumber batch, Instant at,
                         const ledger::RequestCounts& request) {
    WEIR_ASSIGN(auto add, database_->Prepare(
                              "INSERT OR REPLACE INTO weir_request_faults VALUES (?,?,?,?,?)"));
    add.Bind(pipeline).Bind(static_cast<int64_t>(request.sequence));
    add.Bind(static_cast<int64_t>(batch.value)).Bind(at.micros);
    return add.Bind(ledger::FaultsToJson(request.faults)).Run();
  }

  Result<void> ForgetOlder(const std::string& pipeline, const std::string& object) {
    WEIR_ASSIGN(auto forget,
                database_->Prepare("DELETE FROM weir_objects WHERE pipeline = ?1 AND object = ?2 "
                                   "AND id < (SELECT max(id) FROM weir_objects WHERE "
                                   "pipeline = ?1 AND object = ?2)"));
    return forget.Bind(pipeline).Bind(object).Run();
  }

  // The newest row of a path is the one noted last, so a version seen again moves to the end.
  Result<void> Note(const std::string& pipeline, const ledger::ObjectProgress& object) {
    WEIR_ASSIGN(
        auto insert,
        database_->Prepare(
            "INSERT OR REPLACE INTO weir_objects (pipeline, object, version, size, mtime_ns, "
            "state, done) VALUES (?, ?, ?, ?, ?, ?, ?)"));
    insert.Bind(pipeline).Bind(object.object).Bind(object.version);
    insert.Bind(static_cast<int64_t>(object.size)).Bind(object.mtime_ns).Bind(object.state);
    return insert.Bind(object.done ? 1 : 0).Run();
  }

  Result<void> Add(const ledger::LetterEntry& letter) {
    if (ledger::Settles(letter.step)) {
      WEIR_ASSIGN(auto settled,
                  database_->Prepare("SELECT 1 FROM weir_letters WHERE pipeline = ? AND id = ? AND "
                                     "step IN ('replay', 'duplicate', 'discard')"));
      settled.Bind(letter.pipeline).Bind(letter.id);
      WEIR_ASSIGN(const bool found, settled.Step());
      if (found) {
        return Fail(ErrorKind::kConflict, "ledger.letter_settled",
                    "dead letter " + letter.id + " was replayed or discarded meanwhile",
                    "run it again");
      }
    }
    WEIR_ASSIGN(auto insert, database_->Prepare("INSERT INTO weir_letters (pipeline, id, step, "
                                                "batch, at, detail) VALUES (?, ?, ?, ?, ?, ?)"));
    insert.Bind(letter.pipeline).Bind(letter.id).Bind(ledger::ToString(letter.step));
    return insert.Bind(letter.batch).Bind(letter.at.micros).Bind(letter.detail).Run();
  }

  Result<std::optional<ledger::ObjectProgress>> Object(const char* where,
                                                       const std::string& pipeline,
                                                       const std::string& key) {
    WEIR_ASSIGN(auto row, database_->Prepare(std::string(kObjectColumns) + where));
    row.Bind(pipeline).Bind(key);
    WEIR_ASSIGN(const bool found, row.Step());
    if (!found) return std::nullopt;
    return ReadObject(row);
  }

  std::unique_ptr<Database> database_;
  std::string instance_;
};

// SQLite's locks do not work over these (the numbers are the kernel's, statfs(2)).
bool IsNetworkDisk(const std::string& path) {
  constexpr std::array<unsigned long, 5> kNetwork = {0x6969, 0xFF534D42, 0xFE534D42, 0x517B,
                                                     0x01021997};
  struct statfs status{};
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  if (statfs(folder.empty() ? "." : folder.c_str(), &status) != 0) return false;
  for (const unsigned long type : kNetwork)
    if (static_cast<unsigned long>(status.f_type) == type) return true;
  return false;
}

Result<std::string> ReadInstance(Database& database) {
  WEIR_ASSIGN(auto row, database.Prepare("SELECT value FROM weir_meta WHERE key = 'instance'"));
  WEIR_ASSIGN(const bool found, row.Step());
  if (!found)
    return Fail(ErrorKind::kCorrupt, "catalog.corrupt", "the database has no instance id");
  return row.Text(0);
}

Result<void> CheckVersion(Database& database) {
  WEIR_ASSIGN(const int64_t version, ReadNumber(database, "PRAGMA user_version"));
  if (version <= kSchemaVersion) return {};
  return Fail(ErrorKind::kConfig, "catalog.newer",
              "the database has schema version " + std::to_string(version) + ", this Weir knows " +
                  std::to_string(kSchemaVersion),
              "use the newer Weir that wrote it");
}

// Makes the tables of this version, after keeping the database of an older one beside it.
Result<void> Prepare(Database& database, const std::string& path, const std::string& instance) {
  WEIR_TRY(database.Run("PRAGMA journal_mode = WAL"));
  WEIR_TRY(database.Run("PRAGMA synchronous = FULL"));
  WEIR_ASSIGN(const int64_t version, ReadNumber(database, "PRAGMA user_version"));
  if (version == kSchemaVersion) return {};
  if (version != 0) {
    const std::string kept = path + ".version" + std::to_string(version);
    if (access(kept.c_str(), F_OK) != 0) {
      WEIR_ASSIGN(auto copy, database.Prepare("VACUUM INTO ?"));
      WEIR_TRY(copy.Bind(kept).Run());
    }
  }
  return database.Transact([&]() -> Result<void> {
    WEIR_TRY(database.Run(kSchema));
    WEIR_ASSIGN(auto insert,
                database.Prepare("INSERT OR IGNORE INTO weir_meta VALUES ('instance', ?)"));
    WEIR_TRY(insert.Bind(instance).Run());
    return database.Run(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
  });
}

}  // namespace

Result<void> CopySqliteCatalog(const std::string& path, const std::string& to) {
  WEIR_ASSIGN(const auto database, Database::Open(path, Database::Access::kReadOnly));
  WEIR_ASSIGN(auto copy, database->Prepare("VACUUM INTO ?"));
  return copy.Bind(to).Run();
}

Result<void> AdoptSqliteCatalog(const std::string& path) {
  WEIR_ASSIGN(const auto database, Database::Open(path, Database::Access::kReadWrite));
  WEIR_TRY(CheckVersion(*database));
  return database->Run("UPDATE weir_pipelines SET epoch = epoch + 1000000");
}

Result<std::unique_ptr<Catalog>> OpenSqliteCatalog(const SqliteCatalogOptions& options) {
  if (IsNetworkDisk(options.path)) {
    return Fail(ErrorKind::kConfig, "catalog.network_disk",
                "the state directory is on a network disk, where database locks do not work",
                "set WEIR_STATE to a folder on a local disk");
  }
  const auto access =
      options.read_only ? Database::Access::kReadOnly : Database::Access::kReadWrite;
  auto opened = Database::Open(options.path, access);
  if (!opened && options.read_only) {
    return Fail(ErrorKind::kNotFound, "catalog.not_found", "nothing has run in this project yet",
                "weir run");
  }
  if (!opened) return Fail(std::move(opened).error());
  WEIR_TRY(CheckVersion(**opened));
  if (!options.read_only) WEIR_TRY(Prepare(**opened, options.path, options.instance));
  WEIR_ASSIGN(std::string instance, ReadInstance(**opened));
  return std::make_unique<SqliteCatalog>(std::move(*opened), std::move(instance));
}

}  // namespace weir::catalog

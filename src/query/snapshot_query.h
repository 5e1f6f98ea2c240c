// SQL over snapshots of the lake's tables. What a table holds is looked up once, when a statement
// first names it; from then on this object reads that snapshot, whatever is committed meanwhile.
//
//   Make --> Run(sql) --> ArrowStream --> Next ... null --> Run(sql) ...
//        `-> AddFiles: a table that is staged and not committed yet
//
// Invariants:
//   (1) Tables that one statement names first are read as of one moment: no commit lies between.
//   (2) Two objects do not see each other's views, also over one engine: each has a database of its
//       own in memory, gone with it.
//   (3) A statement that is not one SELECT is refused before anything is done.
//
// Names: raw.events, "a.b".t or a.b.t for a table of a nested namespace; raw.events@SNAPSHOT (an
// id, or a time) for what it held then; letter case does not matter. information_schema and the
// engine's own duckdb_*() views and functions can be read too. A View is read by its SQL, over the
// same snapshots as all else; it stands before a table of its name.
//
// Threads: those of the session. Borrows all it is made from; its streams end with it. To cancel,
// call Interrupt of the session.
//
// Errors of Run and Resolve, with place.line and place.column within the SQL where they are known:
//   query.not_select query.empty query.many engine.*   those of engine/
//   query.table      kNotFound     no such table, with "did you mean"
//   query.function   kUnsupported  changes(...): only an incremental model has it
//   query.store      kUnsupported  a table that is not on the local disk
//   query.view       kInvalid      a view that reads itself, or is asked for a snapshot
//   query.busy       kBusy         the tables moved at every look
//   engine.denied    kInvalid      a file or an address, where Outside is kDenied
//   those of Lake::Load and Lake::Files, and of table_view.h
// An error within a view's SQL has its place in the view's file.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "ledger/batch.h"
#include "query/table_uses.h"
#include "table/lake.h"

namespace weir::query {

// A SELECT under a name. Nothing of it is stored: its text is all it is.
struct View {
  catalog::TableName name;
  std::string sql;
  Place place = {};                 // Where the SQL begins in its file.
  std::optional<Error> fault = {};  // It cannot be read: told to whoever names it.
};

struct QueryContext {
  catalog::Catalog& catalog;
  table::Lake& lake;
  engine::Session& session;
  Outside outside = Outside::kDenied;
  std::vector<View> views = {};
};

class SnapshotQuery {
 public:
  static Result<std::unique_ptr<SnapshotQuery>> Make(const QueryContext& context);
  // Over nothing but views and what is added.
  static Result<std::unique_ptr<SnapshotQuery>> WithoutLake(engine::Session& session,
                                                            std::vector<View> views = {});
  ~SnapshotQuery();
  SnapshotQuery(const SnapshotQuery&) = delete;
  SnapshotQuery& operator=(const SnapshotQuery&) = delete;

  // Runs one SELECT; it computes as the stream is read.
  Result<std::unique_ptr<engine::ArrowStream>> Run(std::string_view sql);
  // Makes every table that `sql` names readable, without running it.
  Result<void> Resolve(std::string_view sql);
  // The same, and the statement that would run: its columns without its rows.
  Result<std::unique_ptr<engine::Statement>> Bind(std::string_view sql);

  // Makes `name` readable as `files`, in place of what the lake has under that name.
  Result<void> AddFiles(const catalog::TableName& name, const iceberg::Schema& schema,
                        const std::vector<iceberg::DataFile>& files);

  // Makes `name` readable as `relation`, a table of the session ("temp.x") that outlives this.
  Result<void> AddRelation(const catalog::TableName& name, const std::string& relation);

  // The snapshots read so far, by table; 0: the table was empty. Without those of AddFiles.
  std::vector<ledger::PlannedInput> inputs() const;

 private:
  SnapshotQuery(engine::Session& session, Outside outside, std::vector<View> views);

  // What statements name and is not readable yet.
  struct Wanted {
    std::vector<TableUse> tables;
    std::vector<std::pair<const View*, std::string>> views;  // Each behind those it reads.
    std::vector<const View*> open;                           // Being looked at, by each other.
  };

  // The SQL to run: `sql`, with names of three parts in the form that the engine takes.
  Result<std::string> Prepare(std::string_view sql);
  // The same, before anything it names is loaded. `within`: the view whose SQL it is.
  Result<std::string> Rewrite(std::string_view sql, Wanted& wanted, const View* within);
  Result<void> Want(const View& view, const TableUse& use, Wanted& wanted);
  const View* FindView(const catalog::TableName& name) const;
  std::vector<catalog::TableName> Known() const;
  Result<void> Load(const std::vector<TableUse>& tables);
  // Makes `view` readable as the table was at `at`; the snapshot's id.
  Result<int64_t> AddSnapshot(const table::TableState& state, const catalog::TableName& view,
                              const std::string& at);
  Result<void> AddView(const catalog::TableName& name, const iceberg::Schema& schema,
                       std::span<const iceberg::Schema> history,
                       const std::vector<iceberg::DataFile>& files);
  Result<void> CreateView(const catalog::TableName& name, const std::string& select);
  // `history`: every schema that a file may have been written with, as far as the table knows.
  Result<std::string> Select(const iceberg::Schema& schema,
                             std::span<const iceberg::Schema> history,
                             std::span<const std::string> paths);

  engine::Session& session_;
  catalog::Catalog* catalog_ = nullptr;  // Null, as the lake: there is none.
  table::Lake* lake_ = nullptr;
  Outside outside_;
  std::vector<View> defined_;
  std::string database_;                             // Of what can be named.
  std::vector<catalog::TableName> known_;            // That the catalog had at the start.
  std::map<catalog::TableName, int64_t> snapshots_;  // Read so far.
  std::vector<catalog::TableName> views_;            // All that can be named by now.
};

}  // namespace weir::query

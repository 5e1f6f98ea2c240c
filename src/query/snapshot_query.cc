#include "query/snapshot_query.h"

#include <algorithm>
#include <atomic>
#include <cctype>

#include "base/limits.h"
#include "query/at_snapshot.h"
#include "query/footers_internal.h"
#include "query/table_view.h"
#include "storage/store.h"
#include "table/snapshot_name.h"

namespace weir::query {
namespace {

using catalog::TableName;
using engine::QuotedName;

Error At(Error error, const Place& place) {
  if (error.place.line == 0 && error.place.file.empty()) error.place = place;
  return error;
}

// The byte at which `place` stands in `sql`.
size_t OffsetOf(std::string_view sql, const Place& place) {
  size_t at = 0;
  for (uint64_t line = 1; line < place.line; ++line) at = sql.find('\n', at) + 1;
  return at + place.column - 1;
}

// The end of the word (bare or in quotes) at `at`; `at` itself where there is none.
size_t EndOfWord(std::string_view sql, size_t at) {
  if (at < sql.size() && sql[at] == '"') {
    for (size_t i = at + 1; i < sql.size(); ++i) {
      if (sql[i] != '"') continue;
      if (i + 1 == sql.size() || sql[i + 1] != '"') return i + 1;
      ++i;
    }
    return at;
  }
  while (at < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[at])) || sql[at] == '_' ||
                             sql[at] == '$' || static_cast<unsigned char>(sql[at]) >= 0x80))
    ++at;
  return at;
}

// The end of `a.b.c` at `at`, written without blanks; `at` itself where something else stands
// there.
size_t EndOfThreeParts(std::string_view sql, size_t at) {
  size_t end = at;
  for (int part = 0; part < 3; ++part) {
    const size_t word = EndOfWord(sql, end);
    if (word == end) return at;
    end = word;
    if (part == 2) return end;
    if (end == sql.size() || sql[end] != '.') return at;
    ++end;
  }
  return end;
}

// A place within a view's SQL as one of its file.
Place PlaceWithin(const View& view, const Place& place) {
  Error error;
  error.place = place;
  return engine::PlacedAt(std::move(error), view.place).place;
}

std::string NewDatabaseName() {
  // Unique in the process: databases are an engine's, and engines serve several sessions.
  static std::atomic<uint64_t> last = 0;
  return "weir_snapshot_" + std::to_string(++last);
}

}  // namespace

SnapshotQuery::SnapshotQuery(engine::Session& session, Outside outside, std::vector<View> views)
    : session_(session),
      outside_(outside),
      defined_(std::move(views)),
      database_(NewDatabaseName()) {}

Result<std::unique_ptr<SnapshotQuery>> SnapshotQuery::Make(const QueryContext& context) {
  auto query = std::unique_ptr<SnapshotQuery>(
      new SnapshotQuery(context.session, context.outside, context.views));
  query->catalog_ = &context.catalog;
  query->lake_ = &context.lake;
  WEIR_TRY(context.session.Execute("ATTACH ':memory:' AS " + query->database_));
  WEIR_ASSIGN(query->known_, context.catalog.Tables());
  return query;
}

Result<std::unique_ptr<SnapshotQuery>> SnapshotQuery::WithoutLake(engine::Session& session,
                                                                  std::vector<View> views) {
  auto query = std::unique_ptr<SnapshotQuery>(
      new SnapshotQuery(session, Outside::kDenied, std::move(views)));
  WEIR_TRY(session.Execute("ATTACH ':memory:' AS " + query->database_));
  return query;
}

SnapshotQuery::~SnapshotQuery() {
  // Where it fails the session is gone or broken, and the database goes with the engine.
  (void)session_.Execute("USE memory; DETACH " + database_);
}

Result<std::unique_ptr<engine::ArrowStream>> SnapshotQuery::Run(std::string_view sql) {
  WEIR_ASSIGN(const std::string prepared, Prepare(sql));
  return session_.Query(prepared);
}

Result<void> SnapshotQuery::Resolve(std::string_view sql) {
  WEIR_TRY(Prepare(sql));
  return {};
}

Result<std::unique_ptr<engine::Statement>> SnapshotQuery::Bind(std::string_view sql) {
  WEIR_ASSIGN(const std::string prepared, Prepare(sql));
  return session_.Prepare(prepared);
}

Result<std::string> SnapshotQuery::Prepare(std::string_view sql) {
  // Another object over this session may have been used, or may have ended, since.
  WEIR_TRY(session_.Execute("USE " + database_));
  Wanted wanted;
  WEIR_ASSIGN(std::string prepared, Rewrite(sql, wanted, nullptr));
  WEIR_TRY(Load(wanted.tables));
  for (const auto& [view, select] : wanted.views) {
    // Bound by itself first: then a fault has its place in the view's text.
    if (auto bound = session_.Prepare(select); !bound)
      return Fail(engine::PlacedAt(std::move(bound).error(), view->place));
    WEIR_TRY(CreateView(view->name, select));
  }
  return prepared;
}

Result<std::string> SnapshotQuery::Rewrite(std::string_view written, Wanted& wanted,
                                           const View* within) {
  const std::string sql = QuoteSnapshots(written);
  WEIR_ASSIGN(const TableUses uses, FindTableUses(session_, sql, Known(), outside_));
  if (!uses.faults.empty()) return Fail(uses.faults.front());
  for (TableUse use : uses.tables) {
    if (within != nullptr) use.reference.place = PlaceWithin(*within, use.reference.place);
    if (const View* view = FindView(use.table)) {
      WEIR_TRY(Want(*view, use, wanted));
    } else {
      wanted.tables.push_back(std::move(use));
    }
  }
  // DuckDB would take a.b.t for table t of database a.
  std::string prepared(sql);
  for (auto table = uses.tables.rbegin(); table != uses.tables.rend(); ++table) {
    if (table->reference.catalog.empty()) continue;
    const size_t begin = OffsetOf(sql, table->reference.place);
    const size_t end = EndOfThreeParts(sql, begin);
    const std::string name = QuotedName(table->table.space) + "." + QuotedName(table->view().name);
    if (table->reference.place.line == 0 || end == begin) {
      return Fail(Error{.kind = ErrorKind::kInvalid,
                        .code = "query.table",
                        .message = "the name " + table->table.ToString() +
                                   " is written in a way that cannot be read",
                        .place = table->reference.place,
                        .next = "write " + name});
    }
    prepared.replace(begin, end - begin, name);
  }
  return prepared;
}

Result<void> SnapshotQuery::Want(const View& view, const TableUse& use, Wanted& wanted) {
  const auto refuse = [&](const std::string& what, const char* next) {
    return Fail(Error{.kind = ErrorKind::kInvalid,
                      .code = "query.view",
                      .message = "view " + view.name.ToString() + " " + what,
                      .place = use.reference.place,
                      .next = next});
  };
  if (!use.at.empty()) return refuse("has no snapshots", "ask the tables that it reads");
  if (view.fault) return Fail(*view.fault);
  if (std::ranges::find(wanted.open, &view) != wanted.open.end())
    return refuse("reads itself", "weir check names the circle");
  if (std::ranges::find(views_, view.name) != views_.end()) return {};
  const auto same = [&](const auto& known) { return known.first == &view; };
  if (std::ranges::any_of(wanted.views, same)) return {};
  wanted.open.push_back(&view);
  auto select = Rewrite(view.sql, wanted, &view);
  wanted.open.pop_back();
  if (!select) return Fail(engine::PlacedAt(std::move(select).error(), view.place));
  wanted.views.emplace_back(&view, std::move(*select));
  return {};
}

const View* SnapshotQuery::FindView(const TableName& name) const {
  const auto found = std::ranges::find(defined_, name, &View::name);
  return found == defined_.end() ? nullptr : &*found;
}

std::vector<TableName> SnapshotQuery::Known() const {
  std::vector<TableName> known = views_;
  for (const View& view : defined_) known.push_back(view.name);
  known.insert(known.end(), known_.begin(), known_.end());
  return known;
}

Result<void> SnapshotQuery::Load(const std::vector<TableUse>& tables) {
  std::vector<TableUse> wanted;
  for (const TableUse& table : tables)
    if (std::ranges::find(views_, table.view()) == views_.end()) wanted.push_back(table);
  std::vector<table::TableStatePtr> states;
  // As of one moment: no pointer may have moved between the first look and the last.
  for (int attempt = 1; states.empty() && !wanted.empty(); ++attempt) {
    for (const TableUse& table : wanted) {
      auto state = lake_->Load(table.table);
      if (!state) return Fail(At(std::move(state).error(), table.reference.place));
      states.push_back(std::move(*state));
    }
    for (size_t i = 0; i < wanted.size() && !states.empty(); ++i) {
      WEIR_ASSIGN(const auto now, catalog_->Find(wanted[i].table));
      if (now == states[i]->pointer) continue;
      if (attempt == kCommitTriesMax) {
        return Fail(ErrorKind::kBusy, "query.busy",
                    "the tables are written too often to be read at one moment", "try again");
      }
      states.clear();
    }
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const table::TableState& state = *states[i];
    const TableName view = wanted[i].view();
    if (snapshots_.contains(view)) continue;  // Named twice.
    auto read = AddSnapshot(state, view, wanted[i].at);
    if (!read) return Fail(At(std::move(read).error(), wanted[i].reference.place));
    snapshots_[view] = *read;
  }
  return {};
}

Result<int64_t> SnapshotQuery::AddSnapshot(const table::TableState& state, const TableName& view,
                                           const std::string& at) {
  int64_t id = state.snapshot_id();
  const iceberg::Schema* schema = &state.metadata.schema();
  if (!at.empty()) {
    WEIR_ASSIGN(id, table::FindSnapshot(state, at));
    const auto of_then = state.metadata.FindSnapshot(id)->schema_id;
    if (of_then && state.metadata.FindSchema(*of_then) != nullptr)
      schema = state.metadata.FindSchema(*of_then);
  }
  WEIR_ASSIGN(const auto files, lake_->Files(state, id));
  WEIR_TRY(AddView(view, *schema, state.metadata.schemas, files));
  return id;
}

Result<void> SnapshotQuery::AddFiles(const TableName& name, const iceberg::Schema& schema,
                                     const std::vector<iceberg::DataFile>& files) {
  return AddView(name, schema, {}, files);
}

Result<void> SnapshotQuery::AddView(const TableName& name, const iceberg::Schema& schema,
                                    std::span<const iceberg::Schema> history,
                                    const std::vector<iceberg::DataFile>& files) {
  std::vector<std::string> paths;
  for (const iceberg::DataFile& file : files) {
    auto path = storage::LocalPath(file.path);
    if (!path) {
      return Fail(ErrorKind::kUnsupported, "query.store",
                  "table " + name.ToString() + " is not on a local disk",
                  "this version queries tables of the local disk only");
    }
    paths.push_back(std::move(*path));
  }
  const auto view = [&]() -> Result<void> {
    WEIR_ASSIGN(const std::string select, Select(schema, history, paths));
    return CreateView(name, select);
  };
  if (auto made = view(); !made) {
    Error error = WithContext(std::move(made).error(), "table " + name.ToString());
    error.place = {};  // Within SQL that nobody wrote.
    return Fail(std::move(error));
  }
  return {};
}

Result<void> SnapshotQuery::AddRelation(const TableName& name, const std::string& relation) {
  return CreateView(name, "SELECT * FROM " + relation);
}

Result<void> SnapshotQuery::CreateView(const TableName& name, const std::string& select) {
  const std::string space = database_ + "." + QuotedName(name.space);
  WEIR_TRY(session_.Execute("CREATE SCHEMA IF NOT EXISTS " + space + "; CREATE OR REPLACE VIEW " +
                            space + "." + QuotedName(name.name) + " AS " + select));
  if (std::ranges::find(views_, name) == views_.end()) views_.push_back(name);
  return {};
}

// By name only where names and ids go together. Most often the table's history says so; where it
// does not, the files themselves are asked.
Result<std::string> SnapshotQuery::Select(const iceberg::Schema& schema,
                                          std::span<const iceberg::Schema> history,
                                          std::span<const std::string> paths) {
  if (paths.empty() || !ReadsByName(schema)) return SelectFiles(schema, paths);
  const FieldPaths current = PathsOf(schema);
  const bool agree = std::ranges::all_of(history, [&](const iceberg::Schema& old) {
    return CheckNames(current, PathsOf(old)).has_value();
  });
  if (agree) return SelectFiles(schema, paths);
  WEIR_ASSIGN(const auto footers, ReadFooters(session_, paths));
  std::vector<std::string> same;
  std::string sql;
  for (const auto& [written, files] : footers) {
    if (CheckNames(current, written)) {
      same.insert(same.end(), files.begin(), files.end());
      continue;
    }
    WEIR_ASSIGN(const std::string renamed, SelectRenamed(schema, written, files));
    sql += " UNION ALL " + renamed;
  }
  if (same.empty()) return sql.substr(std::string_view(" UNION ALL ").size());
  WEIR_ASSIGN(const std::string select, SelectFiles(schema, same));
  return select + sql;
}

std::vector<ledger::PlannedInput> SnapshotQuery::inputs() const {
  std::vector<ledger::PlannedInput> inputs;
  for (const auto& [name, snapshot] : snapshots_) inputs.push_back({name.ToString(), snapshot});
  return inputs;
}

}  // namespace weir::query

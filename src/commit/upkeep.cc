#include "commit/upkeep.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "env/failpoint.h"

namespace weir::commit {
namespace {

// Commits `change` of `base`; nothing where somebody else moved the table first.
Result<std::optional<int64_t>> Swap(const UpkeepContext& context, const table::TableState& base,
                                    const table::TableChange& change) {
  auto prepared = context.lake.Prepare(base, change);
  if (!prepared && prepared.error().code == "iceberg.removed_file") return std::nullopt;
  if (!prepared) return Fail(std::move(prepared).error());
  catalog::Change moved;
  moved.moves = {prepared->move};
  WEIR_TRY(env::ReachFailpoint("upkeep.prepared"));
  WEIR_TRY(context.lake.Sync());
  auto committed = context.catalog.Commit(moved);
  if (!committed && committed.error().kind == ErrorKind::kUnknown) {
    WEIR_ASSIGN(const auto now, context.catalog.Find(base.name));
    if (now == prepared->move.to) committed = {};
  }
  if (!committed && committed.error().kind == ErrorKind::kConflict) return std::nullopt;
  if (!committed) return Fail(std::move(committed).error());
  context.lake.Settle(*prepared);
  return prepared->next->snapshot_id();
}

// Names that no other merge ever writes.
table::WriterIdentity Identity(const UpkeepContext& context) {
  return {{"merged-" + context.lake.random().Uuid().substr(0, 8), context.catalog.instance(),
           BatchNumber(1)},
          Epoch(1),
          Attempt(1)};
}

bool StillFits(const table::TableState& staged, const table::TableState& now) {
  return staged.metadata.schema().fields == now.metadata.schema().fields &&
         staged.metadata.spec() == now.metadata.spec();
}

}  // namespace

Result<MergeReport> MergeSmallFiles(const UpkeepContext& context, const catalog::TableName& name,
                                    const table::SmallFileLimits& limits) {
  MergeReport report;
  WEIR_ASSIGN(table::TableStatePtr state, context.lake.Load(name));
  WEIR_ASSIGN(const auto files, context.lake.Files(*state));
  const auto small = table::PickSmallFiles(files, state->metadata.default_spec_id, limits);
  report.files_before = report.files_after = files.size();
  if (small.empty()) return report;
  WEIR_ASSIGN(const table::StagedTable staged,
              table::MergeFiles(context.lake, state, small, Identity(context)));
  for (int attempt = 0; attempt < kCommitTriesMax; ++attempt) {
    WEIR_ASSIGN(const auto snapshot,
                Swap(context, *state,
                     {staged.operation, staged.files, {{"weir.upkeep", "merge"}}, staged.removed}));
    if (snapshot) {
      report.files_after = files.size() - small.size() + staged.files.size();
      report.rows = staged.rows;
      report.snapshot = *snapshot;
      return report;
    }
    WEIR_ASSIGN(const auto now, context.lake.Load(name));
    if (now->pointer == state->pointer || !StillFits(*state, *now)) break;
    state = now;
  }
  return report;  // What was merged was changed by somebody else: later.
}

bool MergeIsDue(const table::TableState& state) {
  size_t since = 0;
  const auto& snapshots = state.metadata.snapshots;
  for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at, ++since)
    if (at->operation() == "replace") break;
  return since != 0 && since % kSmallFilesBeforeMerge == 0;
}

Result<int64_t> PutBack(const UpkeepContext& context, const catalog::TableName& name, int64_t to) {
  for (int attempt = 0;; ++attempt) {
    WEIR_ASSIGN(const auto state, context.lake.Load(name));
    WEIR_ASSIGN(const auto wanted, context.lake.Files(*state, to));
    WEIR_ASSIGN(const auto current, context.lake.Files(*state));
    std::set<std::string> keep, have;
    for (const iceberg::DataFile& file : wanted) keep.insert(file.path);
    for (const iceberg::DataFile& file : current) have.insert(file.path);
    table::TableChange change{.operation = iceberg::Operation::kOverwrite,
                              .added = {},
                              .summary = {{"weir.rollback", std::to_string(to)}},
                              .removed = {}};
    for (const iceberg::DataFile& file : wanted) {
      if (have.contains(file.path)) continue;
      if (file.spec_id != state->metadata.default_spec_id)
        return Fail(ErrorKind::kUnsupported, "table.partitioned_since",
                    "table " + name.ToString() + " is partitioned otherwise since then");
      change.added.push_back(file);
    }
    for (const std::string& path : have)
      if (!keep.contains(path)) change.removed.insert(path);
    if (change.added.empty() && change.removed.empty()) return state->snapshot_id();
    WEIR_ASSIGN(const auto snapshot, Swap(context, *state, change));
    if (snapshot) return *snapshot;
    if (attempt == kCommitTriesMax)
      return Fail(ErrorKind::kBusy, "table.busy",
                  "table " + name.ToString() + " is written too often to be put back",
                  "stop what writes it, then try again");
  }
}

}  // namespace weir::commit

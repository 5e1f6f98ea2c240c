// weir table compact and rollback: changes of a table that are no batch.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_project.h"
#include "cli/state_lock.h"
#include "commit/upkeep.h"
#include "table/snapshot_name.h"

namespace weir::cli {
namespace {

using nlohmann::json;

// The project opened for writing, under its lock.
struct Writing {
  ReadProject project;
  std::unique_ptr<env::FileLock> lock;
  std::unique_ptr<State> state;
  catalog::TableName table;

  commit::UpkeepContext context() { return {state->catalog(), state->lake()}; }
};

std::expected<Writing, int> OpenForWriting(const Command& command, const std::string& table) {
  const auto name = catalog::ParseTableName(table);
  if (!name) {
    Report(command.terminal, name.error());
    return std::unexpected(2);
  }
  auto project = OpenProject(command.folder);
  if (!project)
    return std::unexpected(
        Report(command.terminal, project.error().errors, project.error().sources));
  Writing writing;
  writing.table = *name;
  writing.project = std::move(*project);
  auto lock = LockState(writing.project);
  if (!lock) return std::unexpected(Report(command.terminal, lock.error()));
  writing.lock = std::move(*lock);
  auto state = State::Open(writing.project, State::Access::kWrite);
  if (!state) return std::unexpected(Report(command.terminal, state.error()));
  writing.state = std::move(*state);
  return writing;
}

}  // namespace

int TableCompact(const Command& command, const TableOptions& options) {
  auto writing = OpenForWriting(command, options.table);
  if (!writing) return writing.error();
  commit::MergeReport all;
  // In steps that fit in memory, until nothing small is left.
  for (bool first = true;; first = false) {
    const auto merged = commit::MergeSmallFiles(writing->context(), writing->table,
                                                {.small_bytes = kSmallFileBytes, .files_min = 2});
    if (!merged) return Report(command.terminal, merged.error());
    if (first) all = *merged;
    all.files_after = merged->files_after;
    if (merged->snapshot == 0 || merged->files_after >= merged->files_before) break;
    all.snapshot = merged->snapshot;
    if (!first) all.rows += merged->rows;
  }
  if (command.terminal.json)
    command.terminal.Out(json{{"schema", "weir.table.compact/1"},
                              {"table", options.table},
                              {"files_before", all.files_before},
                              {"files_after", all.files_after},
                              {"rows", all.rows}}
                             .dump() +
                         "\n");
  command.terminal.Talk(all.snapshot == 0
                            ? options.table + ": nothing to merge"
                            : fmt::format("{}: {} files became {}, {} rows written again",
                                          options.table, FormatCount(all.files_before),
                                          FormatCount(all.files_after), FormatCount(all.rows)));
  return 0;
}

int TableRollback(const Command& command, const TableOptions& options) {
  auto writing = OpenForWriting(command, options.table);
  if (!writing) return writing.error();
  const auto state = writing->state->lake().Load(writing->table);
  if (!state) return Report(command.terminal, state.error());
  const auto to = table::FindSnapshot(**state, options.snapshot);
  if (!to) return Report(command.terminal, to.error());
  const auto done = commit::PutBack(writing->context(), writing->table, *to);
  if (!done) return Report(command.terminal, done.error());
  if (command.terminal.json)
    command.terminal.Out(json{{"schema", "weir.table.rollback/1"},
                              {"table", options.table},
                              {"to", *to},
                              {"snapshot", *done}}
                             .dump() +
                         "\n");
  command.terminal.Talk(fmt::format("{} holds again what snapshot {} held, as snapshot {}",
                                    options.table, *to, *done));
  return 0;
}

}  // namespace weir::cli

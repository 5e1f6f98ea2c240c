#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/open_project.h"
#include "cli/state_lock.h"
#include "cli/table_plan.h"
#include "env/failpoint.h"

namespace weir::cli {
namespace {

using nlohmann::json;

Error Breaking(const std::vector<TablePlan>& plans) {
  Error error{.kind = ErrorKind::kConfig,
              .code = "apply.breaking",
              .message = "nothing was changed:",
              .place = {},
              .next = "weir apply --allow-breaking does it, or change the contract back"};
  for (const TablePlan& plan : plans)
    for (const table::ShapeChange& change : plan.changes) {
      if (!change.breaking()) continue;
      if (!error.place.known()) {
        error.place = plan.PlaceOf(change);
        error.message += " table " + plan.table.ToString() + " would have to " + change.action() +
                         " (" + change.effect() + ")";
      } else if (!error.message.ends_with(", and more")) {
        error.message += ", and more";
      }
    }
  return error;
}

// All tables move in one transaction of the catalog: all of it is there, or nothing.
Result<void> Move(State& state, const std::vector<TablePlan>& plans) {
  catalog::Change change;
  std::vector<table::PreparedTable> prepared;
  for (const TablePlan& plan : plans) {
    if (plan.changes.empty()) continue;
    WEIR_ASSIGN(auto metadata, table::Changed(plan.state->metadata, plan.shape, plan.changes));
    WEIR_ASSIGN(auto next, state.lake().PrepareMetadata(*plan.state, std::move(metadata)));
    change.moves.push_back(next.move);
    prepared.push_back(std::move(next));
  }
  WEIR_TRY(state.lake().Sync());
  WEIR_TRY(env::ReachFailpoint("apply.prepared"));
  auto committed = state.catalog().Commit(change);
  if (!committed && committed.error().kind == ErrorKind::kUnknown) {
    WEIR_ASSIGN(const auto now, state.catalog().Find(change.moves.front().table));
    if (now == change.moves.front().to) committed = {};
  }
  WEIR_TRY(committed);
  for (const table::PreparedTable& next : prepared) state.lake().Settle(next);
  return {};
}

void Tell(const Terminal& terminal, const std::vector<TablePlan>& plans) {
  json tables = json::array();
  std::string text;
  for (const TablePlan& plan : plans) {
    if (plan.changes.empty()) continue;
    json actions = json::array();
    for (const table::ShapeChange& change : plan.changes) {
      actions.push_back(change.action());
      text += plan.table.ToString() + ": " + change.action() + "\n";
    }
    tables.push_back({{"table", plan.table.ToString()}, {"actions", std::move(actions)}});
  }
  if (terminal.json)
    text = json{{"schema", "weir.apply/1"}, {"tables", std::move(tables)}}.dump() + "\n";
  terminal.Out(text.empty() ? "nothing to apply\n" : text);
}

}  // namespace

int Apply(const Command& command, const ApplyOptions& options) {
  const Terminal& terminal = command.terminal;
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(terminal, read.error().errors, read.error().sources);
  const auto compiled = CompileProject(*read);
  if (!compiled) return Report(terminal, compiled.error(), read->project.sources);
  const auto lock = LockState(*read);
  if (!lock) return Report(terminal, lock.error());
  auto state = State::Open(*read, State::Access::kWrite);
  if (!state) return Report(terminal, state.error());
  std::vector<const pipeline::PipelineSpec*> pipelines;
  for (const auto& spec : read->pipelines) pipelines.push_back(&spec);
  for (int attempt = 1;; ++attempt) {
    const auto plans = PlanTables(pipelines, (*state)->lake());
    if (!plans) return Report(terminal, plans.error());
    if (!options.allow_breaking && std::ranges::any_of(*plans, &TablePlan::breaking))
      return Report(terminal, {Breaking(*plans)}, read->project.sources);
    const bool any =
        std::ranges::any_of(*plans, [](const TablePlan& plan) { return !plan.changes.empty(); });
    const auto moved = any ? Move(**state, *plans) : Result<void>{};
    if (moved) {
      Tell(terminal, *plans);
      return 0;
    }
    // Somebody else committed to a table meanwhile: look again.
    if (moved.error().kind != ErrorKind::kConflict || attempt == kCommitTriesMax)
      return Report(terminal, moved.error());
  }
}

}  // namespace weir::cli

#include "cli/table_plan.h"

#include <algorithm>
#include <set>

namespace weir::cli {

bool TablePlan::breaking() const {
  return std::ranges::any_of(changes, &table::ShapeChange::breaking);
}

bool TablePlan::by_itself() const {
  return !breaking() && pipeline->contract.unknown_columns == contract::UnknownColumns::kEvolve;
}

Place TablePlan::PlaceOf(const table::ShapeChange& change) const {
  const contract::ContractSpec& contract = pipeline->contract;
  for (size_t i = 0; i < contract.columns.size(); ++i)
    if (contract.columns[i].name == change.column) return contract.PlacesOf(i).name;
  const auto& sink = std::get<sink::TableSinkSpec>(pipeline->sink);
  if (change.column.empty() && !sink.partition_by.empty()) return sink.partition_by.front().place;
  return sink.place.known() ? sink.place : pipeline->place;
}

Result<std::vector<TablePlan>> PlanTables(
    const std::vector<const pipeline::PipelineSpec*>& pipelines, table::Lake& lake) {
  std::vector<TablePlan> plans;
  std::set<catalog::TableName> planned;
  for (const pipeline::PipelineSpec* spec : pipelines) {
    const auto* sink = std::get_if<sink::TableSinkSpec>(&spec->sink);
    // Two pipelines of one table want the same: weir check sees to it.
    if (sink == nullptr || spec->generates() || !planned.insert(sink->table).second) continue;
    TablePlan plan{.pipeline = spec,
                   .table = sink->table,
                   .shape = sink->ShapeFor(SchemaOf(spec->contract)),
                   .state = nullptr,
                   .changes = {}};
    auto state = lake.Load(sink->table);
    if (!state && state.error().code != "table.not_found") return Fail(std::move(state).error());
    if (state) {
      plan.state = *state;
      auto changes = table::ChangesFor(plan.state->metadata, plan.shape);
      if (!changes)
        return Fail(WithContext(std::move(changes).error(), "table " + sink->table.ToString()));
      plan.changes = std::move(*changes);
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

Errors DriftOf(const std::vector<TablePlan>& plans) {
  Errors errors;
  for (const TablePlan& plan : plans) {
    if (plan.by_itself()) continue;
    const auto fits = table::CheckUnchanged(plan.table, plan.changes);
    if (fits) continue;
    errors.push_back(fits.error());
    errors.back().place = plan.PlaceOf(plan.changes.front());
  }
  return errors;
}

}  // namespace weir::cli

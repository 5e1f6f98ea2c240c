#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "env/hash.h"
#include "model/last_build_internal.h"
#include "model/model.h"

namespace weir::model {
namespace {

using catalog::TableName;
using nlohmann::json;

// How far back the last committed batch is looked for.
constexpr uint64_t kBatchesLookedAt = 100;

// What of a definition differs, in words.
std::vector<std::string> Differences(const std::string& before, const std::string& now) {
  const json old_one = json::parse(before, nullptr, false);
  const json new_one = json::parse(now, nullptr, false);
  if (!old_one.is_object() || !new_one.is_object()) return {"its definition changed"};
  std::vector<std::string> found;
  for (const auto& [key, words] : std::vector<std::pair<const char*, const char*>>{
           {"query", "its query changed"},
           {"materialize", "it was a view"},
           {"partition_by", "its partition_by changed"},
           {"checks", "its checks changed"},
           {"views", "a view that it reads changed"}})
    if (old_one.value(key, json()) != new_one.value(key, json())) found.emplace_back(words);
  if (found.empty()) found.emplace_back("its definition changed");
  return found;
}

std::map<std::string, std::string> Types(const iceberg::Schema& schema) {
  std::map<std::string, std::string> types;
  if (const auto columns = iceberg::ToColumnar(schema))
    for (const columnar::Field& field : columns->fields)
      types[field.name] = columnar::ToText(field.type);
  return types;
}

// Columns of the table as it is (none: there is no table), and as the query gives them.
std::vector<std::string> ColumnChanges(const iceberg::Schema& now, const iceberg::Schema& next) {
  auto before = Types(now);
  auto after = Types(next);
  std::vector<std::string> changes;
  for (const iceberg::Field& field : next.fields) {
    const auto old = before.find(field.name);
    if (old == before.end()) {
      changes.push_back("add column " + field.name + " " + after[field.name]);
    } else if (old->second != after[field.name]) {
      changes.push_back("column " + field.name + " from " + old->second + " to " +
                        after[field.name]);
    }
  }
  for (const iceberg::Field& field : now.fields)
    if (next.Find(field.name) == nullptr) changes.push_back("drop column " + field.name);
  return changes;
}

// Inputs that are not what they were.
Result<std::vector<std::string>> Moved(table::Lake& lake, const Model& model,
                                       const std::vector<ledger::PlannedInput>& inputs,
                                       const std::vector<TableName>& rebuilt) {
  std::map<std::string, int64_t> before;
  for (const ledger::PlannedInput& input : inputs) before[input.table] = input.snapshot;
  std::vector<std::string> moved;
  for (const TableName& table : model.tables) {
    if (std::ranges::find(rebuilt, table) != rebuilt.end()) {
      moved.push_back(table.ToString() + " is to be built before it");
      continue;
    }
    const auto state = lake.Load(table);
    if (!state && state.error().code != "table.not_found") return Fail(state.error());
    const auto known = before.find(table.ToString());
    if (!state || known == before.end() || known->second != (*state)->snapshot_id())
      moved.push_back(table.ToString() + " changed");
  }
  return moved;
}

}  // namespace

Result<std::optional<catalog::BatchRecord>> LastBuild(catalog::Catalog& catalog,
                                                      const std::string& pipeline) {
  WEIR_ASSIGN(const ledger::PipelineState state, catalog.Pipeline(pipeline));
  for (uint64_t back = 0; back < std::min(kBatchesLookedAt, state.batch.value); ++back) {
    WEIR_ASSIGN(auto record, catalog.Batch(pipeline, BatchNumber(state.batch.value - back)));
    if (record && record->state == ledger::BatchState::kCommitted && record->outcome) return record;
  }
  return std::nullopt;
}

Result<ModelPlan> PlanModel(catalog::Catalog& catalog, table::Lake& lake, const Model& model,
                            const KnownColumns& columns, const std::vector<TableName>& rebuilt) {
  ModelPlan plan;
  plan.is_view = model.is_view();
  const auto result = columns.find(model.table);
  const auto table = lake.Load(model.table);
  if (!table && table.error().code != "table.not_found") return Fail(table.error());
  if (!plan.is_view && result != columns.end())
    plan.changes =
        ColumnChanges(table ? (*table)->metadata.schema() : iceberg::Schema{}, result->second);
  if (plan.is_view) return plan;
  WEIR_ASSIGN(const auto last, LastBuild(catalog, model.pipeline()));
  if (!table || !last || last->outcome->tables.empty()) {
    plan.why.emplace_back(table ? "the table is not of this model" : "it is new");
    return plan;
  }
  const std::string text = Definition(model);
  if (last->plan.definition != env::Sha256Hex(text)) {
    WEIR_ASSIGN(const auto before, catalog.Kept(last->plan.definition));
    plan.why = Differences(before.value_or("{}"), text);
  }
  WEIR_ASSIGN(const auto moved, Moved(lake, model, last->plan.inputs, rebuilt));
  plan.why.insert(plan.why.end(), moved.begin(), moved.end());
  if (model.is_volatile) plan.why.emplace_back("it asks for the time or for chance");
  if ((*table)->snapshot_id() != last->outcome->tables.front().snapshot)
    plan.why.emplace_back("somebody else wrote its table");
  return plan;
}

}  // namespace weir::model

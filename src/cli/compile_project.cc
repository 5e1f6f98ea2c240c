#include "cli/compile_project.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/limits.h"
#include "contract/contract.h"
#include "table/shape.h"
#include "table/shape_change.h"

namespace weir::cli {
namespace {

// The lake table that a pipeline writes; null where it writes none, or its sink has a fault.
const sink::TableSinkSpec* TableOf(const pipeline::PipelineSpec& spec) {
  const auto* table = std::get_if<sink::TableSinkSpec>(&spec.sink);
  return table == nullptr || table->table.name.empty() || spec.generates() ? nullptr : table;
}

void CheckPipeline(const pipeline::PipelineSpec& spec, CompiledProject& compiled,
                   config::Faults& faults) {
  if (spec.generates()) {
    if (!spec.faulty)
      source::CheckGenerate(std::get<source::GenerateSpec>(spec.source), *compiled.engine, faults);
    return;
  }
  if (spec.faulty && spec.contract.columns.empty()) return;
  const auto contract = contract::Contract::Compile(spec.contract, *compiled.session);
  if (!contract)
    for (const Error& error : contract.error()) faults.Add(error, spec.place);
  CheckGates(spec, faults);
  if (const auto* sink = TableOf(spec); sink != nullptr && !spec.contract.columns_faulty)
    sink::CheckPartitionBy(*sink, SchemaOf(spec.contract), faults);
}

// Two pipelines into one table must want the same table: the first would make it, and the second
// could not write into it.
void CheckSharedTables(const std::vector<pipeline::PipelineSpec>& pipelines,
                       config::Faults& faults) {
  std::map<catalog::TableName, const pipeline::PipelineSpec*> writers;
  for (const pipeline::PipelineSpec& spec : pipelines) {
    const auto* sink = TableOf(spec);
    if (sink == nullptr || spec.faulty) continue;
    const auto [first, is_first] = writers.emplace(sink->table, &spec);
    if (is_first) continue;
    const pipeline::PipelineSpec& other = *first->second;
    if (spec.replaces() || other.replaces()) {
      faults.Add("config.replace",
                 "pipelines '" + other.name + "' and '" + spec.name + "' both write table " +
                     sink->table.ToString() +
                     ", and write: replace takes the place of all its rows",
                 sink->place, "give each a table");
      continue;
    }
    const auto difference = table::Difference(TableOf(other)->ShapeFor(SchemaOf(other.contract)),
                                              sink->ShapeFor(SchemaOf(spec.contract)));
    if (!difference) continue;
    faults.Add("config.two_contracts",
               "pipelines '" + other.name + "' and '" + spec.name + "' both write table " +
                   sink->table.ToString() + " and differ: to fit '" + spec.name +
                   "' it would have to " + *difference,
               sink->place, "give both the same columns and partition_by, or a table each");
  }
}

// What models may read: the columns of contracts, those that their tables have beside, and those of
// all other tables. A contract that takes columns from the data promises none.
model::KnownColumns ColumnsOf(const ReadProject& read, const model::KnownTables& tables,
                              const std::vector<model::Model>& models, State* state) {
  model::KnownColumns columns;
  const auto add = [&](const catalog::TableName& table, const columnar::Schema& schema) {
    if (auto made = iceberg::FromColumnar(schema)) columns[table] = std::move(*made);
  };
  std::set<catalog::TableName> open;
  for (const pipeline::PipelineSpec& spec : read.pipelines) {
    const auto* sink = TableOf(spec);
    if (sink == nullptr) continue;
    add({"dead_letters", spec.name}, table::DeadLetterShape().schema);
    if (spec.contract.unknown_columns == contract::UnknownColumns::kEvolve ||
        spec.contract.columns.empty())
      open.insert(sink->table);
    else
      add(sink->table, sink->ShapeFor(SchemaOf(spec.contract)).schema);
  }
  for (const catalog::TableName& table : tables.existing) {
    const auto reads = [&](const model::Model& one) {
      return std::ranges::find(one.tables, table) != one.tables.end();
    };
    if (open.contains(table) || std::ranges::none_of(models, reads)) continue;
    const auto loaded = state->lake().Load(table);
    if (!loaded) {
      columns.erase(table);
      continue;
    }
    iceberg::Schema& known = columns[table];
    for (const iceberg::Field& field : (*loaded)->metadata.schema().fields)
      if (known.Find(field.name) == nullptr) known.fields.push_back(field);
  }
  return columns;
}

// Where reading found faults already. A model may read what a pipeline with a fault writes: then
// its references cannot be judged, and its query cannot be bound. A file that could not be read has
// said so.
void AddFaultsOfModels(const ReadProject& read, const model::KnownTables& tables,
                       engine::Session& session, config::Faults& faults) {
  const Errors known = read.faults.Sorted();
  config::Faults found;
  (void)model::ReadModels(read.project, tables, session, found);
  for (Error& error : std::move(found).Take()) {
    const auto in_same_file = [&error](const Error& one) {
      return one.place.file == error.place.file;
    };
    if (error.code != "model.reference" && std::ranges::none_of(known, in_same_file))
      faults.Add(std::move(error));
  }
}

}  // namespace

std::expected<CompiledProject, Errors> CompileProject(const ReadProject& read) {
  CompiledProject compiled;
  auto engine = engine::Engine::Open({.memory_bytes = kEngineMemoryBytes});
  if (!engine) return std::unexpected(Errors{engine.error()});
  compiled.engine = std::move(*engine);
  auto session = compiled.engine->NewSession();
  if (!session) return std::unexpected(Errors{session.error()});
  compiled.session = std::move(*session);
  config::Faults faults = read.faults;
  model::KnownTables tables;
  for (const pipeline::PipelineSpec& spec : read.pipelines) CheckPipeline(spec, compiled, faults);
  CheckSharedTables(read.pipelines, faults);
  for (const pipeline::PipelineSpec& spec : read.pipelines) {
    const auto* sink = TableOf(spec);
    if (sink == nullptr) continue;
    tables.written.push_back(sink->table);
    tables.written.push_back({"dead_letters", spec.name});
  }
  // Tables that other programs made in the same catalog.
  const auto state = State::Open(read, State::Access::kRead);
  if (state) {
    if (auto existing = (*state)->catalog().Tables()) tables.existing = std::move(*existing);
  }
  if (!read.faults.empty()) {
    AddFaultsOfModels(read, tables, *compiled.session, faults);
    return std::unexpected(std::move(faults).Take());
  }
  compiled.models = model::ReadModels(read.project, tables, *compiled.session, faults);
  compiled.columns = model::BindModels(
      compiled.models, ColumnsOf(read, tables, compiled.models, state ? state->get() : nullptr),
      *compiled.session, faults);
  for (const model::Model& one : compiled.models) {
    if (one.table.space == "dead_letters")
      faults.Add("config.reserved_schema", "the schema dead_letters is for refused records alone",
                 one.place, "put the model into another folder of models/");
  }
  if (!faults.empty()) return std::unexpected(std::move(faults).Take());
  return compiled;
}

}  // namespace weir::cli

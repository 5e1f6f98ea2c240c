#include "cli/compile_project.h"

#include "base/limits.h"
#include "contract/contract.h"

namespace weir::cli {

std::expected<CompiledProject, Errors> CompileProject(const ReadProject& read) {
  CompiledProject compiled;
  auto engine = engine::Engine::Open({.memory_bytes = kEngineMemoryBytes});
  if (!engine) return std::unexpected(Errors{engine.error()});
  compiled.engine = std::move(*engine);
  auto session = compiled.engine->NewSession();
  if (!session) return std::unexpected(Errors{session.error()});
  compiled.session = std::move(*session);
  config::Faults faults;
  model::KnownTables tables;
  for (const pipeline::PipelineSpec& spec : read.pipelines) {
    if (spec.generates()) {
      source::CheckGenerate(std::get<source::GenerateSpec>(spec.source), *compiled.engine, faults);
      continue;
    }
    tables.written.push_back(std::get<sink::TableSinkSpec>(spec.sink).table);
    tables.written.push_back({"dead_letters", spec.name});
    const auto contract = contract::Contract::Compile(spec.contract, *compiled.session);
    if (contract) continue;
    for (const Error& error : contract.error()) faults.Add(error, spec.place);
  }
  // Tables that other programs made in the same catalog.
  if (const auto state = State::Open(read, State::Access::kRead)) {
    if (auto existing = (*state)->catalog().Tables()) tables.existing = std::move(*existing);
  }
  compiled.models = model::ReadModels(read.project, tables, *compiled.session, faults);
  for (const model::Model& one : compiled.models) {
    if (one.table.space == "dead_letters")
      faults.Add("config.reserved_schema", "the schema dead_letters is for refused records alone",
                 one.place, "put the model into another folder of models/");
  }
  if (!faults.empty()) return std::unexpected(std::move(faults).Take());
  return compiled;
}

}  // namespace weir::cli

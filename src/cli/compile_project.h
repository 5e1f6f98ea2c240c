// What a project's configuration means beyond its keys: contracts whose rules bind, models whose
// SQL parses and whose references exist. All faults at once.
#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "cli/open_project.h"
#include "engine/engine.h"
#include "model/model.h"

namespace weir::cli {

struct CompiledProject {
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<engine::Session> session;  // For rules and for reading SQL.
  std::vector<model::Model> models;          // In the order of their dependencies.
  model::KnownColumns columns;               // Of tables and models, where they are known.
};

// The faults that reading found are among the errors; with any of them, models are judged as far as
// that needs no other file.
std::expected<CompiledProject, Errors> CompileProject(const ReadProject& read);

}  // namespace weir::cli

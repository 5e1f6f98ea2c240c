// What the reading verbs share: the project, its state, and an engine that reads the lake's files.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_project.h"
#include "engine/engine.h"

namespace weir::cli {

struct Reading {
  ReadProject project;
  std::unique_ptr<State> state;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<engine::Session> session;
};

// An engine for queries over the lake, and for models: bounded memory, spills into the state
// folder.
Result<std::unique_ptr<engine::Engine>> OpenLakeEngine(const ReadProject& project);

// Opens all of it without any lock; or tells what is wrong and gives the exit code.
std::expected<Reading, int> OpenForReading(const Command& command);

}  // namespace weir::cli

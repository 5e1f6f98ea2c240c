#include "cli/reading.h"

#include "base/limits.h"

namespace weir::cli {

Result<std::unique_ptr<engine::Engine>> OpenLakeEngine(const ReadProject& project) {
  WEIR_ASSIGN(const std::string lake, storage::LocalPath(project.warehouse));
  return engine::Engine::Open({.memory_bytes = kQueryMemoryBytes,
                               .threads = 2,
                               .temp_folder = project.state_folder + "/tmp",
                               .access = engine::Access::kNone,
                               .folders = {lake}});
}

std::expected<Reading, int> OpenForReading(const Command& command) {
  const Terminal& terminal = command.terminal;
  auto project = OpenTables(command.folder);
  if (!project)
    return std::unexpected(Report(terminal, project.error().errors, project.error().sources));
  Reading reading;
  reading.project = std::move(*project);
  auto state = State::Open(reading.project, State::Access::kRead);
  if (!state) return std::unexpected(Report(terminal, state.error()));
  reading.state = std::move(*state);
  auto engine = OpenLakeEngine(reading.project);
  if (!engine) return std::unexpected(Report(terminal, engine.error()));
  reading.engine = std::move(*engine);
  auto session = reading.engine->NewSession();
  if (!session) return std::unexpected(Report(terminal, session.error()));
  reading.session = std::move(*session);
  return reading;
}

}  // namespace weir::cli

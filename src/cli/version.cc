#include <arrow/config.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "engine/engine.h"

namespace weir::cli {

int Version(const Command& command) {
  const std::string arrow = arrow::GetBuildInfo().version_string;
  if (command.terminal.json) {
    command.terminal.Out(nlohmann::json{{"schema", "weir.version/1"},
                                        {"version", WEIR_VERSION},
                                        {"engine", engine::Version()},
                                        {"arrow", arrow}}
                             .dump() +
                         "\n");
  } else {
    command.terminal.Out(
        fmt::format("weir {} ({}, Arrow {})\n", WEIR_VERSION, engine::Version(), arrow));
  }
  return 0;
}

}  // namespace weir::cli

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/open_project.h"

namespace weir::cli {

int Check(const Command& command) {
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  const auto compiled = CompileProject(*read);
  if (!compiled) return Report(command.terminal, compiled.error(), read->project.sources);
  if (command.terminal.json) {
    command.terminal.Out(nlohmann::json{{"schema", "weir.check/1"},
                                        {"project", read->project.name},
                                        {"pipelines", read->pipelines.size()},
                                        {"models", read->project.models.size()}}
                             .dump() +
                         "\n");
    return 0;
  }
  command.terminal.Out(fmt::format("{}: {} pipeline{}, {} model{}, no faults\n", read->project.name,
                                   read->pipelines.size(), read->pipelines.size() == 1 ? "" : "s",
                                   read->project.models.size(),
                                   read->project.models.size() == 1 ? "" : "s"));
  return 0;
}

}  // namespace weir::cli

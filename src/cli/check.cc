#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/open_project.h"
#include "cli/test_cases.h"

namespace weir::cli {

int Check(const Command& command) {
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  const auto compiled = CompileProject(*read);
  if (!compiled) return Report(command.terminal, compiled.error(), read->project.sources);
  config::Faults faults;
  const config::Project test_files = ReadTestFiles(*read, faults);
  const size_t tests = ReadTests(test_files, faults).size();
  if (!faults.empty())
    return Report(command.terminal, std::move(faults).Take(), test_files.sources);
  if (command.terminal.json) {
    command.terminal.Out(nlohmann::json{{"schema", "weir.check/1"},
                                        {"project", read->project.name},
                                        {"pipelines", read->pipelines.size()},
                                        {"models", read->project.models.size()},
                                        {"tests", tests}}
                             .dump() +
                         "\n");
    return 0;
  }
  command.terminal.Out(fmt::format("{}: {}, {}{}, no faults\n", read->project.name,
                                   FormatCount(read->pipelines.size(), "pipeline", "pipelines"),
                                   FormatCount(read->project.models.size(), "model", "models"),
                                   tests == 0 ? "" : ", " + FormatCount(tests, "test", "tests")));
  return 0;
}

}  // namespace weir::cli

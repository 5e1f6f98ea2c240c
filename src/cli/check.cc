#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/open_project.h"
#include "cli/test_cases.h"

namespace weir::cli {
namespace {

// Each with the texts of its own files; JSON is one object, and shows no texts.
int ReportBoth(const Terminal& terminal, const ProjectFaults& project, const ProjectFaults& tests) {
  if (project.errors.empty()) return Report(terminal, tests.errors, tests.sources);
  if (tests.errors.empty()) return Report(terminal, project.errors, project.sources);
  if (terminal.json) {
    Errors all = project.errors;
    all.insert(all.end(), tests.errors.begin(), tests.errors.end());
    return Report(terminal, all);
  }
  const int code = Report(terminal, project.errors, project.sources);
  Report(terminal, tests.errors, tests.sources);
  return code;
}

}  // namespace

int Check(const Command& command) {
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  const auto compiled = CompileProject(*read);
  config::Faults faults;
  const config::Project test_files = ReadTestFiles(*read, faults);
  const auto cases = ReadTests(test_files, faults);
  // Which models there are is known where all of them could be read.
  if (compiled) CheckSubjects(cases, *read, compiled->models, faults);
  const size_t tests = cases.size();
  if (!compiled || !faults.empty())
    return ReportBoth(command.terminal,
                      {compiled ? Errors{} : compiled.error(), read->project.sources},
                      {std::move(faults).Take(), test_files.sources});
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

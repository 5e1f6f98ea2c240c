#include "cli/make_runner.h"

#include "env/clock.h"

namespace weir::cli {

Result<std::unique_ptr<telemetry::Log>> OpenProjectLog(const ReadProject& read) {
  std::string folder = read.project.logs.folder;
  if (folder.starts_with(".weir/")) folder = read.state_folder + folder.substr(5);
  if (!folder.starts_with('/')) folder = read.project.folder + "/" + folder;
  WEIR_ASSIGN(const telemetry::Level level, telemetry::ParseLevel(read.project.logs.level));
  return telemetry::OpenLog({.dir = folder, .level = level}, env::SystemClock(),
                            env::SystemFiles());
}

std::expected<std::unique_ptr<pipeline::Runner>, Errors> MakeRunner(
    const RunParts& parts, const pipeline::PipelineSpec& spec, pipeline::Severity severity) {
  const pipeline::RunContext context{.project = parts.read.project.name,
                                     .catalog = parts.state.catalog(),
                                     .lake = parts.state.lake(),
                                     .session = *parts.compiled.session,
                                     .clock = env::SystemClock(),
                                     .log = parts.log,
                                     .stop = parts.stop,
                                     .state_folder = parts.read.state_folder,
                                     .files = env::SystemFiles(),
                                     .random = env::SystemRandom()};
  return pipeline::Runner::Make(context, spec,
                                source::MakeFilesSource({.files = env::SystemFiles(),
                                                         .clock = env::SystemClock(),
                                                         .watches = parts.watches,
                                                         .columns = &spec.contract.columns,
                                                         .folder = parts.read.project.folder,
                                                         .pipeline = spec.name},
                                                        std::get<source::FilesSpec>(spec.source)),
                                severity);
}

}  // namespace weir::cli

#include "cli/make_runner.h"

#include "cli/reading.h"
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

namespace {

Result<std::unique_ptr<engine::Session>> OpenLakeSession(const ReadProject& read) {
  WEIR_ASSIGN(const auto engine, OpenLakeEngine(read));
  return engine->NewSession();
}

std::unique_ptr<source::Source> MakeSource(const RunParts& parts,
                                           const pipeline::PipelineSpec& spec) {
  if (spec.serves())
    return parts.front != nullptr
               ? parts.front->MakeSource(spec.name)
               : source::MakeStoredSource({.files = env::SystemFiles(),
                                           .folder = parts.read.state_folder + "/wal",
                                           .pipeline = spec.name,
                                           .instance = parts.state.catalog().instance()});
  return source::MakeFilesSource({.files = env::SystemFiles(),
                                  .clock = env::SystemClock(),
                                  .watches = parts.watches,
                                  .columns = &spec.contract.columns,
                                  .folder = parts.read.project.folder,
                                  .pipeline = spec.name,
                                  .stop = &parts.stop},
                                 std::get<source::FilesSpec>(spec.source));
}

}  // namespace

std::expected<std::unique_ptr<pipeline::Runner>, Errors> MakeRunner(
    const RunParts& parts, const pipeline::PipelineSpec& spec, pipeline::Severity severity) {
  const pipeline::RunContext context{
      .project = parts.read.project.name,
      .catalog = parts.state.catalog(),
      .lake = parts.state.lake(),
      .session = *parts.compiled.session,
      .clock = env::SystemClock(),
      .log = parts.log,
      .stop = parts.stop,
      .state_folder = parts.read.state_folder,
      .files = env::SystemFiles(),
      .random = env::SystemRandom(),
      .lake_session = [&read = parts.read] { return OpenLakeSession(read); }};
  pipeline::PipelineSpec placed = spec;
  if (placed.bad_records) placed.bad_records->folder = parts.read.project.folder;
  if (placed.land) placed.land->folder = parts.read.project.folder;
  return pipeline::Runner::Make(context, std::move(placed), MakeSource(parts, spec), severity);
}

}  // namespace weir::cli

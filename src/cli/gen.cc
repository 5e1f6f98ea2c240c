#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/spelling.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_project.h"
#include "env/clock.h"
#include "env/random.h"
#include "sink/files/file_series.h"
#include "source/generate/generate.h"

namespace weir::cli {
namespace {

// Plugs the files sink into the generator.
class SeriesTarget final : public source::GenerateTarget {
 public:
  explicit SeriesTarget(sink::FileSeries series) : series_(std::move(series)) {}
  Result<File> Next(Instant at) override {
    WEIR_ASSIGN(sink::NewFile made, series_.Next(at));
    return File{std::move(made.path), std::move(made.bytes)};
  }
  Result<std::unique_ptr<env::ByteWriter>> Truth(const std::string& path) override {
    return series_.Beside(path, "truth");
  }

 private:
  sink::FileSeries series_;
};

Result<const pipeline::PipelineSpec*> FindGenerator(const ReadProject& read,
                                                    const std::string& name) {
  std::vector<std::string> names;
  for (const pipeline::PipelineSpec& spec : read.pipelines) {
    if (!spec.generates()) continue;
    if (spec.name == name) return &spec;
    names.push_back(spec.name);
  }
  const auto near = NearestWord(name, names);
  return Fail(
      ErrorKind::kInvalid, "gen.pipeline", "no pipeline '" + name + "' that generates",
      near ? "did you mean '" + *near + "'?" : "give a pipeline a source: { generate: ... }");
}

Result<source::GenerateOptions> ReadOptions(const GenOptions& options,
                                            const sink::FilesSinkSpec& sink) {
  source::GenerateOptions made;
  made.format = sink::FormatOf(sink);
  made.rows = options.rows;
  made.seed = options.seed;
  made.every = sink.every;
  if (sink.rows) made.rows_per_file = static_cast<uint64_t>(*sink.rows);
  if (!options.duration.empty()) {
    WEIR_ASSIGN(made.duration, ParseDuration(options.duration));
  }
  if (!options.rate.empty()) {
    config::Faults faults;
    const auto rate = config::PerSecond().read(config::ScalarNode(options.rate),
                                               config::Reading{faults, "--rate", ""});
    if (!rate) return Fail(std::move(faults).Take().front());
    made.rate = *rate;
  }
  if (!options.out.empty()) {
    if (const auto format = format::WrittenFormatOfPath(options.out)) made.format = format->kind;
    made.every = std::nullopt;
    made.rows_per_file = std::nullopt;
  }
  return made;
}

std::string ReportJson(const std::string& pipeline, const source::GenerateReport& report) {
  return nlohmann::json{
             {"schema", "weir.gen/1"}, {"pipeline", pipeline}, {"seed", report.seed},
             {"files", report.files},  {"rows", report.rows},  {"bytes", report.bytes},
             {"clean", report.clean},  {"lost", report.lost},  {"defects", report.defects}}
             .dump() +
         "\n";
}

bool AnArgumentMends(const Error& error) {
  return error.code == "generate.unbounded" || error.code == "generate.no_rate";
}

void Tell(const Terminal& terminal, const std::string& pipeline,
          const source::GenerateReport& report) {
  terminal.Talk(fmt::format("{}: {} in {} ({}), seed {}", terminal.Bold(pipeline),
                            FormatCount(report.rows, "row", "rows"),
                            FormatCount(report.files, "file", "files"), FormatBytes(report.bytes),
                            report.seed));
  for (const auto& [name, count] : report.defects)
    terminal.Talk(fmt::format("  {:>10}  {}", FormatCount(count), name));
}

}  // namespace

int Gen(const Command& command, const GenOptions& options) {
  const auto read = OpenProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  const auto spec = FindGenerator(*read, options.pipeline);
  if (!spec) {
    Report(command.terminal, spec.error());
    return 2;
  }
  const auto& sink = std::get<sink::FilesSinkSpec>((*spec)->sink);
  auto made = ReadOptions(options, sink);
  if (!made) {
    Report(command.terminal, made.error());
    return 2;
  }
  made->stopping = [&command] { return command.stop->load(); };
  auto engine = engine::Engine::Open({.memory_bytes = kEngineMemoryBytes});
  if (!engine) return Report(command.terminal, engine.error());
  config::Faults faults;
  const auto& generate = std::get<source::GenerateSpec>((*spec)->source);
  source::CheckGenerate(generate, **engine, faults);
  if (!faults.empty())
    return Report(command.terminal, std::move(faults).Take(), read->project.sources);
  const std::string path =
      options.out.empty() ? read->project.folder + "/" + sink.path.value : options.out;
  PathValues values;
  values.name = (*spec)->name;
  values.pipeline = (*spec)->name;
  auto series = sink::FileSeries::Open(path, values, sink::LocalFolder(env::SystemFiles()));
  if (!series) return Report(command.terminal, series.error());
  SeriesTarget target(std::move(*series));
  const auto report =
      source::Generate(generate, *made, target, **engine, env::SystemClock(), env::SystemRandom());
  if (!report) {
    const int code = Report(command.terminal, report.error());
    return AnArgumentMends(report.error()) ? 2 : code;
  }
  if (command.terminal.json) {
    command.terminal.Out(ReportJson((*spec)->name, *report));
  } else {
    Tell(command.terminal, (*spec)->name, *report);
  }
  return command.stop->load() && command.signal->load() == 2 ? 130 : 0;
}

}  // namespace weir::cli

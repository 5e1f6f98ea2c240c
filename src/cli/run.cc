#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/make_runner.h"
#include "cli/open_project.h"
#include "cli/reading.h"
#include "cli/run_summary.h"
#include "cli/table_plan.h"
#include "env/clock.h"

namespace weir::cli {
namespace {

// What the selectors name: pipelines by name, models by schema.name or schema.*.
struct Selection {
  std::vector<const pipeline::PipelineSpec*> pipelines;
  std::vector<const model::Model*> models;
};

bool Matches(const std::string& selector, const std::string& name) {
  if (selector.ends_with("*")) return name.starts_with(selector.substr(0, selector.size() - 1));
  return selector == name;
}

Result<Selection> Select(const ReadProject& read, const std::vector<model::Model>& models,
                         const std::vector<std::string>& selectors) {
  const auto wanted = [&](const std::string& name) {
    return selectors.empty() || std::ranges::any_of(selectors, [&](const std::string& selector) {
             return Matches(selector, name);
           });
  };
  Selection selection;
  std::vector<std::string> names;
  for (const auto& spec : read.pipelines) {
    if (spec.generates()) continue;
    names.push_back(spec.name);
    if (wanted(spec.name)) selection.pipelines.push_back(&spec);
  }
  for (const auto& one : models) {
    names.push_back(one.table.ToString());
    if (wanted(one.table.ToString())) selection.models.push_back(&one);
  }
  for (const std::string& selector : selectors) {
    if (std::ranges::any_of(names,
                            [&](const std::string& name) { return Matches(selector, name); }))
      continue;
    for (const auto& spec : read.pipelines)
      if (spec.generates() && spec.name == selector)
        return Fail(ErrorKind::kInvalid, "run.generates",
                    "pipeline '" + selector + "' generates data", "weir gen " + selector);
    const auto near = NearestWord(selector, names);
    return Fail(ErrorKind::kInvalid, "run.selector", "no pipeline or model '" + selector + "'",
                near ? "did you mean '" + *near + "'?" : "weir check lists what the project has");
  }
  return selection;
}

class RunCommand {
 public:
  RunCommand(const Command& command, const RunOptions& options, const ReadProject& read,
             CompiledProject& compiled, State& state, telemetry::Log& log)
      : command_(command),
        options_(options),
        read_(read),
        compiled_(compiled),
        state_(state),
        log_(log) {}

  int Go(const Selection& selection) {
    result_.project = read_.project.name;
    for (const auto* spec : selection.pipelines)
      if (!Stopping()) RunPipeline(*spec);
    for (const auto* one : selection.models)
      if (!Stopping() && !failed_) RunModel(*one);
    if (command_.terminal.json) command_.terminal.Out(RunJson(result_));
    return Finish();
  }

 private:
  bool Stopping() const { return command_.stop->load(); }

  void RunPipeline(const pipeline::PipelineSpec& spec) {
    const auto begun = env::SystemClock().Monotonic();
    PipelineResult result{.name = spec.name,
                          .table = std::get<sink::TableSinkSpec>(spec.sink).table.ToString(),
                          .summary = {},
                          .error = {},
                          .elapsed = {}};
    auto runner = MakeRunner({read_, compiled_, state_, log_, *command_.stop}, spec);
    if (!runner) {
      result.error = runner.error().front();
    } else {
      ProgressBar bar(command_.terminal);
      auto ran = (*runner)->Run([&](const pipeline::Progress& at) {
        bar.Show(spec.name, at.bytes, at.bytes_total, at.counts.read);
      });
      bar.Clear();
      result.summary = ran ? *ran : ran.error().summary;
      if (!ran) result.error = ran.error().error;
    }
    result.elapsed = env::SystemClock().Monotonic() - begun;
    result_.stopped = result_.stopped || result.summary.stopped;
    rejected_ += result.summary.counts.rejected;
    TellPipeline(command_.terminal, result);
    if (result.summary.paused)
      NotePause(*result.error, spec.name);
    else
      Note(result.error, spec.name);
    result_.pipelines.push_back(std::move(result));
  }

  void RunModel(const model::Model& one) {
    const auto begun = env::SystemClock().Monotonic();
    ModelResult result{.name = one.table.ToString(), .outcome = {}, .error = {}, .elapsed = {}};
    auto ran = BuildModel(one);
    result.elapsed = env::SystemClock().Monotonic() - begun;
    if (ran) {
      result.outcome = std::move(*ran);
    } else {
      result.error = std::move(ran).error();
    }
    TellModel(command_.terminal, result);
    Note(result.error, result.name);
    result_.models.push_back(std::move(result));
  }

  Result<model::ModelOutcome> BuildModel(const model::Model& one) {
    if (!lake_engine_) {
      WEIR_ASSIGN(lake_engine_, OpenLakeEngine(read_));
    }
    WEIR_ASSIGN(const auto session, lake_engine_->NewSession());
    return model::RunModel({.folder = read_.project.folder,
                            .catalog = state_.catalog(),
                            .lake = state_.lake(),
                            .session = *session,
                            .clock = env::SystemClock(),
                            .files = env::SystemFiles(),
                            .log = log_,
                            .stop = *command_.stop},
                           one, options_.force ? model::Rerun::kAlways : model::Rerun::kIfChanged);
  }

  // The pipeline waits for a person, and the rest of the project goes on.
  void NotePause(const Error& error, const std::string& subject) {
    paused_ = true;
    Tell(error, subject);
  }

  void Note(const std::optional<Error>& error, const std::string& subject) {
    if (!error) return;
    failed_ = failed_ ? failed_ : error;
    Tell(*error, subject);
  }

  void Tell(const Error& error, const std::string& subject) {
    log_.Write(telemetry::ErrorHappened{error, subject, {}});
    if (!command_.terminal.json) Report(command_.terminal, {error}, read_.project.sources);
  }

  int Finish() const {
    if (failed_ && failed_->kind != ErrorKind::kCancelled) return ExitCode(failed_->kind);
    if (Stopping()) {
      command_.terminal.Talk(
          "stopped; every batch that was committed is complete, the rest is read by the next weir "
          "run");
      return command_.signal->load() == 2 ? 130 : 0;
    }
    return paused_ || (options_.strict && rejected_ != 0) ? 3 : 0;
  }

  const Command& command_;
  const RunOptions& options_;
  const ReadProject& read_;
  CompiledProject& compiled_;
  State& state_;
  telemetry::Log& log_;
  std::unique_ptr<engine::Engine> lake_engine_;  // For models; made when the first one runs.
  RunResult result_;
  std::optional<Error> failed_;
  bool paused_ = false;
  uint64_t rejected_ = 0;
};

}  // namespace

int Run(const Command& command, const RunOptions& options) {
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  auto compiled = CompileProject(*read);
  if (!compiled) return Report(command.terminal, compiled.error(), read->project.sources);
  const auto selection = Select(*read, compiled->models, options.selectors);
  if (!selection) {
    Report(command.terminal, selection.error());
    return 2;
  }
  const auto lock = LockState(*read);
  if (!lock) return Report(command.terminal, lock.error());
  auto log = OpenProjectLog(*read);
  if (!log) return Report(command.terminal, log.error());
  auto state = State::Open(*read, State::Access::kWrite);
  if (!state) return Report(command.terminal, state.error());
  const auto plans = PlanTables(selection->pipelines, (*state)->lake());
  if (!plans) return Report(command.terminal, plans.error());
  if (const Errors drift = DriftOf(*plans); !drift.empty())
    return Report(command.terminal, drift, read->project.sources);
  return RunCommand(command, options, *read, *compiled, **state, **log).Go(*selection);
}

}  // namespace weir::cli

#include <fmt/format.h>

#include <algorithm>

#include "cli/command_parts.h"
#include "cli/reading.h"
#include "cli/state_lock.h"
#include "cli/table_plan.h"
#include "env/clock.h"
#include "model/selector.h"

namespace weir::cli {
namespace {

// What a run takes, in its order.
struct Selection {
  std::vector<const pipeline::PipelineSpec*> pipelines;
  std::vector<const model::Model*> models;
};

// Pipelines that generate or serve are not run here, and their names say what to type instead.
Result<void> RefuseOthers(const ReadProject& read, const std::vector<std::string>& selectors) {
  for (const auto& spec : read.pipelines) {
    if (std::ranges::find(selectors, spec.name) == selectors.end()) continue;
    if (spec.generates())
      return Fail(ErrorKind::kInvalid, "run.generates",
                  "pipeline '" + spec.name + "' generates data", "weir gen " + spec.name);
    if (spec.serves())
      return Fail(ErrorKind::kInvalid, "run.serves", "pipeline '" + spec.name + "' takes requests",
                  "weir serve");
  }
  return {};
}

Result<Selection> Select(const ReadProject& read, const std::vector<model::Model>& models,
                         const std::vector<std::string>& selectors) {
  WEIR_TRY(RefuseOthers(read, selectors));
  Selection all;
  std::vector<model::Step> steps;
  for (const auto& spec : read.pipelines) {
    if (spec.generates()) continue;
    all.pipelines.push_back(&spec);
    const auto& table = std::get<sink::TableSinkSpec>(spec.sink).table;
    steps.push_back({spec.name, {table, {"dead_letters", spec.name}}, {}});
  }
  for (const auto& one : models) {
    all.models.push_back(&one);
    steps.push_back({one.table.ToString(), {one.table}, one.reads});
  }
  WEIR_ASSIGN(const std::vector<bool> chosen, model::Select(steps, selectors));
  Selection selection;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!chosen[i]) continue;
    if (i < all.pipelines.size()) {
      // One that serves is in the graph alone: `orders+` is what reads it.
      if (!all.pipelines[i]->serves()) selection.pipelines.push_back(all.pipelines[i]);
    } else {
      selection.models.push_back(all.models[i - all.pipelines.size()]);
    }
  }
  return selection;
}

class RunCommand {
 public:
  explicit RunCommand(const CommandParts& parts) : parts_(parts) {}

  int Go(const Selection& selection) {
    result_.project = parts_.run.read.project.name;
    for (const auto* spec : selection.pipelines)
      if (!parts_.stopping()) RunPipeline(*spec);
    for (const auto* one : selection.models)
      if (!parts_.stopping() && !failed_) RunModel(*one);
    if (parts_.command.terminal.json) parts_.command.terminal.Out(RunJson(result_));
    return Finish();
  }

 private:
  void RunPipeline(const pipeline::PipelineSpec& spec) {
    PipelineResult result = RunOnce(parts_, spec);
    result_.stopped = result_.stopped || result.summary.stopped;
    rejected_ += result.summary.counts.rejected;
    committed_ += result.summary.batches;
    // One that is paused waits for a person, and the rest of the project goes on.
    paused_ = paused_ || result.summary.paused;
    if (!failed_ && !result.summary.paused) failed_ = result.error;
    if (!failed_ && !result.summary.failed.empty()) failed_ = result.summary.failed.front();
    result_.pipelines.push_back(std::move(result));
  }

  void RunModel(const model::Model& one) {
    const auto begun = env::SystemClock().Monotonic();
    ModelResult result{.name = one.table.ToString(), .outcome = {}, .elapsed = {}};
    auto ran = BuildModel(one);
    result.elapsed = env::SystemClock().Monotonic() - begun;
    if (ran) {
      result.outcome = std::move(*ran);
    } else {
      result.failure = std::move(ran).error();
    }
    TellModel(parts_.command.terminal, result);
    const Errors& errors = result.failure.errors;
    for (const Error& error : errors) TellError(parts_, error, result.name);
    if (!failed_ && !errors.empty()) failed_ = errors.front();
    result_.models.push_back(std::move(result));
  }

  Result<std::unique_ptr<engine::Session>> NewLakeSession() {
    if (!lake_engine_) {
      WEIR_ASSIGN(lake_engine_, OpenLakeEngine(parts_.run.read));
    }
    return lake_engine_->NewSession();
  }

  std::expected<model::ModelOutcome, model::ModelFailure> BuildModel(const model::Model& one) {
    auto session = NewLakeSession();
    if (!session) return std::unexpected(model::ModelFailure{{std::move(session).error()}, {}});
    return model::RunModel({.folder = parts_.run.read.project.folder,
                            .catalog = parts_.run.state.catalog(),
                            .lake = parts_.run.state.lake(),
                            .session = **session,
                            .clock = env::SystemClock(),
                            .files = env::SystemFiles(),
                            .log = parts_.run.log,
                            .stop = *parts_.command.stop},
                           one,
                           parts_.options.force ? model::Rerun::kAlways : model::Rerun::kIfChanged);
  }

  int Finish() const {
    if (failed_ && failed_->kind != ErrorKind::kCancelled) return ExitCode(failed_->kind);
    if (parts_.stopping()) {
      parts_.command.terminal.Talk(
          committed_ == 0 ? "stopped: nothing was committed; the next weir run reads it all"
                          : "stopped: " + FormatCount(committed_, "batch is", "batches are") +
                                " committed, complete; the next weir run reads the rest");
      return parts_.command.signal->load() == 2 ? 130 : 0;
    }
    return paused_ || (parts_.options.strict && rejected_ != 0) ? 3 : 0;
  }

  CommandParts parts_;
  std::unique_ptr<engine::Engine> lake_engine_;  // For models; made when the first one runs.
  RunResult result_;
  std::optional<Error> failed_;
  bool paused_ = false;
  uint64_t rejected_ = 0;
  uint64_t committed_ = 0;  // Batches of pipelines.
};

// Of the selected pipelines at least one must be one to follow.
Result<void> CheckFollow(const Selection& selection, const RunOptions& options) {
  if (!options.selectors.empty() && !selection.models.empty())
    return Fail(ErrorKind::kInvalid, "run.follow",
                "models are not followed: '" + selection.models.front()->table.ToString() + "'",
                "weir run builds them");
  for (const auto* spec : selection.pipelines)
    if (std::get<source::FilesSpec>(spec->source).follow) return {};
  return Fail(ErrorKind::kInvalid, "run.follow", "no pipeline here says follow: true",
              "say so in its source: { files: \"in/*.csv\", follow: true }");
}

}  // namespace

PipelineResult ResultOf(const pipeline::PipelineSpec& spec) {
  return {.name = spec.name,
          .table = std::get<sink::TableSinkSpec>(spec.sink).table.ToString(),
          .summary = {},
          .error = {},
          .elapsed = {}};
}

PipelineResult RunOnce(const CommandParts& parts, const pipeline::PipelineSpec& spec) {
  const auto begun = env::SystemClock().Monotonic();
  PipelineResult result = ResultOf(spec);
  auto runner = MakeRunner(parts.run, spec);
  if (!runner) {
    result.error = runner.error().front();
  } else {
    ProgressBar bar(parts.command.terminal);
    auto ran = (*runner)->Run([&](const pipeline::Progress& at) {
      bar.Show(spec.name, at.bytes, at.bytes_total, at.counts.read);
    });
    bar.Clear();
    result.summary = ran ? *ran : ran.error().summary;
    if (!ran) result.error = ran.error().error;
  }
  result.elapsed = env::SystemClock().Monotonic() - begun;
  TellPipeline(parts.command.terminal, result);
  for (const Error& error : result.summary.failed) TellError(parts, error, spec.name);
  if (result.error) TellError(parts, *result.error, spec.name);
  return result;
}

void TellError(const CommandParts& parts, const Error& error, const std::string& subject) {
  parts.run.log.Write(telemetry::ErrorHappened{error, subject, {}});
  if (!parts.command.terminal.json)
    Report(parts.command.terminal, {error}, parts.run.read.project.sources);
}

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
  if (options.follow) {
    if (const auto fits = CheckFollow(*selection, options); !fits) {
      Report(command.terminal, fits.error());
      return 2;
    }
  }
  // Who follows does what a server does, for as long.
  const auto lock = LockState(*read, options.follow ? IfServed::kRefuse : IfServed::kBorrow);
  if (!lock) return Report(command.terminal, lock.error());
  auto log = OpenProjectLog(*read);
  if (!log) return Report(command.terminal, log.error());
  auto state = State::Open(*read, State::Access::kWrite);
  if (!state) return Report(command.terminal, state.error());
  const auto plans = PlanTables(selection->pipelines, (*state)->lake());
  if (!plans) return Report(command.terminal, plans.error());
  if (const Errors drift = DriftOf(*plans); !drift.empty())
    return Report(command.terminal, drift, read->project.sources);
  const CommandParts parts{command, options, {*read, *compiled, **state, **log, *command.stop}};
  return options.follow ? Follow(parts, selection->pipelines) : RunCommand(parts).Go(*selection);
}

}  // namespace weir::cli

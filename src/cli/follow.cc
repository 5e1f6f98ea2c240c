// weir run --follow: one thread steps all pipelines in turn, each by one batch at most, and sleeps
// where none has anything to do.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command_parts.h"
#include "env/clock.h"

namespace weir::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// A signal may come just before the wait begins: it is seen this much later, at most.
constexpr microseconds kWaitMax = std::chrono::milliseconds(500);
constexpr microseconds kTellEvery = seconds(5);

// A pipeline that is followed.
struct Followed {
  const pipeline::PipelineSpec* spec = nullptr;
  std::unique_ptr<pipeline::Runner> runner;  // Null: it has failed.
  microseconds step_at{};
  bool sooner_with_news = false;
  PipelineResult total;
  PipelineResult untold;  // Since the last line about it.
  microseconds untold_since{};
  microseconds told_at{};
};

class FollowCommand {
 public:
  explicit FollowCommand(const CommandParts& parts) : parts_(parts) {}

  int Go(const std::vector<const pipeline::PipelineSpec*>& pipelines) {
    result_.project = parts_.run.read.project.name;
    const microseconds begun = now();
    for (const auto* spec : pipelines) {
      if (parts_.stopping()) break;
      if (std::get<source::FilesSpec>(spec->source).follow) {
        Begin(*spec);
      } else {
        result_.pipelines.push_back(RunOnce(parts_, *spec));
        const PipelineResult& once = result_.pipelines.back();
        if (once.error) {
          SetHealth(*spec, HealthBoard::State::kFailed, once.error->code);
        } else {
          SetHealth(*spec, HealthBoard::State::kEnded);
        }
        Note(once.error);
        if (!once.summary.failed.empty()) Note(once.summary.failed.front());
      }
    }
    Greet();
    while (!parts_.stopping() && AnyLeft()) {
      for (Followed& one : followed_)
        if (one.runner && !parts_.stopping()) Step(one);
      Wait();
    }
    return Finish(now() - begun);
  }

 private:
  static microseconds now() { return env::SystemClock().Monotonic(); }
  bool AnyLeft() const {
    return std::ranges::any_of(followed_,
                               [](const Followed& one) { return one.runner != nullptr; });
  }

  void SetHealth(const pipeline::PipelineSpec& spec, HealthBoard::State state,
                 const std::string& code = {}) {
    if (parts_.health != nullptr) parts_.health->Set(spec.name, state, code);
  }

  void Begin(const pipeline::PipelineSpec& spec) {
    Followed one;
    one.spec = &spec;
    one.total = ResultOf(spec);
    one.untold = ResultOf(spec);
    one.untold_since = now();
    RunParts run = parts_.run;
    run.watches = &env::SystemWatches();
    auto runner = MakeRunner(run, spec);
    if (runner) {
      one.runner = std::move(*runner);
    } else {
      Fail(one, runner.error().front());
    }
    followed_.push_back(std::move(one));
  }

  void Greet() const {
    std::string names;
    for (const Followed& one : followed_)
      if (one.runner) names += (names.empty() ? "" : ", ") + one.spec->name;
    if (!names.empty() && !parts_.stopping())
      parts_.command.terminal.Talk("following " + names + "; Ctrl-C ends it");
  }

  void Step(Followed& one) {
    if (now() < one.step_at && !one.sooner_with_news) return;
    const auto next = one.runner->Step();
    const pipeline::RunSummary summary = one.runner->TakeSummary();
    Add(summary, one.total.summary);
    Add(summary, one.untold.summary);
    for (const Error& error : summary.failed) TellError(parts_, error, one.spec->name);
    if (!next) {
      if (next.error().kind != ErrorKind::kCancelled) Fail(one, next.error());
      return;
    }
    one.step_at = now() + next->in;
    one.sooner_with_news = next->sooner_with_news;
    if (now() - one.told_at >= kTellEvery) Tell(one);
  }

  // A line about what happened since the last one, if anything did.
  void Tell(Followed& one) {
    const pipeline::RunSummary& news = one.untold.summary;
    if (news.batches == 0 && news.skipped.empty() && news.voided == 0) return;
    one.untold.elapsed = now() - one.untold_since;
    TellPipeline(parts_.command.terminal, one.untold);
    one.untold = ResultOf(*one.spec);
    one.told_at = one.untold_since = now();
  }

  void Fail(Followed& one, const Error& error) {
    one.total.error = error;
    SetHealth(*one.spec, HealthBoard::State::kFailed, error.code);
    one.runner.reset();
    TellError(parts_, error, one.spec->name);
    Note(error);
    if (AnyLeft())
      parts_.command.terminal.Talk(one.spec->name + " has ended; the others are followed on");
  }

  void Note(const std::optional<Error>& error) {
    if (error && error->kind != ErrorKind::kCancelled && !failed_) failed_ = error;
  }

  void Wait() const {
    microseconds until = kWaitMax;
    bool news_counts = true;
    for (const Followed& one : followed_) {
      if (!one.runner) continue;
      const microseconds in = std::max(one.step_at - now(), microseconds(0));
      until = std::min(until, in);
      news_counts = news_counts && one.sooner_with_news;
    }
    if (until <= microseconds(0) || parts_.stopping()) return;
    if (news_counts) {
      env::SystemWatches().WaitForNews(until);
    } else {
      // News of one that is not to be stepped yet would end every wait at once.
      env::SystemWatches().Sleep(std::min<microseconds>(until, std::chrono::milliseconds(10)));
    }
  }

  int Finish(microseconds elapsed) {
    bool failing = false;
    for (Followed& one : followed_) {
      Tell(one);
      failing = failing || (one.runner && one.runner->has_failed_objects());
      one.total.elapsed = elapsed;
      rejected_ += one.total.summary.counts.rejected;
      result_.pipelines.push_back(std::move(one.total));
    }
    result_.stopped = parts_.stopping();
    const Terminal& terminal = parts_.command.terminal;
    if (terminal.json) terminal.Out(RunJson(result_));
    for (const PipelineResult& one : result_.pipelines)
      terminal.Talk(fmt::format("{}: {} committed while it was followed", one.name,
                                FormatCount(one.summary.batches, "batch", "batches")));
    if (failed_) return ExitCode(failed_->kind);
    if (failing) return 1;
    if (parts_.command.signal->load() == 2) return 130;
    return parts_.options.strict && rejected_ != 0 ? 3 : 0;
  }

  CommandParts parts_;
  std::vector<Followed> followed_;
  RunResult result_;
  std::optional<Error> failed_;
  uint64_t rejected_ = 0;
};

}  // namespace

constexpr size_t kSkippedTold = 100;

void Add(const pipeline::RunSummary& more, pipeline::RunSummary& to) {
  to.counts += more.counts;
  for (const auto& [code, rows] : more.rejected_by) to.rejected_by[code] += rows;
  for (const auto& [rule, rows] : more.warned_by) to.warned_by[rule] += rows;
  to.batches += more.batches;
  to.redone += more.redone;
  to.voided += more.voided;
  to.bytes += more.bytes;
  to.objects = std::max(to.objects, more.objects);
  to.voided_for.insert(more.voided_for.begin(), more.voided_for.end());
  for (const auto& one : more.skipped)
    if (to.skipped.size() < kSkippedTold) to.skipped.push_back(one);
}

int Follow(const CommandParts& parts, const std::vector<const pipeline::PipelineSpec*>& pipelines) {
  return FollowCommand(parts).Go(pipelines);
}

}  // namespace weir::cli

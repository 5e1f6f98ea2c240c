#include "cli/serve_door.h"

#include <algorithm>

#include "env/clock.h"

namespace weir::cli {
namespace {

using std::chrono::microseconds;

// How long something durable may lie before it is looked for; an idle pipeline costs this often.
constexpr microseconds kLookEvery = std::chrono::milliseconds(50);
constexpr microseconds kTellEvery = std::chrono::seconds(5);

}  // namespace

std::expected<std::unique_ptr<DoorPipeline>, Errors> DoorPipeline::Make(
    const CommandParts& parts, source::Front& front, const pipeline::PipelineSpec& spec) {
  std::unique_ptr<DoorPipeline> door(new DoorPipeline(parts, spec));
  auto session = parts.run.compiled.engine->NewSession();
  if (!session) return std::unexpected(Errors{session.error()});
  door->compiled_.session = std::move(*session);
  auto state = State::Open(parts.run.read, State::Access::kWrite);
  if (!state) return std::unexpected(Errors{state.error()});
  door->state_ = std::move(*state);
  auto runner = MakeRunner({.read = parts.run.read,
                            .compiled = door->compiled_,
                            .state = *door->state_,
                            .log = parts.run.log,
                            .stop = parts.run.stop,
                            .front = &front},
                           spec);
  if (!runner) return std::unexpected(runner.error());
  door->runner_ = std::move(*runner);
  door->untold_ = ResultOf(spec);
  door->health_ = {.name = spec.name, .state = "running", .code = ""};
  return door;
}

DoorPipeline::~DoorPipeline() {
  if (thread_.joinable()) thread_.join();
}

void DoorPipeline::Start() {
  untold_since_ = env::SystemClock().Monotonic();
  thread_ = std::thread([this] { Work(); });
}

api::PipelineHealth DoorPipeline::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void DoorPipeline::Work() {
  Follow();
  TellNews();
}

void DoorPipeline::Follow() {
  while (!parts_.run.stop.load()) {
    const auto next = runner_->Step();
    Add(runner_->TakeSummary(), untold_.summary);
    if (env::SystemClock().Monotonic() - told_at_ >= kTellEvery) TellNews();
    if (!next) {
      if (next.error().kind == ErrorKind::kCancelled) return;
      TellError(parts_, next.error(), spec_.name);
      const std::lock_guard lock(mutex_);
      health_.state = "failed";
      health_.code = next.error().code;
      return;
    }
    if (next->in > microseconds(0)) std::this_thread::sleep_for(std::min(next->in, kLookEvery));
  }
}

// A line about what happened since the last one, if anything did.
void DoorPipeline::TellNews() {
  if (untold_.summary.batches == 0 && untold_.summary.voided == 0) return;
  const microseconds now = env::SystemClock().Monotonic();
  untold_.elapsed = now - untold_since_;
  TellPipeline(parts_.command.terminal, untold_);
  untold_ = ResultOf(spec_);
  told_at_ = untold_since_ = now;
}

}  // namespace weir::cli

#include "cli/serve_door.h"

#include <algorithm>

#include "env/clock.h"

namespace weir::cli {
namespace {

using std::chrono::microseconds;

// How long something durable may lie before it is looked for; an idle pipeline costs this often.
constexpr microseconds kLookEvery = std::chrono::milliseconds(50);
constexpr microseconds kTellEvery = std::chrono::seconds(5);
constexpr microseconds kFirstRetryIn = std::chrono::seconds(1);  // Then twice as long each time ...
constexpr microseconds kRetryAtLeastEvery = std::chrono::seconds(30);  // ... up to this.

// Errors that stay until a person has done something about them.
bool WantsAPerson(ErrorKind kind) {
  return kind == ErrorKind::kInvalid || kind == ErrorKind::kConfig || kind == ErrorKind::kFenced ||
         kind == ErrorKind::kStopped || kind == ErrorKind::kUnsupported;
}

}  // namespace

std::expected<std::unique_ptr<DoorPipeline>, Errors> DoorPipeline::Make(
    const CommandParts& parts, source::Front& front, const pipeline::PipelineSpec& spec) {
  std::unique_ptr<DoorPipeline> door(new DoorPipeline(parts, front, spec));
  auto session = parts.run.compiled.engine->NewSession();
  if (!session) return std::unexpected(Errors{session.error()});
  door->compiled_.session = std::move(*session);
  auto state = State::Open(parts.run.read, State::Access::kWrite);
  if (!state) return std::unexpected(Errors{state.error()});
  door->state_ = std::move(*state);
  if (auto made = door->Renew(); !made) return std::unexpected(std::move(made).error());
  door->untold_ = ResultOf(spec);
  door->SetHealth(HealthBoard::State::kRunning);
  return door;
}

std::expected<void, Errors> DoorPipeline::Renew() {
  runner_.reset();
  auto runner = MakeRunner({.read = parts_.run.read,
                            .compiled = compiled_,
                            .state = *state_,
                            .log = parts_.run.log,
                            .stop = parts_.run.stop,
                            .front = &front_},
                           spec_);
  if (!runner) return std::unexpected(std::move(runner).error());
  runner_ = std::move(*runner);
  return {};
}

DoorPipeline::~DoorPipeline() {
  if (thread_.joinable()) thread_.join();
}

void DoorPipeline::Start() {
  untold_since_ = env::SystemClock().Monotonic();
  thread_ = std::thread([this] { Work(); });
}

void DoorPipeline::Work() {
  Follow();
  TellNews();
}

void DoorPipeline::SetHealth(HealthBoard::State state, const std::string& code) {
  if (parts_.health != nullptr) parts_.health->Set(spec_.name, state, code);
}

void DoorPipeline::Follow() {
  microseconds retry_in = kFirstRetryIn;
  while (!parts_.run.stop.load()) {
    const auto next = runner_->Step();
    Add(runner_->TakeSummary(), untold_.summary);
    if (env::SystemClock().Monotonic() - told_at_ >= kTellEvery) TellNews();
    if (next) {
      if (retry_in != kFirstRetryIn) SetHealth(HealthBoard::State::kRunning);
      retry_in = kFirstRetryIn;
      Pause(std::min(next->in, kLookEvery));
      continue;
    }
    if (next.error().kind == ErrorKind::kCancelled) return;
    TellError(parts_, next.error(), spec_.name);
    if (WantsAPerson(next.error().kind))
      return SetHealth(HealthBoard::State::kFailed, next.error().code);
    SetHealth(HealthBoard::State::kRetrying, next.error().code);
    Pause(retry_in);
    retry_in = std::min(2 * retry_in, kRetryAtLeastEvery);
    if (const auto renewed = Renew(); !renewed) {
      for (const Error& error : renewed.error()) TellError(parts_, error, spec_.name);
      return SetHealth(HealthBoard::State::kFailed, renewed.error().front().code);
    }
  }
}

// As long as the server is not to end.
void DoorPipeline::Pause(microseconds most) const {
  const microseconds until = env::SystemClock().Monotonic() + most;
  while (!parts_.run.stop.load()) {
    const microseconds left = until - env::SystemClock().Monotonic();
    if (left <= microseconds(0)) return;
    std::this_thread::sleep_for(std::min(left, kLookEvery));
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

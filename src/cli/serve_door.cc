#include "cli/serve_door.h"

#include <malloc.h>

#include <algorithm>

#include "env/clock.h"
#include "env/process.h"

namespace weir::cli {
namespace {

using std::chrono::microseconds;

constexpr microseconds kTellEvery = std::chrono::seconds(5);
constexpr microseconds kFirstRetryIn = std::chrono::seconds(1);  // Then twice as long each time ...
constexpr microseconds kRetryAtLeastEvery = std::chrono::seconds(30);  // ... up to this.
constexpr microseconds kForever = std::chrono::hours(24);

// The allocator keeps what large batches have freed, an arena per thread: a server that is idle
// again gives it back to the system.
constexpr uint64_t kTrimAfterBytes = 8 * kMiB;
constexpr uint64_t kRefusedBytes = 256;  // Of a refused record, beside its own.
void GiveBackMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// Errors that stay until a person has done something about them.
bool WantsAPerson(ErrorKind kind) {
  return kind == ErrorKind::kInvalid || kind == ErrorKind::kConfig || kind == ErrorKind::kFenced ||
         kind == ErrorKind::kStopped || kind == ErrorKind::kUnsupported;
}

microseconds Now() { return env::SystemClock().Monotonic(); }

}  // namespace

DoorPipeline::DoorPipeline(const CommandParts& parts, source::Front& front,
                           const pipeline::PipelineSpec& spec, Begin begin,
                           const std::atomic<bool>& rest)
    : parts_(parts),
      spec_(spec),
      front_(front),
      begin_(begin),
      rest_(rest),
      untold_(ResultOf(spec)) {
  SetHealth(HealthBoard::State::kRunning);
}

DoorPipeline::~DoorPipeline() {
  if (thread_.joinable()) thread_.join();
}

void DoorPipeline::Start() {
  untold_since_ = Now();
  thread_ = std::thread([this] { Work(); });
}

// Acknowledging goes before committing, so that who waits for an answer waits for nothing else.
void DoorPipeline::Work() {
  env::GiveWay();
  while (begin_ == Begin::kWithNews && !ending() && !front_.WaitForNews(spec_.name, kForever)) {
  }
  Follow();
  TellNews();
}

std::expected<void, Errors> DoorPipeline::Renew() {
  if (compiled_.session == nullptr) {
    auto session = parts_.run.compiled.engine->NewSession();
    if (!session) return std::unexpected(Errors{std::move(session).error()});
    compiled_.session = std::move(*session);
  }
  if (state_ == nullptr) {
    auto state = State::Open(parts_.run.read, State::Access::kWrite);
    if (!state) return std::unexpected(Errors{std::move(state).error()});
    state_ = std::move(*state);
  }
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

void DoorPipeline::SetHealth(HealthBoard::State state, const std::string& code) {
  if (parts_.health != nullptr) parts_.health->Set(spec_.name, state, code);
}

void DoorPipeline::Follow() {
  microseconds retry_in = kFirstRetryIn;
  while (!ending()) {
    const auto next = Step();
    if (next) {
      if (retry_in != kFirstRetryIn) SetHealth(HealthBoard::State::kRunning);
      retry_in = kFirstRetryIn;
      WaitFor(*next);
      continue;
    }
    const Error& first = next.error().front();
    if (first.kind == ErrorKind::kCancelled) return;
    for (const Error& error : next.error()) TellError(parts_, error, spec_.name);
    if (WantsAPerson(first.kind)) return SetHealth(HealthBoard::State::kFailed, first.code);
    SetHealth(HealthBoard::State::kRetrying, first.code);
    front_.Pause(retry_in);
    retry_in = std::min(2 * retry_in, kRetryAtLeastEvery);
    runner_.reset();
  }
}

std::expected<pipeline::NextStep, Errors> DoorPipeline::Step() {
  if (runner_ == nullptr)
    if (auto renewed = Renew(); !renewed) return std::unexpected(std::move(renewed).error());
  auto next = runner_->Step();
  const pipeline::RunSummary news = runner_->TakeSummary();
  Add(news, untold_.summary);
  freed_bytes_ += news.bytes + news.counts.rejected * kRefusedBytes;
  if (Now() - told_at_ >= kTellEvery) TellNews();
  if (!next) return std::unexpected(Errors{std::move(next).error()});
  return *next;
}

void DoorPipeline::WaitFor(const pipeline::NextStep& next) {
  if (next.in <= microseconds(0)) return;
  if (freed_bytes_ > kTrimAfterBytes) {
    GiveBackMemory();
    freed_bytes_ = 0;
  }
  if (next.gathers) {
    front_.Gather(spec_.name, next.in,
                  {.bytes = spec_.flush.bytes, .lines = static_cast<uint64_t>(spec_.flush.rows)});
    return runner_->FlushNow();
  }
  if (!next.sooner_with_news) return front_.Pause(next.in);
  const microseconds tell_in = HasUntold() ? told_at_ + kTellEvery - Now() : kForever;
  front_.WaitForNews(spec_.name, std::clamp(tell_in, microseconds(1), next.in));
}

bool DoorPipeline::HasUntold() const {
  return untold_.summary.batches != 0 || untold_.summary.voided != 0;
}

// A line about what happened since the last one, if anything did.
void DoorPipeline::TellNews() {
  if (!HasUntold()) return;
  untold_.elapsed = Now() - untold_since_;
  TellPipeline(parts_.command.terminal, untold_);
  untold_ = ResultOf(spec_);
  told_at_ = untold_since_ = Now();
}

}  // namespace weir::cli

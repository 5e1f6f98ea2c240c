#include "source/http/backlog.h"

#include <algorithm>

namespace weir::source {
namespace {

constexpr int64_t kStepMicros = 100'000;

}  // namespace

void Backlog::Stored(wal::Sequence last, const Arrived& arrived, Instant at) {
  const std::lock_guard lock(mutex_);
  if (last <= committed_) return;  // The commit was told first.
  const int64_t since = steps_.empty() ? kStepMicros : at.micros - steps_.back().begun.micros;
  if (since >= kStepMicros || since < 0)  // A clock may be set back.
    steps_.push_back({.last = last, .arrived = {}, .begun = at});
  Step& step = steps_.back();
  step.last = last;
  step.arrived.bytes += arrived.bytes;
  step.arrived.lines += arrived.lines;
  waiting_.bytes += arrived.bytes;
  waiting_.lines += arrived.lines;
}

void Backlog::Committed(wal::Sequence until) {
  const std::lock_guard lock(mutex_);
  committed_ = std::max(committed_, until);
  for (; !steps_.empty() && steps_.front().last <= until; steps_.pop_front()) {
    waiting_.bytes -= steps_.front().arrived.bytes;
    waiting_.lines -= steps_.front().arrived.lines;
  }
}

Backlog::State Backlog::state() const {
  const std::lock_guard lock(mutex_);
  State state{.waiting = waiting_, .oldest = std::nullopt};
  if (!steps_.empty()) state.oldest = steps_.front().begun;
  return state;
}

}  // namespace weir::source

#include "ledger/transition.h"

#include <array>
#include <utility>

namespace weir::ledger {
namespace {

constexpr std::array<std::pair<BatchState, std::string_view>, 5> kNames = {
    {{BatchState::kNone, "none"},
     {BatchState::kPlanned, "planned"},
     {BatchState::kHeld, "held"},
     {BatchState::kCommitted, "committed"},
     {BatchState::kVoid, "void"}}};

std::unexpected<Error> Fenced(Epoch stored, Epoch mine) {
  return Fail(ErrorKind::kFenced, "ledger.fenced",
              "another process owns this pipeline since (epoch " + std::to_string(stored.value) +
                  ", mine is " + std::to_string(mine.value) + ")",
              "let the other one work; this one has changed nothing");
}

std::unexpected<Error> OutOfOrder(const PipelineState& state, std::string_view doing,
                                  BatchNumber batch) {
  return Fail(ErrorKind::kStopped, "ledger.out_of_order",
              "cannot " + std::string(doing) + " batch " + std::to_string(batch.value) +
                  ": batch " + std::to_string(state.batch.value) + " is " +
                  std::string(ToString(state.state)),
              "weir verify");
}

// Checks that the event is about the unsettled batch of the ledger, by the ledger's owner.
template <class E>
Result<void> CheckSame(const PipelineState& state, const E& event, std::string_view doing) {
  if (event.epoch != state.epoch) return Fenced(state.epoch, event.epoch);
  if (state.settled() || event.batch != state.batch) return OutOfOrder(state, doing, event.batch);
  if (event.digest != state.digest) {
    return Fail(ErrorKind::kStopped, "ledger.diverged",
                "batch " + std::to_string(event.batch.value) + " was planned as " +
                    state.digest.substr(0, 12) + " but is now " + event.digest.substr(0, 12),
                "weir verify");
  }
  return {};
}

struct Transition {
  const PipelineState& state;

  Result<PipelineState> operator()(const Own& event) const {
    if (event.epoch <= state.epoch) return Fenced(state.epoch, event.epoch);
    PipelineState next = state;
    next.epoch = event.epoch;
    return next;
  }
  Result<PipelineState> operator()(const Plan& event) const {
    if (event.epoch != state.epoch) return Fenced(state.epoch, event.epoch);
    if (!state.settled() || event.batch != state.batch.next())
      return OutOfOrder(state, "plan", event.batch);
    return PipelineState{state.epoch, event.batch, BatchState::kPlanned, event.digest};
  }
  Result<PipelineState> operator()(const Commit& event) const {
    WEIR_TRY(CheckSame(state, event, "commit"));
    return PipelineState{state.epoch, state.batch, BatchState::kCommitted, state.digest};
  }
  Result<PipelineState> operator()(const Hold& event) const {
    WEIR_TRY(CheckSame(state, event, "hold"));
    if (state.state != BatchState::kPlanned) return OutOfOrder(state, "hold", event.batch);
    return PipelineState{state.epoch, state.batch, BatchState::kHeld, state.digest};
  }
  Result<PipelineState> operator()(const Retry& event) const {
    WEIR_TRY(CheckSame(state, event, "retry"));
    if (state.state != BatchState::kHeld) return OutOfOrder(state, "retry", event.batch);
    return PipelineState{state.epoch, state.batch, BatchState::kPlanned, state.digest};
  }
  Result<PipelineState> operator()(const Void& event) const {
    WEIR_TRY(CheckSame(state, event, "void"));
    return PipelineState{state.epoch, state.batch, BatchState::kVoid, state.digest};
  }
};

}  // namespace

std::string_view ToString(BatchState state) {
  for (const auto& [value, name] : kNames)
    if (value == state) return name;
  return "none";
}

Result<BatchState> ParseBatchState(std::string_view text) {
  for (const auto& [value, name] : kNames)
    if (name == text) return value;
  return Fail(ErrorKind::kCorrupt, "ledger.state", "no batch state '" + std::string(text) + "'");
}

Result<PipelineState> Apply(const PipelineState& state, const Event& event) {
  return std::visit(Transition{state}, event);
}

}  // namespace weir::ledger

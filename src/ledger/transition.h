// The life of the batches of one pipeline in one instance, decided purely: no I/O, no clock.
//
//               Plan n+1                 Commit
//   settled ----------------> planned --------------> committed ---+
//      ^                       |   ^ |                             |
//      |                  Hold |   | | Void                        |  "settled" is: no batch yet,
//      |                       v   | +-----------> void ------------+   committed, or void
//      |                     held -+ Retry           ^             |
//      |                       |  +------ Void ------+             |
//      |                       +--------- Commit (accepted) -------+
//      +-----------------------------------------------------------+
//   Own (a higher epoch) is possible in every state and changes nothing else.
//
// While a batch is staged (its files are written) the ledger still says planned: staging is not an
// effect that anybody can see, and who does it again stages under other names.
//
// Invariants:
//   (1) Batch numbers have no gaps, and at most one batch is unsettled.
//   (2) Every event but Own carries the epoch of the stored state, or is refused with
//       ledger.fenced: a newer owner lives, stop and touch nothing.
//   (3) Commit, Hold, Retry and Void name the planned batch and its plan's digest, or are refused
//       with ledger.diverged: two histories exist and a person must look.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "base/result.h"

namespace weir::ledger {

enum class BatchState : uint8_t { kNone, kPlanned, kHeld, kCommitted, kVoid };

std::string_view ToString(BatchState state);
Result<BatchState> ParseBatchState(std::string_view text);  // Error ledger.state (kCorrupt).

struct PipelineState {
  Epoch epoch;        // Of the last owner.
  BatchNumber batch;  // The last one planned.
  BatchState state = BatchState::kNone;
  std::string digest;  // Of its plan.

  bool settled() const { return state != BatchState::kPlanned && state != BatchState::kHeld; }
  friend bool operator==(const PipelineState&, const PipelineState&) = default;
};

struct Own {
  Epoch epoch;
};
struct Plan {
  Epoch epoch;
  BatchNumber batch;
  std::string digest;
};
struct Commit {
  Epoch epoch;
  BatchNumber batch;
  std::string digest;
};
struct Hold {
  Epoch epoch;
  BatchNumber batch;
  std::string digest;
};
struct Retry {
  Epoch epoch;
  BatchNumber batch;
  std::string digest;
};
struct Void {
  Epoch epoch;
  BatchNumber batch;
  std::string digest;
};
using Event = std::variant<Own, Plan, Commit, Hold, Retry, Void>;

// The state after `event`, or why it must not happen: ledger.fenced (kFenced), ledger.diverged
// (kStopped), ledger.out_of_order (kStopped).
Result<PipelineState> Apply(const PipelineState& state, const Event& event);

}  // namespace weir::ledger

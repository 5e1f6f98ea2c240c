// What became of a dead letter. Its row in the dead-letter table stays as it is for ever; fixes,
// tries, replays and discards are entries here, and the last of them say how it stands.
//
//            Fix                    Replay (the contract takes it now)
//   open <---------> fixed      -----------------------------------> replayed
//     ^   Attempt (still bad)       Duplicate (the target has it)  --> duplicate
//     +-- Attempt                   Discard (a person gives it up) --> discarded
//
// Invariants:
//   (1) A letter is settled (replayed, duplicate, discarded) at most once; the catalog refuses a
//       second time with ledger.letter_settled.
//   (2) The entries of a replay are in the transaction of its batch.
//   (3) Of every pipeline: rejected = open (fixed ones too) + replayed + duplicate + discarded.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::ledger {

enum class LetterStep : uint8_t { kFix, kAttempt, kReplay, kDuplicate, kDiscard };

std::string_view ToString(LetterStep step);                 // "fix" "attempt" "replay" ...
Result<LetterStep> ParseLetterStep(std::string_view text);  // Error ledger.letter (kCorrupt).
bool Settles(LetterStep step);

struct LetterEntry {
  int64_t sequence = 0;  // Given by the catalog; rises.
  std::string pipeline;
  std::string id;
  LetterStep step = LetterStep::kFix;
  std::string batch;  // Of the replay; empty for what a person did.
  Instant at;
  std::string detail;  // Of a fix: JSON; of an attempt: the reason; of a discard: the note.
  friend bool operator==(const LetterEntry&, const LetterEntry&) = default;
};

enum class LetterState : uint8_t { kOpen, kFixed, kReplayed, kDuplicate, kDiscarded };

std::string_view ToString(LetterState state);

// How a letter stands.
struct LetterStanding {
  LetterState state = LetterState::kOpen;
  uint64_t attempts = 0;
  std::string fix;     // The last one, as JSON; it holds for the next replay too.
  std::string batch;   // That replayed it, or tried last.
  std::string detail;  // Why it was discarded, or is still bad.
  Instant at;          // Of the last entry.

  bool settled() const { return state != LetterState::kOpen && state != LetterState::kFixed; }
};

// By id; a letter without entries is open and not in it. `entries` are of one pipeline, in order.
std::map<std::string, LetterStanding> Standings(std::span<const LetterEntry> entries);

}  // namespace weir::ledger

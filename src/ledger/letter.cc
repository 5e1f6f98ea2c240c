#include "ledger/letter.h"

#include <array>
#include <utility>

namespace weir::ledger {
namespace {

struct StepName {
  LetterStep step;
  std::string_view name;
  LetterState state;  // That it leads to.
};

constexpr std::array kSteps = {
    StepName{LetterStep::kFix, "fix", LetterState::kFixed},
    StepName{LetterStep::kAttempt, "attempt", LetterState::kOpen},
    StepName{LetterStep::kReplay, "replay", LetterState::kReplayed},
    StepName{LetterStep::kDuplicate, "duplicate", LetterState::kDuplicate},
    StepName{LetterStep::kDiscard, "discard", LetterState::kDiscarded},
};

}  // namespace

std::string_view ToString(LetterStep step) { return kSteps[static_cast<size_t>(step)].name; }

Result<LetterStep> ParseLetterStep(std::string_view text) {
  for (const StepName& one : kSteps)
    if (one.name == text) return one.step;
  return Fail(ErrorKind::kCorrupt, "ledger.letter",
              "the ledger holds an unknown step of a dead letter: " + std::string(text));
}

bool Settles(LetterStep step) { return step != LetterStep::kFix && step != LetterStep::kAttempt; }

std::string_view ToString(LetterState state) {
  constexpr std::array<std::string_view, 5> kNames = {"open", "fixed", "replayed", "duplicate",
                                                      "discarded"};
  return kNames[static_cast<size_t>(state)];
}

std::map<std::string, LetterStanding> Standings(std::span<const LetterEntry> entries) {
  std::map<std::string, LetterStanding> standings;
  for (const LetterEntry& entry : entries) {
    LetterStanding& standing = standings[entry.id];
    standing.state = kSteps[static_cast<size_t>(entry.step)].state;
    standing.at = entry.at;
    if (entry.step == LetterStep::kFix) {
      standing.fix = entry.detail;
      continue;
    }
    if (entry.step == LetterStep::kAttempt) ++standing.attempts;
    standing.batch = entry.batch;
    standing.detail = entry.detail;
  }
  return standings;
}

}  // namespace weir::ledger

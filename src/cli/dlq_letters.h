// What the verbs of `weir dlq` share: dead letters opened for reading, found by what a person
// typed.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/reading.h"
#include "columnar/column_spec.h"
#include "pipeline/letter_view.h"

namespace weir::cli {

struct OpenedLetters {
  Reading reading;
  std::unique_ptr<pipeline::LetterView> view;  // Null: there are no dead letters at all.
};

// The dead letters of `pipeline` (empty: of all), or an exit code after having said what is wrong.
// Error dlq.pipeline.
std::expected<OpenedLetters, int> OpenLetters(const Command& command, const std::string& pipeline);

struct FoundLetter {
  std::string id;
  std::string pipeline;
  std::string state;
};

// The one letter whose id begins with `prefix`. Errors: dlq.id, dlq.not_found, dlq.ambiguous.
Result<FoundLetter> FindLetter(pipeline::LetterView& view, const std::string& prefix);

// A group that a person named: one letter, or those of a pipeline for which `where` is true, as far
// as they wait. Errors: those of FindLetter, dlq.settled (kInvalid), dlq.target, dlq.where.
struct LetterGroup {
  std::string pipeline;
  std::vector<std::string> ids;
};
Result<LetterGroup> FindGroup(OpenedLetters& letters, const std::string& target,
                              const std::string& where);

// The input's name of the column that a person named, by the contract's name or the input's: that
// one counts in a record. Error dlq.set (kInvalid).
Result<std::string> InputNameOf(const std::string& name,
                                const std::vector<columnar::ColumnSpec>& columns);

// Asks `question` on a terminal; elsewhere error dlq.confirm (kInvalid) says to add --yes.
Result<bool> Confirm(const Command& command, const std::string& question);

// `text` with its lines kept, and nothing else in it that steers a terminal.
std::string Harmless(std::string_view text);

}  // namespace weir::cli

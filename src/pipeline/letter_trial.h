// What today's contract says of dead letters: tried in memory, nothing is written. A preview, a dry
// run and a replay all ask here, so that they say the same.
//
// Threads: those of the contract. Borrows all it is given.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "catalog/catalog.h"
#include "contract/contract.h"
#include "pipeline/pipeline_spec.h"
#include "source/dead_letter/letter.h"
#include "source/dead_letter/letter_reader.h"
#include "table/lake.h"

namespace weir::pipeline {

enum class TrialOutcome : uint8_t {
  kPasses,
  kFiltered,   // A rule with on_fail: drop takes it, or it is late and dropped for that.
  kDuplicate,  // The table has it, or its object was read since, by the pipeline itself.
  kStillBad,
};

struct LetterTrial {
  TrialOutcome outcome = TrialOutcome::kStillBad;
  columnar::Reason reason;  // Of kStillBad: the first.
};

// What stands between the contract and the sink, for a replay: takes out of the checked rows what
// does not pass, and says by offset which of it the table has already.
using LetterGate = std::function<Result<std::vector<uint64_t>>(contract::CheckedBatch&,
                                                               const columnar::DecodedBatch&)>;

struct TriedLetters {
  std::vector<LetterTrial> trials;       // One per letter.
  contract::CheckedBatch checked;        // Its accepted rows are those of the letters that pass.
  std::vector<size_t> accepted_letters;  // Per accepted row, the letter it is of.
};

// Which letters may still join the table. Where each file takes the place of all rows, those of the
// file whose rows are there; else all.
class LettersThatStand {
 public:
  // Errors of the catalog and the lake.
  static Result<LettersThatStand> Of(catalog::Catalog& catalog, table::Lake& lake,
                                     const PipelineSpec& spec);
  // What becomes of a letter that may not; none: it may.
  std::optional<LetterTrial> Refuses(const source::Letter& letter) const;

 private:
  std::optional<std::set<std::string>> batches_;  // None: of any.
};

// Letters of kind record. Errors: contract.fail (kStopped: a rule with on_fail: fail), those of
// LetterReader and of the engine.
Result<TriedLetters> TryRecords(source::LetterReader& reader, contract::Contract& contract,
                                std::span<const source::Letter> letters, Instant now,
                                const LetterGate& gate = nullptr);

// A letter of kind object: passes where the rest of it can be cut into records now, whether good or
// bad. Errors as above.
Result<LetterTrial> TryObject(source::LetterReader& reader, catalog::Catalog& catalog,
                              const std::string& pipeline, const source::Letter& letter);

// What trying letters of a pipeline takes.
struct TrialContext {
  catalog::Catalog& catalog;
  table::Lake& lake;
  const PipelineSpec& spec;
  source::Source& source;
  contract::Contract& contract;
};

// Letters of any kind, one trial each, in their order. Errors as above.
Result<std::vector<LetterTrial>> TryLetters(const TrialContext& context,
                                            const std::vector<source::Letter>& letters, Instant now,
                                            const LetterGate& gate = nullptr);

}  // namespace weir::pipeline

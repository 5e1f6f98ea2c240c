// Dead letters with what became of them: the rows of `dead_letters.PIPELINE`, which stay as they
// are for ever, joined with the ledger's entries. The relation `letters` has, for SQL:
//
//   pipeline id state attempts code column detail reasons kind source line offset raw raw_length
//   raw_hash sink batch received_at read_as fix last_replay note
//
// state: open, fixed (a fix waits for a replay), replayed, duplicate, discarded. code, column and
// detail are those of the first reason; last_replay is the batch that replayed it or tried last.
//
// Reads one moment of tables and ledger. Threads: one at a time. Borrows all it is made from.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/letter.h"
#include "query/snapshot_query.h"
#include "source/dead_letter/letter.h"

namespace weir::pipeline {

// Pipelines that have dead letters, as the catalog knows them.
Result<std::vector<std::string>> PipelinesWithLetters(catalog::Catalog& catalog);

// What is wrong with a condition that a person gave, which stood within SQL of Weir's own.
Error InWhere(Error error);

class LetterView {
 public:
  // Of pipelines that have dead letters. Fixes after entry `until` do not count (0: all do).
  static Result<std::unique_ptr<LetterView>> Open(const query::QueryContext& context,
                                                  const std::vector<std::string>& pipelines,
                                                  int64_t until = 0);

  // Runs a SELECT that reads `letters`. The next call ends its stream.
  Result<std::unique_ptr<engine::ArrowStream>> Run(const std::string& select);

  // Ids of the letters that match `where` (empty: all), each once, in the order of their inputs.
  // Errors of the engine (kInvalid) for a condition that is malformed.
  Result<std::vector<std::string>> Select(const std::string& where);

  // Those of `ids` that are not settled, in that order.
  Result<std::vector<std::string>> SelectOpen(std::span<const std::string> ids);

  // Those letters, in that order; what is not there is left out.
  Result<std::vector<source::Letter>> Read(std::span<const std::string> ids);

  // `ids` cut into runs that Read may hold at once.
  Result<std::vector<std::span<const std::string>>> Runs(std::span<const std::string> ids);

  // The ledger's last entry when this was made.
  int64_t last_entry() const { return last_entry_; }

 private:
  LetterView() = default;
  Result<void> Want(std::span<const std::string> ids);

  std::string letters_;  // The SELECT behind the name.
  std::unique_ptr<engine::BatchTable> standings_;
  std::unique_ptr<engine::BatchTable> wanted_;
  std::unique_ptr<query::SnapshotQuery> query_;
  int64_t last_entry_ = 0;
};

}  // namespace weir::pipeline

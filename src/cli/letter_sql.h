// Fields of dead letters changed by SQL: `price = replace(price, ',', '.')`. An expression sees the
// record's fields as texts, by the input's names, and all of its bytes as `raw`.
//
// Threads: one at a time. Borrows the engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "source/dead_letter/letter_fields.h"

namespace weir::cli {

class LetterSql {
 public:
  // `texts` are assignments, to columns of the contract or to `raw`. Errors: dlq.sql, dlq.set
  // (kInvalid), engine.parse.
  static Result<std::unique_ptr<LetterSql>> Make(engine::Engine& engine,
                                                 const std::vector<std::string>& texts,
                                                 const std::vector<columnar::ColumnSpec>& columns);

  // What becomes of a letter: some fields, or all of its bytes; nothing where nothing changes.
  struct Outcome {
    source::FieldChanges fields = {};  // That are not what they were.
    std::optional<std::string> raw = {};
    std::optional<Error> left_out = {};  // There are no fields to change: why, and what to do.
  };
  // Per letter. Errors of the engine: a failed cast ends it.
  Result<std::vector<Outcome>> Run(const std::vector<source::Letter>& letters);

 private:
  struct Assignment {
    std::string field;
    std::string expression;
  };
  LetterSql() = default;
  std::string Query() const;

  std::unique_ptr<engine::Session> session_;
  std::vector<Assignment> assignments_;
  std::vector<columnar::ColumnSpec> columns_;
};

}  // namespace weir::cli

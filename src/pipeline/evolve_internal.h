// `unknown_columns: evolve`: fields that no column of the contract takes become columns of the
// table. Private to pipeline/.
//
//   Begin (which columns has the table?) -> Lift* -> Begin ...
//
// A field becomes a column with its first value that is not null, in the order of appearance; its
// type comes from the kinds of JSON values of that group of records: bool, bigint, double, varchar,
// and json for objects, lists and mixtures with them. (CSV has texts only: varchar.) A later value
// that is not of that type, a name that no column may have, and columns beyond kEvolvedColumnsMax
// stay in `_rescued`: nothing is lost, nothing is refused.
//
// Columns come from the table as it is when a batch begins, so a batch done again finds the same.
// Threads: one at a time.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "columnar/column_spec.h"
#include "iceberg/schema.h"

namespace weir::pipeline {

class Evolution {
 public:
  explicit Evolution(const std::vector<columnar::ColumnSpec>& contract);

  // `table` is null where there is none yet.
  void Begin(const iceberg::Schema* table);

  // `rows` has the contract's columns, then `_rescued`. The answer has the evolved columns between
  // them, and in `_rescued` what is left. Errors: those of Arrow (pipeline.memory).
  Result<std::shared_ptr<arrow::RecordBatch>> Lift(const std::shared_ptr<arrow::RecordBatch>& rows);

  // Columns found since Begin that the table has not, for a summary: "size bigint".
  const std::vector<columnar::ColumnSpec>& added() const { return added_; }

 private:
  void Learn(const arrow::StringArray& rescued);

  std::set<std::string> taken_;  // Lower case: of the contract, the table, and Weir itself.
  std::set<std::string> contract_;
  std::vector<columnar::ColumnSpec> columns_;  // Evolved, known by now.
  std::vector<columnar::ColumnSpec> added_;
};

}  // namespace weir::pipeline

// Some columns of a row as bytes whose order is the rows' order: equal keys are equal bytes, and a
// smaller one sorts before. Nulls come first. Pure; threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"

namespace weir::table {

struct KeyColumn {
  std::string name;
  bool descending = false;
};

// "price", "price desc". Error table.sort (kConfig).
Result<KeyColumn> ParseSortTerm(std::string_view text);

// One key per row of `rows`. Error table.key_column (kConfig): no such column, or a type without an
// order (nested ones).
Result<std::vector<std::string>> KeysOf(const arrow::RecordBatch& rows,
                                        const std::vector<KeyColumn>& columns);

// The rows in the order of their keys; equal ones as they came.
Result<std::shared_ptr<arrow::RecordBatch>> Sorted(const std::shared_ptr<arrow::RecordBatch>& rows,
                                                   const std::vector<KeyColumn>& columns);

// The same rows with texts in the place of dictionaries of them: batches of several origins go
// together.
Result<std::shared_ptr<arrow::RecordBatch>> WithoutDictionaries(const arrow::RecordBatch& rows);

}  // namespace weir::table

// Checks run over a result that nobody sees yet.
//
//   reject:  RunChecks -> the rows that pass, and letters for the others (RejectsOf)
//   then     RunChecks of the rest, over the rows that passed
//
// Threads: those of the query's session.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "catalog/table_name.h"
#include "model/model.h"
#include "query/snapshot_query.h"

namespace weir::model {

// What checks look at.
struct CheckedRelation {
  query::SnapshotQuery& query;
  catalog::TableName name;           // That `query` reads it by.
  std::vector<std::string> columns;  // Its columns.
  Instant now;                       // The batch's time.

  std::string sql() const;  // Its name, quoted.
};

// Which of two ways a check is answered.
enum class Scope : uint8_t { kRow, kAllRows };

// Binds the check. Errors of query/ and engine/ (kConfig), at the check's place.
Result<Scope> ScopeOf(const CheckSpec& check, const CheckedRelation& relation);

Result<CheckOutcome> RunCheck(const CheckSpec& check, const CheckedRelation& relation);

// Error model.check_text (kConfig): on_fail: reject where no row could be.
Error NotOfRows(const CheckSpec& check);

// Two SELECTs over the relation: the rows that pass all of `checks` in their columns and order, and
// the others as rows of table::DeadLetterShape.
struct Rejects {
  std::string passing;
  std::string letters;
};
Rejects RejectsOf(std::span<const CheckSpec* const> checks, const CheckedRelation& relation,
                  const BatchId& batch, const std::string& file);

// Where the rows of a model's result go that `on_fail: reject` keeps out.
catalog::TableName LettersOf(const catalog::TableName& model);

}  // namespace weir::model

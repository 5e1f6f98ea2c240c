// One rule by itself, for a batch in which a rule made an error. Private to contract/.
//
// Finds the records that made it: the batch is halved until the failing pieces are small, and these
// are computed inside TRY, where null means an error. TRY is handed one record at a time, since
// DuckDB 1.5 cannot be trusted with more (engine/README.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/rules_internal.h"

namespace weir::contract {

// Where the rows of a contract's rules stand in the session.
struct RuleTable {
  engine::Session& session;
  std::string name;
  std::string row_column;  // Numbers the rows, from 0.
  std::unique_ptr<engine::BatchTable> batches;
};

// What a statement over rules gives: the row's number, then one Verdict per rule, the first of them
// rule `first_rule`. Rows that hold are left out.
Result<std::vector<Finding>> ReadFindings(engine::Statement& statement, Instant now,
                                          uint32_t first_rule);

class RuleAlone {
 public:
  // `sql` gives a Verdict. Borrows `table`.
  RuleAlone(RuleTable& table, std::string sql, uint32_t rule)
      : table_(table), sql_(std::move(sql)), rule_(rule) {}

  // Adds what it finds in `rows`, which are numbered.
  Result<void> Find(const std::shared_ptr<arrow::RecordBatch>& rows, Instant now,
                    std::vector<Finding>& all);
  // The engine's own words for why it fails on the one row of `row`; empty where it does not say.
  std::string CauseOf(const std::shared_ptr<arrow::RecordBatch>& row, Instant now);

 private:
  Result<void> Prepare();

  RuleTable& table_;
  std::string sql_;
  uint32_t rule_;
  std::unique_ptr<engine::Statement> plain_;
  std::unique_ptr<engine::Statement> trying_;
  std::unique_ptr<engine::Statement> cause_;
};

}  // namespace weir::contract

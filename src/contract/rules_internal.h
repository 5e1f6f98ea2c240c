// The rules of a contract as one query over a batch. Private to contract/.
//
// Each rule becomes a number per record: 1 it holds or does not apply, 0 false, 2 null. All of them
// are computed by one plain query, which hands out only the records where one is not 1. An error in
// any of them fails that query; each rule is then run by itself (rule_alone_internal.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "base/units.h"
#include "contract/contract_spec.h"
#include "engine/engine.h"

namespace weir::contract {

enum class Verdict : uint8_t { kFalse = 0, kHolds = 1, kNull = 2, kError = 3 };

// A rule that does not hold for a record.
struct Finding {
  uint32_t row = 0;
  uint32_t rule = 0;
  Verdict verdict = Verdict::kFalse;
};

class RuleSet {
 public:
  // `columns` are the batches' (the contract's, then `_rescued`). Adds what is wrong to `errors`
  // and then answers null.
  static std::unique_ptr<RuleSet> Compile(const std::vector<RuleSpec>& rules,
                                          std::shared_ptr<arrow::Schema> columns,
                                          engine::Session& session, Errors& errors);
  ~RuleSet();

  // By row, then rule. Errors of the engine, none for what a record holds.
  Result<std::vector<Finding>> Run(const std::shared_ptr<arrow::RecordBatch>& rows, Instant now);

  // Columns that rule `rule` reads, by position.
  const std::vector<uint32_t>& columns_of(size_t rule) const;

  // What a reason says of a finding: "false (price is -1)", "null (price is null)",
  // "Overflow in ... (price is 9)". The engine is asked for the cause of an error only a few times
  // per Run; beyond that it reads "it cannot be computed (...)".
  std::string Detail(const Finding& finding, const arrow::RecordBatch& rows);

 private:
  struct State;
  explicit RuleSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A value as a reason shows it: 'text', 12.50, null; cut where it is long.
std::string CellText(const arrow::Array& column, int64_t row);

}  // namespace weir::contract

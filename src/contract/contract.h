// A compiled contract turns decoded batches into accepted rows and refused ones. Total: a bad row is
// never an Error.
//
//   Compile -> Check* (same rows in, same rows out, in order)
//
// Counting order of a record: what could not be decoded is rejected; then rules with `on_fail: drop`
// filter; then nulls, unknown columns and the other rules reject. The first that matches counts.
//
// Invariants:
//   (1) read = accepted + rejected + filtered for every batch.
//   (2) A refused record carries all its reasons; a rule that reads a column which already failed is
//       skipped, so that one fault is one reason.
//
// Threads: as the session's. Borrows the session.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "columnar/decoded_batch.h"
#include "contract/contract_spec.h"
#include "engine/engine.h"

namespace weir::contract {

struct CheckedBatch {
  std::shared_ptr<arrow::RecordBatch> accepted;  // The contract's columns, then `_rescued`.
  std::vector<uint64_t> offsets;                 // Of each accepted row in its input.
  std::vector<columnar::RejectedRow> rejected;   // Broken ones included, in input order.
  uint64_t filtered = 0;
  std::map<std::string, uint64_t> warned;  // Rule -> rows.
  std::optional<Error> fail;               // A rule with `on_fail: fail` failed: contract.fail (kStopped).
};

class Contract {
 public:
  // Errors, all at once (kConfig): contract.duplicate_column, contract.reserved_column,
  // contract.no_columns, contract.rule with the place inside the rule's SQL, contract.rule_type.
  static std::expected<std::unique_ptr<Contract>, Errors> Compile(const ContractSpec& spec,
                                                                  engine::Session& session);
  virtual ~Contract() = default;

  // Errors: engine.memory and the like, never a row's.
  virtual Result<CheckedBatch> Check(const columnar::DecodedBatch& batch) = 0;

  // The contract's columns as a table has them (not null where declared so), without system columns.
  virtual const columnar::Schema& schema() const = 0;
};

}  // namespace weir::contract

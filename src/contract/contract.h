// A compiled contract turns decoded batches into accepted rows and refused ones. Total: a bad row
// is never an Error.
//
//   Compile -> Check* (same rows in, same rows out, in order)
//
// Counting order of a record; the first that matches counts:
//   1. decode   a cell that could not be read (CellFault): rejected
//   2. filter   a rule with `on_fail: drop` is false or null: filtered
//   3. check    null in a `not null` column, unknown columns, other rules: rejected
// A rejected record carries the reasons of 1 and 3 together. `warn` counts accepted rows alone.
//
// A rule is false, null, or an error inside it, wherever its `when` is true; a `when` that is false
// or null means that the rule does not apply. What follows:
//              reject                        drop         warn      fail
//   false      reason rule.NAME              filtered     counted   stops
//   null       rule.NAME, "null (x is null)" filtered     counted   stops
//   error      rule.error                    rule.error   counted   stops
//
// Invariants:
//   (1) read = accepted + rejected + filtered for every batch, unless `fail` is set.
//   (2) A refused record carries all its reasons; a rule that reads a column which already failed
//       is skipped, so that one fault is one reason. At most kReasonsMax, the last says how many
//       more.
//   (3) Where nothing is refused, the accepted rows are the batch that came in, not a copy.
//   (4) The same batch at the same time gives the same answer: now() and its like are `now`.
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
#include "base/units.h"
#include "columnar/decoded_batch.h"
#include "contract/contract_spec.h"
#include "engine/engine.h"

namespace weir::contract {

struct CheckedBatch {
  std::shared_ptr<arrow::RecordBatch>
      accepted;                   // The contract's columns, then `_rescued`; never null.
  std::vector<uint64_t> offsets;  // Of each accepted row in its input.
  std::vector<columnar::RejectedRow> rejected;  // Broken ones included, in input order.
  uint64_t filtered = 0;
  std::map<std::string, uint64_t> warned;  // Rule -> accepted rows.
  // A rule with `on_fail: fail` failed (contract.fail), or `unknown_columns: fail` met one
  // (contract.unknown_columns): kStopped, with line and byte offset of the first such record. The
  // rest of this struct then says nothing.
  std::optional<Error> fail;
};

// Row `row` of `batch` as a refused record, with its bytes and at most kReasonsMax reasons.
columnar::RejectedRow Refused(const columnar::DecodedBatch& batch, uint32_t row,
                              std::vector<columnar::Reason> reasons);

class Contract {
 public:
  // Errors, all at once (kConfig), placed at the column or inside the rule's SQL:
  //   contract.no_columns, contract.too_many_columns, contract.duplicate_column (letter case does
  //   not tell names apart), contract.reserved_column, contract.from_twice,
  //   contract.duplicate_rule, contract.format (a `format` or `zone` on a type that has none, a bad
  //   pattern, an unknown zone), contract.default (not of the column's type), contract.rule (SQL
  //   that is malformed, reads what is not there, looks beyond its record, or changes from call to
  //   call), contract.rule_type (not a boolean).
  static std::expected<std::unique_ptr<Contract>, Errors> Compile(const ContractSpec& spec,
                                                                  engine::Session& session);
  virtual ~Contract() = default;

  // `now`: what now() means in a rule, the batch's time; none is the machine's clock.
  // Errors: engine.memory, engine.cancelled and the like, never a row's.
  virtual Result<CheckedBatch> Check(const columnar::DecodedBatch& batch,
                                     std::optional<Instant> now = std::nullopt) = 0;

  // The contract's columns as a table has them (not null where declared so), without system
  // columns.
  virtual const columnar::Schema& schema() const = 0;
};

}  // namespace weir::contract

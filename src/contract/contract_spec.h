// A contract as a project declares it: columns, what happens to unknown ones, rules.
#pragma once

#include <string>
#include <vector>

#include "base/place.h"
#include "columnar/column_spec.h"
#include "config/field_table.h"

namespace weir::contract {

enum class OnFail : uint8_t { kReject, kDrop, kWarn, kFail };
enum class UnknownColumns : uint8_t { kRescue, kEvolve, kReject, kFail };

struct RuleSpec {
  std::string name;
  config::Placed<std::string> when;    // Empty: always.
  config::Placed<std::string> expect;  // Must be true.
  OnFail on_fail = OnFail::kReject;
};

struct ContractSpec {
  std::vector<columnar::ColumnSpec> columns;
  std::vector<Place> column_places;  // One per column.
  UnknownColumns unknown_columns = UnknownColumns::kRescue;
  std::vector<RuleSpec> rules;
};

// "TYPE [not null] [default X]" -> the column `name`; X is 'text' (two quotes for one), a number,
// true, false or null, and stands unquoted in default_text (null: none). Letter case does not
// matter. Errors (kInvalid): those of ParseType, contract.column, contract.default;
// contract.not_built (kUnsupported) for path(x) and header(x).
Result<columnar::ColumnSpec> ParseColumn(const std::string& name, const std::string& text);

// The keys of `contract:`. Beside the codes of field_table.h, those of ParseColumn.
const config::FieldTable<ContractSpec>& ContractFields();

}  // namespace weir::contract

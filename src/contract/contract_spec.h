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

// SQL as it was written.
struct RuleSql {
  std::string value;
  Place place;           // Of its first byte; of the value where that is folded over lines.
  bool verbatim = true;  // The text stands on one line of the file, so that columns can be counted.
};

struct RuleSpec {
  std::string name;
  RuleSql when;    // Empty: always.
  RuleSql expect;  // Must be true.
  OnFail on_fail = OnFail::kReject;
};

// Where the parts of a column were written; a part that is not there has the column's place.
struct ColumnPlaces {
  Place name;
  Place type;
  Place from;
  Place format;
  Place zone;
  Place default_text;
};

struct ContractSpec {
  std::vector<columnar::ColumnSpec> columns;
  std::vector<ColumnPlaces> places;  // One per column, or none.
  UnknownColumns unknown_columns = UnknownColumns::kRescue;
  std::vector<RuleSpec> rules;
  // A column was left out because it has a fault: what reads it cannot be judged.
  bool columns_faulty = false;

  ColumnPlaces PlacesOf(size_t column) const {
    return column < places.size() ? places[column] : ColumnPlaces{};
  }
};

// The columns as a table has them.
columnar::Schema SchemaOf(const ContractSpec& spec);

// "TYPE [not null] [default X]" -> the column `name`; X is 'text' (two quotes for one), a number,
// true, false or null, and stands unquoted in default_text (null: none), or path(x) or header(x),
// which stands in outside. Letter case does not matter, but in x of path(x). Errors (kInvalid):
// those of ParseType, contract.column, contract.default.
Result<columnar::ColumnSpec> ParseColumn(const std::string& name, const std::string& text);

// The keys of `contract:`. Beside the codes of field_table.h, those of ParseColumn.
const config::FieldTable<ContractSpec>& ContractFields();

}  // namespace weir::contract

// Checks as SQL over a relation, whose name is quoted as in SQL. Pure; threads: any.
#pragma once

#include <string>
#include <string_view>

#include "model/check.h"

namespace weir::model {

// A boolean over one row of `relation`, never null: the row breaks the check. Not for those about
// all rows together.
std::string BreaksSql(const CheckSpec& check, std::string_view relation);

// One row (holds boolean, found varchar) about all rows together: of freshness, rows, and a SQL
// boolean over aggregates. `now` is the batch's time.
std::string VerdictSql(const CheckSpec& check, std::string_view relation, Instant now);

}  // namespace weir::model

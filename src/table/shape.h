// The columns that a table of Weir has.
#pragma once

#include "columnar/type.h"
#include "table/lake.h"

namespace weir::table {

// Every row of a table that a pipeline writes carries, after the contract's columns:
// _ingested_at timestamptz, _batch varchar, _source varchar, _offset bigint, _rescued json.
columnar::Schema WithSystemColumns(columnar::Schema contract);

// The doc of a text column that holds JSON, where no contract says so: also the key of the metadata
// that tells a sink of one.
inline constexpr const char* kJsonDoc = "json";

// The table of refused rows (docs/formats/dead-letters.md).
TableShape DeadLetterShape();

}  // namespace weir::table

// The columns a table of Weir has, and whether an existing table has them.
#pragma once

#include "base/result.h"
#include "catalog/table_name.h"
#include "columnar/type.h"
#include "iceberg/metadata.h"
#include "table/lake.h"

namespace weir::table {

// Every row of a table that a pipeline writes carries, after the contract's columns:
// _ingested_at timestamptz, _batch varchar, _source varchar, _offset bigint, _rescued json.
columnar::Schema WithSystemColumns(columnar::Schema contract);

// The table of refused rows (docs/formats/dead-letters.md).
TableShape DeadLetterShape();

// Error schema.drift (kConfig), naming the first difference.
Result<void> CheckShape(const catalog::TableName& name, const iceberg::TableMetadata& metadata,
                        const TableShape& shape);

}  // namespace weir::table

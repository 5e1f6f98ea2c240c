// A lake table: `sink: { table: raw.events, partition_by: [day(ts)] }`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/table_name.h"
#include "config/field_table.h"
#include "sink/sink.h"
#include "table/lake.h"

namespace weir::sink {

enum class TableWrite : uint8_t { kAppend, kUpsert, kReplace };

struct TableSinkSpec {
  catalog::TableName table;
  TableWrite write = TableWrite::kAppend;
  std::vector<std::string> partition_by;
  std::vector<std::string> key;      // Not built yet, as the table of fields says.
  std::vector<std::string> sort_by;  // The same.
};

// The keys of `sink: { table: ... }`.
const config::FieldTable<TableSinkSpec>& TableSinkFields();

// A sink that appends to the table named, made from `shape` where it does not exist. Borrows
// `lake`.
std::unique_ptr<Sink> MakeTableSink(table::Lake& lake, catalog::TableName name,
                                    table::TableShape shape);

}  // namespace weir::sink

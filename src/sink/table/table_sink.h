// A lake table: `sink: { table: raw.events, partition_by: [day(ts)] }`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/table_name.h"
#include "config/field_table.h"
#include "sink/sink.h"
#include "table/lake.h"
#include "table/row_key.h"

namespace weir::sink {

enum class TableWrite : uint8_t {
  kAppend,
  kUpsert,
  kReplace,  // The rows of a batch, which is one whole file, take the place of all.
};

struct TableSinkSpec {
  catalog::TableName table;
  TableWrite write = TableWrite::kAppend;
  std::vector<config::Placed<std::string>> partition_by;
  std::vector<std::string> key;  // Of kUpsert.
  std::vector<table::KeyColumn> sort_by;
  Place place;  // Of the table's name.

  std::vector<std::string> partition_terms() const;
  // What the table must look like for rows of `contract`, system columns included.
  table::TableShape ShapeFor(columnar::Schema contract) const;
};

// Adds what is wrong with partition_by, term by term, for a table with those columns.
void CheckPartitionBy(const TableSinkSpec& spec, const columnar::Schema& contract,
                      config::Faults& faults);

// The keys of `sink: { table: ... }`.
const config::FieldTable<TableSinkSpec>& TableSinkFields();

enum class TableGrowth : uint8_t {
  kFixed,    // The table has the columns of its shape, or it is schema.drift.
  kEvolves,  // Columns that rows have and the table has not are added in the commit of the batch,
             // and so is what else the shape wants and is not breaking.
};

// How rows join the table. With a key or an order the rows of a batch are held until Stage.
struct TableWriting {
  TableGrowth growth = TableGrowth::kFixed;
  TableWrite write = TableWrite::kAppend;
  std::vector<table::KeyColumn> key = {};  // Of kUpsert.
  std::vector<table::KeyColumn> sort_by = {};
  // Other batches replace rows: what the table holds after this one can be checked by its total
  // alone.
  bool counts_total = false;
};

// A sink that writes to the table named, made from `shape` where it does not exist. Borrows
// `lake`. Under kEvolves a column of rows with metadata table::kJsonDoc is remembered as JSON.
std::unique_ptr<Sink> MakeTableSink(table::Lake& lake, catalog::TableName name,
                                    table::TableShape shape, TableWriting writing = {});
enum class RowsOf : uint8_t {
  kInput,
  kReplay,  // Dead letters that were mended: they join the rows of the file that they are of.
};
// As a pipeline declares it.
TableWriting WritingOf(const TableSinkSpec& spec, TableGrowth growth, RowsOf rows);

}  // namespace weir::sink

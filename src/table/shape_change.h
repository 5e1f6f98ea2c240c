// What a table must change so that it fits what a contract and a sink want, and the change itself.
// Decided purely: nothing is written.
//
// A change that is not breaking leaves every value where a reader finds it. One that is breaking
// needs a person's word; what it does to what is there stands in its `effect`.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/metadata.h"
#include "table/lake.h"

namespace weir::table {

struct ShapeChange {
  enum class Kind : uint8_t {
    kAddColumn,    // Null in every row that is there.
    kWiden,        // int to bigint, float to double, decimal to more digits, parts of a struct.
    kAllowNull,    // The contract allows null, or has no such column any more.
    kReplace,      // Another type: the column is renamed, and a new one takes its name.
    kRepartition,  // Files to come are cut otherwise; those that are there stay as they are.
  };
  Kind kind = Kind::kAddColumn;
  std::string column;  // Empty of kRepartition.
  std::string from;    // Type or partitioning now; empty of kAddColumn.
  std::string to;
  std::string aside;  // Of kReplace: the name that the column with the old values gets.

  bool breaking() const { return kind == Kind::kReplace || kind == Kind::kRepartition; }
  std::string action() const;  // "add column size int"
  std::string why() const;     // "the contract has it, the table has not"
  std::string effect() const;  // Of a breaking one: what becomes of what is there.
};

// In the order of the shape's columns; none where the table fits. Errors: schema.letter_case
// (kConfig) for a new column that differs from one that is there in letter case alone; those of
// iceberg/ where `shape` makes no table at all.
Result<std::vector<ShapeChange>> ChangesFor(const iceberg::TableMetadata& metadata,
                                            const TableShape& shape);

// The metadata after `changes`, which ChangesFor gave for the same arguments.
Result<iceberg::TableMetadata> Changed(iceberg::TableMetadata metadata, const TableShape& shape,
                                       const std::vector<ShapeChange>& changes);

// The metadata with `columns` behind those that are there, each null in the rows that are there.
// `json` names those that are remembered as JSON (kJsonDoc). Errors of iceberg/.
Result<iceberg::TableMetadata> WithNewColumns(iceberg::TableMetadata metadata,
                                              const columnar::Schema& columns,
                                              const std::set<std::string>& json);

// Error schema.drift (kConfig) that tells of all `changes`; none of them: no error.
Result<void> CheckUnchanged(const catalog::TableName& name,
                            const std::vector<ShapeChange>& changes);

// What a table of shape `one` would have to change to fit `other`, or the other way round; nullopt:
// both fit the same table.
std::optional<std::string> Difference(const TableShape& one, const TableShape& other);

}  // namespace weir::table

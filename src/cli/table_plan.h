// What the tables of a project must change to fit their contracts: `weir plan` shows it, `weir
// apply` does it, `weir run` stops at it.
#pragma once

#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "pipeline/pipeline_spec.h"
#include "table/lake.h"
#include "table/shape_change.h"

namespace weir::cli {

struct TablePlan {
  const pipeline::PipelineSpec* pipeline = nullptr;
  catalog::TableName table;
  table::TableShape shape;
  table::TableStatePtr state;  // Null: the table does not exist, weir run makes it.
  std::vector<table::ShapeChange> changes;

  bool breaking() const;
  // `unknown_columns: evolve`: weir run makes what is not breaking, with its next commit.
  bool by_itself() const;
  // Where the change was written: the column, a term of partition_by, or the sink.
  Place PlaceOf(const table::ShapeChange& change) const;
};

// One per table that the pipelines write. Errors: those of the lake.
Result<std::vector<TablePlan>> PlanTables(
    const std::vector<const pipeline::PipelineSpec*>& pipelines, table::Lake& lake);

// schema.drift for every plan that a run cannot go on with.
Errors DriftOf(const std::vector<TablePlan>& plans);

}  // namespace weir::cli

// A table's next shape: what its columns and partitioning become when all its rows are replaced.
#pragma once

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "model/model_spec.h"
#include "table/lake.h"

namespace weir::model {

// What a table of the result's columns is; all are nullable. Error model.column (kConfig): a type
// that no table has, two columns of one name.
Result<table::TableShape> ShapeOf(const Model& model, const arrow::Schema& result);

// `base` with the columns and the partitioning of `shape`, for a commit that replaces all rows;
// `base` itself where it has them already. A column of the same name and type keeps its field id,
// any other gets a new one, so that no older snapshot is read with a column that it never had. All
// columns are nullable. Errors of iceberg/ (kConfig).
Result<table::TableStatePtr> Reshape(const table::TableStatePtr& base,
                                     const table::TableShape& shape);

}  // namespace weir::model

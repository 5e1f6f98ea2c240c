// Choosing pipelines and models by words: `weir run silver.* +gold.daily`.
//
//   NAME       a pipeline, or a model as schema.name
//   PREFIX*    all whose name begins so
//   +WORD      with all that it reads, at any distance ("upstream")
//   WORD+      with all that reads it ("downstream"); +WORD+ with both
//
// Several words, also in one text with blanks between, choose together. Pure; threads: any.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/table_name.h"

namespace weir::model {

// A pipeline or a model as a node of the graph.
struct Step {
  std::string name;
  std::vector<catalog::TableName> makes;
  std::vector<catalog::TableName> reads;
};

// Per step whether it is chosen; without words all are. Error run.selector (kInvalid): a word that
// names nothing, with "did you mean".
Result<std::vector<bool>> Select(std::span<const Step> steps,
                                 std::span<const std::string> selectors);

}  // namespace weir::model

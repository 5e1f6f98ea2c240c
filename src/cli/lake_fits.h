// Whether the state directory and the lake belong to each other. The state is the catalog: a second
// one over the same lake would lose every record of the first from sight.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "cli/open_project.h"

namespace weir::cli {

// Where there is no catalog yet, the lake must hold no tables of this project's pipelines that Weir
// wrote; for one who reads, no tables that Weir wrote. Error state.lost (kConfig) names one. An
// empty lake, or one of others, is no error.
Result<void> CheckStateIsNotLost(const ReadProject& project, State::Access access);

// The tables that the catalog knows must be in the warehouse. Error state.warehouse (kConfig): the
// project's folder was moved, or `warehouse` changed.
Result<void> CheckWarehouse(const ReadProject& project, catalog::Catalog& catalog);

}  // namespace weir::cli

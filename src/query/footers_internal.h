// What data files say in their footers about the names and ids of their fields.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "query/table_view.h"

namespace weir::query {

// The distinct FieldPaths of the files at `paths`. Errors of engine/.
Result<std::vector<FieldPaths>> ReadFooters(engine::Session& session,
                                            std::span<const std::string> paths);

}  // namespace weir::query

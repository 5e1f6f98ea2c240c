// What data files say in their footers about the names and ids of their fields.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "query/table_view.h"

namespace weir::query {

// The files at `paths` (at least one) by what they say. Errors of engine/.
Result<std::map<FieldPaths, std::vector<std::string>>> ReadFooters(
    engine::Session& session, std::span<const std::string> paths);

}  // namespace weir::query

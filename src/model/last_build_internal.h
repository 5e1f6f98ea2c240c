// The last batch of a model that was committed, over those that were voided since.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"

namespace weir::model {

Result<std::optional<catalog::BatchRecord>> LastBuild(catalog::Catalog& catalog,
                                                      const std::string& pipeline);

}  // namespace weir::model

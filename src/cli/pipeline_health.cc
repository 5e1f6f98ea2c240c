#include "cli/pipeline_health.h"

#include <algorithm>

namespace weir::cli {

using api::PipelineHealth;

void HealthBoard::Set(const std::string& pipeline, State state, const std::string& code) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(pipelines_, pipeline, &PipelineHealth::name);
  PipelineHealth& one = found != pipelines_.end() ? *found : pipelines_.emplace_back();
  one = {.name = pipeline, .state = state, .code = code};
}

std::vector<PipelineHealth> HealthBoard::All() const {
  const std::lock_guard lock(mutex_);
  return pipelines_;
}

}  // namespace weir::cli

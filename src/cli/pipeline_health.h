// How each pipeline of a server does, as /health tells it: the threads that run them say it here.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "api/api.h"

namespace weir::cli {

// Threads: any.
class HealthBoard {
 public:
  using State = api::PipelineHealth::State;

  // `code`: of the error that it retries or failed with.
  void Set(const std::string& pipeline, State state, const std::string& code = {});
  std::vector<api::PipelineHealth> All() const;  // In the order they were first set.

 private:
  mutable std::mutex mutex_;
  std::vector<api::PipelineHealth> pipelines_;
};

}  // namespace weir::cli

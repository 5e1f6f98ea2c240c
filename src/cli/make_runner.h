// A pipeline ready to be run, for every command that runs one.
#pragma once

#include <atomic>
#include <expected>
#include <memory>

#include "cli/compile_project.h"
#include "cli/open_project.h"
#include "env/watch.h"
#include "pipeline/runner.h"
#include "source/http/front.h"
#include "telemetry/telemetry.h"

namespace weir::cli {

// The project's log. Errors: of its folder, of its level.
Result<std::unique_ptr<telemetry::Log>> OpenProjectLog(const ReadProject& read);

// What a run borrows; it lives as long as these.
struct RunParts {
  const ReadProject& read;
  CompiledProject& compiled;
  State& state;
  telemetry::Log& log;
  const std::atomic<bool>& stop;
  env::Watches* watches = nullptr;  // Null: the pipeline is not followed.
  source::Front* front = nullptr;   // Of pipelines that serve; null: nothing new comes to them.
};

std::expected<std::unique_ptr<pipeline::Runner>, Errors> MakeRunner(
    const RunParts& parts, const pipeline::PipelineSpec& spec,
    pipeline::Severity severity = pipeline::Severity::kAsWritten);

}  // namespace weir::cli

// What `weir run` and `weir run --follow` have in common.
#pragma once

#include <vector>

#include "cli/commands.h"
#include "cli/make_runner.h"
#include "cli/pipeline_health.h"
#include "cli/run_summary.h"

namespace weir::cli {

// Borrowed for as long as the command runs.
struct CommandParts {
  const Command& command;
  const RunOptions& options;
  RunParts run;
  HealthBoard* health = nullptr;  // Of a server; null: nobody asks.

  bool stopping() const { return command.stop->load(); }
};

// A result to be filled for `spec`.
PipelineResult ResultOf(const pipeline::PipelineSpec& spec);

// Runs a pipeline over what is there now, and tells what came of it. Its error is in the result.
PipelineResult RunOnce(const CommandParts& parts, const pipeline::PipelineSpec& spec);

// Shows an error of `subject` and logs it.
void TellError(const CommandParts& parts, const Error& error, const std::string& subject);

// What happened since, added to what happened before.
void Add(const pipeline::RunSummary& more, pipeline::RunSummary& to);

// Goes on until a signal, or until every pipeline that is followed has failed. Returns the exit
// code.
int Follow(const CommandParts& parts, const std::vector<const pipeline::PipelineSpec*>& pipelines);

}  // namespace weir::cli

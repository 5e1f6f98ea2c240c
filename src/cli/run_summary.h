// What a run did, for a person and as JSON.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/terminal.h"
#include "model/model.h"
#include "pipeline/runner.h"

namespace weir::cli {

struct PipelineResult {
  std::string name;
  std::string table;
  pipeline::RunSummary summary;
  std::optional<Error> error;
  std::chrono::microseconds elapsed{};
};

struct ModelResult {
  std::string name;
  std::optional<model::ModelOutcome> outcome;
  model::ModelFailure failure = {};  // Without errors: none.
  std::chrono::microseconds elapsed{};
};

struct RunResult {
  std::string project;
  std::vector<PipelineResult> pipelines;
  std::vector<ModelResult> models;
  bool stopped = false;
};

// "4 read = 3 accepted + 1 rejected", with the other parts that are not zero.
std::string Equality(const ledger::Counts& counts);

std::string RunJson(const RunResult& result);
void TellPipeline(const Terminal& terminal, const PipelineResult& result);
void TellModel(const Terminal& terminal, const ModelResult& result);

}  // namespace weir::cli

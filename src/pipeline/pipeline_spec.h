// A pipeline as a project declares it: source, contract, sink and the limits between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "config/field_table.h"
#include "config/project.h"
#include "contract/contract_spec.h"
#include "pipeline/bad_records.h"
#include "pipeline/gates_spec.h"
#include "pipeline/landing.h"
#include "sink/files/file_series.h"
#include "sink/table/table_sink.h"
#include "source/files/files_source.h"
#include "source/generate/generate.h"
#include "source/http/http_spec.h"

namespace weir::pipeline {

struct FlushSpec {
  int64_t rows = kBatchRowsDefault;
  uint64_t bytes = kBatchBytesDefault;
  std::chrono::microseconds every = std::chrono::milliseconds(500);
};

using SourceSpec = std::variant<source::FilesSpec, source::GenerateSpec, source::HttpSpec>;
using SinkSpec = std::variant<sink::TableSinkSpec, sink::FilesSinkSpec>;

struct PipelineSpec {
  std::string name;
  Place place;          // Of the name in the project's files.
  bool faulty = false;  // Not all of it could be read: the project's faults say why.
  SourceSpec source;
  contract::ContractSpec contract;  // Left out: no columns, and they evolve from the data.
  std::optional<LateSpec> late;
  std::optional<DedupeSpec> dedupe;
  std::optional<MaxBadSpec> max_bad;
  FlushSpec flush;
  std::optional<LandSpec> land;
  std::optional<BadRecordsSpec> bad_records;
  SinkSpec sink;

  // Pipelines that generate are run by `weir gen`, those that serve by `weir serve`, the others by
  // `weir run`.
  bool generates() const { return std::holds_alternative<source::GenerateSpec>(source); }
  bool serves() const { return std::holds_alternative<source::HttpSpec>(source); }
  // Each file takes the place of all rows, in a batch of its own that nothing cuts.
  bool replaces() const {
    const auto* table = std::get_if<sink::TableSinkSpec>(&sink);
    return table != nullptr && table->write == sink::TableWrite::kReplace;
  }
};

// The keys of `pipelines.NAME`.
const config::FieldTable<PipelineSpec>& PipelineFields();

// Reads every pipeline of the project, adding what is wrong to `faults`.
std::vector<PipelineSpec> ReadPipelines(const config::Project& project, config::Faults& faults);

// What reading cannot see: whether late and dedupe name columns that the contract has. Skips what
// has a fault already.
void CheckGates(const PipelineSpec& spec, config::Faults& faults);

// What a batch's plan refers to by digest: contract, formats and sink, as canonical JSON text.
std::string Definition(const PipelineSpec& spec);

}  // namespace weir::pipeline

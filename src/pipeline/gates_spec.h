// What a pipeline declares of records that are good by themselves but may not pass all the same:
// `late`, `dedupe`, and `max_bad` for the batch as a whole.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/field_table.h"
#include "contract/contract_spec.h"

namespace weir::pipeline {

// The first of the records with equal keys wins.
struct DedupeSpec {
  std::vector<config::Placed<std::string>> by;
  std::optional<std::chrono::microseconds> within;  // Of ingestion; none: all there ever was.
};

enum class LateThen : uint8_t { kAccept, kReject, kDrop };

// Late is a record whose `by` lies more than `after` before the time of the batch.
struct LateSpec {
  config::Placed<std::string> by;
  std::chrono::microseconds after{};
  LateThen then = LateThen::kAccept;
};

enum class MaxBadThen : uint8_t { kFail, kPause };

// More rejects than `rate` hold a batch before its commit.
struct MaxBadSpec {
  double rate = 1;
  std::optional<std::chrono::microseconds> over;  // Taken over the batches of this time, too.
  MaxBadThen then = MaxBadThen::kFail;
};

config::Shape<DedupeSpec> DedupeShape();
config::Shape<LateSpec> LateShape();
config::Shape<MaxBadSpec> MaxBadShape();

// Whether the contract has the columns, in types that can be compared. Errors: dedupe.column,
// dedupe.type, late.column, late.type.
void CheckDedupe(const DedupeSpec& spec, const contract::ContractSpec& contract,
                 config::Faults& faults);
void CheckLate(const LateSpec& spec, const contract::ContractSpec& contract,
               config::Faults& faults);

}  // namespace weir::pipeline

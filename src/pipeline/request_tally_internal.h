// What became of each request of a batch: its counts, and why records of it were refused. Private
// to pipeline/.
//
//   Add (pieces of a split)* -> EndSplit -> Add* -> EndSplit ... -> Take
//
// Bounded: kRequestFaultsMax faults of a request, and of a batch about kBatchFaultBytesMax; the
// counts are exact always. Threads: one at a time.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/request_limits.h"
#include "catalog/catalog.h"
#include "contract/contract.h"
#include "ledger/request.h"
#include "pipeline/gates_internal.h"
#include "pipeline/pipeline_spec.h"
#include "pipeline/read_ahead_internal.h"

namespace weir::pipeline {

class RequestTally {
 public:
  RequestTally(catalog::Catalog& catalog, const PipelineSpec& spec)
      : catalog_(catalog), spec_(spec) {}

  // A piece with rows, of a split that has parts. Errors of the catalog.
  Result<void> Add(const Piece& piece, const contract::CheckedBatch& checked,
                   const GateCounts& gated);
  // A record of the piece stops the batch: for a request that is refused as a whole.
  Result<void> AddFailure(const Piece& piece, const Error& fail);
  // The split was read so far.
  void EndSplit(const Piece& piece);
  // nullopt: no split had parts.
  std::optional<std::vector<ledger::RequestCounts>> Take() { return std::move(noted_); }
  // Of the one request that was added, as refused as a whole, though not read to its end.
  ledger::RequestCounts TakeRefused(uint64_t read);

 private:
  struct OfRequest {
    ledger::Counts counts;
    std::vector<ledger::RecordFault> faults;
  };
  Result<void> AddFaults(const Piece& piece, const columnar::RejectedRow& record);
  Result<ledger::RecordFault> FaultAt(const Piece& piece, uint64_t offset, uint64_t line);
  Result<uint64_t> IndexOf(const Piece& piece, const columnar::InputPart& part, uint64_t offset);
  void Count(const columnar::DecodedBatch& decoded, const contract::CheckedBatch& checked,
             const GateCounts& gated);

  catalog::Catalog& catalog_;
  const PipelineSpec& spec_;
  std::map<uint64_t, OfRequest> requests_;      // By their number, of the split being read.
  std::optional<ledger::KeptRequest> resumed_;  // What earlier batches read of its first one.
  size_t fault_bytes_ = 0;
  std::optional<std::vector<ledger::RequestCounts>> noted_;
};

}  // namespace weir::pipeline

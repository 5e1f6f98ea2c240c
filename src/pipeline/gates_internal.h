// What stands between the contract and the sink, in the order of counting: late, dedupe; and then,
// under `unknown_columns: evolve`, fields become columns. Private to pipeline/.
//
//   Make -> Begin -> Pass* -> Staged -> Begin ...
//
// A record that does not pass is counted once: late (then: drop), rejected (then: reject), or
// duplicate. Records keep their order. Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "columnar/decoded_batch.h"
#include "commit/owner.h"
#include "contract/contract.h"
#include "pipeline/dedupe_internal.h"
#include "pipeline/evolve_internal.h"
#include "pipeline/runner.h"

namespace weir::pipeline {

struct GateCounts {
  uint64_t late = 0;                      // Left out.
  uint64_t duplicate = 0;                 // Left out.
  std::vector<uint64_t> duplicates = {};  // Their offsets.
};

class Gates {
 public:
  // Errors: dedupe.no_folder (kConfig: the context has no state folder).
  static Result<std::unique_ptr<Gates>> Make(const RunContext& context, const PipelineSpec& spec);

  Result<void> Begin(const commit::OpenBatch& batch);
  // Takes out of `checked`, which is of `decoded`, what does not pass; refused records join those
  // that it holds, accepted late ones its warnings.
  Result<GateCounts> Pass(contract::CheckedBatch& checked, const columnar::DecodedBatch& decoded);
  void Staged(const table::StagedTable& accepted);

 private:
  Gates() = default;
  Result<void> PassLate(contract::CheckedBatch& checked, const columnar::DecodedBatch& decoded,
                        GateCounts& counts) const;

  table::Lake* lake_ = nullptr;
  catalog::TableName table_;
  std::optional<LateSpec> late_;
  std::unique_ptr<Dedupe> dedupe_;
  std::unique_ptr<Evolution> evolution_;
  Instant time_;  // Of the batch.
};

}  // namespace weir::pipeline

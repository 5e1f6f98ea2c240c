#include "base/units.h"
#include "pipeline/bad_rate_internal.h"

namespace weir::pipeline {

Result<void> BadRate::Load(catalog::Catalog& catalog, const commit::OpenBatch& batch,
                           std::optional<std::chrono::microseconds> over) {
  if (!over) return {};
  const int64_t since = batch.plan.time.micros - over->count();
  if (!loaded_) {
    past_.clear();
    for (uint64_t number = batch.id.number.value - 1; number > 0; --number) {
      WEIR_ASSIGN(const auto record, catalog.Batch(batch.id.pipeline, BatchNumber(number)));
      if (!record || record->plan.time.micros < since) break;
      if (record->state != ledger::BatchState::kCommitted || !record->outcome) continue;
      const ledger::Counts& counts = record->outcome->counts;
      past_.push_front({record->plan.time, counts.read, counts.rejected});
    }
    loaded_ = true;
  }
  while (!past_.empty() && past_.front().time.micros < since) past_.pop_front();
  return {};
}

void BadRate::Note(Instant time, const ledger::Counts& counts) {
  if (loaded_) past_.push_back({time, counts.read, counts.rejected});
}

std::optional<std::string> BadRate::Exceeds(const MaxBadSpec& spec,
                                            const ledger::Counts& counts) const {
  uint64_t read = counts.read;
  uint64_t rejected = counts.rejected;
  if (spec.over)
    for (const Past& past : past_) {
      read += past.read;
      rejected += past.rejected;
    }
  if (read == 0) return std::nullopt;
  if (static_cast<double>(rejected) / static_cast<double>(read) <= spec.rate) return std::nullopt;
  return FormatCount(rejected) + " of " + FormatCount(read) + " records" +
         (spec.over ? " of the last " + FormatDuration(*spec.over) : "") +
         " are bad, more than max_bad allows";
}

}  // namespace weir::pipeline

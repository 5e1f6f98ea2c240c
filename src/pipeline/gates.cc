#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "base/check.h"
#include "columnar/keep_rows.h"
#include "pipeline/gates_internal.h"

namespace weir::pipeline {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

// Keeps the rows that are not in `out`.
Result<void> LeaveOut(contract::CheckedBatch& checked, std::vector<bool> out) {
  std::vector<uint64_t> offsets;
  for (size_t row = 0; row < out.size(); ++row)
    if (!out[row]) offsets.push_back(checked.offsets[row]);
  out.flip();
  WEIR_ASSIGN(checked.accepted, columnar::KeepRows(checked.accepted, out));
  checked.offsets = std::move(offsets);
  return {};
}

uint64_t CountOf(const std::vector<bool>& marks) {
  return static_cast<uint64_t>(std::ranges::count(marks, true));
}

// The latest moment that a value may mean: a date is over when its day is.
std::optional<int64_t> LatestMicros(const arrow::Array& times, int64_t row) {
  if (times.IsNull(row)) return std::nullopt;
  if (times.type_id() == arrow::Type::DATE32)
    return (static_cast<const arrow::Date32Array&>(times).Value(row) + int64_t{1}) * kMicrosPerDay -
           1;
  return static_cast<const arrow::TimestampArray&>(times).Value(row);
}

uint32_t RowAt(const columnar::DecodedBatch& decoded, uint64_t offset) {
  const auto at =
      std::ranges::lower_bound(decoded.positions, offset, {}, &columnar::RecordPosition::offset);
  WEIR_CHECK(at != decoded.positions.end() && at->offset == offset);
  return static_cast<uint32_t>(at - decoded.positions.begin());
}

}  // namespace

Result<std::unique_ptr<Gates>> Gates::Make(const RunContext& context, const PipelineSpec& spec) {
  std::unique_ptr<Gates> gates(new Gates());
  const auto* table = std::get_if<sink::TableSinkSpec>(&spec.sink);
  gates->lake_ = &context.lake;
  if (table != nullptr) gates->table_ = table->table;
  gates->late_ = spec.late;
  if (spec.dedupe && table != nullptr) {
    if (context.state_folder.empty())
      return Fail(ErrorKind::kConfig, "dedupe.no_folder",
                  "pipeline " + spec.name + " has dedupe, and no state folder to keep keys in");
    gates->dedupe_ =
        std::make_unique<Dedupe>(DedupeParts{.lake = context.lake,
                                             .table = table->table,
                                             .files = context.files,
                                             .random = context.random,
                                             .folder = context.state_folder + "/keys/" + spec.name},
                                 *spec.dedupe);
  }
  if (spec.contract.unknown_columns == contract::UnknownColumns::kEvolve)
    gates->evolution_ = std::make_unique<Evolution>(spec.contract.columns);
  return gates;
}

Result<void> Gates::Begin(const commit::OpenBatch& batch) {
  time_ = batch.plan.time;
  if (dedupe_) WEIR_TRY(dedupe_->Begin(batch));
  if (!evolution_) return {};
  const auto state = lake_->Load(table_);
  if (!state && state.error().code != "table.not_found") return Fail(state.error());
  evolution_->Begin(state ? &(*state)->metadata.schema() : nullptr);
  return {};
}

Result<GateCounts> Gates::Pass(contract::CheckedBatch& checked,
                               const columnar::DecodedBatch& decoded) {
  GateCounts counts;
  if (late_) WEIR_TRY(PassLate(checked, decoded, counts));
  if (dedupe_ && checked.accepted->num_rows() != 0) {
    WEIR_ASSIGN(const auto duplicate, dedupe_->Mark(*checked.accepted));
    counts.duplicate = CountOf(duplicate);
    for (size_t row = 0; row < duplicate.size(); ++row)
      if (duplicate[row]) counts.duplicates.push_back(checked.offsets[row]);
    if (counts.duplicate != 0) WEIR_TRY(LeaveOut(checked, duplicate));
  }
  if (evolution_ && checked.accepted->num_rows() != 0) {
    WEIR_ASSIGN(checked.accepted, evolution_->Lift(checked.accepted));
  }
  return counts;
}

Result<void> Gates::PassLate(contract::CheckedBatch& checked, const columnar::DecodedBatch& decoded,
                             GateCounts& counts) const {
  const auto times = checked.accepted->GetColumnByName(late_->by.value);
  WEIR_CHECK(times != nullptr);
  const int64_t since = time_.micros - late_->after.count();
  std::vector<bool> late(static_cast<size_t>(times->length()));
  std::vector<columnar::RejectedRow> refused;
  for (size_t row = 0; row < late.size(); ++row) {
    const auto micros = LatestMicros(*times, static_cast<int64_t>(row));
    late[row] = micros && *micros < since;
    if (!late[row] || late_->then != LateThen::kReject) continue;
    const std::string detail = FormatInstant(Instant{*micros}) + " is more than " +
                               FormatDuration(late_->after) + " before the batch (" +
                               FormatInstant(time_) + ")";
    refused.push_back(contract::Refused(
        decoded, RowAt(decoded, checked.offsets[row]),
        {{.code = "late", .rule = {}, .column = late_->by.value, .detail = detail}}));
  }
  const uint64_t found = CountOf(late);
  if (found == 0) return {};
  if (late_->then == LateThen::kAccept) {
    checked.warned[std::string(kLateAccepted)] += found;
    return {};
  }
  if (late_->then == LateThen::kDrop) counts.late = found;
  WEIR_TRY(LeaveOut(checked, late));
  const auto middle = static_cast<std::ptrdiff_t>(checked.rejected.size());
  std::ranges::move(refused, std::back_inserter(checked.rejected));
  std::ranges::inplace_merge(checked.rejected, checked.rejected.begin() + middle, {},
                             &columnar::RejectedRow::offset);
  return {};
}

void Gates::Staged(const table::StagedTable& accepted) {
  if (dedupe_) dedupe_->Staged(accepted);
}

}  // namespace weir::pipeline

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "base/request_limits.h"
#include "format/decoder.h"
#include "pipeline/request_tally_internal.h"

namespace weir::pipeline {
namespace {

using columnar::RejectedRow;
using ledger::Counts;
using ledger::RecordFault;

// How many of `ordered` stand in [begin, end).
template <class Record>
uint64_t CountBetween(const std::vector<Record>& ordered, uint64_t begin, uint64_t end) {
  const auto first = std::ranges::lower_bound(ordered, begin, {}, &Record::offset);
  const auto last = std::ranges::lower_bound(ordered, end, {}, &Record::offset);
  return static_cast<uint64_t>(last - first);
}

// What the sender calls the column.
std::string InputName(const PipelineSpec& spec, const std::string& column) {
  const auto found = std::ranges::find(spec.contract.columns, column, &columnar::ColumnSpec::name);
  return found == spec.contract.columns.end() ? column : found->input_name();
}

// RFC 6901.
std::string PointerTo(const std::string& member) {
  std::string pointer = "/";
  for (const char c : member) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

}  // namespace

Result<void> RequestTally::Add(const Piece& piece, const contract::CheckedBatch& checked,
                               const GateCounts& gated) {
  for (const RejectedRow& record : checked.rejected) WEIR_TRY(AddFaults(piece, record));
  Count(*piece.rows, checked, gated);
  return {};
}

Result<void> RequestTally::AddFaults(const Piece& piece, const RejectedRow& record) {
  const columnar::InputPart& part = piece.rows->parts->At(record.offset);
  std::vector<RecordFault>& faults = requests_[part.number].faults;
  for (const columnar::Reason& reason : record.reasons) {
    if (faults.size() == kRequestFaultsMax || fault_bytes_ > kBatchFaultBytesMax) return {};
    WEIR_ASSIGN(RecordFault fault, FaultAt(piece, record.offset, record.line));
    if (!reason.column.empty()) {
      const std::string name = InputName(spec_, reason.column);
      if (piece.format == format::FormatKind::kCsv)
        fault.column = name;
      else
        fault.pointer = PointerTo(name);
    }
    fault.code = reason.code;
    fault.message = reason.detail.substr(0, kFaultMessageBytesMax);
    fault_bytes_ += sizeof(fault) + fault.pointer.size() + fault.column.size() + fault.code.size() +
                    fault.message.size();
    faults.push_back(std::move(fault));
  }
  return {};
}

Result<void> RequestTally::AddFailure(const Piece& piece, const Error& fail) {
  const uint64_t offset = fail.place.byte_offset.value_or(0);
  WEIR_ASSIGN(RecordFault fault, FaultAt(piece, offset, fail.place.line));
  fault.code = fail.code;
  fault.message = fail.message.substr(0, kFaultMessageBytesMax);
  requests_[piece.rows->parts->At(offset).number].faults.push_back(std::move(fault));
  return {};
}

// One that says where.
Result<RecordFault> RequestTally::FaultAt(const Piece& piece, uint64_t offset, uint64_t line) {
  const columnar::InputPart& part = piece.rows->parts->At(offset);
  RecordFault fault;
  if (piece.format == format::FormatKind::kJson) {
    WEIR_ASSIGN(fault.index, IndexOf(piece, part, offset));
  }
  if (line != 0) fault.line = line - (part.line - 1);
  return fault;
}

// How many records of the request stand before `offset`.
Result<uint64_t> RequestTally::IndexOf(const Piece& piece, const columnar::InputPart& part,
                                       uint64_t offset) {
  const auto begun = format::DecoderState::FromJson(piece.of->state);
  if (begun && !resumed_) {
    const uint64_t first = piece.rows->parts->At(begun->offset).number;
    WEIR_ASSIGN(resumed_, catalog_.KeptRequestFrom(spec_.name, first));
    if (!resumed_ || resumed_->sequence != first) resumed_ = ledger::KeptRequest{};
  }
  uint64_t index = requests_[part.number].counts.read;
  if (resumed_ && resumed_->sequence == part.number) index += resumed_->counts.read;
  return index + CountBetween(piece.rows->positions, part.offset, offset) +
         CountBetween(piece.rows->broken, part.offset, offset);
}

// Every record of a part is one of those that are named here; the rest was left out by a rule, or
// else for being late.
void RequestTally::Count(const columnar::DecodedBatch& decoded,
                         const contract::CheckedBatch& checked, const GateCounts& gated) {
  std::map<uint64_t, Counts> now;
  const auto at = [&](uint64_t offset) -> Counts& { return now[decoded.parts->At(offset).number]; };
  for (const columnar::RecordPosition& record : decoded.positions) ++at(record.offset).read;
  for (const RejectedRow& record : decoded.broken) ++at(record.offset).read;
  for (const uint64_t offset : checked.offsets) ++at(offset).accepted;
  for (const RejectedRow& record : checked.rejected) ++at(record.offset).rejected;
  for (const uint64_t offset : gated.duplicates) ++at(offset).duplicate;
  uint64_t late = gated.late;
  for (auto& [number, counts] : now) {
    const uint64_t left = counts.read - counts.accepted - counts.rejected - counts.duplicate;
    counts.late = checked.filtered == 0 ? left : std::min(left, late);
    late -= std::min(late, counts.late);
    counts.filtered = left - counts.late;
    requests_[number].counts += counts;
  }
}

// What is not noted is a request of one record, accepted; one that this batch may have seen in part
// is noted always.
void RequestTally::EndSplit(const Piece& piece) {
  if (!noted_) noted_.emplace();
  const auto begun = format::DecoderState::FromJson(piece.of->state);
  const auto ended = format::DecoderState::FromJson(piece.reached->state);
  const std::vector<columnar::InputPart>& parts = piece.parts->parts;
  const size_t first = piece.parts->IndexOf(begun ? begun->offset : 0);
  const size_t last =
      piece.reached->done || !ended ? parts.size() - 1 : piece.parts->IndexOf(ended->offset);
  for (size_t i = first; i <= last; ++i) {
    OfRequest& request = requests_[parts[i].number];
    const bool in_part = (i == first && begun.has_value()) || (i == last && !piece.reached->done);
    if (in_part || request.counts.read != 1 || request.counts.accepted != 1)
      noted_->push_back({parts[i].number, request.counts, std::move(request.faults)});
  }
  requests_.clear();
  resumed_.reset();
}

ledger::RequestCounts RequestTally::TakeRefused(uint64_t read) {
  ledger::RequestCounts refused;
  if (noted_ && !noted_->empty()) {
    refused = std::move(noted_->front());
  } else {
    WEIR_CHECK(!requests_.empty());
    refused.sequence = requests_.begin()->first;
    refused.faults = std::move(requests_.begin()->second.faults);
  }
  refused.counts = {
      .read = read, .accepted = 0, .rejected = read, .duplicate = 0, .filtered = 0, .late = 0};
  return refused;
}

}  // namespace weir::pipeline

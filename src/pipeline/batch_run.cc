#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include <algorithm>

#include "base/check.h"
#include "format/decoder.h"
#include "pipeline/batch_run_internal.h"
#include "pipeline/request_tally_internal.h"

namespace weir::pipeline {
namespace {

using ledger::ObjectProgress;

std::unexpected<Error> FromArrow(const arrow::Status& status) {
  return Fail(ErrorKind::kInvalid, "pipeline.memory", status.ToString());
}

Result<std::shared_ptr<arrow::Array>> Repeated(const arrow::Scalar& value, int64_t rows) {
  auto array = arrow::MakeArrayFromScalar(value, rows);
  if (!array.ok()) return FromArrow(array.status());
  return *array;
}

// The same text in every row: a dictionary of one.
Result<std::shared_ptr<arrow::Array>> RepeatedText(const std::string& text, int64_t rows) {
  WEIR_ASSIGN(auto dictionary, Repeated(arrow::StringScalar(text), 1));
  WEIR_ASSIGN(auto indices, Repeated(arrow::Int32Scalar(0), rows));
  auto array = arrow::DictionaryArray::FromArrays(std::move(indices), std::move(dictionary));
  if (!array.ok()) return FromArrow(array.status());
  return *array;
}

// Where each accepted row came from: `_source` and `_offset`.
struct Origin {
  std::shared_ptr<arrow::Array> source;
  std::shared_ptr<arrow::Array> offset;
};

Result<Origin> OriginOfObject(const std::vector<uint64_t>& rows, const std::string& source) {
  Origin origin;
  WEIR_ASSIGN(origin.source, RepeatedText(source, static_cast<int64_t>(rows.size())));
  arrow::Int64Builder offsets;
  auto status = offsets.AppendValues(reinterpret_cast<const int64_t*>(rows.data()),
                                     static_cast<int64_t>(rows.size()));
  if (status.ok()) status = offsets.Finish(&origin.offset);
  if (!status.ok()) return FromArrow(status);
  return origin;
}

// The same for an object that is several: a dictionary of their names.
Result<Origin> OriginOfParts(const std::vector<uint64_t>& rows, const columnar::InputParts& parts) {
  arrow::StringBuilder names;
  arrow::Int32Builder indices;
  arrow::Int64Builder offsets;
  const auto append = [&]() -> arrow::Status {
    size_t last = parts.parts.size();
    int32_t index = -1;
    for (const uint64_t row : rows) {
      const size_t at = parts.IndexOf(row);
      if (at != last) {
        ARROW_RETURN_NOT_OK(names.Append(parts.parts[at].name));
        last = at;
        ++index;
      }
      ARROW_RETURN_NOT_OK(indices.Append(index));
      ARROW_RETURN_NOT_OK(offsets.Append(static_cast<int64_t>(row - parts.parts[at].offset)));
    }
    return arrow::Status::OK();
  };
  Origin origin;
  std::shared_ptr<arrow::Array> dictionary;
  std::shared_ptr<arrow::Array> index;
  auto status = append();
  if (status.ok()) status = names.Finish(&dictionary);
  if (status.ok()) status = indices.Finish(&index);
  if (status.ok()) status = offsets.Finish(&origin.offset);
  if (!status.ok()) return FromArrow(status);
  auto source = arrow::DictionaryArray::FromArrays(std::move(index), std::move(dictionary));
  if (!source.ok()) return FromArrow(source.status());
  origin.source = *source;
  return origin;
}

// The accepted rows with the system columns that say where they came from.
Result<std::shared_ptr<arrow::RecordBatch>> WithOrigin(const contract::CheckedBatch& checked,
                                                       const commit::OpenBatch& batch,
                                                       const std::string& source,
                                                       const columnar::InputParts* parts) {
  const std::shared_ptr<arrow::RecordBatch>& rows = checked.accepted;
  const int64_t count = rows->num_rows();
  WEIR_CHECK(static_cast<size_t>(count) == checked.offsets.size());
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  WEIR_ASSIGN(auto ingested_at,
              Repeated(arrow::TimestampScalar(batch.plan.time.micros, utc), count));
  WEIR_ASSIGN(auto batch_id, RepeatedText(batch.id.ToString(), count));
  WEIR_ASSIGN(const Origin origin, parts != nullptr ? OriginOfParts(checked.offsets, *parts)
                                                    : OriginOfObject(checked.offsets, source));
  arrow::FieldVector fields = rows->schema()->fields();
  arrow::ArrayVector columns = rows->columns();
  const auto add = [&](const char* name, std::shared_ptr<arrow::Array> column) {
    fields.push_back(arrow::field(name, column->type(), false));
    columns.push_back(std::move(column));
  };
  add("_ingested_at", std::move(ingested_at));
  add("_batch", std::move(batch_id));
  add("_source", origin.source);
  add("_offset", origin.offset);
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(columns));
}

class BatchRun {
 public:
  BatchRun(const BatchParts& parts, const commit::OpenBatch& batch, ReadAhead& input,
           const std::function<void(uint64_t)>& advance)
      : parts_(parts), batch_(batch), input_(input), advance_(advance) {}

  Result<StagedBatch> Run() {
    WEIR_TRY(parts_.gates.Begin(batch_));
    WEIR_TRY(parts_.sink.Begin(batch_.writer()));
    WEIR_TRY(parts_.dead_letters.Begin(batch_.writer()));
    WEIR_TRY(TakePieces());
    WEIR_ASSIGN(auto accepted, parts_.sink.Stage());
    WEIR_ASSIGN(auto rejected, parts_.dead_letters.Stage());
    parts_.gates.Staged(accepted);
    staged_.tables.push_back(std::move(accepted));
    staged_.tables.push_back(std::move(rejected));
    if (IsRefused())
      staged_.refused = requests_.TakeRefused(staged_.outcome.counts.read);
    else
      staged_.requests = requests_.Take();
    WEIR_CHECK(staged_.fail || staged_.outcome.counts.balanced());
    return std::move(staged_);
  }

 private:
  // Whether the batch is a request that is all or nothing, and not all of it was accepted.
  bool IsRefused() const {
    if (!batch_.plan.whole()) return false;
    return staged_.fail || staged_.outcome.counts.rejected != 0 || !staged_.progress.front().done;
  }

  Result<void> TakePieces() {
    while (!staged_.fail) {
      if (parts_.context.stop.load())
        return Fail(ErrorKind::kCancelled, "run.cancelled", "stopped by a signal");
      WEIR_ASSIGN(Piece piece, input_.Next());
      if (piece.batch_ends) return {};
      staged_.outcome.bytes += piece.bytes;
      advance_(piece.bytes);
      if (piece.rows) WEIR_TRY(Take(piece));
      if (!piece.reached) continue;
      if (piece.parts != nullptr) requests_.EndSplit(piece);
      // What was read is what was planned.
      WEIR_CHECK(*piece.of == batch_.plan.splits.at(staged_.progress.size()));
      staged_.progress.push_back(std::move(*piece.reached));
    }
    return {};
  }

  Result<void> Take(const Piece& piece) {
    const columnar::DecodedBatch& decoded = *piece.rows;
    const ObjectProgress& split = *piece.of;
    WEIR_ASSIGN(contract::CheckedBatch checked, parts_.contract.Check(decoded, batch_.plan.time));
    ledger::Counts& counts = staged_.outcome.counts;
    counts.read += decoded.read();
    if (checked.fail) {
      staged_.fail = checked.fail;
      if (!staged_.fail->place.known()) staged_.fail->place.file = split.object;
      if (batch_.plan.whole()) return requests_.AddFailure(piece, *checked.fail);
      return {};
    }
    WEIR_ASSIGN(const GateCounts gated, parts_.gates.Pass(checked, decoded));
    if (decoded.parts != nullptr) WEIR_TRY(requests_.Add(piece, checked, gated));
    counts.late += gated.late;
    counts.duplicate += gated.duplicate;
    counts.accepted += static_cast<uint64_t>(checked.accepted->num_rows());
    counts.rejected += checked.rejected.size();
    counts.filtered += checked.filtered;
    for (const auto& [rule, rows] : checked.warned) staged_.outcome.warned_by[rule] += rows;
    for (const columnar::RejectedRow& row : checked.rejected) {
      ++staged_.outcome.rejected_by[row.reasons.front().code];
      staged_.input_broke |= row.kind == columnar::RejectedKind::kObject;
    }
    if (checked.accepted->num_rows() != 0) {
      WEIR_ASSIGN(const auto rows, WithOrigin(checked, batch_, split.object, decoded.parts.get()));
      WEIR_TRY(parts_.sink.Write(*rows));
    }
    if (batch_.plan.whole()) return {};  // Refused records end it, and are told in its receipt.
    return WriteDeadLetters(parts_.dead_letters,
                            {parts_.context.project, batch_.id, split.object, split.version, "",
                             batch_.plan.time, piece.read_as, decoded.parts},
                            checked.rejected);
  }

  const BatchParts& parts_;
  const commit::OpenBatch& batch_;
  ReadAhead& input_;
  const std::function<void(uint64_t)>& advance_;
  StagedBatch staged_;
  RequestTally requests_{parts_.context.catalog, parts_.spec};
};

}  // namespace

Result<StagedBatch> RunBatch(const BatchParts& parts, const commit::OpenBatch& batch,
                             ReadAhead& input, const std::function<void(uint64_t bytes)>& advance) {
  return BatchRun(parts, batch, input, advance).Run();
}

}  // namespace weir::pipeline

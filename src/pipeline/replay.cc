#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include <array>

#include "base/check.h"
#include "env/failpoint.h"
#include "pipeline/letter_trial.h"
#include "pipeline/replay_internal.h"

namespace weir::pipeline {
namespace {

using ledger::LetterStep;
using source::Letter;

std::unexpected<Error> FromArrow(const arrow::Status& status) {
  return Fail(ErrorKind::kInvalid, "pipeline.memory", status.ToString());
}

// Where an accepted row was read at first: `_source` and `_offset` do not change by a replay.
struct Origin {
  const std::string* source;
  uint64_t offset;
};

arrow::Result<std::shared_ptr<arrow::RecordBatch>> AddOrigins(const arrow::RecordBatch& rows,
                                                              const commit::OpenBatch& batch,
                                                              std::span<const Origin> origins) {
  arrow::StringBuilder sources;
  arrow::Int64Builder offsets;
  for (const Origin& origin : origins) {
    ARROW_RETURN_NOT_OK(sources.Append(*origin.source));
    ARROW_RETURN_NOT_OK(offsets.Append(static_cast<int64_t>(origin.offset)));
  }
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const arrow::TimestampScalar time(batch.plan.time.micros, utc);
  const arrow::StringScalar batch_id(batch.id.ToString());
  std::array<std::shared_ptr<arrow::Array>, 4> columns;
  ARROW_ASSIGN_OR_RAISE(columns[0], arrow::MakeArrayFromScalar(time, rows.num_rows()));
  ARROW_ASSIGN_OR_RAISE(columns[1], arrow::MakeArrayFromScalar(batch_id, rows.num_rows()));
  ARROW_RETURN_NOT_OK(sources.Finish(&columns[2]));
  ARROW_RETURN_NOT_OK(offsets.Finish(&columns[3]));
  constexpr std::array kNames = {"_ingested_at", "_batch", "_source", "_offset"};
  arrow::FieldVector fields = rows.schema()->fields();
  arrow::ArrayVector arrays = rows.columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field(kNames[i], columns[i]->type(), false));
    arrays.push_back(columns[i]);
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(),
                                  std::move(arrays));
}

class ReplayRun {
 public:
  ReplayRun(const BatchParts& parts, source::Source& source, LetterView& view,
            const commit::OpenBatch& batch)
      : parts_(parts), reader_(source, parts.spec.contract.columns), view_(view), batch_(batch) {}

  Result<StagedReplay> Run() {
    WEIR_TRY(parts_.gates.Begin(batch_));
    WEIR_TRY(parts_.sink.Begin(batch_.writer()));
    WEIR_TRY(parts_.dead_letters.Begin(batch_.writer()));
    WEIR_ASSIGN(stand_,
                LettersThatStand::Of(parts_.context.catalog, parts_.context.lake, parts_.spec));
    WEIR_ASSIGN(const auto open, view_.SelectOpen(batch_.plan.letters));
    WEIR_ASSIGN(const auto runs, view_.Runs(open));
    for (const auto& run : runs) {
      if (parts_.context.stop.load())
        return Fail(ErrorKind::kCancelled, "run.cancelled", "stopped by a signal");
      WEIR_ASSIGN(auto letters, view_.Read(run));
      WEIR_TRY(Replay(std::move(letters)));
    }
    WEIR_TRY(env::ReachFailpoint("replay.read"));
    for (sink::Sink* sink : {&parts_.sink, &parts_.dead_letters}) {
      WEIR_ASSIGN(auto table, sink->Stage());
      staged_.tables.push_back(std::move(table));
    }
    parts_.gates.Staged(staged_.tables.front());
    WEIR_CHECK(counts_.balanced());
    staged_.outcome.replay = counts_;
    return std::move(staged_);
  }

 private:
  Result<void> Replay(std::vector<Letter> letters) {
    std::vector<Letter> records;
    for (Letter& letter : letters) {
      if (const auto refused = stand_.Refuses(letter)) {
        Enter(letter, *refused);
        continue;
      }
      // With a fix an object is one record: a person said so.
      if (letter.whole_object && !letter.fix) {
        WEIR_TRY(ReplayObject(letter));
      } else {
        records.push_back(std::move(letter));
      }
    }
    return records.empty() ? Result<void>{} : ReplayRecords(records);
  }

  Result<void> ReplayRecords(const std::vector<Letter>& letters) {
    WEIR_ASSIGN(
        const TriedLetters tried,
        TryRecords(reader_, parts_.contract, letters, batch_.plan.time,
                   [this](auto& checked, const auto& decoded) -> Result<std::vector<uint64_t>> {
                     WEIR_ASSIGN(auto gated, parts_.gates.Pass(checked, decoded));
                     return std::move(gated.duplicates);
                   }));
    for (size_t i = 0; i < letters.size(); ++i) Enter(letters[i], tried.trials[i]);
    std::vector<Origin> origins;
    for (const size_t letter : tried.accepted_letters)
      origins.push_back({&letters[letter].source, letters[letter].offset});
    return Write(tried.checked, origins);
  }

  Result<void> ReplayObject(const Letter& letter) {
    WEIR_ASSIGN(const LetterTrial trial,
                TryObject(reader_, parts_.context.catalog, batch_.id.pipeline, letter));
    Enter(letter, trial);
    if (trial.outcome != TrialOutcome::kPasses) return {};
    WEIR_ASSIGN(const auto rest, reader_.OpenRest(letter));
    while (true) {
      WEIR_ASSIGN(const auto decoded, rest.decoder->Next({}));
      if (!decoded) return rest.CheckUnchanged();
      WEIR_ASSIGN(auto checked, parts_.contract.Check(*decoded, batch_.plan.time));
      if (checked.fail) return Fail(*checked.fail);
      WEIR_TRY(parts_.gates.Pass(checked, *decoded));
      std::vector<Origin> origins;
      for (const uint64_t offset : checked.offsets) origins.push_back({&letter.source, offset});
      WEIR_TRY(Write(checked, origins));
      WEIR_TRY(Refuse(letter, checked.rejected, rest.decoder->state()));
    }
  }

  Result<void> Write(const contract::CheckedBatch& checked, std::span<const Origin> origins) {
    if (checked.accepted->num_rows() == 0) return {};
    const auto rows = AddOrigins(*checked.accepted, batch_, origins);
    if (!rows.ok()) return FromArrow(rows.status());
    for (const auto& [rule, count] : checked.warned) staged_.outcome.warned_by[rule] += count;
    return parts_.sink.Write(**rows);
  }

  // Records of an object that are bad themselves: letters of their own, with ids that begin anew.
  Result<void> Refuse(const Letter& object, const std::vector<columnar::RejectedRow>& rejected,
                      const format::DecoderState& state) {
    if (rejected.empty()) return {};
    const source::ReadAs as =
        source::MakeReadAs(object.read_as->object, object.read_as->format, state);
    const DeadLetterOrigin origin{parts_.context.project, batch_.id,  object.source, object.id, "",
                                  batch_.plan.time,       as.ToJson()};
    counts_.rejected += rejected.size();
    return WriteDeadLetters(parts_.dead_letters, origin, rejected);
  }

  void Enter(const Letter& letter, const LetterTrial& trial) {
    ledger::LetterEntry entry{.sequence = 0,
                              .pipeline = batch_.id.pipeline,
                              .id = letter.id,
                              .step = LetterStep::kReplay,
                              .batch = batch_.id.ToString(),
                              .at = batch_.plan.time,
                              .detail = ""};
    ++counts_.tried;
    switch (trial.outcome) {
      case TrialOutcome::kPasses:
        ++counts_.replayed;
        break;
      case TrialOutcome::kDuplicate:
        ++counts_.duplicate;
        entry.step = LetterStep::kDuplicate;
        break;
      case TrialOutcome::kFiltered:
        ++counts_.filtered;
        entry.step = LetterStep::kDiscard;
        entry.detail = "dropped by a rule of the contract";
        break;
      case TrialOutcome::kStillBad:
        ++counts_.still_bad;
        ++staged_.still_bad_by[trial.reason.code];
        entry.step = LetterStep::kAttempt;
        entry.detail = trial.reason.code + ": " + trial.reason.detail;
        break;
    }
    staged_.letters.push_back(std::move(entry));
  }

  const BatchParts& parts_;
  source::LetterReader reader_;
  LetterView& view_;
  const commit::OpenBatch& batch_;
  LettersThatStand stand_;
  StagedReplay staged_;
  ledger::ReplayCounts counts_;
};

}  // namespace

Result<StagedReplay> RunReplay(const BatchParts& parts, source::Source& source, LetterView& view,
                               const commit::OpenBatch& batch) {
  return ReplayRun(parts, source, view, batch).Run();
}

}  // namespace weir::pipeline

#include "pipeline/letter_trial.h"

#include <arrow/record_batch.h>

#include <algorithm>

namespace weir::pipeline {
namespace {

LetterTrial StillBad(std::string code, std::string detail) {
  return {TrialOutcome::kStillBad,
          {.code = std::move(code), .rule = {}, .column = {}, .detail = std::move(detail)}};
}

// Where the file is back, weir run reads it as any other; then its letter is settled.
Result<LetterTrial> TryLost(catalog::Catalog& catalog, const std::string& pipeline,
                            const source::Letter& letter) {
  const std::string version = letter.read_as ? letter.read_as->object.version : letter.raw_hash;
  WEIR_ASSIGN(const auto known, catalog.ObjectByVersion(pipeline, version));
  if (known && known->done) return LetterTrial{TrialOutcome::kDuplicate, {}};
  return StillBad("object.lost", "put that version of it back, and weir run reads it");
}

}  // namespace

Result<TriedLetters> TryRecords(source::LetterReader& reader, contract::Contract& contract,
                                std::span<const source::Letter> letters, Instant now,
                                const LetterGate& gate) {
  WEIR_ASSIGN(const source::DecodedLetters decoded, reader.Decode(letters));
  TriedLetters tried;
  WEIR_ASSIGN(tried.checked, contract.Check(decoded.batch, now));
  if (tried.checked.fail) return Fail(*tried.checked.fail);
  std::vector<uint64_t> duplicates;
  if (gate) {
    WEIR_ASSIGN(duplicates, gate(tried.checked, decoded.batch));
  }
  // What is in none of the lists below was dropped.
  tried.trials.assign(letters.size(), {TrialOutcome::kFiltered, {}});
  for (const uint64_t offset : duplicates)
    tried.trials[decoded.letter_of(offset)].outcome = TrialOutcome::kDuplicate;
  for (const uint64_t offset : tried.checked.offsets) {
    const size_t letter = decoded.letter_of(offset);
    tried.accepted_letters.push_back(letter);
    tried.trials[letter].outcome = TrialOutcome::kPasses;
  }
  for (const columnar::RejectedRow& row : tried.checked.rejected)
    tried.trials[decoded.letter_of(row.offset)] = {TrialOutcome::kStillBad, row.reasons.front()};
  return tried;
}

Result<LetterTrial> TryObject(source::LetterReader& reader, catalog::Catalog& catalog,
                              const std::string& pipeline, const source::Letter& letter) {
  if (letter.reason == "object.lost") return TryLost(catalog, pipeline, letter);
  if (letter.reason == "object.voided")
    return StillBad("object.voided", "a person left it out; what came behind it was read");
  auto rest = reader.OpenRest(letter);
  if (!rest) {
    if (rest.error().code != "source.lost") return Fail(std::move(rest).error());
    return StillBad("replay.gone", rest.error().message);
  }
  while (true) {
    WEIR_ASSIGN(const auto decoded, rest->decoder->Next({}));
    if (!decoded) break;
    for (const columnar::RejectedRow& row : decoded->broken)
      if (row.kind == columnar::RejectedKind::kObject)
        return LetterTrial{TrialOutcome::kStillBad, row.reasons.front()};
  }
  WEIR_TRY(rest->CheckUnchanged());
  return LetterTrial{TrialOutcome::kPasses, {}};
}

Result<LettersThatStand> LettersThatStand::Of(catalog::Catalog& catalog, table::Lake& lake,
                                              const PipelineSpec& spec) {
  LettersThatStand stand;
  if (!spec.replaces()) return stand;
  const catalog::TableName& table = std::get<sink::TableSinkSpec>(spec.sink).table;
  WEIR_ASSIGN(const auto records, catalog.Batches(spec.name));
  stand.batches_.emplace();
  int64_t replaced_by = 0;
  for (const catalog::BatchRecord& record : records) {
    if (record.state != ledger::BatchState::kCommitted) continue;
    const auto& tables = record.outcome->tables;
    const auto target = std::ranges::find(tables, table.ToString(), &ledger::TableOutcome::table);
    // It wrote to another table, as the pipeline then said.
    if (target == tables.end() && std::ranges::any_of(tables, [&](const auto& one) {
          return !one.table.starts_with("dead_letters.");
        }))
      continue;
    if (!record.outcome->replay && target != tables.end() && target->total) {
      stand.batches_->clear();
      replaced_by = target->snapshot;
    }
    stand.batches_->insert(record.id.ToString());
  }
  // Of a table that was rolled back nobody knows whose rows they are.
  const auto state = lake.Load(table);
  if (!state) return stand;
  const auto& snapshots = (*state)->metadata.snapshots;
  for (auto at = snapshots.rbegin(); at != snapshots.rend() && at->id != replaced_by; ++at)
    if (at->summary.contains("weir.rollback")) stand.batches_->clear();
  return stand;
}

std::optional<LetterTrial> LettersThatStand::Refuses(const source::Letter& letter) const {
  if (!batches_ || batches_->contains(letter.batch)) return std::nullopt;
  // These bring no rows.
  if (letter.reason == "object.lost" || letter.reason == "object.voided") return std::nullopt;
  return StillBad("replay.replaced", "the rows of its file are not in the table any more");
}

Result<std::vector<LetterTrial>> TryLetters(const TrialContext& context,
                                            const std::vector<source::Letter>& letters, Instant now,
                                            const LetterGate& gate) {
  WEIR_ASSIGN(const auto stand, LettersThatStand::Of(context.catalog, context.lake, context.spec));
  source::LetterReader reader(context.source, context.spec.contract.columns);
  std::vector<LetterTrial> trials(letters.size());
  std::vector<source::Letter> records;
  std::vector<size_t> places;
  for (size_t i = 0; i < letters.size(); ++i) {
    if (auto refused = stand.Refuses(letters[i])) {
      trials[i] = std::move(*refused);
    } else if (letters[i].whole_object && !letters[i].fix) {
      WEIR_ASSIGN(trials[i], TryObject(reader, context.catalog, context.spec.name, letters[i]));
    } else {
      records.push_back(letters[i]);
      places.push_back(i);
    }
  }
  WEIR_ASSIGN(const auto tried, TryRecords(reader, context.contract, records, now, gate));
  for (size_t i = 0; i < places.size(); ++i) trials[places[i]] = tried.trials[i];
  return trials;
}

}  // namespace weir::pipeline

#include "pipeline/runner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/request_limits.h"
#include "commit/upkeep.h"
#include "env/hash.h"
#include "format/decoder.h"
#include "pipeline/bad_rate_internal.h"
#include "pipeline/batch_run_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/trial_gates_internal.h"
#include "table/shape.h"

namespace weir::pipeline {
namespace {

using ledger::ObjectProgress;
using std::chrono::microseconds;

// The pipeline's progress as the catalog knows it.
class CatalogCursor final : public source::Cursor {
 public:
  CatalogCursor(catalog::Catalog& catalog, std::string pipeline)
      : catalog_(catalog), pipeline_(std::move(pipeline)) {}
  Result<std::optional<ObjectProgress>> ByPath(const std::string& object) override {
    return catalog_.ObjectByPath(pipeline_, object);
  }
  Result<std::optional<ObjectProgress>> ByVersion(const std::string& version) override {
    return catalog_.ObjectByVersion(pipeline_, version);
  }

 private:
  catalog::Catalog& catalog_;
  std::string pipeline_;
};

telemetry::BatchCounts ForLog(const ledger::Counts& counts) {
  return {counts.read,      counts.accepted, counts.rejected,
          counts.duplicate, counts.filtered, counts.late};
}

// A file that changes at every try is being written all the time: the run ends and says so, and who
// follows tries less often.
constexpr uint64_t kVoidsMax = 20;
constexpr microseconds kVoidPause = std::chrono::seconds(5);
// News comes in bursts: one look takes them together.
constexpr microseconds kLookPause = std::chrono::milliseconds(20);
constexpr microseconds kRetryPause = std::chrono::seconds(1);
constexpr table::SmallFileLimits kMergedBehind{.small_bytes = kSmallFileBytesBehindWriter,
                                               .files_min = kSmallFilesBeforeMerge,
                                               .bytes_max = kMergeBytesBehindWriter};

bool PassesByItself(const Error& error) {
  return error.kind == ErrorKind::kBusy || error.kind == ErrorKind::kUnavailable ||
         error.kind == ErrorKind::kConflict;
}

// Splits that were discovered, being read batch by batch.
struct Reading {
  std::vector<ObjectProgress> splits;
  size_t next = 0;  // The first that is not done.
  ReadAhead input;

  Reading(source::Source& source, const std::vector<columnar::ColumnSpec>& columns,
          BatchLimits limits, std::vector<ObjectProgress> found)
      : splits(std::move(found)), input(source, columns, limits, splits) {}
};

BatchLimits LimitsOf(const ledger::BatchPlan& plan) {
  return {.rows = plan.rows_max, .bytes = plan.bytes_max};
}

// What would stop the batch refuses the record.
contract::ContractSpec Refusing(contract::ContractSpec contract) {
  if (contract.unknown_columns == contract::UnknownColumns::kFail)
    contract.unknown_columns = contract::UnknownColumns::kReject;
  for (contract::RuleSpec& rule : contract.rules)
    if (rule.on_fail == contract::OnFail::kFail) rule.on_fail = contract::OnFail::kReject;
  return contract;
}

// Where a split begins in its object: two letters of one object are told apart by it.
uint64_t StartOf(const ObjectProgress& split) {
  const auto state = format::DecoderState::FromJson(split.state);
  return state ? state->offset : 0;
}

std::unique_ptr<sink::Sink> TargetOf(const RunContext& context, const PipelineSpec& spec,
                                     const contract::Contract& contract, sink::RowsOf rows) {
  const auto& table = std::get<sink::TableSinkSpec>(spec.sink);
  const bool evolves = spec.contract.unknown_columns == contract::UnknownColumns::kEvolve;
  const auto growth = evolves ? sink::TableGrowth::kEvolves : sink::TableGrowth::kFixed;
  return sink::MakeTableSink(context.lake, table.table, table.ShapeFor(contract.schema()),
                             sink::WritingOf(table, growth, rows));
}

// Nothing can come of the batch: what else it was to read is planned anew.
bool InputIsGone(const Error& error) {
  return error.code == "source.lost" || error.code == "source.changed" ||
         error.code == "source.unreadable";
}

}  // namespace

struct Runner::State {
  RunContext context;
  PipelineSpec spec;
  std::unique_ptr<source::Source> source;
  std::unique_ptr<contract::Contract> contract;
  std::unique_ptr<Gates> gates;
  std::unique_ptr<sink::Sink> sink;
  std::unique_ptr<sink::Sink> dead_letters;
  BadRecordFiles* bad_records;  // The same sink, where there are such files; else null.
  std::string definition;
  std::unique_ptr<commit::Owner> owner;
  RunSummary summary;
  Progress progress;
  const std::function<void(const Progress&)>* report = nullptr;
  CatalogCursor cursor{context.catalog, spec.name};
  std::unique_ptr<Reading> reading;  // Null: the source is to be asked.
  std::set<std::string> failing;     // Objects that failed at the last look, with the code.
  bool following = false;
  microseconds look_at{};  // Following: not to be asked before.
  bool more = false;       // Following: behind what is being read there is more to find.
  int64_t voids = 0;       // Following: batches voided in a row.
  std::map<std::string, uint64_t> voids_of;  // Of a run: by the object that changed.
  BadRate bad_rate;                          // Of batches committed lately.

  Result<void> Start() {
    WEIR_ASSIGN(owner,
                commit::Owner::Take(context.catalog, context.lake, context.clock, spec.name));
    context.log.Write(telemetry::EpochOwned{spec.name, owner->epoch()});
    if (bad_records != nullptr) WEIR_TRY(bad_records->Settle(context.catalog, spec.name));
    return Recover();
  }

  // Small files are put together behind the writer. What fails here costs only space and time.
  void MergeBehind() {
    const auto& target = std::get<sink::TableSinkSpec>(spec.sink).table;
    for (const catalog::TableName& name : {target, catalog::TableName{"dead_letters", spec.name}}) {
      // What dedupe knows hangs on the files that are there: rather many of them than reading all.
      if (spec.dedupe && name == target) continue;
      const auto state = context.lake.Load(name);
      if (!state || !commit::MergeIsDue(**state)) continue;
      const auto merged =
          commit::MergeSmallFiles({context.catalog, context.lake}, name, kMergedBehind);
      if (!merged) context.log.Write(telemetry::ErrorHappened{merged.error(), spec.name, {}});
    }
  }

  Result<void> PublishBadRecords(const commit::OpenBatch& batch) {
    if (bad_records == nullptr) return {};
    return bad_records->Publish(batch.id, batch.plan.time);
  }

  Result<void> Run() {
    WEIR_TRY(Start());
    while (!Stopping()) {
      WEIR_ASSIGN(source::Discovery found, source->Discover(cursor));
      summary.waiting = found.waiting;
      WEIR_ASSIGN(const bool noted, Take(found));
      if (found.splits.empty() && !noted) return {};
      for (const ObjectProgress& split : found.splits) progress.bytes_total += split.size;
      Begin(std::move(found.splits));
      while (reading && !Stopping()) WEIR_TRY(OneBatch());
      reading.reset();
    }
    return {};
  }

  Result<NextStep> Step() {
    if (!owner) {
      WEIR_TRY(Start());
      WEIR_ASSIGN(const source::Discovery found, source->Discover(cursor));
      return Begin(found);
    }
    if (!reading) {
      const microseconds now = context.clock.Monotonic();
      if (now < look_at) return NextStep{look_at - now, false};
      WEIR_ASSIGN(const source::Discovery found, source->DiscoverNews(cursor));
      return Begin(found);
    }
    const microseconds begun = context.clock.Monotonic();
    const uint64_t voided_before = summary.voided;
    WEIR_TRY(OneBatch());
    const bool voided = summary.voided != voided_before;
    voids = voided ? voids + 1 : 0;
    if (reading) return NextStep{};
    if (more && voids == 0) {
      look_at = begun;
      return NextStep{};
    }
    look_at =
        begun + (voids == 0 ? spec.flush.every : std::min(spec.flush.every * voids, kVoidPause));
    return NextStep{.in = std::max(look_at - context.clock.Monotonic(), microseconds(0)),
                    .gathers = voids == 0};
  }

  // Takes in what a look has found. What is to be read is read from the next step on.
  Result<NextStep> Begin(const source::Discovery& found) {
    WEIR_TRY(Take(found));
    more = found.more;
    look_at = context.clock.Monotonic() + kLookPause;
    Begin(found.splits);
    if (reading) return NextStep{};
    if (found.again_in < kLookPause) return NextStep{kLookPause, false};
    return NextStep{found.again_in, true};
  }

  void Begin(std::vector<ObjectProgress> splits) {
    if (splits.empty()) return;
    reading =
        std::make_unique<Reading>(*source, spec.contract.columns, Limits(), std::move(splits));
  }

  BatchLimits Limits() const {
    if (spec.replaces()) return {.rows = UINT64_MAX, .bytes = UINT64_MAX, .splits = 1};
    BatchLimits limits{.rows = static_cast<uint64_t>(spec.flush.rows), .bytes = spec.flush.bytes};
    if (spec.dedupe) limits.rows = std::min(limits.rows, kDedupeBatchRowsMax);
    return limits;
  }

  bool Stopping() {
    if (context.stop.load()) summary.stopped = true;
    return summary.stopped;
  }

  // Settles what an earlier process left open, before anything new is planned.
  Result<void> Recover() {
    WEIR_ASSIGN(const auto batch, owner->Unsettled());
    if (!batch) return {};
    WEIR_ASSIGN(const auto held, owner->Held());
    const bool redefined = batch->plan.definition != definition;
    if (held && !redefined && !InputChanged(batch->plan)) {
      return Fail(ErrorKind::kStopped, "batch.held",
                  "batch " + held->id.ToString() + " is held: " + held->note,
                  "weir batch show " + held->id.ToString() +
                      "; then weir batch retry, accept or void, or mend its input or the pipeline");
    }
    if (held || redefined) {
      // Nothing of it is visible, and what it was planned with is no longer wanted.
      WEIR_TRY(owner->Void(*batch, {}, {},
                           held ? "its input or its pipeline was mended"
                                : "the pipeline was changed before it was committed"));
      context.log.Write(telemetry::BatchRecovered{batch->id, "voided"});
      return {};
    }
    context.log.Write(telemetry::BatchRecovered{batch->id, "staged again"});
    if (!batch->plan.letters.empty()) {
      ReplaySummary recovered;
      WEIR_TRY(ExecuteReplay(*batch, recovered));
    } else {
      ReadAhead input = Again(*batch);
      const uint64_t voided = summary.voided;
      WEIR_TRY(ExecuteFitting(*batch, input));
      if (summary.voided != voided) return {};
    }
    ++summary.redone;
    return {};
  }

  Result<ReplaySummary> Replay(const std::string& where) {
    WEIR_TRY(Start());
    ReplaySummary done;
    std::vector<std::string> ids;
    int64_t until = 0;
    {
      WEIR_ASSIGN(const OpenLetters open, OpenTheLetters(0));
      WEIR_ASSIGN(ids, open.view->Select(OpenAnd(where)));
      until = open.view->last_entry();
    }
    for (size_t begin = 0; begin < ids.size() && !Stopping(); begin += kReplayLettersMax) {
      const size_t end = std::min(ids.size(), begin + kReplayLettersMax);
      ledger::BatchPlan plan;
      plan.time = context.clock.Now();
      plan.definition = definition;
      plan.letters.assign(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                          ids.begin() + static_cast<std::ptrdiff_t>(end));
      plan.letters_until = until;
      WEIR_ASSIGN(const commit::OpenBatch batch, owner->Plan(std::move(plan)));
      context.log.Write(telemetry::BatchPlanned{batch.id, batch.epoch, end - begin, 0});
      WEIR_TRY(ExecuteReplay(batch, done));
    }
    return done;
  }

  // Staged again where somebody else changed a table's columns meanwhile, or settled a letter.
  Result<void> ExecuteReplay(commit::OpenBatch batch, ReplaySummary& done) {
    auto replayed = ReplayOnce(batch, done);
    for (int tries = 1;
         !replayed && replayed.error().kind == ErrorKind::kConflict && tries < kStageTriesMax;
         ++tries) {
      batch.attempt = batch.attempt.next();
      replayed = ReplayOnce(batch, done);
    }
    return replayed;
  }

  Result<void> ReplayOnce(const commit::OpenBatch& batch, ReplaySummary& done) {
    const auto begun = context.clock.Monotonic();
    WEIR_ASSIGN(const OpenLetters open, OpenTheLetters(batch.plan.letters_until));
    const auto target = TargetOf(context, spec, *contract, sink::RowsOf::kReplay);
    const BatchParts parts{context, spec, *contract, *gates, *target, *dead_letters};
    auto staged = RunReplay(parts, *source, *open.view, batch);
    if (!staged) {
      if (staged.error().kind == ErrorKind::kStopped)
        WEIR_TRY(owner->Void(batch, {}, {}, staged.error().message));
      return Fail(std::move(staged).error());
    }
    WEIR_ASSIGN(const ledger::BatchOutcome outcome,
                owner->Commit(batch, std::move(staged->tables), std::move(staged->outcome), {}, "",
                              std::move(staged->letters)));
    WEIR_TRY(PublishBadRecords(batch));
    context.log.Write(telemetry::BatchCommitted{batch.id, batch.epoch, ForLog(outcome.counts),
                                                context.clock.Monotonic() - begun});
    done.counts += *outcome.replay;
    for (const auto& [code, letters] : staged->still_bad_by) done.still_bad_by[code] += letters;
    done.batches.push_back(batch.id);
    return {};
  }

  Result<ReplaySummary> TryReplay(const std::string& where) {
    ReplaySummary would;
    WEIR_ASSIGN(const OpenLetters open, OpenTheLetters(0));
    WEIR_ASSIGN(const auto ids, open.view->Select(OpenAnd(where)));
    WEIR_ASSIGN(const auto runs, open.view->Runs(ids));
    const Instant now = context.clock.Now();
    TrialGates would_pass(context, spec, now);
    for (const auto& run : runs) {
      WEIR_ASSIGN(const auto letters, open.view->Read(run));
      WEIR_ASSIGN(const auto trials, TryLetters(trial_context(), letters, now, would_pass.gate()));
      for (const LetterTrial& trial : trials) Count(trial, would);
    }
    return would;
  }

  TrialContext trial_context() { return {context.catalog, context.lake, spec, *source, *contract}; }

  static void Count(const LetterTrial& trial, ReplaySummary& summary_of) {
    ledger::ReplayCounts& counts = summary_of.counts;
    ++counts.tried;
    if (trial.outcome == TrialOutcome::kPasses) ++counts.replayed;
    if (trial.outcome == TrialOutcome::kFiltered) ++counts.filtered;
    if (trial.outcome == TrialOutcome::kDuplicate) ++counts.duplicate;
    if (trial.outcome != TrialOutcome::kStillBad) return;
    ++counts.still_bad;
    ++summary_of.still_bad_by[trial.reason.code];
  }

  // What is neither replayed nor discarded. Of a sink that refused rows itself, none yet.
  static std::string OpenAnd(const std::string& where) {
    return "state IN ('open', 'fixed') AND (" + (where.empty() ? "true" : where) + ")";
  }

  struct OpenLetters {
    std::unique_ptr<engine::Session> session;
    std::unique_ptr<LetterView> view;
  };
  Result<OpenLetters> OpenTheLetters(int64_t until) {
    WEIR_CHECK(context.lake_session != nullptr);
    OpenLetters open;
    WEIR_ASSIGN(open.session, context.lake_session());
    WEIR_ASSIGN(open.view, LetterView::Open({context.catalog, context.lake, *open.session},
                                            {spec.name}, until));
    return open;
  }

  // Whether a file of the plan is not what it was any more.
  bool InputChanged(const ledger::BatchPlan& plan) {
    return std::ranges::any_of(plan.splits, [this](const ObjectProgress& split) {
      const auto open = source->Open(split);
      return !open && open.error().code == "source.lost";
    });
  }

  // Notes what needs no reading, puts away what is done, and tells what failed. True: there was
  // something to note, or there is news.
  Result<bool> Take(const source::Discovery& found) {
    std::vector<ObjectProgress> objects = found.touched;
    for (const source::SkippedObject& one : found.skipped) {
      context.log.Write(
          telemetry::FileSkipped{spec.name, one.object.object, "same content as " + one.same_as});
      objects.push_back(one.object);
      summary.skipped.push_back(one);
    }
    WEIR_TRY(owner->Note(objects));
    summary.objects = std::max(summary.objects, found.objects);
    source::PutAwayOutcome put_away = source->Settle(found.finished, cursor);
    Errors failed = std::move(put_away.failed);
    failed.insert(failed.end(), found.failed.begin(), found.failed.end());
    std::set<std::string> now;
    for (Error& error : failed) {
      const std::string key = error.place.file + " " + error.code;
      now.insert(key);
      if (!failing.contains(key)) summary.failed.push_back(std::move(error));
    }
    failing = std::move(now);
    return !objects.empty() || put_away.news;
  }

  // What an earlier try of the batch has read, read again.
  ReadAhead Again(const commit::OpenBatch& batch) {
    return ReadAhead(*source, spec.contract.columns, LimitsOf(batch.plan), batch.plan.splits);
  }

  // Reads, checks and commits the next batch of what was discovered.
  Result<void> OneBatch() {
    const auto rest = std::span(reading->splits).subspan(reading->next);
    WEIR_ASSIGN(const commit::OpenBatch batch,
                Plan(rest.first(SplitsOfBatch(rest, Limits())), Limits()));
    WEIR_ASSIGN(const auto read, ExecuteFitting(batch, reading->input));
    if (!read) {  // Voided, or done out of turn: the source has to be asked again.
      reading.reset();
      return {};
    }
    for (const ObjectProgress& object : *read) {
      if (object.done) {
        ++reading->next;
      } else {
        reading->splits[reading->next] = object;
      }
    }
    if (reading->next == reading->splits.size()) reading.reset();
    return {};
  }

  Result<commit::OpenBatch> Plan(std::span<const ObjectProgress> splits,
                                 const BatchLimits& limits) {
    ledger::BatchPlan plan;
    plan.time = context.clock.Now();
    plan.definition = definition;
    const BatchLimits its = LimitsOfBatch(splits.front(), limits);
    plan.rows_max = its.rows;
    plan.bytes_max = its.bytes;
    plan.splits.assign(splits.begin(), splits.end());
    uint64_t bytes = 0;
    for (const ObjectProgress& split : splits) bytes += split.size;
    WEIR_ASSIGN(commit::OpenBatch batch, owner->Plan(std::move(plan)));
    context.log.Write(
        telemetry::BatchPlanned{batch.id, batch.epoch, batch.plan.splits.size(), bytes});
    return batch;
  }

  // Where somebody else changed a table's columns after the batch was staged, it is staged again
  // for the new ones, under other names. Then the answer is none, since `input` has gone on.
  Result<std::optional<std::vector<ObjectProgress>>> ExecuteFitting(commit::OpenBatch batch,
                                                                    ReadAhead& input) {
    auto read = Execute(batch, input);
    for (int tries = 1; !read && read.error().code == "table.changed" && tries < kStageTriesMax;
         ++tries) {
      batch.attempt = batch.attempt.next();
      ReadAhead again = Again(batch);
      read = Execute(batch, again);
      if (read) read = std::nullopt;
    }
    return read;
  }

  // The progress of the batch's splits, or none where the batch was voided.
  Result<std::optional<std::vector<ObjectProgress>>> Execute(const commit::OpenBatch& batch,
                                                             ReadAhead& input) {
    const auto begun = context.clock.Monotonic();
    const BatchParts parts{context, spec, *contract, *gates, *sink, *dead_letters};
    auto staged = RunBatch(parts, batch, input, [this](uint64_t bytes) {
      progress.bytes += bytes;
      if (report != nullptr) (*report)(progress);
    });
    if (!staged) {
      if (InputIsGone(staged.error())) return VoidBatch(batch, staged.error());
      return Fail(std::move(staged).error());
    }
    if (staged->refused) return RefuseWhole(batch, *staged);
    WEIR_ASSIGN(const auto hold, WhyHeld(batch, *staged));
    if (hold) return HoldBatch(batch, *staged, *hold);
    if (auto landed = Land(batch, *staged); !landed) {
      if (InputIsGone(landed.error())) return VoidBatch(batch, landed.error());
      return Fail(std::move(landed).error());
    }
    return Commit(batch, std::move(*staged), begun, "");
  }

  // Keeps the bytes of what the batch has read.
  Result<void> Land(const commit::OpenBatch& batch, const StagedBatch& staged) {
    if (!spec.land) return {};
    std::vector<ObjectProgress> read = batch.plan.splits;
    read.resize(staged.progress.size());
    return Landing{context.files, context.catalog, *source, *spec.land}.Land(batch.id, read);
  }

  // A request that is all or nothing, and nothing: its batch is void, its input read, and its
  // receipt says why. Its records are no dead letters: a replay of some would take it in part.
  Result<std::optional<std::vector<ObjectProgress>>> RefuseWhole(const commit::OpenBatch& batch,
                                                                 const StagedBatch& staged) {
    ledger::RequestCounts refused = *staged.refused;
    const bool too_many = !staged.fail && !staged.progress.front().done;
    if (too_many)
      refused.faults.push_back(
          {.code = "request.too_many_records",
           .message = "all or nothing is for " + FormatCount(kStrictRecordsMax) + " at most"});
    const std::string why = "its request is all or nothing, and records of it were refused: " +
                            refused.faults.front().code;
    ObjectProgress read = batch.plan.splits.front();
    read.done = true;
    ledger::RequestRows requests = source->RequestsOf({read});
    requests.counts.push_back(std::move(refused));
    WEIR_TRY(owner->Void(batch, {}, {read}, why, std::move(requests)));
    source->Committed({read});
    context.log.Write(telemetry::BatchVoided{batch.id, why});
    return std::nullopt;
  }

  Result<std::optional<std::vector<ObjectProgress>>> Commit(const commit::OpenBatch& batch,
                                                            StagedBatch staged,
                                                            std::chrono::microseconds begun,
                                                            const std::string& note) {
    std::vector<ObjectProgress> read = staged.progress;
    std::optional<ledger::RequestRows> requests;
    if (staged.requests) {
      requests = source->RequestsOf(read);
      requests->counts = std::move(*staged.requests);
    }
    WEIR_ASSIGN(const ledger::BatchOutcome outcome,
                owner->Commit(batch, std::move(staged.tables), std::move(staged.outcome),
                              std::move(staged.progress), note, {}, std::move(requests)));
    source->Committed(read);
    WEIR_TRY(PublishBadRecords(batch));
    bad_rate.Note(batch.plan.time, outcome.counts);
    Count(outcome);
    context.log.Write(telemetry::BatchCommitted{batch.id, batch.epoch, ForLog(outcome.counts),
                                                context.clock.Monotonic() - begun, outcome.bytes});
    TellOfRejects(batch.id, outcome);
    MergeBehind();
    return read;
  }

  void TellOfRejects(const BatchId& batch, const ledger::BatchOutcome& outcome) {
    constexpr std::string_view kRule = "rule.";
    for (const auto& [code, rows] : outcome.rejected_by) {
      // A rule that cannot be evaluated has its name in the letter alone.
      const bool named = code.starts_with(kRule) && code != "rule.error";
      context.log.Write(telemetry::RecordsRejected{
          batch, code, named ? code.substr(kRule.size()) : std::string(), rows});
    }
  }

  void Count(const ledger::BatchOutcome& outcome) {
    ++summary.batches;
    summary.counts += outcome.counts;
    summary.bytes += outcome.bytes;
    for (const auto& [code, rows] : outcome.rejected_by) summary.rejected_by[code] += rows;
    for (const auto& [rule, rows] : outcome.warned_by) summary.warned_by[rule] += rows;
    progress.counts = summary.counts;
  }

  // Why a batch waits for a person.
  struct Hold {
    std::string code;
    std::string why;
  };
  Result<std::optional<Hold>> WhyHeld(const commit::OpenBatch& batch, const StagedBatch& staged) {
    if (staged.fail) return Hold{"batch.failed_rule", staged.fail->message};
    if (spec.max_bad && staged.outcome.counts.rejected != 0) {
      WEIR_TRY(bad_rate.Load(context.catalog, batch, spec.max_bad->over));
      if (auto why = bad_rate.Exceeds(*spec.max_bad, staged.outcome.counts))
        return Hold{"batch.max_bad", std::move(*why)};
    }
    if (!spec.replaces()) return std::nullopt;
    if (staged.outcome.counts.accepted == 0)
      return Hold{"batch.empties_table", "no record of it was accepted, and it replaces all rows"};
    if (staged.input_broke)
      return Hold{"batch.half_a_file", "a part of it cannot be read, and it replaces all rows"};
    return std::nullopt;
  }

  Result<std::optional<std::vector<ObjectProgress>>> HoldBatch(const commit::OpenBatch& batch,
                                                               const StagedBatch& staged,
                                                               const Hold& hold) {
    ledger::BatchOutcome outcome = staged.outcome;
    if (staged.fail) outcome.counts = {};
    WEIR_TRY(owner->Hold(batch, outcome, hold.why));
    context.log.Write(telemetry::BatchHeld{batch.id, hold.why});
    summary.paused = hold.code == "batch.max_bad" && spec.max_bad->then == MaxBadThen::kPause;
    Error error{
        .kind = ErrorKind::kStopped,
        .code = hold.code,
        .message =
            "batch " + batch.id.ToString() + " is held, nothing of it was committed: " + hold.why,
        .place = staged.fail ? staged.fail->place : Place{},
        .next = "weir batch show " + batch.id.ToString() +
                "; then weir batch retry, accept or void, or mend its input or the pipeline"};
    return Fail(std::move(error));
  }

  // The held batch as `verdict` wants it.
  Result<ledger::BatchOutcome> SettleHeld(HeldVerdict verdict) {
    WEIR_ASSIGN(owner,
                commit::Owner::Take(context.catalog, context.lake, context.clock, spec.name));
    WEIR_ASSIGN(const auto batch, owner->Unsettled());
    WEIR_ASSIGN(const auto held, owner->Held());
    if (!batch || !held)
      return Fail(ErrorKind::kInvalid, "batch.not_held",
                  "no batch of pipeline " + spec.name + " is held", "weir batch ls " + spec.name);
    if (batch->plan.definition != definition)
      return Fail(ErrorKind::kInvalid, "batch.redefined",
                  "the pipeline was changed since batch " + batch->id.ToString() + " was planned",
                  "weir run voids it and plans its input anew");
    if (verdict == HeldVerdict::kRetry) {
      WEIR_TRY(owner->Retry(*batch, "to be done again; it was held: " + held->note));
      return ledger::BatchOutcome{};
    }
    if (verdict == HeldVerdict::kAccept) return Accept(*batch, held->note);
    return Leave(*batch, held->note);
  }

  Result<ledger::BatchOutcome> Accept(const commit::OpenBatch& batch, const std::string& why) {
    const auto begun = context.clock.Monotonic();
    const BatchParts parts{context, spec, *contract, *gates, *sink, *dead_letters};
    ReadAhead input = Again(batch);
    WEIR_ASSIGN(StagedBatch staged, RunBatch(parts, batch, input, [](uint64_t) {}));
    if (staged.fail) return Fail(*staged.fail);
    WEIR_TRY(Land(batch, staged));
    WEIR_TRY(Commit(batch, std::move(staged), begun, "accepted by a person; it was held: " + why));
    WEIR_ASSIGN(const auto record, context.catalog.Batch(spec.name, batch.id.number));
    return *record->outcome;
  }

  // Reads what the batch would have read, takes nothing of it, and goes on behind it.
  Result<ledger::BatchOutcome> Leave(const commit::OpenBatch& batch, const std::string& why) {
    ReadAhead input = Again(batch);
    std::vector<ObjectProgress> left;
    uint64_t records = 0;
    uint64_t in_all = 0;
    WEIR_TRY(dead_letters->Begin(batch.writer()));
    while (true) {
      WEIR_ASSIGN(Piece piece, input.Next());
      if (piece.batch_ends) break;
      if (piece.rows) records += piece.rows->read();
      if (!piece.reached) continue;
      WEIR_TRY(WriteObjectLetter(batch, *piece.of, "object.voided",
                                 FormatCount(records) +
                                     " records of it were left out by a person, "
                                     "with batch " +
                                     batch.id.ToString() + ", which was held: " + why));
      left.push_back(std::move(*piece.reached));
      in_all += std::exchange(records, 0);
    }
    WEIR_ASSIGN(auto staged, dead_letters->Stage());
    std::vector<table::StagedTable> tables;
    tables.push_back(std::move(staged));
    // Their keys stay known: a request that is repeated was answered.
    std::optional<ledger::RequestRows> requests;
    if (spec.serves()) requests = source->RequestsOf(left);
    WEIR_TRY(owner->Void(batch, std::move(tables), left,
                         FormatCount(in_all) + " records left out by a person; it was held: " + why,
                         std::move(requests)));
    source->Committed(left);
    WEIR_TRY(PublishBadRecords(batch));
    context.log.Write(telemetry::BatchVoided{batch.id, why});
    return ledger::BatchOutcome{};
  }

  // A dead letter that stands for a split as a whole.
  Result<void> WriteObjectLetter(const commit::OpenBatch& batch, const ObjectProgress& split,
                                 const std::string& code, const std::string& detail) {
    const columnar::RejectedRow letter{.kind = columnar::RejectedKind::kObject,
                                       .line = 0,
                                       .offset = StartOf(split),
                                       .raw = "",
                                       .raw_length = 0,
                                       .raw_hash = split.version,
                                       .reasons = {{code, "", "", detail}}};
    const auto format = source->FormatOf(split);
    const std::string read_as =
        format ? source::MakeReadAs(split, *format, {}).ToJson() : std::string();
    const DeadLetterOrigin origin{context.project, batch.id, split.object, split.version, "",
                                  batch.plan.time, read_as};
    WEIR_ASSIGN(const auto rows, ToDeadLetters(origin, std::span(&letter, 1)));
    return dead_letters->Write(*rows);
  }

  // Nothing of the batch is kept; its lost splits become dead letters of kind object.
  Result<std::optional<std::vector<ObjectProgress>>> VoidBatch(const commit::OpenBatch& batch,
                                                               const Error& why) {
    WEIR_TRY(dead_letters->Begin(batch.writer()));
    for (const ObjectProgress& split : batch.plan.splits) {
      const auto open = source->Open(split);
      if (open || open.error().code != "source.lost") continue;
      WEIR_TRY(WriteObjectLetter(batch, split, "object.lost", open.error().message));
    }
    WEIR_ASSIGN(auto staged, dead_letters->Stage());
    std::vector<table::StagedTable> tables;
    tables.push_back(std::move(staged));
    WEIR_TRY(owner->Void(batch, std::move(tables), {}, why.message));
    WEIR_TRY(PublishBadRecords(batch));
    summary.voided_for.insert_or_assign(why.place.file, why.message);
    ++summary.voided;
    if (!following && ++voids_of[why.place.file] > kVoidsMax) return Fail(why);
    context.log.Write(telemetry::BatchVoided{batch.id, why.message});
    return std::nullopt;
  }
};

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runner::~Runner() = default;

std::expected<std::unique_ptr<Runner>, Errors> Runner::Make(const RunContext& context,
                                                            PipelineSpec spec,
                                                            std::unique_ptr<source::Source> source,
                                                            Severity severity) {
  const std::string definition = Definition(spec);
  if (severity == Severity::kRefuse) spec.contract = Refusing(std::move(spec.contract));
  auto contract = contract::Contract::Compile(spec.contract, context.session);
  if (!contract) return std::unexpected(std::move(contract).error());
  auto gates = Gates::Make(context, spec);
  if (!gates) return std::unexpected(Errors{gates.error()});
  const std::string digest = env::Sha256Hex(definition);
  if (auto kept = context.catalog.Keep(digest, definition); !kept)
    return std::unexpected(Errors{kept.error()});
  auto sink = TargetOf(context, spec, **contract, sink::RowsOf::kInput);
  // It evolves: a table of an older version of Weir gets the columns that it lacks.
  auto dead_letters =
      sink::MakeTableSink(context.lake, {"dead_letters", spec.name}, table::DeadLetterShape(),
                          {.growth = sink::TableGrowth::kEvolves});
  BadRecordFiles* bad_records = nullptr;
  if (spec.bad_records) {
    auto files = MakeBadRecordFiles(context.files, *spec.bad_records, std::move(dead_letters));
    bad_records = files.get();
    dead_letters = std::move(files);
  }
  auto state = std::make_unique<State>(State{.context = context,
                                             .spec = std::move(spec),
                                             .source = std::move(source),
                                             .contract = std::move(*contract),
                                             .gates = std::move(*gates),
                                             .sink = std::move(sink),
                                             .dead_letters = std::move(dead_letters),
                                             .bad_records = bad_records,
                                             .definition = digest,
                                             .owner = nullptr,
                                             .summary = {},
                                             .progress = {},
                                             .report = nullptr,
                                             .reading = nullptr,
                                             .failing = {},
                                             .voids_of = {},
                                             .bad_rate = {}});
  return std::unique_ptr<Runner>(new Runner(std::move(state)));
}

Result<ledger::BatchOutcome> Runner::Settle(HeldVerdict verdict) {
  return state_->SettleHeld(verdict);
}

Result<ReplaySummary> Runner::Replay(const std::string& where) { return state_->Replay(where); }

Result<ReplaySummary> Runner::TryReplay(const std::string& where) {
  return state_->TryReplay(where);
}

Result<std::vector<LetterTrial>> Runner::Try(const std::vector<source::Letter>& letters) {
  return TryLetters(state_->trial_context(), letters, state_->context.clock.Now());
}

std::expected<RunSummary, RunFailure> Runner::Run(
    const std::function<void(const Progress&)>& report) {
  state_->report = &report;
  auto done = state_->Run();
  state_->reading.reset();
  state_->report = nullptr;
  if (!done) {
    if (done.error().kind != ErrorKind::kCancelled)
      return std::unexpected(RunFailure{done.error(), state_->summary});
    state_->summary.stopped = true;
  }
  return state_->summary;
}

void Runner::FlushNow() { state_->look_at = microseconds(0); }

Result<NextStep> Runner::Step() {
  state_->following = true;
  auto next = state_->Step();
  if (next) return next;
  state_->reading.reset();
  if (!PassesByItself(next.error())) return next;
  // What was planned is settled when the pipeline is owned again.
  state_->context.log.Write(telemetry::TryFailed{state_->spec.name, 1, kRetryPause, next.error()});
  state_->owner.reset();
  return NextStep{kRetryPause, false};
}

RunSummary Runner::TakeSummary() { return std::exchange(state_->summary, {}); }

bool Runner::has_failed_objects() const { return !state_->failing.empty(); }

}  // namespace weir::pipeline

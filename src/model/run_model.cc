#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/check.h"
#include "commit/owner.h"
#include "engine/sql.h"
#include "env/failpoint.h"
#include "env/hash.h"
#include "model/check_run_internal.h"
#include "model/export_internal.h"
#include "model/last_build_internal.h"
#include "model/model.h"
#include "model/reshape.h"
#include "query/snapshot_query.h"
#include "table/data_writer.h"
#include "table/shape.h"

namespace weir::model {
namespace {

// Ends the statement that the session runs soon after `stop` is set.
class StopWatch {
 public:
  StopWatch(const std::atomic<bool>& stop, engine::Session& session)
      : thread_([&stop, &session](const std::stop_token& done) {
          while (!done.stop_requested()) {
            if (stop.load()) session.Interrupt();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }) {}

 private:
  std::jthread thread_;
};

std::string Quoted(const catalog::TableName& name) {
  return engine::QuotedName(name.space) + "." + engine::QuotedName(name.name);
}

Error Cancelled(const Model& model) {
  return {.kind = ErrorKind::kCancelled,
          .code = "run.cancelled",
          .message = "model " + model.table.ToString() + " was stopped before its commit",
          .place = {},
          .next = "weir run makes it anew"};
}

class ModelRun {
 public:
  ModelRun(const ModelContext& context, const Model& model)
      : context_(context),
        model_(model),
        text_(Definition(model)),
        definition_(env::Sha256Hex(text_)) {}

  Result<ModelOutcome> Go(Rerun rerun) {
    std::vector<query::View> views = model_.views;
    if (model_.is_view()) views.push_back(model_.AsView());
    WEIR_ASSIGN(query_, query::SnapshotQuery::Make({.catalog = context_.catalog,
                                                    .lake = context_.lake,
                                                    .session = context_.session,
                                                    .views = std::move(views)}));
    WEIR_TRY(FixInputs());
    if (model_.is_view()) {
      WEIR_TRY(BindView());
      if (model_.header.checks.empty() && !model_.header.exported) return View({});
    }
    if (rerun == Rerun::kIfChanged && !model_.is_volatile) {
      WEIR_ASSIGN(const auto last, UnchangedBatch());
      if (last) return Skip(*last);
    }
    WEIR_ASSIGN(owner_, commit::Owner::Take(context_.catalog, context_.lake, context_.clock,
                                            model_.pipeline()));
    context_.log.Write(telemetry::EpochOwned{model_.pipeline(), owner_->epoch()});
    WEIR_TRY(VoidUnsettled());
    return Execute();
  }

  const std::vector<CheckOutcome>& checks() const { return checks_; }
  const Errors& failed() const { return failed_; }

 private:
  // One statement over all that is read, so that it is read as of one moment.
  Result<void> FixInputs() {
    if (model_.reads.empty()) return {};
    std::string sql;
    for (const catalog::TableName& table : model_.reads)
      sql += (sql.empty() ? "SELECT 1 FROM " : ", ") + Quoted(table);
    if (auto resolved = query_->Resolve(sql); !resolved) {
      Error error = std::move(resolved).error();
      if (error.place.file.empty()) error.place = model_.place;
      if (error.code == "query.table") {
        error.message += " yet";
        error.next = "run what makes it first";
      }
      return Fail(std::move(error));
    }
    inputs_ = query_->inputs();
    return {};
  }

  Result<void> BindView() {
    auto bound = query_->Bind("SELECT * FROM " + Quoted(model_.table));
    if (!bound) return Fail(InQuery(std::move(bound).error()));
    WEIR_ASSIGN(const auto shape, ShapeOf(model_, *(*bound)->schema()));
    for (const columnar::Field& field : shape.schema.fields) view_columns_.push_back(field.name);
    return {};
  }

  Result<ModelOutcome> View(ModelOutcome done) const {
    WEIR_ASSIGN(const auto table, context_.catalog.Find(model_.table));
    done.is_view = true;
    done.hides_table = table.has_value();
    return done;
  }

  // The last committed batch, where it was made of the same and the table still is as it left it.
  Result<std::optional<catalog::BatchRecord>> UnchangedBatch() {
    WEIR_ASSIGN(const auto last, LastBuild(context_.catalog, model_.pipeline()));
    if (!last || last->plan.definition != definition_ || last->plan.inputs != inputs_)
      return std::nullopt;
    if (model_.is_view()) return last;
    const auto& tables = last->outcome->tables;
    if (tables.empty()) return std::nullopt;
    const auto now = context_.lake.Load(model_.table);
    if (!now && now.error().code != "table.not_found") return Fail(now.error());
    if (!now || (*now)->snapshot_id() != tables.front().snapshot) return std::nullopt;
    return last;
  }

  Result<ModelOutcome> Skip(const catalog::BatchRecord& last) {
    if (model_.is_view()) {
      WEIR_TRY(Export(last.plan.time, Version(0)));
      ModelOutcome done;
      done.skipped = true;
      return View(std::move(done));
    }
    const ledger::TableOutcome& table = last.outcome->tables.front();
    WEIR_TRY(Export(last.plan.time, Version(table.snapshot)));
    ModelOutcome done;
    done.skipped = true;
    done.rows = table.rows;
    done.rejected = last.outcome->counts.rejected;
    done.letters = LettersOf(model_.table);
    done.snapshot = table.snapshot;
    return done;
  }

  // Nothing of such a batch is visible, and what it read has moved on.
  Result<void> VoidUnsettled() {
    WEIR_ASSIGN(const auto batch, owner_->Unsettled());
    if (!batch) return {};
    WEIR_TRY(owner_->Void(*batch, {}, {}, "an earlier process ended before its commit"));
    context_.log.Write(telemetry::BatchRecovered{batch->id, "voided"});
    return {};
  }

  Result<ModelOutcome> Execute() {
    const auto begun = context_.clock.Monotonic();
    WEIR_TRY(context_.catalog.Keep(definition_, text_));
    ledger::BatchPlan plan;
    plan.time = context_.clock.Now();
    plan.definition = definition_;
    plan.inputs = inputs_;
    WEIR_ASSIGN(const commit::OpenBatch batch, owner_->Plan(std::move(plan)));
    context_.log.Write(telemetry::BatchPlanned{batch.id, batch.epoch, 0, 0});
    auto staged = StageAndCheck(batch);
    if (!staged) {
      const Error why = std::move(staged).error();
      // Where even this fails, the next run voids it.
      if (owner_->Void(batch, {}, {}, why.message))
        context_.log.Write(telemetry::BatchVoided{batch.id, why.message});
      return Fail(why);
    }
    ModelOutcome done;
    ledger::BatchOutcome outcome;
    for (const CheckOutcome& check : checks_)
      if (check.failing != 0 && check.on_fail == OnFail::kWarn)
        outcome.warned_by[check.text] = check.failing;
    std::vector<table::StagedTable> tables;
    if (!model_.is_view()) {
      outcome.counts.read = outcome.counts.accepted = staged->table.rows;
      tables.push_back(std::move(staged->table));
    }
    if (staged->letters) {
      done.rejected = outcome.counts.rejected = staged->letters->rows;
      done.letters = staged->letters->base->name;
      outcome.counts.read += outcome.counts.rejected;
      if (done.rejected != 0) outcome.rejected_by["model.check"] = done.rejected;
      tables.push_back(std::move(*staged->letters));
    }
    WEIR_ASSIGN(outcome, owner_->Commit(batch, std::move(tables), std::move(outcome), {}));
    const telemetry::BatchCounts counts{.read = outcome.counts.read,
                                        .accepted = outcome.counts.accepted,
                                        .rejected = outcome.counts.rejected};
    context_.log.Write(telemetry::BatchCommitted{batch.id, batch.epoch, counts,
                                                 context_.clock.Monotonic() - begun});
    done.rows = outcome.counts.accepted;
    if (!model_.is_view()) done.snapshot = outcome.tables.front().snapshot;
    WEIR_TRY(env::ReachFailpoint("model.committed"));
    WEIR_TRY(Export(batch.plan.time, Version(done.snapshot)));
    return model_.is_view() ? View(std::move(done)) : std::move(done);
  }

  // What a batch is to commit.
  struct Staged {
    table::StagedTable table;  // Without base: of a view.
    std::optional<table::StagedTable> letters;
    std::vector<std::string> columns;
  };

  Result<Staged> StageAndCheck(const commit::OpenBatch& batch) {
    const StopWatch watch(context_.stop, context_.session);
    auto staged = Checked(batch);
    if (!staged && staged.error().code == "engine.cancelled") return Fail(Cancelled(model_));
    return staged;
  }

  Result<Staged> Checked(const commit::OpenBatch& batch) {
    Staged staged;
    if (model_.is_view()) {
      staged.columns = view_columns_;
    } else {
      WEIR_ASSIGN(staged, Stage(batch));
      WEIR_TRY(ShowStaged(staged));
      WEIR_TRY(Reject(batch, staged));
    }
    WEIR_TRY(RunChecks(staged.columns, batch.plan.time));
    return staged;
  }

  Result<void> ShowStaged(const Staged& staged) {
    if (model_.header.checks.empty()) return {};
    return query_->AddFiles(model_.table, staged.table.base->metadata.schema(), staged.table.files);
  }

  Result<Staged> Stage(const commit::OpenBatch& batch) {
    Staged staged;
    staged.table.operation = iceberg::Operation::kReplaceAll;
    auto stream = query_->Run(model_.query);
    if (!stream) return Fail(InQuery(std::move(stream).error()));
    WEIR_ASSIGN(const table::TableShape shape, ShapeOf(model_, *(*stream)->schema()));
    for (const columnar::Field& field : shape.schema.fields) staged.columns.push_back(field.name);
    WEIR_ASSIGN(staged.table.base, BaseFor(shape));
    WEIR_TRY(WriteRows(**stream, batch.writer(), staged.table));
    WEIR_TRY(context_.lake.Sync());  // The checks read the files.
    uint64_t bytes = 0;
    for (const iceberg::DataFile& file : staged.table.files)
      bytes += static_cast<uint64_t>(file.file_size);
    context_.log.Write(telemetry::BatchStaged{batch.id, model_.table.ToString(), staged.table.rows,
                                              staged.table.files.size(), bytes});
    return staged;
  }

  // Writes what `sql` gives, in the place of what `into` had.
  Result<void> Write(const std::string& sql, const table::WriterIdentity& writer,
                     table::StagedTable& into) {
    WEIR_ASSIGN(const auto stream, query_->Run(sql));
    return WriteRows(*stream, writer, into);
  }

  Result<void> WriteRows(engine::ArrowStream& stream, const table::WriterIdentity& identity,
                         table::StagedTable& into) {
    WEIR_ASSIGN(const auto writer,
                table::DataWriter::Make(context_.lake.writes(), into.base, identity));
    for (;;) {
      if (context_.stop.load()) return Fail(Cancelled(model_));
      auto rows = stream.Next();
      if (!rows) return Fail(InQuery(std::move(rows).error()));
      if (!*rows) break;
      WEIR_TRY(writer->Write(**rows));
    }
    into.rows = writer->rows();
    WEIR_ASSIGN(into.files, writer->Finish());
    return {};
  }

  Result<table::TableStatePtr> BaseFor(const table::TableShape& shape) {
    auto now = context_.lake.Load(model_.table);
    const bool missing = !now && now.error().code == "table.not_found";
    if (!now && !missing) return now;
    auto base = missing ? context_.lake.Create(model_.table, shape) : Reshape(*now, shape);
    if (base) return base;
    Error error = std::move(base).error();
    if (!error.place.known()) error.place = model_.place;
    return Fail(std::move(error));
  }

  CheckedRelation RelationOf(std::vector<std::string> columns, Instant now) {
    return {.query = *query_, .name = model_.table, .columns = std::move(columns), .now = now};
  }

  // Takes the rows out that a check rejects: the rest is staged anew, they as dead letters.
  Result<void> Reject(const commit::OpenBatch& batch, Staged& staged) {
    std::vector<const CheckSpec*> rejecting;
    for (const CheckSpec& check : model_.header.checks)
      if (check.on_fail == OnFail::kReject) rejecting.push_back(&check);
    const auto relation = RelationOf(staged.columns, batch.plan.time);
    uint64_t failing = 0;
    for (const CheckSpec* check : rejecting) {
      WEIR_ASSIGN(auto outcome, RunCheck(*check, relation));
      if (outcome.of_all_rows) return Fail(NotOfRows(*check));
      failing += outcome.failing;
      checks_.push_back(std::move(outcome));
    }
    if (failing == 0) return ClearLetters(staged);
    const Rejects rejects = RejectsOf(rejecting, relation, batch.id, model_.place.file);
    table::StagedTable letters{
        .base = nullptr, .operation = iceberg::Operation::kReplaceAll, .files = {}, .rows = 0};
    WEIR_ASSIGN(letters.base,
                context_.lake.LoadOrCreate(LettersOf(model_.table), table::DeadLetterShape()));
    WEIR_TRY(Write(rejects.letters, batch.writer(), letters));
    table::WriterIdentity again = batch.writer();
    again.attempt = Attempt(again.attempt.value + 1);
    const uint64_t read = staged.table.rows;
    WEIR_TRY(Write(rejects.passing, again, staged.table));
    WEIR_TRY(context_.lake.Sync());
    WEIR_CHECK(read == staged.table.rows + letters.rows);
    staged.letters = std::move(letters);
    return ShowStaged(staged);
  }

  // The letters are those of the last result: there are none now.
  Result<void> ClearLetters(Staged& staged) {
    auto state = context_.lake.Load(LettersOf(model_.table));
    if (!state && state.error().code == "table.not_found") return {};
    if (!state) return Fail(std::move(state).error());
    WEIR_ASSIGN(const auto files, context_.lake.Files(**state));
    if (files.empty()) return {};
    staged.letters = {
        .base = *state, .operation = iceberg::Operation::kReplaceAll, .files = {}, .rows = 0};
    return {};
  }

  // All checks are run, so that all that fail are told at once.
  Result<void> RunChecks(std::vector<std::string> columns, Instant now) {
    const auto relation = RelationOf(std::move(columns), now);
    for (const CheckSpec& check : model_.header.checks) {
      if (check.on_fail == OnFail::kReject) continue;
      WEIR_ASSIGN(auto outcome, RunCheck(check, relation));
      if (outcome.failing != 0 && check.on_fail == OnFail::kFail)
        failed_.push_back(Failed(check, outcome));
      checks_.push_back(std::move(outcome));
    }
    if (!failed_.empty()) return Fail(failed_.front());
    return {};
  }

  Error Failed(const CheckSpec& check, const CheckOutcome& outcome) const {
    const std::string name = model_.table.ToString();
    return {.kind = ErrorKind::kStopped,
            .code = "model.check",
            .message = (model_.is_view() ? "view " + name : name + " stays as it was") + ": " +
                       outcome.ToText(),
            .place = check.place,
            .next = "mend the data, the query or the check, then weir run " + name};
  }

  // What an export shows: the table's snapshot, or all that a view's rows come from.
  std::string Version(int64_t snapshot) const {
    if (!model_.is_view()) return std::to_string(snapshot);
    std::string text = definition_;
    for (const ledger::PlannedInput& input : inputs_)
      text += "\n" + input.table + "@" + std::to_string(input.snapshot);
    return env::Sha256Hex(text);
  }

  Result<void> Export(Instant at, const std::string& version) {
    if (!model_.header.exported) return {};
    // A view is read over the snapshots that were checked, a table as it is committed.
    if (model_.is_view()) return WriteExports(context_, model_, *query_, at, version);
    WEIR_ASSIGN(const auto committed,
                query::SnapshotQuery::Make({context_.catalog, context_.lake, context_.session}));
    return WriteExports(context_, model_, *committed, at, version);
  }

  // An error of the engine, at its place in the model's file.
  Error InQuery(Error error) const {
    if (error.code == "engine.bind" || error.code == "engine.parse")
      error.kind = ErrorKind::kConfig;
    if (error.place.file.empty() && error.place.line != 0)
      return engine::PlacedAt(std::move(error), model_.place);
    if (!error.place.known()) error.place = model_.place;
    return error;
  }

  const ModelContext& context_;
  const Model& model_;
  std::string text_;        // Of the definition.
  std::string definition_;  // Its digest.
  std::unique_ptr<query::SnapshotQuery> query_;
  std::vector<ledger::PlannedInput> inputs_;
  std::unique_ptr<commit::Owner> owner_;
  std::vector<std::string> view_columns_;
  std::vector<CheckOutcome> checks_;  // Run so far.
  Errors failed_;                     // One per check that failed, where one did.
};

}  // namespace

std::expected<ModelOutcome, ModelFailure> RunModel(const ModelContext& context, const Model& model,
                                                   Rerun rerun) {
  ModelRun run(context, model);
  auto done = run.Go(rerun);
  if (done) {
    done->checks = run.checks();
    return std::move(*done);
  }
  Errors errors = run.failed();
  if (errors.empty()) errors.push_back(std::move(done).error());
  return std::unexpected(ModelFailure{std::move(errors), run.checks()});
}

}  // namespace weir::model

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/path_template.h"
#include "commit/owner.h"
#include "engine/sql.h"
#include "env/failpoint.h"
#include "env/hash.h"
#include "model/model.h"
#include "model/reshape_internal.h"
#include "query/output.h"
#include "query/snapshot_query.h"
#include "table/data_writer.h"

namespace weir::model {
namespace {

// How far back the last committed batch is looked for, over voided ones.
constexpr uint64_t kBatchesLookedAt = 100;

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

std::string Relation(const catalog::TableName& name) {
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

 private:
  // One statement over all that is read, so that it is read as of one moment.
  Result<void> FixInputs() {
    if (model_.reads.empty()) return {};
    std::string sql;
    for (const catalog::TableName& table : model_.reads)
      sql += (sql.empty() ? "SELECT 1 FROM " : ", ") + Relation(table);
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
    auto bound = query_->Bind("SELECT * FROM " + Relation(model_.table));
    if (!bound) return Fail(InQuery(std::move(bound).error()));
    WEIR_TRY(ShapeOf(*(*bound)->schema()));
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
    WEIR_ASSIGN(const ledger::PipelineState state, context_.catalog.Pipeline(model_.pipeline()));
    for (uint64_t back = 0; back < std::min(kBatchesLookedAt, state.batch.value); ++back) {
      WEIR_ASSIGN(auto record,
                  context_.catalog.Batch(model_.pipeline(), BatchNumber(state.batch.value - back)));
      if (!record || record->state != ledger::BatchState::kCommitted || !record->outcome) continue;
      const auto& tables = record->outcome->tables;
      if (record->plan.definition != definition_ || record->plan.inputs != inputs_)
        return std::nullopt;
      if (model_.is_view()) return record;
      if (tables.empty()) return std::nullopt;
      const auto now = context_.lake.Load(model_.table);
      if (!now && now.error().code != "table.not_found") return Fail(now.error());
      if (!now || (*now)->snapshot_id() != tables.front().snapshot) return std::nullopt;
      return record;
    }
    return std::nullopt;
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
    ModelOutcome done;
    auto staged = StageAndCheck(batch, done);
    if (!staged) {
      const Error why = std::move(staged).error();
      // Where even this fails, the next run voids it.
      if (owner_->Void(batch, {}, {}, why.message))
        context_.log.Write(telemetry::BatchVoided{batch.id, why.message});
      return Fail(why);
    }
    ledger::BatchOutcome outcome;
    for (const CheckOutcome& check : done.checks)
      if (check.failing != 0) outcome.warned_by[check.text] = check.failing;
    std::vector<table::StagedTable> tables;
    if (!model_.is_view()) {
      outcome.counts.read = outcome.counts.accepted = staged->rows;
      tables.push_back(std::move(*staged));
    }
    WEIR_ASSIGN(outcome, owner_->Commit(batch, std::move(tables), std::move(outcome), {}));
    const telemetry::BatchCounts counts{.read = outcome.counts.read,
                                        .accepted = outcome.counts.accepted};
    context_.log.Write(telemetry::BatchCommitted{batch.id, batch.epoch, counts,
                                                 context_.clock.Monotonic() - begun});
    done.rows = outcome.counts.accepted;
    if (!model_.is_view()) done.snapshot = outcome.tables.front().snapshot;
    WEIR_TRY(env::ReachFailpoint("model.committed"));
    WEIR_TRY(Export(batch.plan.time, Version(done.snapshot)));
    return model_.is_view() ? View(std::move(done)) : std::move(done);
  }

  Result<table::StagedTable> StageAndCheck(const commit::OpenBatch& batch, ModelOutcome& done) {
    const StopWatch watch(context_.stop, context_.session);
    auto staged = model_.is_view() ? table::StagedTable{} : Stage(batch);
    if (staged) {
      if (auto checked = RunChecks(*staged, batch.plan.time, done); !checked)
        staged = Fail(std::move(checked).error());
    }
    if (!staged && staged.error().code == "engine.cancelled") return Fail(Cancelled(model_));
    return staged;
  }

  Result<table::StagedTable> Stage(const commit::OpenBatch& batch) {
    auto stream = query_->Run(model_.query);
    if (!stream) return Fail(InQuery(std::move(stream).error()));
    WEIR_ASSIGN(const table::TableShape shape, ShapeOf(*(*stream)->schema()));
    table::StagedTable staged{
        .base = nullptr, .operation = iceberg::Operation::kReplaceAll, .files = {}, .rows = 0};
    WEIR_ASSIGN(staged.base, BaseFor(shape));
    WEIR_ASSIGN(const auto writer,
                table::DataWriter::Make(context_.lake.writes(), staged.base, batch.writer()));
    for (;;) {
      if (context_.stop.load()) return Fail(Cancelled(model_));
      auto rows = (*stream)->Next();
      if (!rows) return Fail(InQuery(std::move(rows).error()));
      if (!*rows) break;
      WEIR_TRY(writer->Write(**rows));
    }
    staged.rows = writer->rows();
    WEIR_ASSIGN(staged.files, writer->Finish());
    WEIR_TRY(context_.lake.Sync());  // The checks read the files.
    uint64_t bytes = 0;
    for (const iceberg::DataFile& file : staged.files)
      bytes += static_cast<uint64_t>(file.file_size);
    context_.log.Write(telemetry::BatchStaged{batch.id, model_.table.ToString(), staged.rows,
                                              staged.files.size(), bytes});
    return staged;
  }

  Result<table::TableShape> ShapeOf(const arrow::Schema& result) {
    table::TableShape shape;
    for (const auto& field : result.fields()) {
      auto type = columnar::FromArrow(*field->type());
      if (!type)
        return Fail(BadColumn("column " + field->name() + ": " + type.error().message,
                              "cast it to a type of a table"));
      for (const columnar::Field& other : shape.schema.fields) {
        if (!std::ranges::equal(other.name, field->name(), {}, ::tolower, ::tolower)) continue;
        return Fail(BadColumn("two columns of the result are called " + field->name(),
                              "give one of them another name with AS"));
      }
      shape.schema.fields.push_back(
          {.name = field->name(), .type = std::move(*type), .nullable = true});
    }
    for (const auto& term : model_.header.partition_by) shape.partition_by.push_back(term.value);
    return shape;
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

  // All checks are run, so that all that fail are told at once.
  Result<void> RunChecks(const table::StagedTable& staged, Instant now, ModelOutcome& done) {
    if (model_.header.checks.empty()) return {};
    if (!model_.is_view())
      WEIR_TRY(query_->AddFiles(model_.table, staged.base->metadata.schema(), staged.files));
    std::string failed;
    const CheckSpec* first = nullptr;
    for (const CheckSpec& check : model_.header.checks) {
      auto failing = FailingRows(check, now);
      if (!failing) return Fail(InCheck(std::move(failing).error(), check));
      done.checks.push_back({check.text, check.on_fail, *failing});
      if (*failing == 0 || check.on_fail == OnFail::kWarn) continue;
      if (first == nullptr) first = &check;
      failed += (failed.empty() ? "" : "; ") + check.text + Extent(check, *failing);
    }
    if (first == nullptr) return {};
    return Fail(Error{
        .kind = ErrorKind::kStopped,
        .code = "model.check",
        .message = "the result of model " + model_.table.ToString() +
                   " was not made visible, a check failed: " + failed,
        .place = first->place,
        .next = "mend the data, the query or the check, then weir run " + model_.table.ToString()});
  }

  static std::string Extent(const CheckSpec& check, uint64_t failing) {
    if (std::holds_alternative<RowCount>(check.what) ||
        std::holds_alternative<Freshness>(check.what))
      return "";
    return " (" + FormatCount(failing) + (failing == 1 ? " row)" : " rows)");
  }

  Result<uint64_t> FailingRows(const CheckSpec& check, Instant now) {
    WEIR_ASSIGN(const auto stream, query_->Run(FailingRowsSql(check, Relation(model_.table), now)));
    WEIR_ASSIGN(const auto rows, stream->Next());
    return static_cast<uint64_t>(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(0));
  }

  // What an export shows: the table's snapshot, or all that a view's rows come from.
  std::string Version(int64_t snapshot) const {
    if (!model_.is_view()) return std::to_string(snapshot);
    std::string text = definition_;
    for (const ledger::PlannedInput& input : inputs_)
      text += "\n" + input.table + "@" + std::to_string(input.snapshot);
    return env::Sha256Hex(text);
  }

  // Writes the rows as CSV unless the file shows `version` already. The catalog remembers which one
  // it shows: a process may die between the commit and the export.
  Result<void> Export(Instant at, const std::string& version) {
    if (!model_.header.exported) return {};
    WEIR_ASSIGN(const PathTemplate path_template, PathTemplate::Parse(model_.header.exported->csv));
    PathValues values;
    values.at = at;
    values.name = model_.table.name;
    values.pipeline = model_.table.ToString();
    std::string path = path_template.Fill(values);
    ledger::ObjectProgress shown;
    shown.object = "export:" + path;
    shown.version = version;
    shown.done = true;
    if (!path.starts_with('/') && !context_.folder.empty()) path = context_.folder + "/" + path;
    WEIR_ASSIGN(const auto before, context_.catalog.ObjectByPath(model_.pipeline(), shown.object));
    if (before && before->version == shown.version && context_.files.Status(path)) return {};
    auto written = WriteCsv(path);
    if (!written)
      return Fail(WithContext(
          std::move(written).error(),
          "table " + model_.table.ToString() + " is committed, its export is not written"));
    catalog::Change change;
    change.progress = {shown};
    change.progress_of = model_.pipeline();
    return context_.catalog.Commit(change);
  }

  Result<void> WriteCsv(const std::string& path) {
    const auto begun = context_.clock.Monotonic();
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos && slash > 0)
      WEIR_TRY(context_.files.MakeFolders(path.substr(0, slash)));
    // A view is read over the snapshots that were checked.
    WEIR_ASSIGN(const auto committed,
                query::SnapshotQuery::Make({context_.catalog, context_.lake, context_.session}));
    query::SnapshotQuery& source = model_.is_view() ? *query_ : *committed;
    WEIR_ASSIGN(const auto stream, source.Run("SELECT * FROM " + Relation(model_.table)));
    WEIR_ASSIGN(const auto writer, context_.files.Replace(path));
    WEIR_ASSIGN(
        const uint64_t rows,
        query::WriteOutput(*stream, {.format = query::OutputFormat::kCsv},
                           [&writer](std::string_view bytes) { return writer->Write(bytes); }));
    WEIR_TRY(writer->Finish());
    context_.log.Write(telemetry::FileWritten{model_.pipeline(), path, rows, writer->position(),
                                              context_.clock.Monotonic() - begun});
    return {};
  }

  Error BadColumn(std::string message, std::string next) const {
    return {.kind = ErrorKind::kConfig,
            .code = "model.column",
            .message = std::move(message),
            .place = model_.place,
            .next = std::move(next)};
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

  static Error InCheck(Error error, const CheckSpec& check) {
    if (error.code == "engine.bind" || error.code == "engine.parse")
      error.kind = ErrorKind::kConfig;
    error.place = check.place;
    return WithContext(std::move(error), "check " + check.text);
  }

  const ModelContext& context_;
  const Model& model_;
  std::string text_;        // Of the definition.
  std::string definition_;  // Its digest.
  std::unique_ptr<query::SnapshotQuery> query_;
  std::vector<ledger::PlannedInput> inputs_;
  std::unique_ptr<commit::Owner> owner_;
};

}  // namespace

Result<ModelOutcome> RunModel(const ModelContext& context, const Model& model, Rerun rerun) {
  return ModelRun(context, model).Go(rerun);
}

}  // namespace weir::model

#include <fmt/format.h>

#include "telemetry/describe_internal.h"

namespace weir::telemetry {
namespace {

// Collects fields; an empty text is left out, since an absent field and an empty one say the same.
class Fields {
 public:
  Fields& Add(std::string_view name, const std::string& text) {
    if (!text.empty()) fields_.emplace_back(name, text);
    return *this;
  }
  Fields& Add(std::string_view name, uint64_t number) {
    fields_.emplace_back(name, number);
    return *this;
  }
  Fields& Add(std::string_view name, int64_t number) {
    fields_.emplace_back(name, number);
    return *this;
  }
  Fields& Add(const BatchId& batch) {
    return Add("pipeline", batch.pipeline).Add("batch", batch.ToString());
  }
  Fields& Add(Epoch epoch) { return Add("epoch", epoch.value); }
  Fields& Add(std::chrono::microseconds elapsed) {
    fields_.emplace_back("elapsed_ms", static_cast<double>(elapsed.count()) / 1000.0);
    return *this;
  }
  Fields& Add(const BatchCounts& counts) {
    return Add("read", counts.read)
        .Add("accepted", counts.accepted)
        .Add("rejected", counts.rejected)
        .Add("duplicate", counts.duplicate)
        .Add("filtered", counts.filtered)
        .Add("late", counts.late);
  }
  Fields& Add(const Error& error) {
    return Add("code", error.code)
        .Add("kind", std::string(weir::ToString(error.kind)))
        .Add("message", error.message)
        .Add("place", error.place.known() ? error.place.ToString() : std::string())
        .Add("next", error.next);
  }

  Description Done(std::string_view event, Level level, std::string text) {
    return {event, level, std::move(fields_), std::move(text)};
  }

 private:
  std::vector<std::pair<std::string_view, FieldValue>> fields_;
};

std::string CountsText(const BatchCounts& counts) {
  std::string text =
      fmt::format("{} read, {} accepted", FormatCount(counts.read), FormatCount(counts.accepted));
  const std::pair<uint64_t, const char*> rest[] = {{counts.rejected, "rejected"},
                                                   {counts.duplicate, "duplicate"},
                                                   {counts.filtered, "filtered"},
                                                   {counts.late, "late"}};
  for (const auto& [count, word] : rest)
    if (count > 0) text += fmt::format(", {} {}", FormatCount(count), word);
  return text;
}

struct Describer {
  Description operator()(const ProcessStarted& e) const {
    return Fields()
        .Add("command", e.command)
        .Add("version", e.version)
        .Add("project", e.project)
        .Add("instance", e.instance)
        .Done("process.started", Level::kInfo,
              fmt::format("weir {} {} started", e.version, e.command));
  }
  Description operator()(const ProcessEnded& e) const {
    return Fields()
        .Add("command", e.command)
        .Add("exit_code", int64_t{e.exit_code})
        .Add(e.elapsed)
        .Done("process.ended", Level::kInfo,
              fmt::format("weir {} ended with {} after {}", e.command, e.exit_code,
                          FormatDuration(e.elapsed)));
  }
  Description operator()(const ShutdownAsked& e) const {
    return Fields()
        .Add("signal", e.signal)
        .Done("shutdown.asked", Level::kInfo, e.signal + ": finishing what was begun");
  }
  Description operator()(const ServerListening& e) const {
    return Fields()
        .Add("address", e.address)
        .Add("auth", e.auth)
        .Done("server.listening", Level::kInfo, "listening on http://" + e.address);
  }
  Description operator()(const RunStarted& e) const {
    return Fields()
        .Add("run", e.run)
        .Add("subject", e.subject)
        .Add("trigger", e.trigger)
        .Add("attempt", e.attempt)
        .Done("run.started", Level::kInfo, fmt::format("{} started (run {})", e.subject, e.run));
  }
  Description operator()(const RunEnded& e) const {
    return Fields()
        .Add("run", e.run)
        .Add("subject", e.subject)
        .Add("outcome", e.outcome)
        .Add(e.counts)
        .Add(e.elapsed)
        .Done("run.ended", e.outcome == "failed" ? Level::kError : Level::kInfo,
              fmt::format("{} {}: {} in {}", e.subject, e.outcome, CountsText(e.counts),
                          FormatDuration(e.elapsed)));
  }
  Description operator()(const PipelinePaused& e) const {
    return Fields()
        .Add("pipeline", e.pipeline)
        .Add("reason", e.reason)
        .Done("pipeline.paused", Level::kWarn, e.pipeline + " paused: " + e.reason);
  }
  Description operator()(const PipelineResumed& e) const {
    return Fields()
        .Add("pipeline", e.pipeline)
        .Done("pipeline.resumed", Level::kInfo, e.pipeline + " resumed");
  }
  Description operator()(const EpochOwned& e) const {
    return Fields()
        .Add("pipeline", e.pipeline)
        .Add(e.epoch)
        .Done("epoch.owned", Level::kDebug,
              fmt::format("{} owned at epoch {}", e.pipeline, e.epoch.value));
  }
  Description operator()(const BatchPlanned& e) const {
    return Fields()
        .Add(e.batch)
        .Add(e.epoch)
        .Add("splits", e.splits)
        .Add("bytes", e.bytes)
        .Done("batch.planned", Level::kDebug,
              fmt::format("{} planned: {} splits, {}", e.batch.ToString(), e.splits,
                          FormatBytes(e.bytes)));
  }
  Description operator()(const BatchStaged& e) const {
    return Fields()
        .Add(e.batch)
        .Add("target", e.target)
        .Add("rows", e.rows)
        .Add("files", e.files)
        .Add("bytes", e.bytes)
        .Done("batch.staged", Level::kDebug,
              fmt::format("{} staged for {}: {} rows", e.batch.ToString(), e.target,
                          FormatCount(e.rows)));
  }
  Description operator()(const BatchCommitted& e) const {
    return Fields()
        .Add(e.batch)
        .Add(e.epoch)
        .Add(e.counts)
        .Add("bytes", e.bytes)
        .Add(e.elapsed)
        .Done("batch.committed", Level::kInfo,
              fmt::format("{} committed: {} in {}", e.batch.ToString(), CountsText(e.counts),
                          FormatDuration(e.elapsed)));
  }
  Description operator()(const BatchHeld& e) const {
    return Fields()
        .Add(e.batch)
        .Add("reason", e.reason)
        .Done("batch.held", Level::kWarn, e.batch.ToString() + " held: " + e.reason);
  }
  Description operator()(const BatchVoided& e) const {
    return Fields()
        .Add(e.batch)
        .Add("reason", e.reason)
        .Done("batch.voided", Level::kWarn, e.batch.ToString() + " voided: " + e.reason);
  }
  Description operator()(const BatchUnknown& e) const {
    return Fields()
        .Add(e.batch)
        .Add("target", e.target)
        .Add("reason", e.reason)
        .Done("batch.unknown", Level::kWarn,
              fmt::format("{}: {} gave no answer to the commit, reading it back: {}",
                          e.batch.ToString(), e.target, e.reason));
  }
  Description operator()(const BatchRecovered& e) const {
    return Fields()
        .Add(e.batch)
        .Add("outcome", e.outcome)
        .Done("batch.recovered", Level::kInfo, e.batch.ToString() + " recovered: " + e.outcome);
  }
  Description operator()(const RecordsRejected& e) const {
    return Fields()
        .Add(e.batch)
        .Add("code", e.code)
        .Add("rule", e.rule)
        .Add("rows", e.rows)
        .Done(
            "records.rejected", Level::kWarn,
            fmt::format("{}: {} rejected for {}", e.batch.ToString(), FormatCount(e.rows), e.code));
  }
  Description operator()(const FileSkipped& e) const {
    return Fields()
        .Add("pipeline", e.pipeline)
        .Add("path", e.path)
        .Add("reason", e.reason)
        .Done("file.skipped", Level::kInfo,
              fmt::format("{}: skipped {}: {}", e.pipeline, e.path, e.reason));
  }
  Description operator()(const FileWritten& e) const {
    return Fields()
        .Add("pipeline", e.pipeline)
        .Add("path", e.path)
        .Add("rows", e.rows)
        .Add("bytes", e.bytes)
        .Add(e.elapsed)
        .Done("file.written", Level::kInfo,
              fmt::format("{}: wrote {}, {} rows, {} in {}", e.pipeline, e.path,
                          FormatCount(e.rows), FormatBytes(e.bytes), FormatDuration(e.elapsed)));
  }
  Description operator()(const TableChanged& e) const {
    return Fields()
        .Add("table", e.table)
        .Add("change", e.change)
        .Done("table.changed", Level::kInfo, e.table + ": " + e.change);
  }
  Description operator()(const TokenChanged& e) const {
    return Fields()
        .Add("change", e.change)
        .Add("token", e.token)
        .Add("name", e.name)
        .Add("scopes", e.scopes)
        .Add("limits", e.limits)
        .Done("token.changed", Level::kInfo,
              fmt::format("token {} '{}' {}: {}{}{}", e.token, e.name, e.change, e.scopes,
                          e.limits.empty() ? "" : ", ", e.limits));
  }
  Description operator()(const AccessRefused& e) const {
    return Fields()
        .Add("status", int64_t{e.status})
        .Add("code", e.code)
        .Add("route", e.route)
        .Add("token", e.token)
        .Add("peer", e.peer)
        .Add("count", e.count)
        .Done("access.refused", Level::kWarn,
              fmt::format("{} {} {} for {}, the last from {}",
                          FormatCount(e.count, "request", "requests"), e.status, e.code, e.route,
                          e.peer));
  }
  Description operator()(const TryFailed& e) const {
    return Fields()
        .Add("what", e.what)
        .Add("attempt", e.attempt)
        .Add("retry_in_ms", static_cast<uint64_t>(e.retry_in.count() / 1000))
        .Add(e.error)
        .Done("try.failed", Level::kWarn,
              fmt::format("{}: try {} failed, next in {}: {}", e.what, e.attempt,
                          FormatDuration(e.retry_in), e.error.ToString()));
  }
  Description operator()(const ErrorHappened& e) const {
    Fields fields;
    if (e.batch)
      fields.Add(*e.batch);
    else
      fields.Add("pipeline", e.pipeline);
    const std::string subject = e.batch ? e.batch->ToString() : e.pipeline;
    return fields.Add(e.error).Done("error", Level::kError,
                                    (subject.empty() ? "" : subject + ": ") + e.error.ToString());
  }
  Description operator()(const Warned& e) const {
    return Fields()
        .Add("code", e.code)
        .Add("message", e.message)
        .Done("warning", Level::kWarn, e.code + ": " + e.message);
  }
};

}  // namespace

Description Describe(const Event& event) { return std::visit(Describer{}, event); }

Level LevelOf(const Event& event) { return Describe(event).level; }

}  // namespace weir::telemetry

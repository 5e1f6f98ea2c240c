#include "cli/run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "config/diagnostic_text.h"

namespace weir::cli {
namespace {

using nlohmann::json;

json CountsJson(const ledger::Counts& counts) {
  return {{"read", counts.read},         {"accepted", counts.accepted},
          {"rejected", counts.rejected}, {"duplicate", counts.duplicate},
          {"filtered", counts.filtered}, {"late", counts.late}};
}

json ErrorJson(const Error& error) { return json::parse(config::ErrorsToJson({error})).at(0); }

json PipelineJson(const PipelineResult& result) {
  const pipeline::RunSummary& summary = result.summary;
  json skipped = json::array();
  for (const auto& one : summary.skipped)
    skipped.push_back({{"object", one.object.object}, {"same_as", one.same_as}});
  json made = {{"pipeline", result.name},
               {"table", result.table},
               {"counts", CountsJson(summary.counts)},
               {"rejected_by", summary.rejected_by},
               {"warned_by", summary.warned_by},
               {"batches", summary.batches},
               {"redone", summary.redone},
               {"voided", summary.voided},
               {"bytes", summary.bytes},
               {"objects", summary.objects},
               {"failed", json::array()},
               {"skipped", std::move(skipped)},
               {"elapsed_ms", result.elapsed.count() / 1000}};
  for (const Error& error : summary.failed) made["failed"].push_back(ErrorJson(error));
  if (result.error) made["error"] = ErrorJson(*result.error);
  return made;
}

const char* OnFailName(model::OnFail on_fail) {
  switch (on_fail) {
    case model::OnFail::kFail:
      return "fail";
    case model::OnFail::kWarn:
      return "warn";
    case model::OnFail::kReject:
      return "reject";
  }
  return "";
}

json ChecksJson(const std::vector<model::CheckOutcome>& outcomes) {
  json checks = json::array();
  for (const model::CheckOutcome& check : outcomes)
    checks.push_back({{"check", check.text},
                      {"on_fail", OnFailName(check.on_fail)},
                      {"failing", check.failing},
                      {"examples", check.examples}});
  return checks;
}

json ModelJson(const ModelResult& result) {
  json made = {{"model", result.name}, {"elapsed_ms", result.elapsed.count() / 1000}};
  if (const auto& outcome = result.outcome) {
    made["materialize"] = outcome->is_view ? "view" : "table";
    if (!outcome->is_view) {
      made["rows"] = outcome->rows;
      made["rejected"] = outcome->rejected;
      made["snapshot"] = outcome->snapshot;
    }
    made["skipped"] = outcome->skipped;
  }
  made["checks"] = ChecksJson(result.outcome ? result.outcome->checks : result.failure.checks);
  if (!result.failure.errors.empty()) {
    made["error"] = ErrorJson(result.failure.errors.front());
    made["errors"] = json::array();
    for (const Error& error : result.failure.errors) made["errors"].push_back(ErrorJson(error));
  }
  return made;
}

}  // namespace

std::string Equality(const ledger::Counts& counts) {
  std::string text = fmt::format("{} read = {} accepted + {} rejected", FormatCount(counts.read),
                                 FormatCount(counts.accepted), FormatCount(counts.rejected));
  const std::pair<const char*, uint64_t> rest[] = {
      {"duplicate", counts.duplicate}, {"filtered", counts.filtered}, {"late", counts.late}};
  for (const auto& [name, count] : rest)
    if (count != 0) text += fmt::format(" + {} {}", FormatCount(count), name);
  return text;
}

std::string RunJson(const RunResult& result) {
  json pipelines = json::array();
  for (const PipelineResult& one : result.pipelines) pipelines.push_back(PipelineJson(one));
  json models = json::array();
  for (const ModelResult& one : result.models) models.push_back(ModelJson(one));
  return json{{"schema", "weir.run/1"},
              {"project", result.project},
              {"pipelines", std::move(pipelines)},
              {"models", std::move(models)},
              {"stopped", result.stopped}}
             .dump() +
         "\n";
}

void TellPipeline(const Terminal& terminal, const PipelineResult& result) {
  const pipeline::RunSummary& summary = result.summary;
  const std::string name = terminal.Bold(result.name);
  if (summary.batches == 0 && !result.error && !summary.stopped) {
    terminal.Talk(summary.objects == 0 ? name + ": no input found" : name + ": nothing new");
  } else if (summary.batches != 0) {
    terminal.Talk(fmt::format("{}: {} -> {}, {}, {}", name, Equality(summary.counts), result.table,
                              FormatCount(summary.batches, "batch", "batches"),
                              FormatDuration(result.elapsed)));
  }
  std::vector<std::pair<uint64_t, std::string>> reasons;
  for (const auto& [code, rows] : summary.rejected_by) reasons.emplace_back(rows, code);
  std::ranges::sort(reasons, std::greater());
  for (const auto& [rows, code] : reasons)
    terminal.Talk(fmt::format("  {:>10}  {}", FormatCount(rows), code));
  if (!reasons.empty())
    terminal.Talk(terminal.Dim("  weir dlq ls " + result.name + "  shows them"));
  for (const auto& [rule, rows] : summary.warned_by)
    terminal.Talk(rule == pipeline::kLateAccepted
                      ? fmt::format("  {:>10}  came late; accepted", FormatCount(rows))
                      : fmt::format("  {:>10}  rule {} warned; accepted", FormatCount(rows), rule));
  if (summary.waiting != 0)
    terminal.Talk("  " + FormatCount(summary.waiting, "file is", "files are") +
                  " not complete yet; a later run reads " + (summary.waiting == 1 ? "it" : "them"));
  for (const auto& one : summary.skipped)
    terminal.Talk(fmt::format("  skipped {}: same content as {}", one.object.object, one.same_as));
  if (summary.redone != 0) terminal.Talk("  finished the batch that an earlier run had begun");
  for (const auto& [object, how] : summary.voided_for)
    terminal.Talk("  " + object + ": " + how + "; its batch was voided");
}

void TellModel(const Terminal& terminal, const ModelResult& result) {
  if (!result.outcome) return;
  const std::string name = terminal.Bold(result.name);
  if (result.outcome->is_view) {
    terminal.Talk(name + (result.outcome->skipped ? ": a view, unchanged" : ": a view"));
    if (result.outcome->hides_table)
      terminal.Talk(
          "  the lake has a table of that name: weir shows the view, other programs the "
          "table as it was");
  } else if (result.outcome->skipped) {
    terminal.Talk(name + ": unchanged, its inputs are the same");
  } else {
    terminal.Talk(fmt::format("{}: {}, {}", name, FormatCount(result.outcome->rows, "row", "rows"),
                              FormatDuration(result.elapsed)));
  }
  if (result.outcome->rejected != 0 && !result.outcome->skipped)
    terminal.Talk(fmt::format("  {:>10}  rejected -> {}", FormatCount(result.outcome->rejected),
                              result.outcome->letters.ToString()));
  for (const model::CheckOutcome& check : result.outcome->checks)
    if (check.failing != 0) terminal.Talk("  " + check.ToText());
}

}  // namespace weir::cli

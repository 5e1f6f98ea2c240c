#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/reading.h"
#include "commit/recount.h"
#include "source/http/front.h"

namespace weir::cli {
namespace {

using nlohmann::json;

std::string ToJson(const commit::RecountReport& report) {
  json tables = json::array();
  for (const commit::RecountedTable& table : report.tables)
    tables.push_back({{"table", table.table},
                      {"how", table.how},
                      {"rows", table.rows},
                      {"foreign_rows", table.foreign_rows},
                      {"files", table.files}});
  json letters = json::array();
  for (const commit::RecountedLetters& one : report.letters)
    letters.push_back({{"pipeline", one.pipeline},
                       {"rejected", one.rejected},
                       {"open", one.open},
                       {"replayed", one.replayed},
                       {"duplicate", one.duplicate},
                       {"discarded", one.discarded}});
  json findings = json::array();
  for (const commit::Finding& finding : report.findings)
    findings.push_back({{"code", finding.code}, {"message", finding.message}});
  const ledger::Counts& counts = report.counts;
  return json{{"schema", "weir.verify/1"},
              {"ok", report.findings.empty()},
              {"batches", report.batches},
              {"open", report.open},
              {"counts",
               {{"read", counts.read},
                {"accepted", counts.accepted},
                {"rejected", counts.rejected},
                {"duplicate", counts.duplicate},
                {"filtered", counts.filtered},
                {"late", counts.late}}},
              {"tables", std::move(tables)},
              {"dead_letters", std::move(letters)},
              {"findings", std::move(findings)}}
             .dump() +
         "\n";
}

// How many planned batches are of requests: weir run leaves them to weir serve.
Result<uint64_t> CountOfRequests(catalog::Catalog& catalog) {
  uint64_t count = 0;
  WEIR_ASSIGN(const auto names, catalog.Pipelines());
  for (const std::string& name : names) {
    WEIR_ASSIGN(const ledger::PipelineState state, catalog.Pipeline(name));
    if (state.state != ledger::BatchState::kPlanned) continue;
    WEIR_ASSIGN(const auto batch, catalog.Batch(name, state.batch));
    if (batch && std::ranges::any_of(batch->plan.splits, source::IsOfRequests)) ++count;
  }
  return count;
}

std::string FinishedBy(uint64_t batches, std::string_view verb) {
  if (batches == 0) return {};
  return fmt::format("{} open: weir {} finishes {}\n",
                     FormatCount(batches, "batch is", "batches are"), verb,
                     batches == 1 ? "it" : "them");
}

// What is planned is finished by the next run, or server; what is held waits for a person.
std::string OpenText(const commit::RecountReport& report, uint64_t of_requests) {
  // They were counted after the others, which a server may have changed.
  const uint64_t planned = report.open - report.held.size();
  const uint64_t served = std::min(of_requests, planned);
  std::string text = FinishedBy(planned - served, "run") + FinishedBy(served, "serve");
  for (const commit::HeldBatch& batch : report.held)
    text += fmt::format(
        "batch {0} is held: {1}\n"
        "  weir batch show {0}; then weir batch retry, accept or void\n",
        batch.id, batch.why);
  return text;
}

}  // namespace

int Verify(const Command& command) {
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const auto report =
      commit::Recount(reading->state->catalog(), reading->state->lake(), *reading->session);
  if (!report) return Report(command.terminal, report.error());
  if (command.terminal.json) {
    command.terminal.Out(ToJson(*report));
    return report->findings.empty() ? 0 : 1;
  }
  const ledger::Counts& counts = report->counts;
  std::string text = fmt::format(
      "{}: {} read = {} accepted + {} rejected + {} duplicate + {} filtered + {} late\n",
      FormatCount(report->batches, "batch", "batches"), FormatCount(counts.read),
      FormatCount(counts.accepted), FormatCount(counts.rejected), FormatCount(counts.duplicate),
      FormatCount(counts.filtered), FormatCount(counts.late));
  for (const commit::RecountedTable& table : report->tables) {
    text += fmt::format("{}: {} in {}, {}\n", table.table, FormatCount(table.rows, "row", "rows"),
                        FormatCount(table.files, "file", "files"),
                        table.how.empty() ? "not recounted" : "recounted " + table.how);
    if (table.foreign_rows != 0)
      text += fmt::format("  {} of them by another program\n", FormatCount(table.foreign_rows));
  }
  for (const commit::RecountedLetters& one : report->letters)
    text += fmt::format(
        "dead letters of {}: {} rejected = {} open + {} replayed + {} duplicate + {} discarded\n",
        one.pipeline, FormatCount(one.rejected), FormatCount(one.open), FormatCount(one.replayed),
        FormatCount(one.duplicate), FormatCount(one.discarded));
  const auto of_requests = CountOfRequests(reading->state->catalog());
  if (!of_requests) return Report(command.terminal, of_requests.error());
  text += OpenText(*report, *of_requests);
  for (const commit::Finding& finding : report->findings)
    text += fmt::format("{}: {}\n", finding.code, finding.message);
  text += report->findings.empty()
              ? "ok\n"
              : FormatCount(report->findings.size(), "finding", "findings") + "\n";
  command.terminal.Out(text);
  return report->findings.empty() ? 0 : 1;
}

}  // namespace weir::cli

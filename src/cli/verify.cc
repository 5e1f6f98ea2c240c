#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/reading.h"
#include "commit/recount.h"

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

// What is planned is finished by the next run; what is held waits for a person.
std::string OpenText(const commit::RecountReport& report) {
  std::string text;
  if (const uint64_t planned = report.open - report.held.size(); planned != 0)
    text +=
        fmt::format("{} open: weir run finishes {}\n",
                    FormatCount(planned, "batch is", "batches are"), planned == 1 ? "it" : "them");
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
  text += OpenText(*report);
  for (const commit::Finding& finding : report->findings)
    text += fmt::format("{}: {}\n", finding.code, finding.message);
  text += report->findings.empty()
              ? "ok\n"
              : FormatCount(report->findings.size(), "finding", "findings") + "\n";
  command.terminal.Out(text);
  return report->findings.empty() ? 0 : 1;
}

}  // namespace weir::cli

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/spelling.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/make_runner.h"
#include "cli/reading.h"
#include "cli/run_summary.h"
#include "cli/state_lock.h"

namespace weir::cli {
namespace {

using catalog::BatchRecord;
using ledger::BatchState;
using nlohmann::json;

// "events/3f2a9c1e/17", "events/17", or "events" for its last one.
struct BatchAsked {
  std::string pipeline;
  std::string instance;
  std::optional<BatchNumber> number;
};

Error NoBatch(const std::string& text) {
  return {.kind = ErrorKind::kNotFound,
          .code = "batch.not_found",
          .message = "there is no batch " + text,
          .place = {},
          .next = "weir batch ls lists them"};
}

// A model's pipeline is "model/SCHEMA.NAME", so the numbers are looked for from the end.
BatchAsked ParseBatch(const std::string& text) {
  BatchAsked asked{.pipeline = text, .instance = {}, .number = {}};
  const size_t last = text.rfind('/');
  if (last == std::string::npos) return asked;
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data() + last + 1, end, number);
  if (ec != std::errc() || stop != end) return asked;
  asked.number = BatchNumber(number);
  asked.pipeline = text.substr(0, last);
  const size_t before = asked.pipeline.rfind('/');
  const std::string middle =
      before == std::string::npos ? std::string() : asked.pipeline.substr(before + 1);
  const bool hex = middle.size() == 8 && std::ranges::all_of(middle, [](unsigned char c) {
                     return std::isxdigit(c) != 0;
                   });
  if (!hex) return asked;
  asked.instance = middle;
  asked.pipeline.resize(before);
  return asked;
}

Result<BatchRecord> FindBatch(catalog::Catalog& catalog, const std::string& text) {
  BatchAsked asked = ParseBatch(text);
  if (!asked.instance.empty() && asked.instance != catalog.instance()) return Fail(NoBatch(text));
  if (!asked.number) {
    WEIR_ASSIGN(const ledger::PipelineState state, catalog.Pipeline(asked.pipeline));
    asked.number = state.batch;
  }
  WEIR_ASSIGN(auto record, catalog.Batch(asked.pipeline, *asked.number));
  if (!record) return Fail(NoBatch(text));
  return *record;
}

json CountsJson(const ledger::Counts& counts) {
  return {{"read", counts.read},         {"accepted", counts.accepted},
          {"rejected", counts.rejected}, {"duplicate", counts.duplicate},
          {"filtered", counts.filtered}, {"late", counts.late}};
}

json ToJson(const BatchRecord& record) {
  json made = {{"batch", record.id.ToString()},
               {"pipeline", record.id.pipeline},
               {"state", ledger::ToString(record.state)},
               {"time", FormatInstant(record.plan.time)},
               {"settled_at", nullptr},
               {"counts", nullptr},
               {"note", record.note}};
  if (record.settled_at.micros != 0) made["settled_at"] = FormatInstant(record.settled_at);
  if (record.outcome) made["counts"] = CountsJson(record.outcome->counts);
  return made;
}

json Whole(const BatchRecord& record) {
  json made = ToJson(record);
  made["schema"] = "weir.batch.show/1";
  made["splits"] = json::array();
  for (const ledger::ObjectProgress& split : record.plan.splits)
    made["splits"].push_back({{"object", split.object}, {"size", split.size}});
  if (!record.outcome) return made;
  made["rejected_by"] = record.outcome->rejected_by;
  made["warned_by"] = record.outcome->warned_by;
  made["tables"] = json::array();
  for (const ledger::TableOutcome& table : record.outcome->tables)
    made["tables"].push_back(
        {{"table", table.table}, {"rows", table.rows}, {"snapshot", table.snapshot}});
  return made;
}

std::string Line(const BatchRecord& record) {
  std::string text = fmt::format("{:<28}  {:<9}  {}", record.id.ToString(),
                                 ledger::ToString(record.state), FormatInstant(record.plan.time));
  if (record.outcome) text += "  " + Equality(record.outcome->counts);
  if (!record.note.empty()) text += "  (" + record.note + ")";
  return text + "\n";
}

std::string Upright(const BatchRecord& record) {
  std::string text =
      fmt::format("batch      {}\nstate      {}\ntime       {}\n", record.id.ToString(),
                  ledger::ToString(record.state), FormatInstant(record.plan.time));
  if (!record.note.empty()) text += "note       " + record.note + "\n";
  for (const ledger::ObjectProgress& split : record.plan.splits)
    text += fmt::format("input      {} ({})\n", split.object, FormatBytes(split.size));
  for (const ledger::PlannedInput& input : record.plan.inputs)
    text += fmt::format("input      {} at snapshot {}\n", input.table, input.snapshot);
  if (record.outcome) {
    text += "counts     " + Equality(record.outcome->counts) + "\n";
    for (const auto& [code, rows] : record.outcome->rejected_by)
      text += fmt::format("rejected   {:>10}  {}\n", FormatCount(rows), code);
    for (const ledger::TableOutcome& table : record.outcome->tables)
      text += fmt::format("table      {}, {} rows\n", table.table, FormatCount(table.rows));
  }
  if (record.state == BatchState::kHeld)
    text += fmt::format(
        "next       weir batch retry|accept|void {}: do it again; take what passed; leave it out\n",
        record.id.ToString());
  return text;
}

struct Verdict {
  pipeline::HeldVerdict held;
  const char* done;
};

Verdict VerdictOf(const std::string& verb, bool serves) {
  if (verb == "retry")
    return {pipeline::HeldVerdict::kRetry,
            serves ? "is planned again: weir serve does it" : "is planned again: weir run does it"};
  if (verb == "accept") return {pipeline::HeldVerdict::kAccept, "is committed"};
  return {pipeline::HeldVerdict::kVoid, "is void: nothing of it was committed"};
}

Result<const pipeline::PipelineSpec*> FindPipeline(const ReadProject& read,
                                                   const std::string& name) {
  std::vector<std::string> names;
  for (const pipeline::PipelineSpec& spec : read.pipelines) {
    if (spec.name == name && !spec.generates()) return &spec;
    names.push_back(spec.name);
  }
  const auto near = NearestWord(name, names);
  return Fail(ErrorKind::kNotFound, "batch.pipeline", "the project has no pipeline '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "weir batch ls");
}

// Whether a pipeline may have batches: it is in weir.yaml, or has some from before.
Result<void> CheckName(const Reading& reading, const std::string& name) {
  WEIR_ASSIGN(const auto all, reading.state->catalog().Batches(""));
  std::vector<std::string> names;
  for (const BatchRecord& record : all) names.push_back(record.id.pipeline);
  for (const pipeline::PipelineSpec& spec : reading.project.pipelines) names.push_back(spec.name);
  if (name.starts_with("model/") || std::ranges::find(names, name) != names.end()) return {};
  const auto near = NearestWord(name, names);
  return Fail(ErrorKind::kNotFound, "batch.pipeline", "there is no pipeline '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "weir batch ls");
}

}  // namespace

int BatchLs(const Command& command, const BatchOptions& options) {
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  auto records = reading->state->catalog().Batches(options.batch);
  if (!records) return Report(command.terminal, records.error());
  if (records->empty() && !options.batch.empty())
    if (const auto known = CheckName(*reading, options.batch); !known)
      return Report(command.terminal, known.error());
  if (options.held)
    std::erase_if(*records,
                  [](const BatchRecord& record) { return record.state != BatchState::kHeld; });
  // The newest first, of those the newest so many.
  std::ranges::reverse(*records);
  if (records->size() > options.limit) records->resize(options.limit);
  if (command.terminal.json) {
    json batches = json::array();
    for (const BatchRecord& record : *records) batches.push_back(ToJson(record));
    command.terminal.Out(
        json{{"schema", "weir.batch.ls/1"}, {"batches", std::move(batches)}}.dump() + "\n");
    return 0;
  }
  for (const BatchRecord& record : *records) command.terminal.Out(Line(record));
  if (records->empty()) command.terminal.Talk(options.held ? "no batch is held" : "no batches");
  return 0;
}

int BatchShow(const Command& command, const BatchOptions& options) {
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const auto record = FindBatch(reading->state->catalog(), options.batch);
  if (!record) return Report(command.terminal, record.error());
  command.terminal.Out(command.terminal.json ? Whole(*record).dump() + "\n" : Upright(*record));
  return 0;
}

int BatchSettle(const Command& command, const BatchOptions& options) {
  const Terminal& terminal = command.terminal;
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(terminal, read.error().errors, read.error().sources);
  auto compiled = CompileProject(*read);
  if (!compiled) return Report(terminal, compiled.error(), read->project.sources);
  const auto lock = LockState(*read);
  if (!lock) return Report(terminal, lock.error());
  auto state = State::Open(*read, State::Access::kWrite);
  if (!state) return Report(terminal, state.error());
  const auto record = FindBatch((*state)->catalog(), options.batch);
  if (!record) return Report(terminal, record.error());
  const std::string id = record->id.ToString();
  if (record->state != BatchState::kHeld)
    return Report(terminal, Error{.kind = ErrorKind::kInvalid,
                                  .code = "batch.not_held",
                                  .message = "batch " + id + " is not held, but " +
                                             std::string(ledger::ToString(record->state)),
                                  .place = {},
                                  .next = "weir batch ls --held"});
  const auto spec = FindPipeline(*read, record->id.pipeline);
  if (!spec) return Report(terminal, spec.error());
  auto log = OpenProjectLog(*read);
  if (!log) return Report(terminal, log.error());
  const Verdict verdict = VerdictOf(options.verb, (*spec)->serves());
  const auto severity = verdict.held == pipeline::HeldVerdict::kAccept
                            ? pipeline::Severity::kRefuse
                            : pipeline::Severity::kAsWritten;
  const auto runner =
      MakeRunner({*read, *compiled, **state, **log, *command.stop}, **spec, severity);
  if (!runner) return Report(terminal, runner.error(), read->project.sources);
  const auto settled = (*runner)->Settle(verdict.held);
  if (!settled) return Report(terminal, settled.error());
  const auto after = (*state)->catalog().Batch(record->id.pipeline, record->id.number);
  if (!after) return Report(terminal, after.error());
  if (terminal.json) {
    terminal.Out(Whole(**after).dump() + "\n");
    return 0;
  }
  std::string text = "batch " + id + " " + verdict.done;
  if (verdict.held == pipeline::HeldVerdict::kAccept) text += ": " + Equality(settled->counts);
  terminal.Out(text + "\n");
  return 0;
}

}  // namespace weir::cli

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/spelling.h"
#include "base/units.h"
#include "cli/dlq_letters.h"
#include "cli/make_runner.h"
#include "cli/state_lock.h"
#include "engine/sql.h"
#include "env/clock.h"

namespace weir::cli {
namespace {

using nlohmann::json;

struct PipelineReplay {
  std::string name;
  std::string table;
  pipeline::ReplaySummary summary;
};

json ToJson(const PipelineReplay& one) {
  const ledger::ReplayCounts& counts = one.summary.counts;
  json batches = json::array();
  for (const BatchId& batch : one.summary.batches) batches.push_back(batch.ToString());
  return {{"pipeline", one.name},         {"tried", counts.tried},
          {"replayed", counts.replayed},  {"duplicate", counts.duplicate},
          {"dropped", counts.filtered},   {"still_bad", counts.still_bad},
          {"new", counts.rejected},       {"still_bad_by", one.summary.still_bad_by},
          {"batches", std::move(batches)}};
}

void Tell(const Terminal& terminal, const PipelineReplay& one, bool dry_run) {
  const ledger::ReplayCounts& counts = one.summary.counts;
  if (counts.tried == 0) return terminal.Talk(terminal.Bold(one.name) + ": no dead letter waits");
  std::string text =
      fmt::format("{}: {} tried = {} {} + {} still bad", terminal.Bold(one.name),
                  FormatCount(counts.tried), FormatCount(counts.replayed),
                  dry_run ? "would pass" : "replayed", FormatCount(counts.still_bad));
  if (counts.duplicate != 0) text += fmt::format(" + {} duplicate", FormatCount(counts.duplicate));
  if (counts.filtered != 0)
    text += fmt::format(" + {} dropped by a rule", FormatCount(counts.filtered));
  if (!dry_run && counts.replayed != 0) text += " -> " + one.table;
  terminal.Talk(text);
  if (counts.rejected != 0)
    terminal.Talk(fmt::format("  {:>10}  new dead letters, out of objects that can be read now",
                              FormatCount(counts.rejected)));
  std::vector<std::pair<uint64_t, std::string>> reasons;
  for (const auto& [code, letters] : one.summary.still_bad_by) reasons.emplace_back(letters, code);
  std::ranges::sort(reasons, std::greater());
  for (const auto& [letters, code] : reasons)
    terminal.Talk(fmt::format("  {:>10}  {}", FormatCount(letters), code));
}

Result<std::vector<const pipeline::PipelineSpec*>> Select(const ReadProject& read,
                                                          const std::string& name) {
  std::vector<const pipeline::PipelineSpec*> selected;
  std::vector<std::string> names;
  for (const pipeline::PipelineSpec& spec : read.pipelines) {
    if (spec.generates()) continue;
    names.push_back(spec.name);
    if (name.empty() || spec.name == name) selected.push_back(&spec);
  }
  if (!selected.empty() || name.empty()) return selected;
  const auto near = NearestWord(name, names);
  return Fail(ErrorKind::kInvalid, "dlq.pipeline", "the project has no pipeline '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "weir check lists what the project has");
}

// The letters that are asked for, as SQL.
Result<std::string> WhereOf(const DlqOptions& options) {
  std::string ids;
  for (const std::string& id : options.ids) {
    if (!std::ranges::all_of(id, [](unsigned char c) { return std::isxdigit(c); }))
      return Fail(ErrorKind::kInvalid, "dlq.id", "'" + id + "' is not an id: hex digits",
                  "weir dlq ls");
    ids += (ids.empty() ? "" : " OR ") + ("starts_with(id, " + engine::QuotedText(id) + ")");
  }
  const std::string where = options.where.empty() ? "true" : options.where;
  return ids.empty() ? where : "(" + ids + ") AND (" + where + ")";
}

class ReplayCommand {
 public:
  ReplayCommand(const Command& command, const DlqOptions& options, std::string where)
      : command_(command), options_(options), where_(std::move(where)) {}

  int Go(const RunParts& parts, const std::vector<const pipeline::PipelineSpec*>& specs) {
    const auto known = pipeline::PipelinesWithLetters(parts.state.catalog());
    if (!known) return Report(command_.terminal, known.error());
    json pipelines = json::array();
    for (const pipeline::PipelineSpec* spec : specs) {
      if (command_.stop->load()) return command_.signal->load() == 2 ? 130 : 0;
      PipelineReplay one{.name = spec->name,
                         .table = std::get<sink::TableSinkSpec>(spec->sink).table.ToString(),
                         .summary = {}};
      if (std::ranges::find(*known, spec->name) != known->end()) {
        auto runner = MakeRunner(parts, *spec);
        if (!runner) return Report(command_.terminal, runner.error(), parts.read.project.sources);
        auto done = options_.dry_run ? (*runner)->TryReplay(where_) : (*runner)->Replay(where_);
        if (!done) return Report(command_.terminal, done.error());
        one.summary = std::move(*done);
      }
      Tell(command_.terminal, one, options_.dry_run);
      pipelines.push_back(ToJson(one));
    }
    if (command_.terminal.json)
      command_.terminal.Out(json{{"schema", "weir.dlq.replay/1"},
                                 {"dry_run", options_.dry_run},
                                 {"pipelines", std::move(pipelines)}}
                                .dump() +
                            "\n");
    return 0;
  }

 private:
  const Command& command_;
  const DlqOptions& options_;
  std::string where_;
};

}  // namespace

int DlqReplay(const Command& command, const DlqOptions& options) {
  const auto where = WhereOf(options);
  if (!where) {
    Report(command.terminal, where.error());
    return 2;
  }
  const auto read = OpenProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  auto compiled = CompileProject(*read);
  if (!compiled) return Report(command.terminal, compiled.error(), read->project.sources);
  const auto specs = Select(*read, options.target);
  if (!specs) {
    Report(command.terminal, specs.error());
    return 2;
  }
  std::unique_ptr<env::FileLock> lock;
  if (!options.dry_run) {
    auto locked = LockState(*read);
    if (!locked) return Report(command.terminal, locked.error());
    lock = std::move(*locked);
  }
  auto log = OpenProjectLog(*read);
  if (!log) return Report(command.terminal, log.error());
  auto state = State::Open(*read, State::Access::kWrite);
  if (!state) return Report(command.terminal, state.error());
  return ReplayCommand(command, options, *where)
      .Go({*read, *compiled, **state, **log, *command.stop}, *specs);
}

}  // namespace weir::cli

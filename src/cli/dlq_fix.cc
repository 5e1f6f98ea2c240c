// weir dlq fix and discard: what a person decides about dead letters goes to the ledger; their rows
// stay as they are.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/dlq_letters.h"
#include "cli/letter_sql.h"
#include "cli/make_runner.h"
#include "config/diagnostic_text.h"
#include "env/clock.h"
#include "source/dead_letter/letter_fields.h"

namespace weir::cli {
namespace {

using nlohmann::json;
using source::Fix;
using source::Letter;

constexpr size_t kPreviewed = 20;

// "price=9.99"
Result<source::FieldChanges> ParseSet(const std::vector<std::string>& set,
                                      const std::vector<columnar::ColumnSpec>& columns) {
  source::FieldChanges changes;
  for (const std::string& text : set) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return Fail(ErrorKind::kInvalid, "dlq.set", "'" + text + "' is not COLUMN=TEXT",
                  "weir dlq fix ID --set price=9.99");
    WEIR_ASSIGN(const std::string name, InputNameOf(text.substr(0, equals), columns));
    const std::string value = text.substr(equals + 1);
    changes[name] = value.empty() ? std::nullopt : std::optional(value);
  }
  return changes;
}

// A letter and what it becomes.
struct Mended {
  Letter before;
  Fix fix;
};

class FixCommand {
 public:
  FixCommand(const Command& command, const DlqOptions& options, OpenedLetters& letters,
             pipeline::Runner& runner, const pipeline::PipelineSpec& spec)
      : command_(command),
        options_(options),
        letters_(letters),
        runner_(runner),
        columns_(spec.contract.columns),
        pipeline_(spec.name) {}

  Result<int> Go(catalog::Catalog& catalog, const LetterGroup& group) {
    WEIR_ASSIGN(changes_, ParseSet(options_.set, columns_));
    if (!options_.sql.empty()) {
      WEIR_ASSIGN(sql_, LetterSql::Make(*letters_.reading.engine, options_.sql, columns_));
    }
    WEIR_ASSIGN(const auto runs, letters_.view->Runs(group.ids));
    uint64_t mended = 0;
    std::vector<Mended> preview;
    for (const auto& run : runs) {
      WEIR_ASSIGN(auto some, MendAll(run));
      mended += some.size();
      for (size_t i = 0; i < some.size() && preview.size() < kPreviewed; ++i)
        preview.push_back(std::move(some[i]));
    }
    WEIR_TRY(Show(preview, mended));
    if (mended == 0) return 0;
    if (group.ids.size() > 1 && !options_.yes) {
      WEIR_ASSIGN(const bool agreed,
                  Confirm(command_, fmt::format("fix {} dead letters?", FormatCount(mended))));
      if (!agreed) return 0;
    }
    for (const auto& run : runs) {
      WEIR_ASSIGN(const auto some, MendAll(run));
      WEIR_TRY(Keep(catalog, some));
    }
    command_.terminal.Talk(
        fmt::format("fixed {} dead letter{}; weir dlq replay {} moves what passes",
                    FormatCount(mended), mended == 1 ? "" : "s", pipeline_));
    return 0;
  }

 private:
  Result<std::vector<Mended>> MendAll(std::span<const std::string> ids) {
    WEIR_ASSIGN(auto letters, letters_.view->Read(ids));
    std::vector<LetterSql::Outcome> by_sql(letters.size());
    if (sql_ != nullptr) {
      WEIR_ASSIGN(by_sql, sql_->Run(letters));
    }
    std::vector<Mended> mended;
    for (size_t i = 0; i < letters.size(); ++i) {
      WEIR_ASSIGN(auto fix, MendOne(letters[i], by_sql[i]));
      if (fix) mended.push_back({std::move(letters[i]), std::move(*fix)});
    }
    return mended;
  }

  // Nothing where nothing changes, or where one of a group cannot be mended so.
  Result<std::optional<Fix>> MendOne(const Letter& letter, const LetterSql::Outcome& by_sql) {
    if (options_.raw) return Fix{.raw = *options_.raw, .header = {}, .set = {}};
    if (by_sql.raw) return Fix{.raw = *by_sql.raw, .header = {}, .set = {}};
    if (by_sql.left_out) return LeaveOut(*by_sql.left_out);
    source::FieldChanges changes = changes_;
    changes.insert(by_sql.fields.begin(), by_sql.fields.end());
    if (changes.empty()) return std::nullopt;
    auto fix = source::Mend(letter, columns_, changes);
    if (fix) return std::optional(std::move(*fix));
    if (options_.sql.empty()) return Fail(std::move(fix).error());
    return LeaveOut(fix.error());
  }

  std::nullopt_t LeaveOut(const Error& why) {
    if (left_out_++ == 0) first_left_out_ = why;
    return std::nullopt;
  }

  void TellLeftOut() {
    if (left_out_ == 0) return;
    command_.terminal.Talk(fmt::format("{} left out; the first: {}\n  {}",
                                       FormatCount(left_out_, "dead letter is", "dead letters are"),
                                       Harmless(first_left_out_.message), first_left_out_.next));
  }

  Result<void> Show(const std::vector<Mended>& preview, uint64_t all) {
    std::vector<Letter> tried;
    for (const Mended& one : preview) {
      Letter letter = one.before;
      letter.fix = one.fix;
      tried.push_back(std::move(letter));
    }
    WEIR_ASSIGN(const auto trials, runner_.Try(tried));
    if (command_.terminal.json) return ShowJson(preview, trials, all);
    std::string text;
    for (size_t i = 0; i < preview.size(); ++i) {
      const Letter& letter = preview[i].before;
      const bool passes = trials[i].outcome == pipeline::TrialOutcome::kPasses;
      text += fmt::format("{}  {}\n{:>12}  {}\n{:>12}  {}\n", letter.id.substr(0, 12),
                          Harmless(letter.fix ? letter.fix->raw : letter.raw), "->",
                          Harmless(preview[i].fix.raw), "", passes ? "passes" : Verdict(trials[i]));
    }
    if (all > preview.size())
      text += fmt::format("and {} more\n", FormatCount(all - preview.size()));
    if (all == 0) text = "nothing changes\n";
    command_.terminal.Out(text);
    TellLeftOut();
    return {};
  }

  static std::string Verdict(const pipeline::LetterTrial& trial) {
    if (trial.outcome == pipeline::TrialOutcome::kFiltered) return "would be dropped by a rule";
    return "still bad: " + trial.reason.code + ": " + Harmless(trial.reason.detail);
  }

  Result<void> ShowJson(const std::vector<Mended>& preview,
                        const std::vector<pipeline::LetterTrial>& trials, uint64_t all) {
    json shown = json::array();
    for (size_t i = 0; i < preview.size(); ++i)
      shown.push_back({{"id", preview[i].before.id},
                       {"fix", json::parse(preview[i].fix.ToJson())},
                       {"passes", trials[i].outcome == pipeline::TrialOutcome::kPasses}});
    json made = {{"schema", "weir.dlq.fix/1"},
                 {"letters", all},
                 {"preview", std::move(shown)},
                 {"left_out", left_out_}};
    if (left_out_ != 0)
      made["first_left_out"] = json::parse(config::ErrorsToJson({first_left_out_})).at(0);
    command_.terminal.Out(made.dump() + "\n");
    return {};
  }

  Result<void> Keep(catalog::Catalog& catalog, const std::vector<Mended>& mended) {
    catalog::Change change;
    for (const Mended& one : mended)
      change.letters.push_back({.sequence = 0,
                                .pipeline = pipeline_,
                                .id = one.before.id,
                                .step = ledger::LetterStep::kFix,
                                .batch = "",
                                .at = env::SystemClock().Now(),
                                .detail = one.fix.ToJson()});
    return catalog.Commit(change);
  }

  const Command& command_;
  const DlqOptions& options_;
  OpenedLetters& letters_;
  pipeline::Runner& runner_;
  const std::vector<columnar::ColumnSpec>& columns_;
  std::string pipeline_;
  source::FieldChanges changes_;
  std::unique_ptr<LetterSql> sql_;
  // By SQL, since their records cannot be cut into fields.
  uint64_t left_out_ = 0;
  Error first_left_out_;
};

// An error in what was typed is exit 2, as everywhere.
int Fault(const Command& command, const Error& error) {
  const int code = Report(command.terminal, error);
  return error.code.starts_with("dlq.") && error.kind == ErrorKind::kInvalid ? 2 : code;
}

}  // namespace

int DlqFix(const Command& command, const DlqOptions& options) {
  if (options.set.empty() && options.sql.empty() && !options.raw)
    return Fault(command, {ErrorKind::kInvalid,
                           "dlq.fix",
                           "nothing says how it is to be mended",
                           {},
                           "weir dlq fix ID --set price=9.99"});
  auto letters = OpenLetters(command, "");
  if (!letters) return letters.error();
  const auto group = FindGroup(*letters, options.target, options.where);
  if (!group) return Fault(command, group.error());
  if (options.raw && group->ids.size() > 1)
    return Fault(command, {ErrorKind::kInvalid,
                           "dlq.raw",
                           "--raw is for one record",
                           {},
                           "weir dlq fix " + options.target + " --sql \"raw = ...\""});
  // All of it this time: what a record must be stands in the pipeline.
  const auto project = OpenProject(command.folder);
  if (!project) return Report(command.terminal, project.error().errors, project.error().sources);
  const ReadProject& read = *project;
  auto compiled = CompileProject(read);
  if (!compiled) return Report(command.terminal, compiled.error(), read.project.sources);
  const auto spec =
      std::ranges::find(read.pipelines, group->pipeline, &pipeline::PipelineSpec::name);
  if (spec == read.pipelines.end())
    return Fault(command, {ErrorKind::kInvalid,
                           "dlq.pipeline",
                           "the project has no pipeline '" + group->pipeline + "' any more",
                           {},
                           "weir dlq discard, or put the pipeline back"});
  auto log = OpenProjectLog(read);
  if (!log) return Report(command.terminal, log.error());
  // No lock: a fix is one row of the ledger, and weir run may go on meanwhile.
  auto state = State::Open(read, State::Access::kWrite);
  if (!state) return Report(command.terminal, state.error());
  auto runner = MakeRunner({read, *compiled, **state, **log, *command.stop}, *spec);
  if (!runner) return Report(command.terminal, runner.error(), read.project.sources);
  const auto done =
      FixCommand(command, options, *letters, **runner, *spec).Go((*state)->catalog(), *group);
  return done ? *done : Fault(command, done.error());
}

int DlqDiscard(const Command& command, const DlqOptions& options) {
  auto letters = OpenLetters(command, "");
  if (!letters) return letters.error();
  const auto group = FindGroup(*letters, options.target, options.where);
  if (!group) return Fault(command, group.error());
  const size_t count = group->ids.size();
  if (count > 1 && !options.yes) {
    const auto agreed =
        Confirm(command, fmt::format("discard {} dead letters?", FormatCount(count)));
    if (!agreed) return Fault(command, agreed.error());
    if (!*agreed) return 0;
  }
  auto state = State::Open(letters->reading.project, State::Access::kWrite);
  if (!state) return Report(command.terminal, state.error());
  catalog::Change change;
  for (const std::string& id : group->ids)
    change.letters.push_back({.sequence = 0,
                              .pipeline = group->pipeline,
                              .id = id,
                              .step = ledger::LetterStep::kDiscard,
                              .batch = "",
                              .at = env::SystemClock().Now(),
                              .detail = options.note});
  if (const auto done = (*state)->catalog().Commit(change); !done)
    return Report(command.terminal, done.error());
  if (command.terminal.json)
    command.terminal.Out(json{{"schema", "weir.dlq.discard/1"}, {"discarded", count}}.dump() +
                         "\n");
  command.terminal.Talk(
      fmt::format("discarded {} dead letter{}", FormatCount(count), count == 1 ? "" : "s"));
  return 0;
}

}  // namespace weir::cli

#include "cli/arguments.h"

namespace weir::cli {
namespace {

struct DlqVerbs {
  CLI::App& dlq;
  DlqOptions& options;
  Verb& verb;

  CLI::App* Add(const char* name, const char* meaning,
                int (*run)(const Command&, const DlqOptions&)) {
    CLI::App* added = dlq.add_subcommand(name, meaning);
    added->callback([this_verb = &verb, asked = &options, run] {
      *this_verb = [asked, run](const Command& command) { return run(command, *asked); };
    });
    return added;
  }

  void Pipeline(CLI::App* to) {
    to->add_option("PIPELINE", options.target, "of one pipeline (default: all)");
  }
  void Where(CLI::App* to) {
    to->add_option("--where", options.where,
                   "those for which this SQL is true: \"code = 'type.bigint'\"");
  }
  void All(CLI::App* to) { to->add_flag("--all", options.all, "replayed and discarded ones too"); }
  void Yes(CLI::App* to) { to->add_flag("--yes", options.yes, "do not ask"); }
};

void AddReading(DlqVerbs& verbs) {
  CLI::App* ls = verbs.Add("ls", "list those that wait", DlqLs);
  verbs.Pipeline(ls);
  verbs.Where(ls);
  verbs.All(ls);
  ls->add_option("--limit", verbs.options.limit, "at most so many")
      ->capture_default_str()
      ->check(AboveZero);
  CLI::App* show = verbs.Add("show", "one of them, whole", DlqShow);
  show->add_option("ID", verbs.options.target, "its id, or the beginning of it")->required();
  verbs.Pipeline(verbs.Add("stats", "how many, by state and reason", DlqStats));
  CLI::App* exported = verbs.Add("export", "write them to a file", DlqExport);
  verbs.Pipeline(exported);
  verbs.Where(exported);
  verbs.All(exported);
  exported->add_option("-o,--output", verbs.options.format, "csv | ndjson")
      ->check(CLI::IsMember({"csv", "ndjson"}))
      ->default_val("csv");
  exported->add_option("--out", verbs.options.out, "file to write (default: stdout)");
}

void AddChanging(DlqVerbs& verbs) {
  DlqOptions& options = verbs.options;
  CLI::App* fix = verbs.Add("fix", "mend one, or a group with SQL; replay moves it", DlqFix);
  fix->add_option("TARGET", options.target, "an id, or a pipeline")->required();
  fix->add_option("--set", options.set, "COLUMN=TEXT, again for more columns");
  fix->add_option("--raw", options.raw, "the whole record as it should have been");
  fix->add_option("--sql", options.sql, "\"COLUMN = EXPRESSION\", again for more columns");
  verbs.Where(fix);
  verbs.Yes(fix);
  CLI::App* replay = verbs.Add("replay", "move what passes the contract now", DlqReplay);
  verbs.Pipeline(replay);
  replay->add_option("--id", options.ids, "these alone: ids, or their beginnings");
  verbs.Where(replay);
  replay->add_flag("--dry-run", options.dry_run, "say what would pass, move nothing");
  CLI::App* discard = verbs.Add("discard", "give them up, with a note", DlqDiscard);
  discard->add_option("TARGET", options.target, "an id, or a pipeline")->required();
  discard->add_option("--note", options.note, "why")->required();
  verbs.Where(discard);
  verbs.Yes(discard);
}

}  // namespace

void AddDlq(CLI::App& app, DlqOptions& options, Verb& verb) {
  CLI::App* dlq = app.add_subcommand("dlq", "dead letters: the records that were refused, and why");
  dlq->require_subcommand(1);
  DlqVerbs verbs{*dlq, options, verb};
  AddReading(verbs);
  AddChanging(verbs);
}

}  // namespace weir::cli

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/spelling.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/example_files.h"

namespace weir::cli {

// What CLI11 says of its own check is a line of digits.
std::string AboveZero(const std::string& text) {
  return text.starts_with('-') || text.find_first_not_of('0') == std::string::npos
             ? "'" + text + "' must be above 0"
             : "";
}

namespace {

// The arguments of every verb. CLI11 fills them, then the verb that was named runs.
struct Arguments {
  InitOptions init;
  ConfigShowOptions config_show;
  std::string shell;  // Of completion.
  SqlOptions sql;
  RunOptions run;
  ServeOptions serve;
  TokenOptions token;
  BenchIngestOptions bench;
  TestOptions test;
  GenOptions gen;
  QueryOptions query;
  DlqOptions dlq;
  TableOptions table;
  BackupOptions backup;
  ApplyOptions apply;
  BatchOptions batch;
  std::function<int(const Command&)> verb;
};

std::string Examples() {
  std::string names;
  std::string_view before;
  for (const ExampleFile& file : ExampleFiles())
    if (std::exchange(before, file.example) != file.example)
      names += (names.empty() ? "" : ", ") + std::string(file.example);
  return names;
}

void AddInit(CLI::App& app, Arguments& arguments) {
  CLI::App* init = app.add_subcommand("init", "begin a project");
  init->add_option("DIR", arguments.init.folder, "its folder, made at need (default: here)");
  CLI::Option* example =
      init->add_option("--example", arguments.init.example, "a copy of an example: " + Examples());
  init->add_option("--from-file", arguments.init.from_file,
                   "a contract for a file: CSV, TSV, JSON, NDJSON, Parquet, Arrow")
      ->excludes(example);
  init->callback([&] {
    arguments.verb = [&](const Command& command) { return Init(command, arguments.init); };
  });
}

void AddRun(CLI::App& app, Arguments& arguments) {
  CLI::App* run =
      app.add_subcommand("run", "take what is there now, commit it, build the models, exit");
  run->add_option("SELECTOR", arguments.run.selectors,
                  "pipelines and models: shop_events gold.* +gold.daily orders+ (default: all)");
  run->add_flag("--strict", arguments.run.strict, "exit 3 when any record became a dead letter");
  run->add_flag("--follow", arguments.run.follow,
                "go on as files arrive, for pipelines that say follow: true; until a signal");
  run->add_flag("--force", arguments.run.force, "build models whose inputs did not change, too");
  run->callback([&] {
    arguments.verb = [&](const Command& command) { return Run(command, arguments.run); };
  });
}

void AddServe(CLI::App& app, Arguments& arguments) {
  CLI::App* serve =
      app.add_subcommand("serve", "all pipelines, continuously, and the HTTP API; until a signal");
  serve->add_option("--listen", arguments.serve.listen, "ADDRESS:PORT instead of server.listen");
  serve->callback([&] {
    arguments.verb = [&](const Command& command) { return Serve(command, arguments.serve); };
  });
  CLI::App* dev = app.add_subcommand("dev", "serve, and read the project anew when it changes");
  dev->add_option("--listen", arguments.serve.listen, "ADDRESS:PORT instead of server.listen");
  dev->callback([&] {
    arguments.serve.reload_on_change = true;
    arguments.verb = [&](const Command& command) { return Serve(command, arguments.serve); };
  });
}

void AddToken(CLI::App& app, Arguments& arguments) {
  CLI::App* token = app.add_subcommand("token", "who may call the HTTP API");
  token->require_subcommand(1);
  TokenOptions& options = arguments.token;
  CLI::App* create = token->add_subcommand("create", "make one, and show it this once");
  create->add_option("NAME", options.name, "what it is for")->required();
  create
      ->add_option("--scope", options.scopes,
                   "admin | ingest:PIPELINE | ingest:* | read:*, several")
      ->required();
  create->add_option("--rate", options.rate, "requests it may make, such as 100/s or 5/m");
  create->add_option("--concurrency", options.concurrency, "requests it may make at a time")
      ->check(CLI::PositiveNumber);
  create->callback([&] {
    arguments.verb = [&](const Command& command) { return TokenCreate(command, options); };
  });
  token->add_subcommand("ls", "list them")->callback([&] { arguments.verb = TokenLs; });
  CLI::App* revoke = token->add_subcommand("revoke", "from now on it opens nothing");
  revoke->add_option("TOKEN", options.name, "its name or id")->required();
  revoke->callback([&] {
    arguments.verb = [&](const Command& command) { return TokenRevoke(command, options); };
  });
}

void AddBench(CLI::App& app, Arguments& arguments) {
  CLI::App* bench = app.add_subcommand("bench", "measure");
  bench->require_subcommand(1);
  BenchIngestOptions& options = arguments.bench;
  CLI::App* ingest = bench->add_subcommand("ingest", "how fast a server takes records over HTTP");
  ingest->add_option("--url", options.url, "where to POST, of any server")->required();
  ingest->add_option("--items", options.items, "records of a request")->check(AboveZero);
  ingest->add_option("--connections", options.connections, "clients at once")->check(AboveZero);
  ingest->add_option("--time", options.time, "of each loop: 5s");
  ingest->add_option("--requests", options.requests, "of each loop, at most");
  ingest->add_option("--open", options.open_share,
                     "share of the rate found, offered in an open loop");
  ingest->add_option("--rate", options.rate, "requests a second, in an open loop alone");
  ingest->add_option("--out", options.out,
                     "a folder: 1,000 requests each of 1 to 10,000 records, then 1 to 10,000 "
                     "clients, as CSV, Markdown and SVG");
  ingest->add_option("--body", options.body,
                     "a .json, .ndjson or .csv file to send; {n} in it is the request's number");
  ingest->add_option("--token", options.token, "bearer token");
  ingest->add_flag("--keys", options.keys, "an Idempotency-Key for each request");
  ingest->callback([&] {
    arguments.verb = [&](const Command& command) { return BenchIngest(command, options); };
  });
}

void AddTest(CLI::App& app, Arguments& arguments) {
  CLI::App* test =
      app.add_subcommand("test", "run the cases of tests/*.yaml: models and contracts");
  test->add_option("WORD", arguments.test.words,
                   "a model, a pipeline, a file or a case (default: all)");
  test->callback([&] {
    arguments.verb = [&](const Command& command) { return Test(command, arguments.test); };
  });
}

void AddGen(CLI::App& app, Arguments& arguments) {
  CLI::App* gen =
      app.add_subcommand("gen", "generate data with a seed, and faults at stated rates");
  gen->add_option("PIPELINE", arguments.gen.pipeline, "a pipeline whose source is generate")
      ->required();
  gen->add_option("--rows", arguments.gen.rows, "rows to generate")->check(AboveZero);
  gen->add_option("--for", arguments.gen.duration,
                  "event time to generate: 10s, 5m (needs a rate)");
  gen->add_option("--rate", arguments.gen.rate, "events per second of event time: 200/s");
  gen->add_option("--seed", arguments.gen.seed, "the same seed gives the same bytes")
      ->check(CLI::NonNegativeNumber);
  gen->add_option("--out", arguments.gen.out, "file to write, instead of the pipeline's sink");
  gen->callback([&] {
    arguments.verb = [&](const Command& command) { return Gen(command, arguments.gen); };
  });
}

void AddQuery(CLI::App& app, Arguments& arguments) {
  CLI::App* query = app.add_subcommand("query", "SQL over the tables");
  query->add_option("SQL", arguments.query.sql, "one SELECT")->required();
  query
      ->add_option("-o,--output", arguments.query.format,
                   "table | csv | json | ndjson | parquet | md")
      ->check(CLI::IsMember({"table", "csv", "json", "ndjson", "parquet", "md"}));
  query->add_option("--to", arguments.query.out, "file to write");
  query->callback([&] {
    arguments.verb = [&](const Command& command) { return Query(command, arguments.query); };
  });
}

void AddSql(CLI::App& app, Arguments& arguments) {
  CLI::App* sql = app.add_subcommand("sql", "a shell for SQL over the tables");
  sql->add_option("-o,--output", arguments.sql.format, "table | csv | json | ndjson | md")
      ->check(CLI::IsMember({"table", "csv", "json", "ndjson", "md"}));
  sql->callback([&] {
    arguments.verb = [&](const Command& command) { return Sql(command, arguments.sql); };
  });
}

void AddConfig(CLI::App& app, Arguments& arguments) {
  CLI::App* config = app.add_subcommand("config", "about the configuration");
  config->require_subcommand(1);
  CLI::App* show = config->add_subcommand("show", "as it counts, with the defaults filled in");
  show->add_flag("--origin", arguments.config_show.origin, "and where each value comes from");
  show->callback([&] {
    arguments.verb = [&](const Command& command) {
      return ConfigShow(command, arguments.config_show);
    };
  });
  config->add_subcommand("reference", "every key, as Markdown")->callback([&] {
    arguments.verb = ConfigReference;
  });
}

void AddCompletion(CLI::App& app, Arguments& arguments) {
  CLI::App* completion = app.add_subcommand("completion", "what makes a shell's Tab key know weir");
  completion->add_option("SHELL", arguments.shell, "bash | zsh | fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&] {
    arguments.verb = [&](const Command& command) {
      command.terminal.Out(CompletionScript(arguments.shell));
      return 0;
    };
  });
}

void AddTable(CLI::App& app, Arguments& arguments) {
  CLI::App* table = app.add_subcommand("table", "the tables of the lake");
  table->require_subcommand(1);
  table->add_subcommand("ls", "list them")->callback([&] {
    arguments.verb = [](const Command& command) { return TableLs(command); };
  });
  const auto add = [&](const char* name, const char* meaning, auto run) {
    CLI::App* added = table->add_subcommand(name, meaning);
    added->add_option("TABLE", arguments.table.table, "schema.name")->required();
    added->callback([&arguments, run] {
      arguments.verb = [&arguments, run](const Command& command) {
        return run(command, arguments.table);
      };
    });
    return added;
  };
  add("show", "columns, partitions, snapshots of one",
      [](const Command& command, const TableOptions& options) {
        return TableShow(command, options.table);
      });
  add("history", "its snapshots, and who made them", TableHistory);
  add("files", "its data files, also of TABLE@SNAPSHOT", TableFiles);
  add("compact", "put small files together", TableCompact);
  add("rollback", "put back what it held", TableRollback)
      ->add_option("SNAPSHOT", arguments.table.snapshot, "an id, or a time: 2026-05-01T10:00:00")
      ->required();
}

void AddBackup(CLI::App& app, Arguments& arguments) {
  CLI::App* backup = app.add_subcommand("backup", "copy the state, and what it points to");
  backup->add_option("DIR", arguments.backup.folder, "a folder, made at need")->required();
  backup->add_flag("--data", arguments.backup.data, "the tables' data files too");
  backup->callback([&] {
    arguments.verb = [&](const Command& command) { return Backup(command, arguments.backup); };
  });
  CLI::App* restore = app.add_subcommand("restore", "put a backup in the place of a lost state");
  restore->add_option("DIR", arguments.backup.folder, "the backup's folder")->required();
  restore->callback([&] {
    arguments.verb = [&](const Command& command) { return Restore(command, arguments.backup); };
  });
}

void AddApply(CLI::App& app, Arguments& arguments) {
  CLI::App* apply = app.add_subcommand("apply", "change the tables as weir plan shows it");
  apply->add_flag("--allow-breaking", arguments.apply.allow_breaking,
                  "also what makes old rows look otherwise");
  apply->callback([&] {
    arguments.verb = [&](const Command& command) { return Apply(command, arguments.apply); };
  });
}

void AddBatch(CLI::App& app, Arguments& arguments) {
  CLI::App* batch =
      app.add_subcommand("batch", "batches: what was committed, what is held and why");
  batch->require_subcommand(1);
  BatchOptions& options = arguments.batch;
  CLI::App* ls = batch->add_subcommand("ls", "list them, the newest first");
  ls->add_option("PIPELINE", options.batch, "of one pipeline");
  ls->add_flag("--held", options.held, "only those that wait for a person");
  ls->add_option("--limit", options.limit, "at most so many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  ls->callback(
      [&] { arguments.verb = [&](const Command& command) { return BatchLs(command, options); }; });
  const char* which = "PIPELINE/INSTANCE/N, PIPELINE/N, or PIPELINE for its last one";
  CLI::App* show = batch->add_subcommand("show", "one of them, whole");
  show->add_option("BATCH", options.batch, which)->required();
  show->callback([&] {
    arguments.verb = [&](const Command& command) { return BatchShow(command, options); };
  });
  const std::pair<const char*, const char*> verdicts[] = {
      {"retry", "let weir run do a held batch again, as it was planned"},
      {"accept", "commit what passed of a held batch; the rest are dead letters"},
      {"void", "leave a held batch out: its input counts as read"}};
  for (const auto& [verb, meaning] : verdicts) {
    CLI::App* settle = batch->add_subcommand(verb, meaning);
    settle->add_option("BATCH", options.batch, which)->required();
    settle->callback([&arguments, verb] {
      arguments.batch.verb = verb;
      arguments.verb = [&arguments](const Command& command) {
        return BatchSettle(command, arguments.batch);
      };
    });
  }
}

void AddSimple(CLI::App& app, Arguments& arguments, const char* name, const char* meaning,
               int (*verb)(const Command&)) {
  app.add_subcommand(name, meaning)->callback([&arguments, verb] { arguments.verb = verb; });
}

std::vector<std::string> VerbNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

// The verb as it stands on the command line, if it is none of ours; options before it are skipped.
std::optional<std::string> UnknownVerb(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-C") ++i;
    if (word.starts_with('-')) continue;
    const std::vector<std::string> verbs = VerbNames(app);
    return std::ranges::find(verbs, word) == verbs.end() ? std::optional(word) : std::nullopt;
  }
  return std::nullopt;
}

// The command as far as it was understood: "weir dlq ls".
std::string Typed(const CLI::App& app) {
  std::string typed = app.get_name();
  for (const CLI::App* verb : app.get_subcommands()) typed += " " + Typed(*verb);
  return typed;
}

// `weir complete WORD...`: what the scripts of completion.h call.
int PrintCompletions(const Terminal& terminal, const CLI::App& app,
                     const std::vector<std::string>& words) {
  std::string folder;
  for (size_t i = 0; i + 2 < words.size(); ++i)
    if (words[i] == "-C") folder = words[i + 1];
  for (const std::string& word : Completions(app, words, NamesOfProject(folder)))
    terminal.Out(word + "\n");
  return 0;
}

int ReportUnknownVerb(const Terminal& terminal, const CLI::App& app, const std::string& word) {
  const auto near = NearestWord(word, VerbNames(app));
  Report(terminal, Error{ErrorKind::kInvalid,
                         "cli.verb",
                         "there is no command '" + word + "'",
                         {},
                         near ? "did you mean 'weir " + *near + "'?" : "weir --help lists them"});
  return 2;
}

}  // namespace

int Main(int argc, char** argv, const Signals& signals) {
  Command command{.terminal = DetectTerminal(),
                  .folder = "",
                  .signal = &signals.first,
                  .stop = &signals.stop,
                  .count_hangups = signals.count_hangups};
  Arguments arguments;
  CLI::App app(
      "Weir: events in, checked against a contract, committed exactly once to Iceberg tables.",
      "weir");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("-C", command.folder, "work in the project of this folder")->type_name("DIR");
  app.add_flag("--json", command.terminal.json, "one JSON object on stdout");
  app.add_flag("-q,--quiet", command.terminal.quiet, "no talk but errors");
  AddInit(app, arguments);
  AddSimple(app, arguments, "check", "find every fault of the project", Check);
  AddSimple(app, arguments, "plan", "what the tables must change, and which models are to be built",
            Plan);
  AddApply(app, arguments);
  AddRun(app, arguments);
  AddServe(app, arguments);
  AddToken(app, arguments);
  AddBench(app, arguments);
  AddTest(app, arguments);
  AddBatch(app, arguments);
  AddGen(app, arguments);
  AddQuery(app, arguments);
  AddSql(app, arguments);
  AddDlq(app, arguments.dlq, arguments.verb);
  AddTable(app, arguments);
  AddBackup(app, arguments);
  AddSimple(app, arguments, "verify", "recount every batch from the tables", Verify);
  AddSimple(app, arguments, "doctor", "look at this machine and this project", Doctor);
  AddSimple(app, arguments, "version", "versions of weir and its parts", Version);
  AddConfig(app, arguments);
  AddCompletion(app, arguments);
  if (argc > 1 && std::string_view(argv[1]) == "complete")
    return PrintCompletions(command.terminal, app, {argv + 2, argv + argc});
  // Asked for before all else, so that a usage error is an object too.
  command.terminal.json =
      std::ranges::count(std::span(argv, argc), std::string_view("--json")) != 0;
  if (const auto word = UnknownVerb(app, argc, argv))
    return ReportUnknownVerb(command.terminal, app, *word);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);
    Report(
        command.terminal,
        Error{ErrorKind::kInvalid, "cli.usage", error.what(), {}, Typed(app) + " --help says how"});
    return 2;
  }
  if (command.terminal.json) command.terminal.quiet = true;
  return arguments.verb(command);
}

}  // namespace weir::cli

// One function per verb, each in its own file. A command takes its parsed arguments, does its work
// through the rooms below, talks to the terminal, and returns the exit code
// (docs/user/commands.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace weir::cli {

// What every command has.
struct Command {
  Terminal terminal;
  std::string folder;              // -C DIR: where to look for weir.yaml from; empty: here.
  const std::atomic<int>* signal;  // The first SIGINT or SIGTERM that came; 0: none.
  const std::atomic<bool>* stop;   // Set with it.
  // From now on SIGHUP ends nothing, and is counted here.
  const std::atomic<int>& (*count_hangups)();
};

struct InitOptions {
  std::string folder = ".";
  std::string example;    // A name of example_files.h; empty: none.
  std::string from_file;  // A path; empty: none.
};
int Init(const Command& command, const InitOptions& options);

int Check(const Command& command);

// What the tables must change to fit their contracts. 0: nothing; 3: weir apply has something to
// do.
int Plan(const Command& command);

struct ApplyOptions {
  bool allow_breaking = false;
};
int Apply(const Command& command, const ApplyOptions& options);

struct BatchOptions {
  std::string verb;  // Of BatchSettle: retry, accept, void.
  std::string
      batch;  // PIPELINE/INSTANCE/N, PIPELINE/N, or PIPELINE; of `ls` a pipeline or nothing.
  bool held = false;
  uint64_t limit = 20;
};
int BatchLs(const Command& command, const BatchOptions& options);
int BatchShow(const Command& command, const BatchOptions& options);
int BatchSettle(const Command& command, const BatchOptions& options);

struct RunOptions {
  std::vector<std::string> selectors;  // Pipelines and models; empty: all of them.
  bool strict = false;                 // Dead letters make it exit 3.
  bool force = false;                  // Models whose inputs did not change are built too.
  bool follow = false;                 // Go on as input arrives, until a signal.
};
int Run(const Command& command, const RunOptions& options);

struct ServeOptions {
  bool reload_on_change = false;  // weir dev: when a file of the project changes.
  std::string listen;             // Instead of server.listen; empty: as the project says.
};
int Serve(const Command& command, const ServeOptions& options);

struct BenchIngestOptions {
  std::string url;     // "http://127.0.0.1:8000/orders"
  uint64_t items = 1;  // Records of a request: one as JSON, more as NDJSON.
  uint64_t connections = 64;
  std::string time = "5s";  // Of each loop.
  uint64_t requests = 0;    // Of each loop, at most; 0: as the time allows.
  double open_share = 0.7;  // Of the closed loop's rate; 0: no open loop.
  double rate = 0;          // Requests a second, known beforehand: the open loop alone.
  std::string out;          // The sweep instead, into this folder.
  std::string body;  // A file to send instead of events: `{n}` in it is the request's number.
  std::string token;
  bool keys = false;  // Each request has an Idempotency-Key of its own.
};
int BenchIngest(const Command& command, const BenchIngestOptions& options);

struct TokenOptions {
  std::string name;  // Of `revoke`: a name or an id.
  std::vector<std::string> scopes;
  std::string rate;          // "100/s"; empty: any number.
  uint64_t concurrency = 0;  // 0: any number.
};
int TokenCreate(const Command& command, const TokenOptions& options);
int TokenLs(const Command& command);
int TokenRevoke(const Command& command, const TokenOptions& options);

struct TestOptions {
  std::vector<std::string> words;  // Of a case: its name, file, model or pipeline; empty: all.
};
// Runs the cases of tests/*.yaml. 0: all passed; 1: one failed.
int Test(const Command& command, const TestOptions& options);

struct GenOptions {
  std::string pipeline;
  std::optional<uint64_t> rows;
  std::string duration;  // "10s"; empty: not given.
  std::string rate;      // "200/s"; empty: as the pipeline says.
  std::optional<uint64_t> seed;
  std::string out;  // A path instead of the pipeline's sink.
};
int Gen(const Command& command, const GenOptions& options);

struct QueryOptions {
  std::string sql;
  std::string format;  // table csv json ndjson parquet md; empty: table on a terminal, else csv.
  std::string out;     // A file instead of stdout; needed for parquet.
};
int Query(const Command& command, const QueryOptions& options);

struct SqlOptions {
  std::string format;  // Of QueryOptions, without parquet.
};
// A shell on a terminal; elsewhere the statements on stdin, one after the other.
int Sql(const Command& command, const SqlOptions& options);

struct DlqOptions {
  std::string target;            // A pipeline, or the beginning of an id; empty: all pipelines.
  std::vector<std::string> ids;  // Of `replay`: beginnings of ids.
  std::string where;             // SQL over pipeline/letter_view.h.
  std::vector<std::string> set;  // "price=9.99"
  std::vector<std::string> sql;  // "price = replace(price, ',', '.')"
  std::optional<std::string> raw;
  std::string note;
  std::string format;  // csv ndjson
  std::string out;
  uint64_t limit = 50;
  bool all = false;      // Settled ones too.
  bool yes = false;      // Do not ask.
  bool dry_run = false;  // Say what would happen.
};
int DlqLs(const Command& command, const DlqOptions& options);
int DlqShow(const Command& command, const DlqOptions& options);
int DlqStats(const Command& command, const DlqOptions& options);
int DlqFix(const Command& command, const DlqOptions& options);
int DlqReplay(const Command& command, const DlqOptions& options);
int DlqDiscard(const Command& command, const DlqOptions& options);
int DlqExport(const Command& command, const DlqOptions& options);

struct TableOptions {
  std::string table;     // Of `files`: with "@SNAPSHOT" behind it, where it is not the current one.
  std::string snapshot;  // Of `rollback`: an id, or a time.
};
int TableLs(const Command& command);
int TableShow(const Command& command, const std::string& table);
int TableHistory(const Command& command, const TableOptions& options);
int TableFiles(const Command& command, const TableOptions& options);
int TableCompact(const Command& command, const TableOptions& options);
int TableRollback(const Command& command, const TableOptions& options);

struct BackupOptions {
  std::string folder;
  bool data = false;  // Data files of the current snapshots too.
};
int Backup(const Command& command, const BackupOptions& options);
int Restore(const Command& command, const BackupOptions& options);

int Verify(const Command& command);
int Doctor(const Command& command);
int Version(const Command& command);
int ConfigReference(const Command& command);

struct ConfigShowOptions {
  bool origin = false;
};
int ConfigShow(const Command& command, const ConfigShowOptions& options);

// Parses the arguments and runs the command.
struct Signals {
  const std::atomic<int>& first;
  const std::atomic<bool>& stop;
  const std::atomic<int>& (*count_hangups)();
};
int Main(int argc, char** argv, const Signals& signals);

}  // namespace weir::cli

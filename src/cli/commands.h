// One function per verb, each in its own file. A command takes its parsed arguments, does its work
// through the rooms below, talks to the terminal, and returns the exit code (language.md section
// 3).
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
};

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

struct DlqOptions {
  std::string pipeline;  // Empty: all.
  std::string id;        // Of `show`.
  uint64_t limit = 50;
};
int DlqLs(const Command& command, const DlqOptions& options);
int DlqShow(const Command& command, const DlqOptions& options);
int DlqStats(const Command& command, const DlqOptions& options);

int TableLs(const Command& command);
int TableShow(const Command& command, const std::string& table);

int Verify(const Command& command);
int Doctor(const Command& command);
int Version(const Command& command);
int ConfigReference(const Command& command);

// Parses the arguments and runs the command.
int Main(int argc, char** argv, const std::atomic<int>& signal, const std::atomic<bool>& stop);

}  // namespace weir::cli

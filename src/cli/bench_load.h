// What `weir bench ingest` sends, and one loop of it measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "cli/commands.h"
#include "net/load.h"

namespace weir::cli {

// What one loop came to.
struct LoopFigures {
  std::string loop;    // "closed", "open"
  double offered = 0;  // Of an open loop: requests a second.
  uint64_t requests = 0;
  uint64_t items = 0;
  uint64_t errors = 0;  // Answers from 300 on, and connections that broke.
  double requests_per_second = 0;
  double items_per_second = 0;
  double megabytes_per_second = 0;  // Of bodies.
  double mean_ms = 0;
  double p50_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
  double p999_ms = 0;
  std::map<int, uint64_t> statuses;
};

// Loops against one server. Every event is of about 250 bytes; where requests hold one,
// all of them differ.
class IngestLoad {
 public:
  // Errors: bench.url, server.listen (kConfig), those of the file to be sent.
  static Result<IngestLoad> Make(const BenchIngestOptions& options);

  struct Loop {
    uint64_t items = 1;  // Records of a request: one as JSON, more as NDJSON.
    uint64_t connections = 1;
    std::chrono::microseconds time{};
    uint64_t requests_max = 0;  // 0: as the time allows.
    double rate = 0;            // Requests a second; 0: closed loop.
  };
  // Error load.connect (kUnavailable).
  Result<LoopFigures> Run(const Loop& loop);

 private:
  net::LoadPlan base_;
  std::string headers_;
  std::string type_;  // Of `body_`.
  std::string body_;  // To be sent instead of events; empty: events.
  bool keys_ = false;
  std::string run_;        // Tells its keys from those of other runs.
  uint64_t requests_ = 0;  // Of earlier loops, about.
};

// The sweep: sizes of requests, then numbers of clients; written into `options.out`.
int BenchSweep(const Command& command, const BenchIngestOptions& options, IngestLoad& load);

}  // namespace weir::cli

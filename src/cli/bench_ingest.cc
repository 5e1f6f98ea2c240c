// weir bench ingest: how fast a server takes records over HTTP, and how long each request waits.
// First a closed loop, which finds the rate; then an open one at a share of it, where latency
// counts from the time at which a request was due.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/bench_load.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const LoopFigures& figures) {
  ordered_json statuses = ordered_json::object();
  for (const auto& [status, count] : figures.statuses) statuses[std::to_string(status)] = count;
  ordered_json json = {{"loop", figures.loop},
                       {"requests", figures.requests},
                       {"requests_per_second", figures.requests_per_second},
                       {"items_per_second", figures.items_per_second},
                       {"megabytes_per_second", figures.megabytes_per_second},
                       {"mean_ms", figures.mean_ms},
                       {"p50_ms", figures.p50_ms},
                       {"p95_ms", figures.p95_ms},
                       {"p99_ms", figures.p99_ms},
                       {"p999_ms", figures.p999_ms},
                       {"errors", figures.errors},
                       {"statuses", std::move(statuses)}};
  if (figures.offered != 0) json["offered_per_second"] = figures.offered;
  return json;
}

std::string Line(const LoopFigures& figures) {
  return fmt::format(
      "{:6}  {:>9.0f} requests/s  {:>9.0f} items/s  {:>7.1f} MB/s  mean {:.2f}  p50 {:.2f}  p95 "
      "{:.2f}  p99 {:.2f}  p99.9 {:.2f} ms  {} errors\n",
      figures.loop, figures.requests_per_second, figures.items_per_second,
      figures.megabytes_per_second, figures.mean_ms, figures.p50_ms, figures.p95_ms, figures.p99_ms,
      figures.p999_ms, figures.errors);
}

int RunLoops(const Command& command, const BenchIngestOptions& options, IngestLoad& load,
             std::chrono::microseconds time) {
  const Terminal& terminal = command.terminal;
  IngestLoad::Loop loop{.items = options.items,
                        .connections = options.connections,
                        .time = time,
                        .requests_max = options.requests};
  std::vector<LoopFigures> loops;
  if (options.rate == 0) {
    auto closed = load.Run(loop);
    if (!closed) return Report(terminal, closed.error());
    loops.push_back(std::move(*closed));
  }
  if (options.rate != 0 || options.open_share > 0) {
    loop.rate =
        options.rate != 0 ? options.rate : loops.front().requests_per_second * options.open_share;
    auto open = load.Run(loop);
    if (!open) return Report(terminal, open.error());
    loops.push_back(std::move(*open));
  }
  uint64_t errors = 0;
  ordered_json as_json = ordered_json::array();
  for (const LoopFigures& one : loops) {
    errors += one.errors;
    as_json.push_back(ToJson(one));
    if (!terminal.json) terminal.Out(Line(one));
  }
  if (terminal.json)
    terminal.Out(ordered_json{{"schema", "weir.bench.ingest/1"},
                              {"url", options.url},
                              {"connections", options.connections},
                              {"items", options.items},
                              {"loops", std::move(as_json)}}
                     .dump() +
                 "\n");
  return errors == 0 ? 0 : 1;
}

}  // namespace

int BenchIngest(const Command& command, const BenchIngestOptions& options) {
  auto load = IngestLoad::Make(options);
  const auto time = ParseDuration(options.time);
  if (!load || !time) {
    Report(command.terminal, load ? time.error() : load.error());
    return 2;
  }
  return options.out.empty() ? RunLoops(command, options, *load, *time)
                             : BenchSweep(command, options, *load);
}

}  // namespace weir::cli

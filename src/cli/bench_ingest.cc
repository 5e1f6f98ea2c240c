// weir bench ingest: how fast a server takes records over HTTP, and how long each request waits.
// First a closed loop, which finds the rate; then an open one at a share of it, where latency
// counts from the time at which a request was due.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "env/random.h"
#include "net/load.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

struct Target {
  net::Address address;
  std::string path;
};

Result<Target> ReadUrl(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme))
    return Fail(ErrorKind::kInvalid, "bench.url", "'" + url + "' is no http:// address",
                "--url http://127.0.0.1:8000/orders");
  const std::string rest = url.substr(kScheme.size());
  const size_t slash = rest.find('/');
  Target target;
  WEIR_ASSIGN(target.address, net::ParseAddress(rest.substr(0, slash)));
  target.path = slash == std::string::npos ? "/" : rest.substr(slash);
  return target;
}

// One event of about 250 bytes, as a shop sends it.
std::string Event(uint64_t number) {
  return fmt::format(
      R"({{"event_id":"{:08x}-7c1d-4e2a-9b3f-{:012x}","event_type":"{}","user_id":{},"product_id":{},)"
      R"("price":{}.{:02},"event_time":"2026-05-01T10:{:02}:{:02}.{:03}Z","store_id":"S{}","note":"as sold at the till"}})",
      number * 2654435761 % 0xffffffff, number, number % 3 == 0 ? "purchase" : "view",
      number % 5000, number % 800, number % 500, number % 100, number / 60 % 60, number % 60,
      number % 1000, number % 40);
}

std::string Body(uint64_t number, uint64_t items) {
  std::string body;
  for (uint64_t i = 0; i < items; ++i) body += Event(number * items + i) + (items == 1 ? "" : "\n");
  return body;
}

ordered_json ToJson(const std::string& loop, const net::LoadResult& result, uint64_t items) {
  const double seconds = static_cast<double>(result.elapsed.count()) / 1e6;
  ordered_json statuses = ordered_json::object();
  uint64_t errors = result.failures;
  for (const auto& [status, count] : result.statuses) {
    statuses[std::to_string(status)] = count;
    if (status >= 300) errors += count;
  }
  const auto millis = [&](double share) { return result.Percentile(share) / 1000.0; };
  return {{"loop", loop},
          {"requests", result.answers},
          {"requests_per_second", static_cast<double>(result.answers) / seconds},
          {"items_per_second", static_cast<double>(result.answers * items) / seconds},
          {"megabytes_per_second", static_cast<double>(result.body_bytes) / seconds / 1e6},
          {"mean_ms", result.mean_micros() / 1000.0},
          {"p50_ms", millis(0.5)},
          {"p95_ms", millis(0.95)},
          {"p99_ms", millis(0.99)},
          {"p999_ms", millis(0.999)},
          {"errors", errors},
          {"statuses", std::move(statuses)}};
}

std::string Line(const ordered_json& json) {
  return fmt::format(
      "{:6}  {:>9.0f} requests/s  {:>9.0f} items/s  {:>7.1f} MB/s  mean {:.2f}  p50 {:.2f}  p95 "
      "{:.2f}  p99 "
      "{:.2f}  p99.9 {:.2f} ms  {} errors\n",
      json["loop"].get<std::string>(), json["requests_per_second"].get<double>(),
      json["items_per_second"].get<double>(), json["megabytes_per_second"].get<double>(),
      json["mean_ms"].get<double>(), json["p50_ms"].get<double>(), json["p95_ms"].get<double>(),
      json["p99_ms"].get<double>(), json["p999_ms"].get<double>(), json["errors"].get<uint64_t>());
}

}  // namespace

int BenchIngest(const Command& command, const BenchIngestOptions& options) {
  const Terminal& terminal = command.terminal;
  const auto target = ReadUrl(options.url);
  const auto time = ParseDuration(options.time);
  if (!target || !time) {
    Report(terminal, target ? time.error() : target.error());
    return 2;
  }
  net::LoadPlan plan{.address = target->address,
                     .target = target->path,
                     .headers = std::string("Content-Type: ") +
                                (options.items == 1 ? "application/json" : "application/x-ndjson") +
                                "\r\n"};
  if (!options.token.empty()) plan.headers += "Authorization: Bearer " + options.token + "\r\n";
  plan.body = [&](uint64_t number) { return Body(number, options.items); };
  // A second loop or a second run with the same keys would only be answered again.
  const std::string key = "Idempotency-Key: " + env::SystemRandom().Uuid() + "-";
  uint64_t earlier = 0;
  if (options.keys)
    plan.header_of = [&](uint64_t number) { return key + std::to_string(earlier + number); };
  plan.connections = options.connections;
  plan.time = *time;
  plan.requests_max = options.requests;
  const auto closed = net::RunLoad(plan);
  if (!closed) return Report(terminal, closed.error());
  std::vector<ordered_json> loops = {ToJson("closed", *closed, options.items)};
  if (options.open_share > 0) {
    earlier = uint64_t{1} << 32;
    plan.rate = loops.front()["requests_per_second"].get<double>() * options.open_share;
    const auto open = net::RunLoad(plan);
    if (!open) return Report(terminal, open.error());
    loops.push_back(ToJson("open", *open, options.items));
    loops.back()["offered_per_second"] = plan.rate;
  }
  if (terminal.json) {
    terminal.Out(ordered_json{{"schema", "weir.bench.ingest/1"},
                              {"url", options.url},
                              {"connections", options.connections},
                              {"items", options.items},
                              {"loops", loops}}
                     .dump() +
                 "\n");
  } else {
    for (const ordered_json& loop : loops) terminal.Out(Line(loop));
  }
  for (const ordered_json& loop : loops)
    if (loop["errors"].get<uint64_t>() != 0) return 1;
  return 0;
}

}  // namespace weir::cli

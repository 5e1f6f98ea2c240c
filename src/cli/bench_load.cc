#include "cli/bench_load.h"

#include <fmt/format.h>

#include "env/files.h"
#include "env/random.h"

namespace weir::cli {
namespace {

constexpr size_t kBodiesMadeBytes = 32 * 1024 * 1024;

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

std::string Numbered(const std::string& text, uint64_t number) {
  constexpr std::string_view kNumber = "{n}";
  std::string made;
  size_t from = 0;
  for (size_t at = 0; (at = text.find(kNumber, from)) != std::string::npos;
       from = at + kNumber.size())
    made += text.substr(from, at - from) + std::to_string(number);
  return made + text.substr(from);
}

std::string TypeOf(const std::string& path) {
  if (path.ends_with(".csv")) return "text/csv";
  return path.ends_with(".ndjson") ? "application/x-ndjson" : "application/json";
}

LoopFigures FiguresOf(const net::LoadResult& result, const IngestLoad::Loop& loop) {
  const double seconds = static_cast<double>(result.elapsed.count()) / 1e6;
  const auto rate = [&](uint64_t count) { return static_cast<double>(count) / seconds; };
  const auto millis = [&](double share) { return result.Percentile(share) / 1000.0; };
  LoopFigures figures{.loop = loop.rate == 0 ? "closed" : "open",
                      .offered = loop.rate,
                      .requests = result.answers,
                      .items = result.answers * loop.items,
                      .errors = result.failures,
                      .requests_per_second = rate(result.answers),
                      .items_per_second = rate(result.answers * loop.items),
                      .megabytes_per_second = rate(result.body_bytes) / 1e6,
                      .mean_ms = result.mean_micros() / 1000.0,
                      .p50_ms = millis(0.5),
                      .p95_ms = millis(0.95),
                      .p99_ms = millis(0.99),
                      .p999_ms = millis(0.999),
                      .statuses = result.statuses};
  for (const auto& [status, count] : result.statuses)
    if (status >= 300) figures.errors += count;
  return figures;
}

}  // namespace

Result<IngestLoad> IngestLoad::Make(const BenchIngestOptions& options) {
  WEIR_ASSIGN(const Target target, ReadUrl(options.url));
  IngestLoad load;
  load.base_.address = target.address;
  load.base_.target = target.path;
  if (!options.token.empty()) load.headers_ = "Authorization: Bearer " + options.token + "\r\n";
  load.keys_ = options.keys;
  if (!options.body.empty()) {
    WEIR_ASSIGN(load.body_, env::ReadWhole(env::SystemFiles(), options.body, kBodiesMadeBytes));
    load.type_ = TypeOf(options.body);
  }
  load.run_ = env::SystemRandom().Uuid();
  return load;
}

Result<LoopFigures> IngestLoad::Run(const Loop& loop) {
  // A second loop with the same keys would only be answered again.
  const uint64_t earlier = requests_;
  net::LoadPlan plan = base_;
  const char* of_events = loop.items == 1 ? "application/json" : "application/x-ndjson";
  plan.headers = "Content-Type: " + (body_.empty() ? of_events : type_) + "\r\n" + headers_;
  std::vector<std::string> made;  // Making large ones takes longer than sending them.
  if (!body_.empty()) {
    plan.body = [&](uint64_t number) { return Numbered(body_, earlier + number); };
  } else if (loop.items == 1) {
    plan.body = [&](uint64_t number) { return Body(earlier + number, 1); };
  } else {
    do {
      made.push_back(Body(earlier + made.size(), loop.items));
    } while (made.size() * made.back().size() < kBodiesMadeBytes);
    plan.body = [&](uint64_t number) { return made[number % made.size()]; };
  }
  if (keys_)
    plan.header_of = [&](uint64_t number) {
      return "Idempotency-Key: " + run_ + "-" + std::to_string(earlier + number);
    };
  plan.connections = loop.connections;
  plan.time = loop.time;
  plan.requests_max = loop.requests_max;
  plan.rate = loop.rate;
  WEIR_ASSIGN(const net::LoadResult result, net::RunLoad(plan));
  requests_ += result.answers + loop.connections;
  return FiguresOf(result, loop);
}

}  // namespace weir::cli

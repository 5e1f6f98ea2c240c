#include "api/meters.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace weir::api {
namespace {

using telemetry::MetricHead;

double Seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

std::string Gauge(std::string_view name, std::string_view help, uint64_t value) {
  return MetricHead(name, "gauge", help) + fmt::format("{} {}\n", name, value);
}

// Second number of /proc/self/statm: resident pages.
uint64_t ResidentBytes() {
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text{};
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  const std::string_view line(text.data(), size < 0 ? 0 : static_cast<size_t>(size));
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  uint64_t pages = 0;
  std::from_chars(line.data() + blank + 1, line.data() + line.size(), pages);
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void RouteMeter::Count(int status, std::chrono::microseconds took) {
  statuses_[static_cast<size_t>(status)].fetch_add(1, std::memory_order_relaxed);
  seconds_.Add(took);
}

std::string RouteMetrics(const std::vector<RouteLabel>& labels,
                         const std::vector<RouteMeter>& meters) {
  std::string requests =
      MetricHead("weir_http_requests_total", "counter", "Requests by route and status.");
  std::string seconds = MetricHead("weir_http_request_seconds", "histogram",
                                   "Time from a request's head to its answer.");
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string label =
        fmt::format("method=\"{}\",route=\"{}\"", labels[i].method, labels[i].pattern);
    bool any = false;
    for (int status = 200; status < 600; ++status) {
      const uint64_t count = meters[i].count(status);
      if (count == 0) continue;
      any = true;
      requests +=
          fmt::format("weir_http_requests_total{{{},status=\"{}\"}} {}\n", label, status, count);
    }
    if (any) seconds += meters[i].seconds().Series("weir_http_request_seconds", label);
  }
  return requests + seconds;
}

std::string ProcessMetrics(std::string_view version) {
  return MetricHead("weir_build_info", "gauge", "Which Weir this is.") +
         fmt::format("weir_build_info{{version=\"{}\"}} 1\n", version) +
         Gauge("process_resident_memory_bytes", "Resident memory.", ResidentBytes());
}

std::string LogMetrics(const source::Front& front, const std::vector<std::string>& pipelines,
                       Instant now) {
  const wal::LogState log = front.log_state();
  std::string text =
      Gauge("weir_log_accepting", "1 while requests can be made durable.", log.accepting ? 1 : 0);
  text += Gauge("weir_log_bytes", "The log on disk, spooled bodies too.", log.disk_bytes);
  text += Gauge("weir_log_bytes_max", "What the log may take.", log.bytes_max);
  text += Gauge("weir_idempotency_keys", "Keys that are remembered.", front.keys());
  text += MetricHead("weir_log_groups_total", "counter", "Writes of the log, each synced once.") +
          fmt::format("weir_log_groups_total {}\n", log.groups);
  text += MetricHead("weir_log_entries_total", "counter", "Requests made durable.") +
          fmt::format("weir_log_entries_total {}\n", log.entries);
  text += MetricHead("weir_queue_bytes", "gauge", "Bytes that are durable and wait for a commit.");
  for (const std::string& name : pipelines)
    text +=
        fmt::format("weir_queue_bytes{{pipeline=\"{}\"}} {}\n", name, front.waiting_bytes(name));
  text += MetricHead("weir_oldest_unacknowledged_seconds", "gauge",
                     "How long the oldest request has been on its way to the disk.") +
          fmt::format("weir_oldest_unacknowledged_seconds {}\n", Seconds(log.oldest_waits));
  std::string records = MetricHead(
      "weir_source_lag_records", "gauge",
      "Lines of requests, most of them a record, that are durable and wait for a commit.");
  std::string seconds = MetricHead("weir_source_lag_seconds", "gauge",
                                   "How long the oldest of them has waited, within 0.1 s.");
  for (const std::string& name : pipelines) {
    const source::Backlog::State backlog = front.backlog(name);
    const std::chrono::microseconds waits(
        backlog.oldest ? std::max<int64_t>(0, now.micros - backlog.oldest->micros) : 0);
    records +=
        fmt::format("weir_source_lag_records{{pipeline=\"{}\"}} {}\n", name, backlog.waiting.lines);
    seconds += fmt::format("weir_source_lag_seconds{{pipeline=\"{}\"}} {}\n", name, Seconds(waits));
  }
  return text + records + seconds;
}

}  // namespace weir::api

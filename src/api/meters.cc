#include "api/meters.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

namespace weir::api {
namespace {

constexpr int64_t kFirstBucketMicros = 250;

double Seconds(int64_t micros) { return static_cast<double>(micros) / 1e6; }

std::string Head(std::string_view name, std::string_view kind, std::string_view help) {
  return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

std::string Gauge(std::string_view name, std::string_view help, uint64_t value) {
  return Head(name, "gauge", help) + fmt::format("{} {}\n", name, value);
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

void Histogram::Add(std::chrono::microseconds duration) {
  size_t bucket = 0;
  while (bucket < kBuckets && duration.count() > kFirstBucketMicros << bucket) ++bucket;
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  micros_.fetch_add(duration.count(), std::memory_order_relaxed);
}

std::string Histogram::Series(std::string_view name, std::string_view labels) const {
  std::string text;
  const std::string before = labels.empty() ? "" : std::string(labels) + ",";
  uint64_t sum = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    sum += counts_[i].load(std::memory_order_relaxed);
    text += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, before,
                        Seconds(kFirstBucketMicros << i), sum);
  }
  sum += counts_[kBuckets].load(std::memory_order_relaxed);
  text += fmt::format("{}_bucket{{{}le=\"+Inf\"}} {}\n", name, before, sum);
  const std::string braced = labels.empty() ? "" : "{" + std::string(labels) + "}";
  text += fmt::format("{}_sum{} {}\n", name, braced, Seconds(micros_.load()));
  return text + fmt::format("{}_count{} {}\n", name, braced, sum);
}

std::string Histogram::Text(std::string_view name, std::string_view help) const {
  return Head(name, "histogram", help) + Series(name, "");
}

void RouteMeter::Count(int status, std::chrono::microseconds took) {
  statuses_[static_cast<size_t>(status)].fetch_add(1, std::memory_order_relaxed);
  seconds_.Add(took);
}

std::string RouteMetrics(const std::vector<RouteLabel>& labels,
                         const std::vector<RouteMeter>& meters) {
  std::string requests =
      Head("weir_http_requests_total", "counter", "Requests by route and status.");
  std::string seconds =
      Head("weir_http_request_seconds", "histogram", "Time from a request's head to its answer.");
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
  return Head("weir_build_info", "gauge", "Which Weir this is.") +
         fmt::format("weir_build_info{{version=\"{}\"}} 1\n", version) +
         Gauge("process_resident_memory_bytes", "Resident memory.", ResidentBytes());
}

std::string LogMetrics(const source::Front& front, const std::vector<std::string>& pipelines) {
  const wal::LogState log = front.log_state();
  std::string text =
      Gauge("weir_log_accepting", "1 while requests can be made durable.", log.accepting ? 1 : 0);
  text += Gauge("weir_log_bytes", "The log on disk, spooled bodies too.", log.disk_bytes);
  text += Gauge("weir_log_bytes_max", "What the log may take.", log.bytes_max);
  text += Gauge("weir_idempotency_keys", "Keys that are remembered.", front.keys());
  text += Head("weir_log_groups_total", "counter", "Writes of the log, each synced once.") +
          fmt::format("weir_log_groups_total {}\n", log.groups);
  text += Head("weir_log_entries_total", "counter", "Requests made durable.") +
          fmt::format("weir_log_entries_total {}\n", log.entries);
  text += Head("weir_queue_bytes", "gauge", "Bytes that are durable and wait for a commit.");
  for (const std::string& name : pipelines)
    text +=
        fmt::format("weir_queue_bytes{{pipeline=\"{}\"}} {}\n", name, front.waiting_bytes(name));
  return text;
}

}  // namespace weir::api

// How long things took, for /metrics.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::telemetry {

// Durations in buckets: 0.25 ms, 0.5 ms, 1 ms ... 8 s, more. Threads: any.
class Histogram {
 public:
  void Add(std::chrono::microseconds duration);
  // "# HELP ..." and the series, in Prometheus' text format; `labels` is empty or `a="b"`.
  std::string Text(std::string_view name, std::string_view help) const;
  std::string Series(std::string_view name, std::string_view labels) const;

 private:
  static constexpr size_t kBuckets = 16;
  std::array<std::atomic<uint64_t>, kBuckets + 1> counts_{};
  std::atomic<int64_t> micros_{0};
};

// "# HELP ..." and "# TYPE ...", the first two lines of a metric. `kind`: "counter", "gauge",
// "histogram".
std::string MetricHead(std::string_view name, std::string_view kind, std::string_view help);

}  // namespace weir::telemetry

#include "telemetry/histogram.h"

#include <fmt/format.h>

namespace weir::telemetry {
namespace {

constexpr int64_t kFirstBucketMicros = 250;

double Seconds(int64_t micros) { return static_cast<double>(micros) / 1e6; }

}  // namespace

std::string MetricHead(std::string_view name, std::string_view kind, std::string_view help) {
  return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

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
  return MetricHead(name, "histogram", help) + Series(name, "");
}

}  // namespace weir::telemetry

// What the API counts itself, a hundred thousand times a second, and its lines in /metrics. Names
// and labels are bounded by the routes.
//
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/http/front.h"

namespace weir::api {

// Durations in buckets: 0.25 ms, 0.5 ms, 1 ms ... 8 s, more.
class Histogram {
 public:
  void Add(std::chrono::microseconds duration);
  // "# HELP ..." and the series; `labels` is empty or `a="b"`.
  std::string Text(std::string_view name, std::string_view help) const;
  std::string Series(std::string_view name, std::string_view labels) const;

 private:
  static constexpr size_t kBuckets = 16;
  std::array<std::atomic<uint64_t>, kBuckets + 1> counts_{};
  std::atomic<int64_t> micros_{0};
};

class RouteMeter {
 public:
  void Count(int status, std::chrono::microseconds took);
  uint64_t count(int status) const { return statuses_[static_cast<size_t>(status)].load(); }
  const Histogram& seconds() const { return seconds_; }

 private:
  std::array<std::atomic<uint64_t>, 600> statuses_{};
  Histogram seconds_;
};

struct RouteLabel {
  std::string method;  // Empty: requests that are for no route.
  std::string pattern;
};

std::string RouteMetrics(const std::vector<RouteLabel>& labels,
                         const std::vector<RouteMeter>& meters);
std::string ProcessMetrics(std::string_view version);
std::string LogMetrics(const source::Front& front, const std::vector<std::string>& pipelines);

}  // namespace weir::api

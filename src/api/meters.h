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
#include "telemetry/histogram.h"

namespace weir::api {

class RouteMeter {
 public:
  void Count(int status, std::chrono::microseconds took);
  uint64_t count(int status) const { return statuses_[static_cast<size_t>(status)].load(); }
  const telemetry::Histogram& seconds() const { return seconds_; }

 private:
  std::array<std::atomic<uint64_t>, 600> statuses_{};
  telemetry::Histogram seconds_;
};

struct RouteLabel {
  std::string method;  // Empty: requests that are for no route.
  std::string pattern;
};

std::string RouteMetrics(const std::vector<RouteLabel>& labels,
                         const std::vector<RouteMeter>& meters);
std::string ProcessMetrics(std::string_view version);
std::string LogMetrics(const source::Front& front, const std::vector<std::string>& pipelines,
                       Instant now);

}  // namespace weir::api

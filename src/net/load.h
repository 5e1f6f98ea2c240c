// A client that asks as fast as it is answered, or at a rate: for benchmarks of any HTTP/1.1
// server.
//
// Closed loop (rate 0): each connection sends its next request when the last one is answered. Open
// loop: requests have times, whatever the answers do, and latency counts from those times: a server
// that stalls is not asked less, and its stall is seen. The time begins when all are connected.
//
// Threads: one, the caller's; it returns when the time is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/server.h"

namespace weir::net {

struct LoadPlan {
  Address address;
  std::string target = "/";
  std::string headers = {};  // Lines with CRLF, beside Host and Content-Length.
  // The body of the how-manieth request, and what stands with it in the head ("Idempotency-Key:
  // 7").
  std::function<std::string(uint64_t)> body = {};
  std::function<std::string(uint64_t)> header_of = {};
  size_t connections = 1;
  std::chrono::microseconds time = std::chrono::seconds(5);
  double rate = 0;            // Requests a second; 0: closed loop.
  uint64_t requests_max = 0;  // 0: as many as fit into the time.
};

struct LoadResult {
  uint64_t answers = 0;
  uint64_t failures = 0;  // Connections that broke; each is opened anew.
  uint64_t body_bytes = 0;
  std::map<int, uint64_t> statuses;
  std::vector<uint32_t> micros;  // Latency of each answer, sorted.
  std::chrono::microseconds elapsed{};

  // 0.99 -> microseconds; 0 where nothing was answered.
  uint32_t Percentile(double share) const;
  double mean_micros() const;
};

// Error load.connect (kUnavailable).
Result<LoadResult> RunLoad(const LoadPlan& plan);

}  // namespace weir::net

// Requests that were refused for want of a right, told to the project's log: the first of a kind at
// once, the others counted and told every ten seconds. So an attack is seen, and fills no disk.
//
// Threads: any. Count does not block.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "api/workers.h"
#include "telemetry/telemetry.h"

namespace weir::api {

class RefusalLog {
 public:
  // Borrows both; `workers` end before it does.
  RefusalLog(telemetry::Log& log, Workers& workers) : log_(log), workers_(workers) {}
  ~RefusalLog();  // Tells what was not told yet.
  RefusalLog(const RefusalLog&) = delete;
  RefusalLog& operator=(const RefusalLog&) = delete;

  // One kind of refusal: bounded by the routes and the tokens that are known.
  struct Kind {
    int status = 401;
    std::string code;
    std::string route;  // The pattern.
    std::string token;  // Its id; empty: none that is known.
    auto operator<=>(const Kind&) const = default;
  };
  void Count(Kind kind, std::string_view peer);

 private:
  struct Untold {
    uint64_t count = 0;
    std::string peer;  // Of the last.
  };
  void Tell(const Kind& kind);
  void Write(const Kind& kind, const Untold& what);

  telemetry::Log& log_;
  Workers& workers_;
  std::mutex mutex_;
  std::map<Kind, Untold> kinds_;  // Those of the last ten seconds.
};

}  // namespace weir::api

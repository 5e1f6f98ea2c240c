#include "api/refusal_log.h"

namespace weir::api {
namespace {

constexpr std::chrono::seconds kTellEvery{10};

}  // namespace

RefusalLog::~RefusalLog() {
  for (const auto& [kind, what] : kinds_)
    if (what.count != 0) Write(kind, what);
}

void RefusalLog::Count(Kind kind, std::string_view peer) {
  const std::lock_guard lock(mutex_);
  const auto [at, first] = kinds_.try_emplace(kind);
  ++at->second.count;
  at->second.peer = peer;
  if (first) workers_.Run([this, kind = std::move(kind)] { Tell(kind); });
}

// What was counted since the last time; a kind of which nothing came is forgotten.
void RefusalLog::Tell(const Kind& kind) {
  Untold what;
  {
    const std::lock_guard lock(mutex_);
    const auto at = kinds_.find(kind);
    what = std::exchange(at->second, {});
    if (what.count == 0) {
      kinds_.erase(at);
      return;
    }
  }
  Write(kind, what);
  workers_.RunAfter(kTellEvery, [this, kind] { Tell(kind); });
}

void RefusalLog::Write(const Kind& kind, const Untold& what) {
  log_.Write(telemetry::AccessRefused{kind.status, kind.code, kind.route, kind.token, what.peer,
                                      what.count});
}

}  // namespace weir::api

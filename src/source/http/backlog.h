// What is durable of one pipeline and not committed: how much, and since when.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "base/units.h"
#include "wal/entry.h"

namespace weir::source {

// What was stored, by the count of its text, inflated. A request has one line at least; most lines
// are a record.
struct Arrived {
  uint64_t bytes = 0;
  uint64_t lines = 0;
};

// Acknowledged requests of a pipeline that is not there now, or has no route: they stay in the log
// until it comes back.
struct LeftRequests {
  std::string pipeline;  // Empty: nobody knows the name, as it never began a batch.
  uint64_t requests = 0;
};

// Counted in steps of a tenth of a second: what came within one leaves it together, when its last
// is committed. Threads: any.
class Backlog {
 public:
  // Up to `last`, behind all that was stored before.
  void Stored(wal::Sequence last, const Arrived& arrived, Instant at);
  void Committed(wal::Sequence until);

  struct State {
    Arrived waiting;
    std::optional<Instant> oldest;  // When it came. nullopt: nothing waits.
  };
  State state() const;

 private:
  struct Step {
    wal::Sequence last;
    Arrived arrived;
    Instant begun;
  };

  mutable std::mutex mutex_;
  std::deque<Step> steps_;
  Arrived waiting_;
  wal::Sequence committed_;
};

}  // namespace weir::source

// The clock is a door to the outside: whoever needs time is given one.
#pragma once

#include <chrono>

#include "base/units.h"

namespace weir::env {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. May jump; never used to measure.
  virtual Instant Now() const = 0;
  // Time since an arbitrary start; never goes back.
  virtual std::chrono::microseconds Monotonic() const = 0;
};

// The machine's clock. Threads: any.
Clock& SystemClock();

}  // namespace weir::env

#include "env/clock.h"

namespace weir::env {
namespace {

class MachineClock final : public Clock {
 public:
  Instant Now() const override {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
  }
  std::chrono::microseconds Monotonic() const override {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch());
  }
};

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

}  // namespace weir::env

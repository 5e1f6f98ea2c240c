// The composition root: signals in, commands out.
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "cli/commands.h"
#include "env/clock.h"
#include "env/process.h"

namespace {

std::atomic<int> first_signal{0};
std::atomic<bool> stop{false};

// SIGINT and SIGTERM ask to stop; a second one ends the process at once, which is safe at any
// moment. timeout(1) and its like send the same signal twice, to the process and to its group: what
// comes in one breath is one signal.
constexpr std::chrono::milliseconds kOneBreath{200};
const weir::env::Clock& real_clock = weir::env::SystemClock();  // Made before any signal comes.

void OnSignal(int number) {
  static std::atomic<int64_t> first_at{0};
  const int64_t now = real_clock.Monotonic().count();
  int64_t at = 0;
  if (first_at.compare_exchange_strong(at, now)) {
    first_signal.store(number);
    stop.store(true);
  } else if (std::chrono::microseconds(now - at) > kOneBreath) {
    _exit(number == SIGINT ? 130 : 143);
  }
}

std::atomic<int> hangups{0};

void OnHangup(int /*number*/) { ++hangups; }

const std::atomic<int>& CountHangups() {
  struct sigaction action{};
  action.sa_handler = OnHangup;
  sigaction(SIGHUP, &action, nullptr);
  return hangups;
}

// Batches free and take the same megabytes again and again. Given back to the system each time,
// every page would be cleared anew: a tenth of the time of a run (docs/benchmarks/files.md). But
// not in a heap for each thread (eight to a core, by default), where what one has freed is of no
// use to the others: after thirty hostile requests 214 MiB stayed with a server that way, and
// 30 this way. And not what is longer than a batch needs: a record of 9 MB that is read twice, by
// two threads, left its buffers with both.
void KeepFreedMemory() {
  mallopt(M_ARENA_MAX, std::max(2, weir::env::UsableCores() / 2));
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0);  // One heap; before Arrow first looks.
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreedMemory();
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return weir::cli::Main(argc, argv, {first_signal, stop, CountHangups});
}

// The composition root: signals in, commands out.
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

#include <unistd.h>
#include <atomic>

#include "cli/commands.h"

namespace {

std::atomic<int> first_signal{0};
std::atomic<bool> stop{false};

// SIGINT and SIGTERM ask to stop; a second one ends the process at once, which is safe at any
// moment.
void OnSignal(int number) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, number)) _exit(number == SIGINT ? 130 : 143);
  stop.store(true);
}

// Batches free and take the same megabytes again and again. Given back to the system each time,
// every page would be cleared anew: a tenth of the time of a run (docs/benchmarks/files.md).
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
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
  return weir::cli::Main(argc, argv, first_signal, stop);
}

// The composition root: signals in, commands out.
#include <signal.h>

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

}  // namespace

int main(int argc, char** argv) {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return weir::cli::Main(argc, argv, first_signal, stop);
}

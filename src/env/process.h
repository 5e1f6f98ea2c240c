// What the process and its threads ask of the system for themselves.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::env {

// From now on this thread, and those it starts, run behind the others of the process where there is
// too little CPU for all; they still get a share of it. Cannot be taken back.
void GiveWay();

enum class Turn : uint8_t {
  kSoon,
  kAtOnce,  // Before those of kSoon, too: for a thread for which they wait.
};
// From now on this thread gets the CPU sooner when it wakes, and for less long at a time: for a
// thread that others wait for and that does little at once. Without it, on a core that is busy,
// Linux since 6.6 lets whoever runs go on until the next tick (4 ms), even behind GiveWay. Linux
// before 6.12 knows no such wish; there it changes nothing.
void RunSoon(Turn turn = Turn::kSoon);

// Cores that this process may use: fewer than the machine has where it is pinned. At least 1.
int UsableCores();

// Takes as many open files as the system lets it have, and says how many: ten thousand connections
// are more than the usual limit.
size_t RaiseFileLimit();

}  // namespace weir::env

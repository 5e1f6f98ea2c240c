#include "env/process.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <utility>

namespace weir::env {

namespace {

// About a ninth of the weight of a usual thread.
constexpr int kNiceBehind = 10;
constexpr size_t kFilesUsual = 1024;
// Of a thread's turn; the kernel's own is some milliseconds. Measured: `./dev bench ingest`, p99.
// One with a shorter turn interrupts one with a longer one when it wakes, and at no other time but
// a tick: so who is waited for most has the shortest, the least that Linux takes.
constexpr uint64_t kSoonNs = 400'000;
constexpr uint64_t kAtOnceNs = 100'000;

// What sched_setattr(2) takes; the C library has no name for it yet.
struct SchedAttributes {
  uint32_t size = sizeof(SchedAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // Of SCHED_OTHER: the slice, in nanoseconds.
  uint64_t deadline = 0;
  uint64_t period = 0;
};

}  // namespace

// On Linux this is of the thread alone.
void GiveWay() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceBehind); }

void RunSoon(Turn turn) {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  const SchedAttributes wish{.nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())),
                             .runtime = turn == Turn::kAtOnce ? kAtOnceNs : kSoonNs};
  (void)syscall(SYS_sched_setattr, 0, &wish, 0);  // Where it may not, nothing is lost but time.
}

int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0 && CPU_COUNT(&cores) > 0)
    return CPU_COUNT(&cores);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

size_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFilesUsual;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (before != limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace weir::env

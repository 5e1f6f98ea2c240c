// Two threads of our own write one counter without a lock, while Arrow's pool, which is not
// instrumented and therefore ignored, does work of its own.
#include <arrow/util/thread_pool.h>

#include <thread>

namespace {
int counter = 0;
void Count() {
  for (int i = 0; i < 100'000; ++i) counter = counter + 1;
}
}  // namespace

int main() {
  auto other = arrow::internal::GetCpuThreadPool()->Submit([] { return 1; });
  std::thread one(Count), two(Count);
  one.join();
  two.join();
  return other.ok() && other->result().ok() && counter > 0 ? 0 : 1;
}

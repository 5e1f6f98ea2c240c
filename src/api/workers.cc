#include "api/workers.h"

namespace weir::api {

using std::chrono::steady_clock;

Workers::Workers(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_all();
  for (std::thread& one : threads_) one.join();
}

void Workers::Run(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  news_.notify_one();
}

void Workers::RunAfter(std::chrono::microseconds time, Task task) {
  {
    const std::lock_guard lock(mutex_);
    later_.emplace(steady_clock::now() + time, std::move(task));
  }
  news_.notify_one();
}

void Workers::Work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const bool due = !later_.empty() && later_.begin()->first <= steady_clock::now();
    if (due) tasks_.push_back(std::move(later_.extract(later_.begin()).mapped()));
    if (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    } else if (later_.empty()) {
      news_.wait(lock);
    } else {
      const auto until = later_.begin()->first;  // A copy: another worker may take it meanwhile.
      news_.wait_until(lock, until);
    }
  }
}

}  // namespace weir::api

// A few threads for what would block a server's thread: files, catalogs, long checks; and what is
// to happen after a time.
//
// Invariants: tasks are begun in the order they came; the destructor drops what was not begun, so
// an answer in it becomes a 500. A connection has one task at a time, which bounds them.
// Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::api {

class Workers {
 public:
  using Task = std::move_only_function<void()>;

  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void Run(Task task);
  void RunAfter(std::chrono::microseconds time, Task task);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Task> tasks_;
  std::multimap<std::chrono::steady_clock::time_point, Task> later_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir::api

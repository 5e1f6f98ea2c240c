// Work for another thread, and how a thread hands on much of it at once, so that it wakes each of
// the others once: on one core, each waking is a switch to the other thread and back.
//
//   the log's writer   { Together together;  for (each entry) done(...);        }
//                                                             |                 |
//                          done -> ... -> Send(inbox, work) --+-- kept until ---+-> Put
//
// Invariant: work is run once, by the inbox's thread, or dropped where that has ended.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weir::env {

using Work = std::move_only_function<void()>;

// Of one thread. Threads: any.
class Inbox {
 public:
  virtual ~Inbox() = default;
  // To be run in this order. Never runs it here.
  virtual void Put(std::vector<Work> works) = 0;
};

// While it lives, what its thread sends is kept; its end puts it. The innermost one counts.
// Threads: that one.
class Together {
 public:
  Together();
  ~Together();
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;

  // At once where this thread has no Together.
  static void Send(const std::shared_ptr<Inbox>& to, Work work);

 private:
  Together* const outer_;
  std::vector<std::pair<std::shared_ptr<Inbox>, std::vector<Work>>> kept_;
};

}  // namespace weir::env

// A lock that a long-running process lends to short ones of the same user, so that they need not
// wait for its end.
//
//   lender    TakeLendable, Open, Wait, Asked, (rests its work), Lend,               GivenBack, ...
//                                         ^                        |                      ^
//   borrower                       Borrow +                        +-> lock ... destroyed +
//
// What is lent is the lock's own descriptor, sent over a socket in the file system. So it stays
// locked until both have let go: a borrower that dies has given it back, and while one works after
// the death of the lender nobody else gets the lock.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/files.h"

namespace weir::env {

class LendableLock : public FileLock {
 public:
  virtual int descriptor() const = 0;
};
// As Files::Lock takes one.
Result<std::unique_ptr<LendableLock>> TakeLendable(const std::string& path, std::string_view note);

// Threads: one at a time.
class LoanDesk {
 public:
  // Makes the socket, for this user alone, in the place of one that a dead process left. Errors:
  // kIo (file.io).
  static Result<std::unique_ptr<LoanDesk>> Open(const std::string& path);
  virtual ~LoanDesk() = default;  // Removes the socket. What is lent stays lent.

  // Until someone asks or gives back, a signal came, or the time is over.
  virtual void Wait(std::chrono::microseconds at_most) = 0;
  // The process that asks, if nobody has the lock; the same one until Lend.
  virtual std::optional<pid_t> Asked() = 0;
  // Error: who asked has gone.
  virtual Result<void> Lend(const LendableLock& lock) = 0;
  // True once after each Lend: when it was given back.
  virtual bool GivenBack() = 0;
};

// Asks at the desk `path`, and waits for an answer. Errors: loan.none (kNotFound: nobody lends
// there), loan.patience (kBusy: no answer in time), loan.cancelled (kCancelled: a signal came).
Result<std::unique_ptr<FileLock>> Borrow(const std::string& path,
                                         std::chrono::microseconds patience);

}  // namespace weir::env

// A net::Site that stands for another, which may be exchanged while the server listens.
//
//   Set(a) ... Set(null) --> WaitUntilAnswered --> a may be destroyed --> Set(b)
//
// Invariants: a site is asked only between the Set that names it and the next; between those, what
// is asked is answered with 503 and Retry-After. Threads: any; Set and WaitUntilAnswered from one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "net/server.h"

namespace weir::api {

class Exchange final : public net::Site {
 public:
  void Set(net::Site* site);
  // True: nobody waits for an answer of a site that was set earlier any more.
  bool WaitUntilAnswered(std::chrono::microseconds at_most);

  std::variant<net::Response, net::Admission> Begin(const net::RequestHead& head) override;
  net::Response Refuse(int status, std::string_view code, std::string_view detail) override;

 private:
  class Counted;
  struct State {
    std::mutex mutex;
    std::condition_variable answered;
    net::Site* site = nullptr;
    uint64_t under_way = 0;
  };
  class UnderWay;

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace weir::api

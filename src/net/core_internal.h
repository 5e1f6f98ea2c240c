// One thread of the server with its connections. All of it belongs to that thread, but `context`,
// to which others post; a connection's part of it is `inbox`.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "env/clock.h"
#include "net/core_inbox_internal.h"
#include "net/limits.h"
#include "net/server.h"

namespace weir::net {

// What the core knows of a connection. It is known from the beginning of its coroutine to the end.
class Connection {
 public:
  virtual ~Connection() = default;
  // Its wait for the client took too long: the wait ends, and then the connection.
  virtual void Expire() = 0;
  // Ends every wait of it.
  virtual void Cut() = 0;
  virtual bool between_requests() const = 0;
  // When its wait for the client ends, on the clock's monotonic time; zero: it waits for us.
  virtual std::chrono::microseconds deadline() const = 0;
};

struct Core {
  Core(const Limits& limits_of, const env::Clock& clock_of, Site& site_of)
      : limits(limits_of), clock(clock_of), site(site_of) {}
  ~Core() { inbox->Close(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const Limits& limits;
  const env::Clock& clock;
  Site& site;
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      context.get_executor()};
  const std::shared_ptr<CoreInbox> inbox = std::make_shared<CoreInbox>(context);
  boost::asio::steady_timer tick{context};
  std::unordered_set<Connection*> connections;
  std::string date;  // "Sat, 21 Nov 2026 09:00:00 GMT", as of the last tick.
  bool draining = false;
  std::thread thread;
};

// Serves one client until either side has enough. `ended` is called with the last of it.
void SpawnConnection(Core& core, boost::asio::ip::tcp::socket socket,
                     boost::asio::ssl::context* tls, std::function<void()> ended);

}  // namespace weir::net

// The least that could acknowledge a POST durably: Boost.Beast reads requests, one thread appends
// what gathered and calls fdatasync, then all of it is answered. No routes, checks, keys, budgets
// or recovery: what `weir serve` is measured against (docs/benchmarks/ingest.md).
//
//   ingest_prototype PORT FILE
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// Group commit: what came while the last group was being synced is the next group.
class Log {
 public:
  using Done = std::move_only_function<void()>;

  explicit Log(const char* path)
      : file_(open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644)),
        thread_([this] { Work(); }) {}
  ~Log() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    news_.notify_one();
    thread_.join();
    close(file_);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void Append(std::string_view body, Done done) {
    const std::lock_guard lock(mutex_);
    bytes_.append(body).push_back('\n');
    waiting_.push_back(std::move(done));
    news_.notify_one();
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      news_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::string bytes = std::exchange(bytes_, {});
      std::vector<Done> waiting = std::exchange(waiting_, {});
      lock.unlock();
      for (std::string_view rest = bytes; !rest.empty();) {
        const ssize_t written = write(file_, rest.data(), rest.size());
        if (written <= 0) std::abort();
        rest.remove_prefix(static_cast<size_t>(written));
      }
      if (fdatasync(file_) != 0) std::abort();
      for (Done& done : waiting) done();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable news_;
  std::string bytes_;
  std::vector<Done> waiting_;
  bool ending_ = false;
  int file_;
  std::thread thread_;
};

asio::awaitable<void> Durable(Log& log, std::string_view body, asio::any_io_executor executor) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&log, body, executor](auto handler) {
        log.Append(body, [executor, handler = std::move(handler)]() mutable {
          asio::post(executor, std::move(handler));
        });
      },
      asio::use_awaitable);
}

asio::awaitable<void> Serve(tcp::socket socket, Log& log) {
  beast::flat_buffer buffer;
  error_code failed;
  while (true) {
    http::request<http::string_body> request;
    co_await http::async_read(socket, buffer, request,
                              asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return;
    co_await Durable(log, request.body(), socket.get_executor());
    http::response<http::string_body> response(http::status::accepted, request.version());
    response.set(http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = R"({"ack":"durable"})";
    response.prepare_payload();
    co_await http::async_write(socket, response, asio::redirect_error(asio::use_awaitable, failed));
    if (failed || !request.keep_alive()) co_return;
  }
}

asio::awaitable<void> Accept(asio::io_context& context, uint16_t port, Log& log) {
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), port});
  std::cerr << "listening on 127.0.0.1:" << port << std::endl;
  while (true) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(context, Serve(std::move(socket), log), asio::detached);
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Log log(argv[2]);
  asio::io_context context{1};
  asio::co_spawn(context,
                 Accept(context, static_cast<uint16_t>(std::strtoul(argv[1], nullptr, 10)), log),
                 asio::detached);
  context.run();
}

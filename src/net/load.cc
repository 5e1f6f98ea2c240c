#include "net/load.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <numeric>
#include <utility>

#include "env/process.h"

namespace weir::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kConnectMax{60};
constexpr std::chrono::seconds kAnswersMax{30};  // For what is under way at the end.
constexpr std::string_view kLength = "\r\nContent-Length: ";

// Status and length of an answer that stands whole in `text`; 0: it does not yet.
struct Answer {
  int status = 0;
  size_t length = 0;
};
Answer ReadAnswer(std::string_view text) {
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || text.size() < 12) return {};
  Answer answer;
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  size_t body = 0;
  size_t at = text.find(kLength);
  if (at > end) at = text.find("\r\ncontent-length: ");  // Uvicorn writes it so.
  if (at < end) {
    const char* digits = text.data() + at + kLength.size();
    std::from_chars(digits, text.data() + end, body);
  }
  answer.length = end + 4 + body;
  return text.size() < answer.length ? Answer{} : answer;
}

class Load {
 public:
  explicit Load(const LoadPlan& plan) : plan_(plan) {}

  Result<LoadResult> Run() {
    (void)env::RaiseFileLimit();
    error_code failed;
    endpoint_ = {asio::ip::make_address(plan_.address.host, failed), plan_.address.port};
    for (size_t i = 0; i < plan_.connections; ++i)
      asio::co_spawn(context_, Client(i), asio::detached);
    context_.run_for(kConnectMax + plan_.time + kAnswersMax);
    result_.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(last_ - begun_);
    std::ranges::sort(result_.micros);
    if (result_.answers == 0)
      return Fail(ErrorKind::kUnavailable, "load.connect",
                  "nothing answered at " + plan_.address.ToString(), "is the server there?");
    return std::move(result_);
  }

 private:
  bool Over(uint64_t number) const {
    return steady_clock::now() >= end_ || (plan_.requests_max != 0 && number >= plan_.requests_max);
  }

  // When a request is due: at once in a closed loop.
  steady_clock::time_point DueAt(uint64_t number) const {
    if (plan_.rate == 0) return steady_clock::now();
    return begun_ + std::chrono::nanoseconds(
                        static_cast<int64_t>(static_cast<double>(number) * 1e9 / plan_.rate));
  }

  asio::awaitable<void> Client(size_t) {
    bool waited = false;
    while (steady_clock::now() < end_) {
      tcp::socket socket(context_);
      error_code failed;
      co_await socket.async_connect(endpoint_, asio::redirect_error(asio::use_awaitable, failed));
      if (!std::exchange(waited, true)) co_await UntilAllAreConnected();
      if (!failed) socket.set_option(tcp::no_delay(true), failed);
      if (!failed && co_await Ask(socket)) co_return;
      ++result_.failures;
      asio::steady_timer pause(context_, std::chrono::milliseconds(10));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    }
  }

  // The time begins with the last connection: ten thousand take a while.
  asio::awaitable<void> UntilAllAreConnected() {
    if (++connected_ == plan_.connections) {
      begun_ = steady_clock::now();
      end_ = begun_ + plan_.time;
      gate_.cancel();
      co_return;
    }
    error_code cancelled;
    co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }

  // True: the time is over. False: the connection broke.
  asio::awaitable<bool> Ask(tcp::socket& socket) {
    asio::steady_timer timer(context_);
    std::string text;
    while (true) {
      const uint64_t number = next_++;
      if (Over(number)) co_return true;
      const auto due = DueAt(number);
      error_code failed;
      if (plan_.rate != 0 && due > steady_clock::now()) {
        timer.expires_at(due);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      }
      const std::string body = plan_.body(number);
      const std::string request = Head(number, body.size()) + body;
      co_await asio::async_write(socket, asio::buffer(request),
                                 asio::redirect_error(asio::use_awaitable, failed));
      text.clear();
      Answer answer;
      while (!failed && (answer = ReadAnswer(text)).status == 0) {
        std::array<char, 4096> bytes;
        const size_t came = co_await socket.async_read_some(
            asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
        text.append(bytes.data(), came);
      }
      if (failed) co_return false;
      Count(answer.status, body.size(), steady_clock::now() - due);
    }
  }

  std::string Head(uint64_t number, size_t length) const {
    std::string head = "POST " + plan_.target + " HTTP/1.1\r\nHost: " + plan_.address.ToString() +
                       "\r\n" + plan_.headers;
    if (plan_.header_of) head += plan_.header_of(number) + "\r\n";
    return head + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
  }

  void Count(int status, size_t bytes, steady_clock::duration took) {
    ++result_.answers;
    ++result_.statuses[status];
    result_.body_bytes += bytes;
    result_.micros.push_back(
        static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    last_ = steady_clock::now();
  }

  const LoadPlan& plan_;
  asio::io_context context_{1};
  tcp::endpoint endpoint_;
  asio::steady_timer gate_{context_, steady_clock::time_point::max()};  // Shut until then.
  size_t connected_ = 0;  // Or could not be, at their first try.
  steady_clock::time_point begun_, last_;
  steady_clock::time_point end_ = steady_clock::time_point::max();
  uint64_t next_ = 0;
  LoadResult result_;
};

}  // namespace

uint32_t LoadResult::Percentile(double share) const {
  if (micros.empty()) return 0;
  return micros[std::min(micros.size() - 1,
                         static_cast<size_t>(static_cast<double>(micros.size()) * share))];
}

double LoadResult::mean_micros() const {
  const auto sum = std::accumulate(micros.begin(), micros.end(), uint64_t{0});
  return micros.empty() ? 0 : static_cast<double>(sum) / static_cast<double>(micros.size());
}

Result<LoadResult> RunLoad(const LoadPlan& plan) { return Load(plan).Run(); }

}  // namespace weir::net

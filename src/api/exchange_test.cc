#include "api/exchange.h"

#include <gtest/gtest.h>

namespace weir::api {
namespace {

// Keeps every answer that it owes.
class SlowSite final : public net::Site {
 public:
  std::variant<net::Response, net::Admission> Begin(const net::RequestHead& head) override {
    if (head.path == "/now") return net::Response{.status = 204};
    return net::Admission{.receiver = std::make_unique<Slow>(*this)};
  }
  net::Response Refuse(int status, std::string_view, std::string_view) override {
    return {.status = status};
  }
  std::vector<net::Answer> owed;

 private:
  class Slow final : public net::Receiver {
   public:
    explicit Slow(SlowSite& site) : site_(site) {}
    net::Taken Take(std::string_view, net::Resume) override { return net::Taken::kMore; }
    void Finish(net::Answer answer) override { site_.owed.push_back(std::move(answer)); }

   private:
    SlowSite& site_;
  };
};

constexpr std::chrono::microseconds kNow{0};

std::variant<net::Response, net::Admission> Ask(Exchange& exchange, const char* path) {
  net::RequestHead head;
  head.path = path;
  return exchange.Begin(head);
}

TEST(ExchangeTest, WithoutASiteEveryRequestIsToComeAgain) {
  Exchange exchange;
  const auto decided = Ask(exchange, "/now");
  const auto& response = std::get<net::Response>(decided);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.front(), (std::pair<std::string, std::string>("Retry-After", "1")));
  EXPECT_EQ(exchange.Refuse(400, "http.framing", "no").status, 400);
}

TEST(ExchangeTest, ASiteIsAskedUntilTheNextAndOwesNothingWhenAllIsAnsweredOrDropped) {
  SlowSite first;
  SlowSite second;
  Exchange exchange;
  exchange.Set(&first);
  EXPECT_EQ(std::get<net::Response>(Ask(exchange, "/now")).status, 204);
  EXPECT_TRUE(exchange.WaitUntilAnswered(kNow));
  auto answered = std::get<net::Admission>(Ask(exchange, "/slow"));
  auto dropped = std::get<net::Admission>(Ask(exchange, "/slow"));
  int status = 0;
  answered.receiver->Finish([&](const net::Response& response) { status = response.status; });
  answered.receiver.reset();
  EXPECT_FALSE(exchange.WaitUntilAnswered(kNow));
  exchange.Set(&second);
  dropped.receiver.reset();
  EXPECT_FALSE(exchange.WaitUntilAnswered(kNow));
  first.owed.front()({.status = 202});
  first.owed.clear();
  EXPECT_EQ(status, 202);
  EXPECT_TRUE(exchange.WaitUntilAnswered(kNow));
  std::get<net::Admission>(Ask(exchange, "/slow")).receiver->Finish([](const net::Response&) {});
  EXPECT_EQ(second.owed.size(), 1U);
  second.owed.clear();  // An answer that is dropped is none that anybody waits for.
  EXPECT_TRUE(exchange.WaitUntilAnswered(kNow));
}

}  // namespace
}  // namespace weir::api

// The API in front of a Front that only remembers. Requests are put through net::Site, as the
// server does it, without sockets.
#include "api/api.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <nlohmann/json.hpp>

#include "api/route.h"
#include "base/limits.h"
#include "base/request_limits.h"

namespace weir::api {
namespace {

using nlohmann::json;
using source::Refusal;

Error Why(std::string code) {
  return Fail(ErrorKind::kInvalid, std::move(code), "said by the test").error();
}

// GCC 12 takes the zeros of -ftrivial-auto-var-init for a use of what they fill.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
source::HttpSpec Door(std::string route, source::Ack ack = source::Ack::kDurable) {
  source::HttpSpec http;
  http.route = std::move(route);
  http.ack = ack;
  return http;
}

struct Taken {
  std::string pipeline, type, key, name, body;
  source::Handling handling = source::Handling::kLenient;
  std::map<std::string, std::string> path;
};

class FakeSpool final : public wal::SpoolWriter {
 public:
  explicit FakeSpool(std::string& into) : into_(into) {}
  Result<void> Write(std::string_view bytes) override {
    into_ += bytes;
    return {};
  }
  Result<wal::Spool> Finish() override { return wal::Spool{7, into_.size()}; }

 private:
  std::string& into_;
};

// Stores whatever is no "bad".
class FakeIntake final : public source::Intake {
 public:
  FakeIntake(std::string pipeline, source::HttpSpec http)
      : pipeline_(std::move(pipeline)), http_(std::move(http)) {}
  const std::string& pipeline() const override { return pipeline_; }
  const source::HttpSpec& http() const override { return http_; }
  const std::vector<std::string>& headers() const override { return headers_; }
  std::expected<void, Refusal> CheckHead(const source::Request& head) const override {
    if (head.content_type == "text/odd") return std::unexpected(Refusal{415, Why("request.type")});
    return {};
  }
  std::expected<wal::Room, Refusal> Admit(uint64_t bytes) override {
    admitted += bytes;
    if (admitted > budget)
      return std::unexpected(Refusal{429, Why("wal.stream_full"), std::chrono::seconds(2)});
    return wal::Room();
  }
  Result<std::unique_ptr<wal::SpoolWriter>> NewSpool() override {
    return std::make_unique<FakeSpool>(spooled);
  }
  void Offer(std::span<const source::Request> requests, source::OfferDone done) override {
    for (const source::Request& request : requests)
      if (BodyOf(request) == "bad") return done(std::unexpected(Refusal{422, Why("request.json")}));
    const wal::Sequence first(taken.size() + 1);
    for (const source::Request& request : requests) {
      Taken one{pipeline_,
                std::string(request.content_type),
                std::string(request.idempotency_key),
                std::string(request.name),
                BodyOf(request),
                request.handling,
                {}};
      for (const auto& [name, value] : request.path) one.path[std::string(name)] = value;
      taken.push_back(one);
    }
    done(source::Stored{first, requests.front().idempotency_key == "again"});
  }
  std::string ReceiptOf(wal::Sequence sequence) const override {
    return pipeline_ + "-1-" + std::to_string(sequence.value);
  }

  source::HttpSpec& http_of() { return http_; }
  std::vector<Taken> taken;
  std::string spooled;
  uint64_t admitted = 0;
  uint64_t budget = 1 << 30;

 private:
  std::string BodyOf(const source::Request& request) const {
    if (const auto* spool = std::get_if<wal::Spool>(&request.body))
      return "spool of " + std::to_string(spool->bytes);
    return std::string(std::get<std::string_view>(request.body));
  }

  std::string pipeline_;
  source::HttpSpec http_;
  std::vector<std::string> headers_;
};

class FakeFront final : public source::Front {
 public:
  source::Intake* Find(std::string_view pipeline) override {
    const auto found = doors.find(std::string(pipeline));
    return found == doors.end() ? nullptr : found->second.get();
  }
  std::unique_ptr<source::Source> MakeSource(const std::string&) override { return nullptr; }
  void FindReceipt(std::string id, source::ReceiptDone done) override {
    if (!id.starts_with("orders-1-"))
      return done(Fail(ErrorKind::kNotFound, "receipt.not_found", "no receipt " + id));
    done(State(id));
  }
  source::WaiterId WhenCommitted(const source::Intake& intake, wal::Sequence sequence,
                                 source::ReceiptDone done) override {
    if (commits)
      done(State(intake.ReceiptOf(sequence)));
    else
      waiting = std::move(done);
    return 1;
  }
  void Forget(source::WaiterId) override { waiting = nullptr; }
  bool WaitForNews(const std::string&, std::chrono::microseconds) override { return false; }
  void Pause(std::chrono::microseconds) override {}
  void Gather(const std::string&, std::chrono::microseconds, const source::Arrived&) override {}
  void EndGathering() override {}
  void EndWaits() override {}
  void BeginWaits() override {}
  void Stop() override {}
  void Drain() override {}
  wal::LogState log_state() const override {
    wal::LogState state;
    state.accepting = accepting;
    return state;
  }
  uint64_t waiting_bytes(const std::string&) const override { return 42; }
  source::Backlog::State backlog(const std::string&) const override {
    return {.waiting = {.bytes = 40, .lines = 3}, .oldest = Instant{0}};
  }
  uint64_t keys() const override { return 0; }
  const std::vector<source::LeftRequests>& left() const override { return left_requests; }
  source::ReceiptState State(const std::string& id) const {
    return {.id = id,
            .pipeline = "orders",
            .stage = stage,
            .handling = handling,
            .counts = counts,
            .faults = faults,
            .batch = "orders/1/1",
            .table = "raw.orders",
            .snapshot = 5};
  }

  std::map<std::string, std::unique_ptr<FakeIntake>> doors;
  source::ReceiptDone waiting;
  ledger::Counts counts{.read = 2, .accepted = 2};
  std::vector<ledger::RecordFault> faults;
  source::ReceiptStage stage = source::ReceiptStage::kCommitted;
  source::Handling handling = source::Handling::kLenient;
  std::vector<source::LeftRequests> left_requests;
  bool commits = true;
  bool accepting = true;
};

struct Asked {
  std::string method = "POST";
  std::string target = "/orders";
  std::vector<net::Header> headers = {};
  std::string body = {};
  size_t cut = 1000;
};

class ApiTest : public testing::Test {
 protected:
  void AddDoor(const std::string& name, source::HttpSpec http) {
    front_.doors[name] = std::make_unique<FakeIntake>(name, std::move(http));
    names_.push_back(name);
  }
  FakeIntake& door(const std::string& name = "orders") { return *front_.doors.at(name); }
  void SetUp() override {
    AddDoor("orders", Door("/orders"));
    AddDoor("sales", Door("/stores/{store_id}/sales", source::Ack::kCommitted));
  }
  Result<std::unique_ptr<Api>> Make(
      const Tokens* tokens = nullptr,
      std::chrono::microseconds ack_timeout = std::chrono::milliseconds(5)) {
    return Api::Make(
        {.project = "shop",
         .version = "1",
         .front = &front_,
         .http_pipelines = names_,
         .tokens = tokens,
         .metrics = metrics_,
         .log = log_,
         .clock = env::SystemClock(),
         .pipelines = [this] { return std::vector<PipelineHealth>{{.name = "orders"}, health_}; },
         .ack_timeout = ack_timeout});
  }
  net::Response Ask(const Asked& asked) {
    if (!api_) api_ = std::move(*Make());
    return AskIt(*api_, asked);
  }
  static net::Response AskIt(Api& api, const Asked& asked) {
    net::RequestHead head;
    head.method = asked.method;
    head.target = asked.target;
    head.path = head.target.substr(0, head.target.find('?'));
    if (head.path.size() < head.target.size())
      head.query = head.target.substr(head.path.size() + 1);
    head.headers = asked.headers;
    head.content_length = asked.body.size();
    auto decided = api.Begin(head);
    if (auto* response = std::get_if<net::Response>(&decided)) return std::move(*response);
    net::Receiver& receiver = *std::get<net::Admission>(decided).receiver;
    std::mutex mutex;
    std::condition_variable news;
    bool resumed = false;
    std::optional<net::Response> came;
    std::unique_lock lock(mutex);
    for (size_t at = 0; at < asked.body.size(); at += asked.cut) {
      resumed = false;
      lock.unlock();
      const net::Taken taken =
          receiver.Take(std::string_view(asked.body).substr(at, asked.cut), [&] {
            const std::lock_guard guard(mutex);
            resumed = true;
            news.notify_all();
          });
      lock.lock();
      if (taken == net::Taken::kLater) news.wait(lock, [&] { return resumed; });
      if (taken == net::Taken::kRefuse) break;
    }
    lock.unlock();
    receiver.Finish([&](net::Response response) {
      const std::lock_guard guard(mutex);
      came = std::move(response);
      news.notify_all();
    });
    lock.lock();
    news.wait(lock, [&] { return came.has_value(); });
    return std::move(*came);
  }
  static std::string HeaderOf(const net::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return "";
  }
  static std::string CodeOf(const net::Response& response) {
    return json::parse(response.body).value("code", "");
  }

  FakeFront front_;
  telemetry::RecordedLog log_;
  PipelineHealth health_{.name = "files"};
  std::vector<std::string> names_;
  telemetry::Metrics metrics_;
  std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, ABodyIsOfferedToItsPipelineAndAcknowledged) {
  const net::Response response =
      Ask({.headers = {{"Content-Type", "text/csv"}, {"Idempotency-Key", "k"}},
           .body = "id\n1\n",
           .cut = 2});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(HeaderOf(response, "Weir-Receipt"), "orders-1-1");
  EXPECT_EQ(json::parse(response.body).at("status_url"), "/v1/receipts/orders-1-1");
  ASSERT_EQ(door().taken.size(), 1U);
  EXPECT_EQ(door().taken[0].body, "id\n1\n");
  EXPECT_EQ(door().taken[0].type, "text/csv");
  EXPECT_EQ(door().taken[0].key, "k");
  EXPECT_EQ(door().admitted, 5U);
}

TEST_F(ApiTest, AReplayedKeySaysSo) {
  EXPECT_EQ(HeaderOf(Ask({.headers = {{"idempotency-key", "again"}}, .body = "{}"}),
                     "Idempotent-Replayed"),
            "true");
}

// What was refused or left out is not acknowledged because somebody sends it again.
TEST_F(ApiTest, ARepetitionIsToldWhatBecameOfTheFirst) {
  using source::Handling;
  using source::ReceiptStage;
  struct Case {
    ReceiptStage stage;
    Handling handling;
    ledger::Counts counts;
    int status;
    std::string state;
  };
  const Case cases[] = {
      {ReceiptStage::kReceived, Handling::kLenient, {}, 202, ""},
      {ReceiptStage::kReceived, Handling::kStrict, {}, 409, ""},
      {ReceiptStage::kCommitted, Handling::kLenient, {.read = 2, .rejected = 2}, 202, ""},
      {ReceiptStage::kRejected, Handling::kLenient, {.read = 2, .rejected = 2}, 422, "rejected"},
      {ReceiptStage::kVoided, Handling::kLenient, {}, 410, "voided"}};
  for (const Case& one : cases) {
    front_.stage = one.stage;
    front_.handling = one.handling;
    front_.counts = one.counts;
    const net::Response again = Ask({.headers = {{"idempotency-key", "again"}}, .body = "{}"});
    EXPECT_EQ(again.status, one.status);
    EXPECT_EQ(json::parse(again.body).value("state", ""), one.state);
    EXPECT_EQ(HeaderOf(again, "Idempotent-Replayed"), one.status == 409 ? "" : "true");
    EXPECT_EQ(Ask({.headers = {{"idempotency-key", "new"}}, .body = "{}"}).status, 202);
  }
}

TEST_F(ApiTest, WhatAPersonLeftOutIsGone) {
  front_.stage = source::ReceiptStage::kVoided;
  front_.counts = {};
  const net::Response waited = Ask({.target = "/orders?ack=committed", .body = "[]"});
  EXPECT_EQ(waited.status, 410);
  EXPECT_EQ(HeaderOf(waited, "Weir-Accepted"), "0");
  const json told = json::parse(waited.body);
  EXPECT_EQ(told.at("state"), "voided");
  EXPECT_FALSE(told.contains("ack"));
  // The receipt itself is there.
  EXPECT_EQ(Ask({.method = "GET", .target = "/v1/receipts/orders-1-1"}).status, 200);
}

TEST_F(ApiTest, WhatTheHeadTellsIsRefusedBeforeTheBody) {
  const net::Response response = Ask({.headers = {{"Content-Type", "text/odd"}}, .body = "x"});
  EXPECT_EQ(response.status, 415);
  EXPECT_TRUE(door().taken.empty());
}

TEST_F(ApiTest, ALongBodyIsSpooled) {
  EXPECT_EQ(Ask({.body = std::string(3 << 20, 'x'), .cut = 60'000}).status, 202);
  EXPECT_EQ(door().taken.at(0).body, "spool of " + std::to_string(3 << 20));
  EXPECT_EQ(door().spooled.size(), size_t{3} << 20);
}

TEST_F(ApiTest, ACommittedAnswerHasTheCounts) {
  struct Case {
    ledger::Counts counts;
    int status;
  };
  const Case cases[] = {{{.read = 2, .accepted = 2}, 200},
                        {{.read = 3, .accepted = 2, .rejected = 1}, 207},
                        {{.read = 2, .rejected = 2}, 422},
                        {{.read = 2, .accepted = 1, .duplicate = 1}, 200}};
  for (const Case& one : cases) {
    front_.counts = one.counts;
    const net::Response response = Ask({.target = "/orders?ack=committed", .body = "[]"});
    EXPECT_EQ(response.status, one.status);
    EXPECT_EQ(HeaderOf(response, "Weir-Accepted"), std::to_string(one.counts.accepted));
    EXPECT_EQ(json::parse(response.body).at("rejected"), one.counts.rejected);
  }
}

TEST_F(ApiTest, ACommittedAnswerNamesTheRefusedRecords) {
  front_.counts = {.read = 3, .accepted = 1, .rejected = 2};
  front_.faults = {{.index = 1, .line = 2, .pointer = "/id", .code = "column.null", .message = "m"},
                   {.line = 3, .column = "price", .code = "type.double", .message = "n"}};
  const json expected = json::parse(
      R"([{"index": 1, "line": 2, "pointer": "/id", "code": "column.null", "message": "m"},
          {"line": 3, "column": "price", "code": "type.double", "message": "n"}])");
  EXPECT_EQ(json::parse(Ask({.target = "/orders?ack=committed", .body = "[]"}).body).at("errors"),
            expected);
  EXPECT_EQ(
      json::parse(Ask({.method = "GET", .target = "/v1/receipts/orders-1-1"}).body).at("errors"),
      expected);
}

TEST_F(ApiTest, APreferenceMakesARequestAllOrNothing) {
  struct Case {
    std::vector<net::Header> headers;
    source::Handling handling;
  };
  using source::Handling;
  const Case cases[] = {
      {{}, Handling::kLenient},
      {{{"Prefer", "handling=strict"}}, Handling::kStrict},
      {{{"prefer", "respond-async, Handling = \"STRICT\" ; why=so"}}, Handling::kStrict},
      {{{"Prefer", "wait=3"}, {"Prefer", "handling=strict"}}, Handling::kStrict},
      {{{"Prefer", "handling=lenient, handling=strict"}}, Handling::kLenient},
      {{{"Prefer", "handling"}}, Handling::kLenient},
      {{{"Prefer", "handling=strictly,,"}}, Handling::kLenient}};
  for (const Case& one : cases) {
    door().taken.clear();
    const net::Response response = Ask({.headers = one.headers, .body = "{}"});
    ASSERT_EQ(door().taken.size(), 1U);
    EXPECT_EQ(door().taken[0].handling, one.handling);
    const bool strict = one.handling == Handling::kStrict;
    EXPECT_EQ(response.status, strict ? 200 : 202);
    EXPECT_EQ(HeaderOf(response, "Preference-Applied"), strict ? "handling=strict" : "");
  }
}

TEST_F(ApiTest, AStrictRequestThatIsRefusedSaysSo) {
  front_.counts = {.read = 3, .rejected = 3};
  front_.stage = source::ReceiptStage::kRejected;
  const std::vector<net::Header> strict = {{"Prefer", "handling=strict"}};
  const net::Response response = Ask({.headers = strict, .body = "[]"});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json::parse(response.body).at("state"), "rejected");
  front_.commits = false;
  const net::Response late = Ask({.headers = strict, .body = "[]"});
  EXPECT_EQ(late.status, 202);
  EXPECT_EQ(HeaderOf(late, "Preference-Applied"), "handling=strict");
}

TEST_F(ApiTest, WhoWaitsTooLongForACommitGetsTheReceipt) {
  front_.commits = false;
  const net::Response response = Ask({.target = "/stores/7/sales", .body = "[]"});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(door("sales").taken.at(0).path.at("store_id"), "7");
}

const std::string kForm =
    "--x\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n"
    "--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\nid\n1\n\r\n"
    "--x\r\nContent-Disposition: form-data; name=file; filename=b.csv\r\nContent-Type: "
    "text/csv\r\n\r\n";

TEST_F(ApiTest, EachFileOfAFormIsARequest) {
  for (const size_t cut : {size_t{1}, size_t{1000}}) {
    door().taken.clear();
    const net::Response response = Ask(
        {.headers = {{"Content-Type", "multipart/form-data; boundary=x"}, {"Idempotency-Key", "k"}},
         .body = kForm + "id\n2\n\r\n--x--\r\n",
         .cut = cut});
    EXPECT_EQ(response.status, 202);
    ASSERT_EQ(door().taken.size(), 2U);
    EXPECT_EQ(door().taken[0].name, "a.csv");
    EXPECT_EQ(door().taken[0].key, "k");
    EXPECT_EQ(door().taken[1].body, "id\n2\n");
    EXPECT_EQ(HeaderOf(response, "Weir-Receipt"), "orders-1-1, orders-1-2");
    EXPECT_EQ(json::parse(response.body).at("files").at(1).at("name"), "b.csv");
  }
}

TEST_F(ApiTest, AFormIsAnsweredWithAReceiptPerFile) {
  front_.counts = {.read = 2, .accepted = 1, .rejected = 1};
  const net::Response response =
      Ask({.target = "/orders?ack=committed",
           .headers = {{"Content-Type", "multipart/form-data; boundary=x"}},
           .body = kForm + "id\n2\n\r\n--x--\r\n"});
  EXPECT_EQ(response.status, 207);
  EXPECT_EQ(HeaderOf(response, "Weir-Receipt"), "orders-1-1, orders-1-2");
  EXPECT_EQ(HeaderOf(response, "Weir-Rejected"), "2");
  const json files = json::parse(response.body).at("files");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files.at(0).at("name"), "a.csv");
  EXPECT_EQ(files.at(0).at("receipt"), "orders-1-1");
  EXPECT_EQ(files.at(1).at("name"), "b.csv");
  EXPECT_EQ(files.at(1).at("receipt"), "orders-1-2");
}

TEST_F(ApiTest, OfManyFilesTheFirstMiBIsHeldInMemory) {
  std::string form;
  for (int i = 0; i < 3; ++i)
    form += "--x\r\nContent-Disposition: form-data; name=file; filename=f.csv\r\n\r\n" +
            std::string(600 * 1024, 'x') + "\r\n";
  EXPECT_EQ(Ask({.headers = {{"Content-Type", "multipart/form-data; boundary=x"}},
                 .body = form + "--x--\r\n",
                 .cut = 50'000})
                .status,
            202);
  ASSERT_EQ(door().taken.size(), 3U);
  EXPECT_EQ(door().taken[0].body.size(), 600U * 1024);
  EXPECT_EQ(door().spooled.size(), 2 * 600U * 1024);
}

TEST_F(ApiTest, NothingOfAFormIsStoredWhereOneFileIsWrongOrItIsCutOff) {
  const std::vector<net::Header> type = {{"Content-Type", "multipart/form-data; boundary=x"}};
  EXPECT_EQ(Ask({.headers = type, .body = kForm + "bad\r\n--x--\r\n"}).status, 422);
  EXPECT_EQ(CodeOf(Ask({.headers = type, .body = kForm + "id\n2\n"})), "http.bad_multipart");
  EXPECT_EQ(CodeOf(Ask({.headers = type, .body = "--x--\r\n"})), "request.empty");
  EXPECT_EQ(CodeOf(Ask({.headers = {{"Content-Type", "multipart/form-data"}}})),
            "http.bad_multipart");
  EXPECT_TRUE(door().taken.empty());
}

TEST_F(ApiTest, AllOrNothingIsForOneFileOfBoundedSize) {
  door().taken.clear();
  const net::Response two = Ask({.headers = {{"Content-Type", "multipart/form-data; boundary=x"},
                                             {"Prefer", "handling=strict"}},
                                 .body = kForm + "id\n2\n\r\n--x--\r\n"});
  EXPECT_EQ(CodeOf(two), "request.strict_files");
  AddDoor("large", Door("/large"));
  front_.doors.at("large")->http_of().max_body = 1 << 30;
  const auto api = std::move(*Make());
  net::RequestHead head;
  head.method = "POST";
  head.target = head.path = "/large";
  head.content_length = kStrictTextBytesMax + 1;
  EXPECT_TRUE(std::holds_alternative<net::Admission>(api->Begin(head)));
  head.headers = {{"Prefer", "handling=strict"}};
  const auto decided = api->Begin(head);
  ASSERT_TRUE(std::holds_alternative<net::Response>(decided));
  EXPECT_EQ(std::get<net::Response>(decided).status, 413);
}

TEST_F(ApiTest, WhoWaitsForACommitMayBeAnsweredAfterItsEnd) {
  front_.commits = false;
  auto api = std::move(*Make(nullptr, std::chrono::hours(1)));
  net::RequestHead head;
  head.method = "POST";
  head.target = head.path = "/orders";
  head.query = "ack=committed";
  head.content_length = 2;
  std::optional<net::Response> came;
  {
    auto begun = api->Begin(head);
    net::Receiver& receiver = *std::get<net::Admission>(begun).receiver;
    ASSERT_EQ(receiver.Take("{}", [] {}), net::Taken::kMore);
    receiver.Finish([&](net::Response response) { came = std::move(response); });
  }
  ASSERT_TRUE(front_.waiting != nullptr);
  auto waiting = std::move(front_.waiting);
  api.reset();
  waiting(front_.State("orders-1-1"));
  ASSERT_TRUE(came.has_value());
  EXPECT_EQ(came->status, 200);
}

TEST_F(ApiTest, RefusalsAreProblems) {
  door("sales").budget = 0;
  const net::Response full = Ask({.target = "/stores/1/sales", .body = "{}"});
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(HeaderOf(full, "Retry-After"), "2");
  EXPECT_EQ(full.content_type, "application/problem+json");
  EXPECT_EQ(json::parse(full.body).at("type"), "urn:weir:problem:wal.stream_full");
  EXPECT_EQ(CodeOf(Ask({.target = "/orders?ack=soon"})), "request.ack");
  EXPECT_EQ(CodeOf(Ask({.target = "/nothing"})), "http.no_route");
  EXPECT_EQ(Ask({.target = "/stores//sales"}).status, 404);
  EXPECT_EQ(Ask({.target = "/stores/%zz/sales"}).status, 404);
  const net::Response method = Ask({.method = "GET", .target = "/orders"});
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(HeaderOf(method, "Allow"), "POST");
  EXPECT_EQ(Ask({.method = "GET", .target = "/v1/receipts/x"}).status, 404);
  EXPECT_EQ(Ask({.method = "GET", .target = "/v1/receipts/orders-1-1"}).status, 200);
}

TEST_F(ApiTest, ReadinessFollowsTheLogAndTheDrain) {
  EXPECT_EQ(Ask({.method = "GET", .target = "/readyz"}).status, 200);
  front_.accepting = false;
  EXPECT_EQ(Ask({.method = "GET", .target = "/readyz"}).status, 503);
  front_.accepting = true;
  api_->SetDraining();
  EXPECT_EQ(CodeOf(Ask({.method = "GET", .target = "/readyz"})), "server.draining");
  EXPECT_EQ(Ask({.method = "GET", .target = "/livez"}).status, 200);
  EXPECT_EQ(json::parse(Ask({.method = "HEAD", .target = "/health"}).body).at("status"), "ok");
}

TEST_F(ApiTest, EachRouteWantsItsScope) {
  env::SeededRandom random(1);
  std::vector<catalog::TokenRecord> records;
  std::map<std::string, std::string> bearer;
  for (const char* scope : {"admin", "ingest:orders", "ingest:*", "read:*"}) {
    NewToken made = MakeToken(random, scope, {scope}, {1});
    bearer[scope] = "Bearer " + made.text;
    records.push_back(made.record);
  }
  Tokens tokens;
  tokens.Set(records);
  const auto api = std::move(*Make(&tokens));
  struct Case {
    const char* method;
    const char* target;
    std::map<std::string, int> statuses;  // By scope; "": without a token.
  };
  const Case cases[] = {
      {"POST",
       "/orders",
       {{"", 401}, {"admin", 202}, {"ingest:orders", 202}, {"ingest:*", 202}, {"read:*", 403}}},
      {"POST",
       "/stores/1/sales",
       {{"", 401}, {"admin", 200}, {"ingest:orders", 403}, {"ingest:*", 200}, {"read:*", 403}}},
      {"GET",
       "/v1/receipts/orders-1-1",
       {{"", 401}, {"admin", 200}, {"ingest:orders", 403}, {"ingest:*", 403}, {"read:*", 200}}},
      {"GET",
       "/metrics",
       {{"", 401}, {"admin", 200}, {"ingest:orders", 403}, {"ingest:*", 403}, {"read:*", 200}}},
      {"GET", "/health", {{"", 200}, {"read:*", 200}}},
      {"GET", "/openapi.json", {{"", 200}}},
      {"GET", "/docs", {{"", 200}}}};
  for (const Case& one : cases)
    for (const auto& [scope, status] : one.statuses) {
      Asked asked{.method = one.method, .target = one.target};
      if (!scope.empty()) asked.headers.push_back({"Authorization", bearer[scope]});
      EXPECT_EQ(AskIt(*api, asked).status, status) << one.target << " with " << scope;
    }
}

TEST_F(ApiTest, HealthIsDegradedWhereAPipelineDoesNotDoWell) {
  using State = PipelineHealth::State;
  struct Case {
    State state;
    std::string status;
    std::string name;
  };
  for (const Case& one :
       {Case{State::kRunning, "ok", "running"}, Case{State::kEnded, "ok", "ended"},
        Case{State::kRetrying, "degraded", "retrying"},
        Case{State::kFailed, "degraded", "failed"}}) {
    health_ = {.name = "files", .state = one.state, .code = "file.full"};
    const net::Response answer = Ask({.method = "GET", .target = "/health"});
    const json health = json::parse(answer.body);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(health.at("status"), one.status);
    EXPECT_EQ(health.at("pipelines").at("files").at("state"), one.name);
    EXPECT_EQ(health.at("pipelines").at("orders").at("state"), "running");
  }
}

TEST_F(ApiTest, AnswersAreKeptByNobodyAndThePageIsFramedByNobody) {
  for (const char* target : {"/health", "/openapi.json", "/nothing", "/metrics"}) {
    const auto lines = Ask({.method = "GET", .target = target}).lines;
    EXPECT_NE(lines.find("\r\nX-Content-Type-Options: nosniff"), std::string::npos) << target;
    EXPECT_NE(lines.find("\r\nCache-Control: no-store"), std::string::npos) << target;
  }
  for (const char* target : {"/docs", "/docs/docs.js", "/docs/docs.css"}) {
    const auto lines = Ask({.method = "GET", .target = target}).lines;
    for (const char* line : {"\r\nContent-Security-Policy: default-src 'none'; script-src 'self'",
                             "\r\nX-Frame-Options: DENY", "\r\nX-Content-Type-Options: nosniff"})
      EXPECT_NE(lines.find(line), std::string::npos) << target << line;
    EXPECT_EQ(lines.find("unsafe"), std::string::npos);
  }
}

TEST_F(ApiTest, ARouteIsTakenOnce) {
  for (const char* route :
       {"/orders", "/health", "/v1/receipts/x", "/stores/{shop}/sales", "/{any}"}) {
    AddDoor("late", Door(route));
    const auto api = Make();
    ASSERT_FALSE(api) << route;
    EXPECT_EQ(api.error().code, "server.route_taken");
    names_.pop_back();
  }
}

TEST_F(ApiTest, OpenApiNamesEveryRouteAndItsSchemas) {
  const json document = json::parse(Ask({.method = "GET", .target = "/openapi.json"}).body);
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  for (const char* path :
       {"/orders", "/stores/{store_id}/sales", "/health", "/v1/receipts/{id}", "/metrics"})
    EXPECT_TRUE(document.at("paths").contains(path)) << path;
  const json& post = document.at("paths").at("/stores/{store_id}/sales").at("post");
  EXPECT_EQ(post.at("parameters").at(0).at("name"), "store_id");
  for (const char* status :
       {"200", "202", "207", "400", "404", "409", "413", "415", "422", "429", "503"})
    EXPECT_TRUE(post.at("responses").contains(status)) << status;
  // Each reference leads somewhere.
  const std::string text = document.dump();
  const std::string sign = "#/components/schemas/";
  for (size_t at = text.find(sign); at != std::string::npos; at = text.find(sign, at + 1)) {
    const size_t begin = at + sign.size();
    const std::string name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_TRUE(document.at("components").at("schemas").contains(name)) << name;
  }
}

TEST_F(ApiTest, MetricsCountRequestsByRoute) {
  Ask({.body = "{}"});
  Ask({.method = "GET", .target = "/nothing"});
  const std::string text = Ask({.method = "GET", .target = "/metrics"}).body;
  for (const char* line :
       {"weir_http_requests_total{method=\"POST\",route=\"/orders\",status=\"202\"} 1\n",
        "weir_http_requests_total{method=\"\",route=\"\",status=\"404\"} 1\n",
        "weir_ack_seconds_count 1\n", "weir_queue_bytes{pipeline=\"orders\"} 42\n",
        "weir_source_lag_records{pipeline=\"orders\"} 3\n",
        "weir_oldest_unacknowledged_seconds 0\n", "weir_build_info{version=\"1\"} 1\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  // Of the fake, the oldest that waits has waited since 1970.
  const std::string lag = "weir_source_lag_seconds{pipeline=\"orders\"} ";
  ASSERT_NE(text.find(lag), std::string::npos) << text;
  EXPECT_GT(std::stod(text.substr(text.find(lag) + lag.size())), 1.7e9);
}

TEST(Paths, MatchSegmentBySegment) {
  EXPECT_TRUE(MatchPath("/a/b", "/a/b"));
  EXPECT_FALSE(MatchPath("/a/b", "/a/b/"));
  EXPECT_FALSE(MatchPath("/a/b", "/a"));
  EXPECT_FALSE(MatchPath("/a", "a"));
  EXPECT_EQ(MatchPath("/s/{id}/x", "/s/a%2Fb/x")->at(0).second, "a/b");
  EXPECT_FALSE(MatchPath("/s/{id}", "/s/"));
}

}  // namespace
}  // namespace weir::api

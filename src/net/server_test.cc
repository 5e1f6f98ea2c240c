// The server as a client meets it: raw sockets, and a site that remembers what reached it.
#include "net/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace weir::net {
namespace {

using std::chrono::milliseconds;

// Echoes bodies. /no is refused on its head; /later resumes and answers from a thread; /never drops
// its answer; /enough stops the body after its first piece.
class EchoSite final : public Site {
 public:
  ~EchoSite() override {
    for (std::thread& one : threads_) one.join();
  }

  std::variant<Response, Admission> Begin(const RequestHead& head) override {
    ++begun;
    if (head.path == "/no") return Response{.status = 401, .body = "no"};
    auto receiver = std::make_unique<Echo>(*this, std::string(head.path));
    return Admission{.receiver = std::move(receiver),
                     .body_bytes_max = head.path == "/big" ? uint64_t{64} << 20 : 0};
  }
  Response Refuse(int status, std::string_view code, std::string_view) override {
    return {.status = status, .body = std::string(code)};
  }

  std::atomic<int> begun{0};
  std::atomic<int> finished{0};
  std::atomic<int> abandoned{0};

 private:
  class Echo final : public Receiver {
   public:
    Echo(EchoSite& site, std::string path) : site_(site), path_(std::move(path)) {}
    ~Echo() override {
      if (!finished_) ++site_.abandoned;
    }
    Taken Take(std::string_view piece, Resume resume) override {
      body_ += path_ == "/big" ? piece.substr(0, 1) : piece;
      bytes_ += piece.size();
      if (path_ == "/enough") return Taken::kRefuse;
      if (path_ != "/later") return Taken::kMore;
      site_.Run([resume = std::move(resume)]() mutable { resume(); });
      return Taken::kLater;
    }
    void Finish(Answer answer) override {
      finished_ = true;
      ++site_.finished;
      if (path_ == "/never") return;
      Response response{.body = path_ == "/big" ? std::to_string(bytes_) : body_};
      if (path_ != "/later") return answer(std::move(response));
      site_.Run([answer = std::move(answer), response = std::move(response)]() mutable {
        answer(std::move(response));
      });
    }

   private:
    EchoSite& site_;
    std::string path_;
    std::string body_;
    uint64_t bytes_ = 0;
    bool finished_ = false;
  };

  void Run(std::move_only_function<void()> what) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([what = std::move(what)]() mutable {
      std::this_thread::sleep_for(milliseconds(1));
      what();
    });
  }

  std::mutex mutex_;
  std::list<std::thread> threads_;
};

class Client {
 public:
  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { Close(); }
  Client(Client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  Client& operator=(Client&&) = delete;

  bool connected() const { return connected_; }
  void Close() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // Until the server closes, or `until` stands in what came.
  std::string Read(std::string_view until = "") {
    std::string text;
    char buffer[4096];
    while (until.empty() || text.find(until) == std::string::npos) {
      pollfd wait{socket_, POLLIN, 0};
      if (poll(&wait, 1, 20'000) <= 0) return text + "(nothing came)";
      const ssize_t came = recv(socket_, buffer, sizeof buffer, 0);
      if (came <= 0) break;
      text.append(buffer, static_cast<size_t>(came));
    }
    return text;
  }

 private:
  int socket_;
  bool connected_ = false;
};

struct Fixture {
  explicit Fixture(const Limits& limits = {}, int threads = 2) {
    auto listening =
        Server::Listen({.address = {"127.0.0.1", 0}, .limits = limits, .threads = threads},
                       env::SystemClock(), site);
    EXPECT_TRUE(listening) << listening.error().ToString();
    server = std::move(*listening);
    server->Start();
  }
  Client Connect() const { return Client(server->address().port); }
  // What comes back until the server closes.
  std::string Ask(std::string_view bytes) const {
    Client client = Connect();
    client.Send(bytes);
    return client.Read();
  }

  EchoSite site;
  std::unique_ptr<Server> server;
};

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string Post(const std::string& path, const std::string& body,
                 const std::string& headers = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kClose = "Connection: close\r\n";

struct Exchange {
  const char* name;
  std::string sent;
  std::vector<std::string> came;  // In this order.
  int finished;                   // Requests that the site heard to their end.
};

class Exchanges : public testing::TestWithParam<Exchange> {};

TEST_P(Exchanges, EndAsTheyMust) {
  Fixture fixture;
  const std::string came = fixture.Ask(GetParam().sent);
  size_t at = 0;
  for (const std::string& want : GetParam().came) {
    at = came.find(want, at);
    ASSERT_NE(at, std::string::npos) << want << " is not in:\n" << came;
    at += want.size();
  }
  EXPECT_EQ(fixture.site.finished, GetParam().finished);
}

INSTANTIATE_TEST_SUITE_P(
    Server, Exchanges,
    testing::Values(
        Exchange{"a_body",
                 Post("/", "hello", kClose),
                 {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Connection: close\r\n\r\nhello"},
                 1},
        Exchange{"keep_alive",
                 Post("/", "one") + Post("/", "two", kClose),
                 {"one", "HTTP/1.1 200", "two"},
                 2},
        Exchange{"pipelined",
                 Post("/later", "one") + Post("/", "two") + Post("/later", "three", kClose),
                 {"one", "two", "three"},
                 3},
        Exchange{"chunks",
                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" +
                     Post("/", "next", kClose),
                 {"abcde", "next"},
                 2},
        Exchange{"head",
                 "HEAD / HTTP/1.1\r\nHost: a\r\n" + kClose + "\r\n",
                 {"200 OK", "Content-Length: 0\r\n"},
                 1},
        Exchange{"old_client",
                 "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
                 {"Connection: close", "hi"},
                 1},
        Exchange{"refused_on_its_head_and_still_alive",
                 Post("/no", "body") + Post("/", "next", kClose),
                 {"401 Unauthorized", "no", "200 OK", "next"},
                 1},
        Exchange{"gzip",
                 Post("/", Gzip("hello hello"), kClose + "Content-Encoding: gzip\r\n"),
                 {"hello hello"},
                 1},
        Exchange{"gzip_of_two_members",
                 Post("/", Gzip("hello ") + Gzip("you"), kClose + "Content-Encoding: gzip\r\n"),
                 {"hello you"},
                 1},
        Exchange{"zstd",
                 Post("/", Zstd("hello hello"), kClose + "Content-Encoding: zstd\r\n"),
                 {"hello hello"},
                 1},
        Exchange{"later_in_pieces",
                 Post("/later", std::string(300'000, 'x'), kClose),
                 {"Content-Length: 300000", "xxx"},
                 1},
        Exchange{"enough_of_it",
                 Post("/enough", std::string(1'000'000, 'x')),
                 {"200 OK", "Connection: close"},
                 1},
        Exchange{"an_answer_that_was_dropped",
                 Post("/never", "x", kClose),
                 {"500 Internal", "http.no_answer"},
                 1},
        // Attacks and nonsense: nothing of it reaches the site's end.
        Exchange{
            "length_and_chunks",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n",
            {"400 Bad Request", "http.bad_length"},
            0},
        Exchange{"folded_header",
                 "POST / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nContent-Length: 1\r\n\r\nx",
                 {"400", "http.bad_header"},
                 0},
        Exchange{"bare_cr",
                 "POST / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\nContent-Length: 1\r\n\r\nx",
                 {"400", "http.bad_header"},
                 0},
        Exchange{"wrong_chunk",
                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n3\r\nabcXX\r\n0\r\n\r\n",
                 {"400", "http.bad_chunk"},
                 0},
        Exchange{"tls_on_a_plain_port",
                 std::string("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 11),
                 {"400"},
                 0},
        Exchange{"broken_gzip",
                 Post("/", Gzip("hello hello").substr(0, 20), "Content-Encoding: gzip\r\n"),
                 {"400", "http.bad_encoding"},
                 0},
        Exchange{"broken_zstd",
                 Post("/", "nonsense!", "Content-Encoding: zstd\r\n"),
                 {"400", "http.bad_encoding"},
                 0},
        Exchange{"gzip_bomb",
                 Post("/", Gzip(std::string(64 << 20, '0')), "Content-Encoding: gzip\r\n"),
                 {"413", "http.body_too_big"},
                 0},
        Exchange{"zstd_bomb",
                 Post("/", Zstd(std::string(64 << 20, '0')), "Content-Encoding: zstd\r\n"),
                 {"413", "http.body_too_big"},
                 0},
        Exchange{"other_coding",
                 Post("/", "x", "Content-Encoding: br\r\n"),
                 {"415", "http.content_coding"},
                 0},
        Exchange{"body_too_big_by_its_length",
                 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
                 {"413", "http.body_too_big"},
                 0},
        Exchange{"long_headers",
                 "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(30'000, 'a') + "\r\n\r\n",
                 {"431", "http.head_too_big"},
                 0},
        Exchange{"long_target",
                 "GET /" + std::string(30'000, 'a') + " HTTP/1.1\r\n\r\n",
                 {"414", "http.target_too_long"},
                 0}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Server, ReadsABodyInPiecesWithinItsLimit) {
  Fixture fixture;
  const std::string body(20 << 20, 'x');
  EXPECT_NE(fixture.Ask(Post("/big", body, kClose)).find("\r\n\r\n20971520"), std::string::npos);
  EXPECT_NE(fixture.Ask(Post("/", body)).find("413"), std::string::npos);
}

TEST(Server, AsksForTheBodyOnlyWhenItIsWanted) {
  Fixture fixture;
  Client wanted = fixture.Connect();
  wanted.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" +
              kClose + "\r\n");
  EXPECT_EQ(wanted.Read("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.Send("hi");
  EXPECT_NE(wanted.Read().find("\r\n\r\nhi"), std::string::npos);

  Client refused = fixture.Connect();
  refused.Send("POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const std::string came = refused.Read();
  EXPECT_TRUE(came.starts_with("HTTP/1.1 401")) << came;
  EXPECT_NE(came.find("Connection: close"), std::string::npos);
}

TEST(Server, ForgetsABodyThatIsCutOff) {
  Fixture fixture;
  {
    Client client = fixture.Connect();
    client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of it");
    while (fixture.site.begun == 0) std::this_thread::sleep_for(milliseconds(1));
  }
  while (fixture.site.abandoned == 0) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(fixture.site.finished, 0);
}

struct SlowCase {
  const char* name;
  std::string sent;
  std::string came;
};

class SlowClients : public testing::TestWithParam<SlowCase> {};

TEST_P(SlowClients, AreNotWaitedForForEver) {
  Limits limits;
  limits.head_milliseconds_max = limits.body_milliseconds_free = limits.idle_milliseconds_max =
      limits.linger_milliseconds_max = milliseconds(100);
  limits.tick_milliseconds = milliseconds(10);
  Fixture fixture(limits);
  const std::string came = fixture.Ask(GetParam().sent);
  EXPECT_NE(came.find(GetParam().came), std::string::npos) << came;
  EXPECT_EQ(came.find("nothing came"), std::string::npos);
  EXPECT_EQ(fixture.site.finished, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Server, SlowClients,
    testing::Values(
        SlowCase{"nothing_at_all", "", ""},
        SlowCase{"half_a_head", "GET / HTTP/1.1\r\nHost", "408 Request Timeout"},
        SlowCase{"half_a_body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
                 "408 Request Timeout"},
        SlowCase{"half_a_chunk",
                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                 "http.timeout"},
        SlowCase{"a_refused_body_that_does_not_come",
                 "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
                 "401 Unauthorized"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Server, AnswersWhileThousandsOfConnectionsIdle) {
  Fixture fixture;
  std::vector<Client> idle;
  for (int i = 0; i < 1500; ++i) {
    idle.push_back(fixture.Connect());
    ASSERT_TRUE(idle.back().connected()) << i;
    if (i % 3 == 0) idle.back().Send("GET / HTTP/1.1\r\n");
  }
  EXPECT_NE(fixture.Ask(Post("/", "here", kClose)).find("here"), std::string::npos);
  EXPECT_GE(fixture.server->counts().connections, 1500U);
}

TEST(Server, TurnsAwayWhatIsTooMany) {
  Limits limits;
  limits.connections_max = 2;
  Fixture fixture(limits);
  Client one = fixture.Connect();
  Client two = fixture.Connect();
  one.Send(Post("/", "1"));
  EXPECT_NE(one.Read("\r\n\r\n1").find("200"), std::string::npos);
  two.Send(Post("/", "2"));
  EXPECT_NE(two.Read("\r\n\r\n2").find("200"), std::string::npos);
  EXPECT_EQ(fixture.Ask(Post("/", "3")), "");
  EXPECT_EQ(fixture.server->counts().turned_away, 1U);
}

TEST(Server, DrainLetsWhatIsUnderWayEnd) {
  Fixture fixture({}, 1);  // Of two, one may hear of the drain after the other has closed.
  Client idle = fixture.Connect();
  idle.Send(Post("/", "1"));
  idle.Read("\r\n\r\n1");
  Client busy = fixture.Connect();
  busy.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
  while (fixture.site.begun < 2) std::this_thread::sleep_for(milliseconds(1));
  std::thread drain([&] { fixture.server->Drain(std::chrono::seconds(20)); });
  EXPECT_EQ(idle.Read(), "");  // Closed at once.
  busy.Send("lf");
  const std::string came = busy.Read();
  EXPECT_NE(came.find("Connection: close"), std::string::npos) << came;
  EXPECT_NE(came.find("half"), std::string::npos);
  drain.join();
  EXPECT_FALSE(fixture.Connect().connected());
}

TEST(Server, DrainCutsWhatDoesNotEnd) {
  Fixture fixture;
  Client stuck = fixture.Connect();
  stuck.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
  while (fixture.site.begun == 0) std::this_thread::sleep_for(milliseconds(1));
  fixture.server->Drain(milliseconds(20));
  EXPECT_EQ(stuck.Read(), "");
  EXPECT_EQ(fixture.site.abandoned, 1);
}

TEST(Server, SaysThatItsPortIsTaken) {
  Fixture fixture;
  const auto second =
      Server::Listen({.address = fixture.server->address()}, env::SystemClock(), fixture.site);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "server.in_use");
}

TEST(Address, IsReadAsPeopleWriteIt) {
  const std::pair<const char*, const char*> cases[] = {{"127.0.0.1:8000", "127.0.0.1:8000"},
                                                       {"localhost:80", "127.0.0.1:80"},
                                                       {"[::1]:80", "[::1]:80"},
                                                       {":80", "0.0.0.0:80"},
                                                       {"0.0.0.0:0", "0.0.0.0:0"},
                                                       {"8000", ""},
                                                       {"::1:80", ""},
                                                       {"a:x", ""},
                                                       {"example.org:80", ""},
                                                       {"127.0.0.1:99999", ""}};
  for (const auto& [text, want] : cases) {
    const auto address = ParseAddress(text);
    EXPECT_EQ(address ? address->ToString() : "", want) << text;
  }
  EXPECT_TRUE(ParseAddress("127.0.0.1:1")->is_loopback());
  EXPECT_FALSE(ParseAddress(":1")->is_loopback());
}

}  // namespace
}  // namespace weir::net

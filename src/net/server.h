// An HTTP/1.1 server that knows no routes. One io_context per core, a coroutine per connection;
// what a request means is a Site's to say.
//
//   head read --> Site::Begin --+--> Response ------------------------------------> written
//                               +--> Receiver: Take, Take, ... Finish --> Answer --> written
//
// Begin decides on the head alone: 100-continue is sent, and the body read, only after it. So what
// is refused (401, 413, 429, 503) costs no body.
//
// Invariants (server_test.cc plays them over raw sockets):
//   (1) Of what framing_internal.h refuses, nothing reaches the Site; the connection is closed.
//   (2) A Receiver hears Finish only after the whole body, as its framing and coding say. One that
//       is destroyed without it: the client went away or sent nonsense, and nothing may be kept.
//   (3) Answers go out in the order of the requests, one request of a connection at a time.
//   (4) Memory per connection is bounded by Limits, whatever the client does.
//   (5) No client holds a connection by doing nothing: every wait for one ends (Limits).
//
// Threads: Site and Receiver are called on the server's threads and must not block there; a Resume
// or an Answer is called on any thread, also after the server is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "env/clock.h"
#include "net/limits.h"
#include "net/request.h"

namespace weir::net {

// Called once with the answer; one that is dropped uncalled answers 500.
using Answer = std::move_only_function<void(Response)>;
// Called once, when the next piece may come.
using Resume = std::move_only_function<void()>;

enum class Taken : uint8_t {
  kMore,    // It was taken: the next one.
  kLater,   // It is being taken (of a copy): `resume` will be called.
  kRefuse,  // No more of it: Finish is called at once, and the connection closed behind its answer.
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  // The next piece of the body, never empty. Valid until this returns: the client may go away at
  // any time, and then nothing of the connection is left.
  virtual Taken Take(std::string_view piece, Resume resume) = 0;
  virtual void Finish(Answer answer) = 0;
};

// A request that may send its body.
struct Admission {
  std::unique_ptr<Receiver> receiver;
  uint64_t body_bytes_max = 0;     // 0: as Limits say. As sent.
  uint64_t decoded_bytes_max = 0;  // 0: as Limits say.
  bool as_sent = false;            // Pieces keep their Content-Encoding.
};

struct Served {
  int status = 0;
  uint64_t body_bytes = 0;  // As sent.
  std::chrono::microseconds elapsed{};
};

class Site {
 public:
  virtual ~Site() = default;
  virtual std::variant<Response, Admission> Begin(const RequestHead& head) = 0;
  // What the server itself refuses: `code` as in framing_internal.h and http.timeout,
  // http.body_too_big, http.bad_encoding, http.content_coding.
  virtual Response Refuse(int status, std::string_view code, std::string_view detail) = 0;
};

struct TlsFiles {
  std::string certificate;  // PEM, with its chain.
  std::string key;
};

struct Address {
  std::string host;  // "127.0.0.1", "::1", "0.0.0.0"
  uint16_t port = 0;
  bool is_loopback() const;
  std::string ToString() const;  // "127.0.0.1:8000", "[::1]:8000"
};
// "127.0.0.1:8000", "[::1]:8000", "localhost:8000", ":8000" (all addresses). Error server.listen
// (kConfig).
Result<Address> ParseAddress(std::string_view text);

struct ServerOptions {
  Address address;
  Limits limits = {};
  std::optional<TlsFiles> tls = {};
  int threads = 0;  // 0: one per core.
};

struct ServerCounts {
  uint64_t connections = 0;  // Now.
  uint64_t accepted = 0;
  uint64_t turned_away = 0;  // Beyond connections_max.
};

class Server {
 public:
  // Bound and listening; requests are answered from Start on. Borrows clock and site. Errors:
  // server.in_use (kBusy), server.listen (kConfig), server.tls (kConfig).
  static Result<std::unique_ptr<Server>> Listen(const ServerOptions& options,
                                                const env::Clock& clock, Site& site);
  virtual ~Server() = default;  // Cuts what is left.

  virtual const Address& address() const = 0;  // With the port that port 0 became.
  virtual void Start() = 0;
  // Accepts no more, lets requests under way end, and closes each connection behind its answer;
  // what has not ended after `grace` is cut. Returns when no connection is left.
  virtual void Drain(std::chrono::microseconds grace) = 0;
  virtual ServerCounts counts() const = 0;
};

}  // namespace weir::net

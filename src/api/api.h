// The HTTP API: routes, who may call them, what they answer. The only room that knows public JSON.
//
//   Api::Make(context) --> net::Server::Listen(api) --> ... --> Drain --> (destroyed)
//
// Invariants:
//   (1) A route is open only to tokens with its scope, unless auth is none or it says so.
//   (2) A 202 is sent only for what intake called Stored; each refusal left nothing behind.
//   (3) What OpenAPI does not name is no route, and no status is answered that it does not name.
//   (4) Answers may still be asked of the front when the Api ends: those outlive it.
// Threads: those of net::Site; Set... from any.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/tokens.h"
#include "env/clock.h"
#include "net/server.h"
#include "source/http/front.h"
#include "telemetry/telemetry.h"

namespace weir::api {

// How long an answer waits for a commit; then it is the 202.
inline constexpr std::chrono::seconds kAckTimeout{30};

// How a pipeline does, for /health.
struct PipelineHealth {
  enum class State : uint8_t {
    kRunning,
    kEnded,     // All that was there is read, and nothing more is to come.
    kRetrying,  // What failed will be tried again.
    kFailed,    // It waits for a person.
  };
  std::string name = {};
  State state = State::kRunning;
  std::string code = {};  // Of the error that it retries or failed with.

  bool well() const { return state == State::kRunning || state == State::kEnded; }
};

// What came of the last time that the project was read anew, for /health.
struct ReloadHealth {
  std::string state;  // "done", "failed" (what ran before runs on), "put off"
  std::string code;   // Of the first fault.
  Instant at;
};

struct ApiContext {
  std::string project;
  std::string version;
  source::Front* front = nullptr;  // Null: no pipeline has an http source.
  std::vector<std::string> http_pipelines;
  const Tokens* tokens = nullptr;  // Null: auth is none.
  const telemetry::Metrics& metrics;
  telemetry::Log& log;  // Hears who was refused.
  const env::Clock& clock;
  std::function<std::vector<PipelineHealth>()> pipelines;
  std::function<std::optional<ReloadHealth>()> reload = {};
  std::chrono::microseconds ack_timeout = kAckTimeout;
};

class Api : public net::Site {
 public:
  // Borrows all of the context. Error server.route_taken (kConfig): two pipelines have one route,
  // or one has a route of the server's own.
  static Result<std::unique_ptr<Api>> Make(ApiContext context);

  // From now on /readyz says 503: the server is about to end.
  virtual void SetDraining() = 0;
  // The document of /openapi.json.
  virtual std::string openapi() const = 0;
};

}  // namespace weir::api

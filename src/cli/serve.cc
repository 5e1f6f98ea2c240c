// weir serve: all pipelines of a project, continuously, and the HTTP API, in one process.
//
//   lock, log, state --> front (the log of requests) --> listening --> pipelines --> READY=1
//   signal --> 503 on /readyz --> no new connection, requests end --> front drained
//          --> what is durable is committed, within server.shutdown_grace --> exit 0
//
// What is durable and not committed at the end is committed by the next start.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "api/api.h"
#include "api/server_limits.h"
#include "catalog/token_store.h"
#include "cli/command_parts.h"
#include "cli/serve_door.h"
#include "cli/server_file.h"
#include "cli/table_plan.h"
#include "env/clock.h"
#include "env/process.h"
#include "env/watch.h"

namespace weir::cli {
namespace {

using config::ServerSpec;
using std::chrono::microseconds;

// A signal ends a wait; one that came just before it is seen this much later, at most.
constexpr microseconds kLookForSignals = std::chrono::milliseconds(500);
constexpr microseconds kLookWhetherDrained = std::chrono::milliseconds(10);
constexpr microseconds kReadTokensEvery = std::chrono::seconds(1);

std::string InProject(const ReadProject& read, const std::string& path) {
  return path.starts_with('/') ? path : read.project.folder + "/" + path;
}

// --listen, else server.listen with the port that PORT names.
Result<net::Address> ListenOn(const ServerSpec& server, const ServeOptions& options) {
  if (!options.listen.empty()) return net::ParseAddress(options.listen);
  auto address = net::ParseAddress(server.listen.value);
  if (!address) {
    address.error().place = server.listen.place;
    return address;
  }
  const char* port = std::getenv("PORT");
  if (port == nullptr || *port == '\0') return address;
  const std::string_view text = port;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), address->port);
  if (error == std::errc() && end == text.end()) return address;
  return Fail(ErrorKind::kConfig, "server.listen", "PORT is no port: '" + std::string(text) + "'",
              "a number up to 65535");
}

// Who may call. Beyond this machine that has to be said.
Result<ServerSpec::Auth> AuthOf(const ServerSpec& server, const net::Address& address) {
  if (server.auth) return *server.auth;
  if (address.is_loopback()) return ServerSpec::Auth::kNone;
  return Fail({.kind = ErrorKind::kConfig,
               .code = "server.auth",
               .message = address.ToString() + " can be reached from outside, and server.auth says "
                                               "nothing",
               .place = server.listen.place,
               .next = "server: { auth: tokens }, and weir token create; or auth: none for all"});
}

// Keeps the API's tokens as the database has them.
class TokenWatch {
 public:
  static Result<std::unique_ptr<TokenWatch>> Open(const ReadProject& read) {
    WEIR_ASSIGN(auto store, catalog::OpenSqliteTokenStore(read.state_folder + "/weir.db"));
    auto watch = std::unique_ptr<TokenWatch>(new TokenWatch(std::move(store)));
    WEIR_TRY(watch->Read());
    return watch;
  }
  const api::Tokens& tokens() const { return tokens_; }
  size_t count() const { return count_; }
  // A database that is busy for once leaves them as they were.
  void Look(microseconds now) {
    if (now - read_at_ < kReadTokensEvery) return;
    read_at_ = now;
    (void)Read();
  }

 private:
  explicit TokenWatch(std::unique_ptr<catalog::TokenStore> store) : store_(std::move(store)) {}
  Result<void> Read() {
    WEIR_ASSIGN(const auto records, store_->All());
    tokens_.Set(records);
    count_ = static_cast<size_t>(std::ranges::count_if(
        records, [](const catalog::TokenRecord& one) { return one.revoked_at.micros == 0; }));
    return {};
  }

  std::unique_ptr<catalog::TokenStore> store_;
  api::Tokens tokens_;
  size_t count_ = 0;
  microseconds read_at_{};
};

// The door of the pipelines with a route.
Result<std::unique_ptr<source::Front>> OpenFront(const ReadProject& read,
                                                 catalog::Catalog& catalog) {
  const config::ServerLimits& limits = read.project.server.limits;
  std::vector<source::FrontPipeline> doors;
  for (const pipeline::PipelineSpec& spec : read.pipelines)
    if (const auto* http = std::get_if<source::HttpSpec>(&spec.source))
      doors.push_back({.name = spec.name,
                       .http = *http,
                       .columns = spec.contract.columns,
                       .table = std::get<sink::TableSinkSpec>(spec.sink).table.ToString()});
  return source::Front::Open({.files = env::SystemFiles(),
                              .clock = env::SystemClock(),
                              .random = env::SystemRandom(),
                              .catalog = catalog,
                              .folder = read.state_folder + "/wal",
                              .log_bytes_max = limits.log,
                              .memory_bytes_max = limits.memory,
                              .keys_max = limits.keys,
                              .body_bytes_default = limits.max_body},
                             std::move(doors));
}

// What is served, put together. The members end in the opposite order, as they must.
class ServeCommand {
 public:
  ServeCommand(const Command& command, const ReadProject& read, CompiledProject& compiled,
               State& state, telemetry::Log& log)
      : command_(command),
        read_(read),
        logs_({&log, &metrics_}),
        inner_(command),
        parts_{inner_, options_, {read, compiled, state, logs_, stop_}, &health_} {
    inner_.stop = &stop_;
    inner_.terminal.json = false;
  }
  ~ServeCommand() {
    StopPipelines();
    server_.reset();
  }
  ServeCommand(const ServeCommand&) = delete;
  ServeCommand& operator=(const ServeCommand&) = delete;

  // Everything but the answering of requests.
  std::expected<void, Errors> Prepare(const net::Address& address, ServerSpec::Auth auth) {
    const auto one = [](Error error) { return std::unexpected(Errors{std::move(error)}); };
    std::vector<std::string> names;
    for (const auto& spec : read_.pipelines)
      if (spec.serves()) names.push_back(spec.name);
    if (!names.empty()) {
      auto asked = State::Open(read_, State::Access::kWrite);
      if (!asked) return one(asked.error());
      front_state_ = std::move(*asked);
      auto front = OpenFront(read_, front_state_->catalog());
      if (!front) return one(front.error());
      front_ = std::move(*front);
    }
    if (auth == ServerSpec::Auth::kTokens) {
      auto watch = TokenWatch::Open(read_);
      if (!watch) return one(watch.error());
      tokens_ = std::move(*watch);
    }
    auto api = api::Api::Make({.project = read_.project.name,
                               .version = WEIR_VERSION,
                               .front = front_.get(),
                               .http_pipelines = std::move(names),
                               .tokens = tokens_ ? &tokens_->tokens() : nullptr,
                               .metrics = metrics_,
                               .log = logs_,
                               .clock = env::SystemClock(),
                               .pipelines = [this] { return health_.All(); },
                               .ack_timeout = read_.project.server.limits.ack_timeout});
    if (!api) return one(api.error());
    api_ = std::move(*api);
    for (const auto& spec : read_.pipelines) {
      if (!spec.serves()) continue;
      const auto begin = BeginOf(spec);
      if (!begin) return one(begin.error());
      doors_.push_back(std::make_unique<DoorPipeline>(parts_, *front_, spec, *begin));
    }
    net::ServerOptions options{.address = address,
                               .limits = api::NetLimits(read_.project.server.limits)};
    if (const auto& tls = read_.project.server.tls)
      options.tls = {InProject(read_, tls->cert), InProject(read_, tls->key)};
    auto server = net::Server::Listen(options, env::SystemClock(), *api_);
    if (!server) return one(server.error());
    server_ = std::move(*server);
    return {};
  }

  int Go(ServerSpec::Auth auth) {
    const std::string scheme = read_.project.server.tls ? "https://" : "http://";
    const RunningServer running{scheme + server_->address().ToString(), getpid()};
    if (const auto written = WriteServer(read_, running); !written)
      return Report(command_.terminal, written.error());
    StartPipelines();
    server_->Start();
    logs_.Write(telemetry::ServerListening{server_->address().ToString(),
                                           auth == ServerSpec::Auth::kNone ? "none" : "tokens"});
    Greet(running, auth);
    NotifySystemd("READY=1\nSTATUS=listening on " + running.url);
    while (!command_.stop->load()) {
      env::SystemWatches().Sleep(kLookForSignals);
      if (tokens_) tokens_->Look(env::SystemClock().Monotonic());
    }
    return End();
  }

 private:
  void StartPipelines() {
    for (const auto& door : doors_) door->Start();
    std::vector<const pipeline::PipelineSpec*> files;
    for (const auto& spec : read_.pipelines)
      if (!spec.serves() && !spec.generates()) files.push_back(&spec);
    if (files.empty()) return;
    for (const auto* spec : files) health_.Set(spec->name, HealthBoard::State::kRunning);
    followed_ = std::thread([this, files] {
      env::GiveWay();
      Follow(parts_, files);
    });
  }

  void StopPipelines() {
    stop_ = true;
    env::SystemWatches().Wake();
    if (front_ != nullptr) front_->EndWaits();
    if (followed_.joinable()) followed_.join();
    doors_.clear();
  }

  // A batch that is not settled, and files of bad records that are not published yet, wait for
  // nobody's request.
  Result<DoorPipeline::Begin> BeginOf(const pipeline::PipelineSpec& spec) {
    WEIR_ASSIGN(const auto state, front_state_->catalog().Pipeline(spec.name));
    return state.settled() && !spec.bad_records ? DoorPipeline::Begin::kWithNews
                                                : DoorPipeline::Begin::kAtOnce;
  }

  void Greet(const RunningServer& running, ServerSpec::Auth auth) const {
    const Terminal& terminal = command_.terminal;
    terminal.Talk("listening on " + running.url + "; its routes: " + running.url + "/docs");
    if (auth == ServerSpec::Auth::kNone && !server_->address().is_loopback()) {
      terminal.Talk("warning: server.auth is none: whoever reaches this address may write");
      logs_.Write(telemetry::Warned{"server.auth", "auth: none on an address that is no loopback"});
    }
    if (tokens_ && tokens_->count() == 0)
      terminal.Talk("warning: there is no token yet: weir token create NAME --scope ingest:*");
  }

  int End() {
    const microseconds begun = env::SystemClock().Monotonic();
    const microseconds grace = read_.project.server.shutdown_grace;
    logs_.Write(telemetry::ShutdownAsked{command_.signal->load() == 2 ? "SIGINT" : "SIGTERM"});
    command_.terminal.Talk("ending: no new requests; what is durable is being committed");
    NotifySystemd("STOPPING=1");
    api_->SetDraining();
    server_->Drain(grace);
    if (front_ != nullptr) {
      front_->Stop();
      front_->Drain();
      while (Waiting() && env::SystemClock().Monotonic() - begun < grace)
        std::this_thread::sleep_for(kLookWhetherDrained);
    }
    StopPipelines();
    RemoveServer(read_);
    return command_.signal->load() == 2 ? 130 : 0;
  }

  // Whether something durable waits for a pipeline that still runs.
  bool Waiting() const {
    return std::ranges::any_of(health_.All(), [this](const api::PipelineHealth& one) {
      return one.state == HealthBoard::State::kRunning && front_->waiting_bytes(one.name) != 0;
    });
  }

  const Command& command_;
  const ReadProject& read_;
  telemetry::Metrics metrics_;
  mutable telemetry::SharedLog logs_;
  std::atomic<bool> stop_{false};  // Of the pipelines; a signal ends the server first.
  Command inner_;
  RunOptions options_;
  HealthBoard health_;
  CommandParts parts_;
  std::unique_ptr<State> front_state_;  // Of the front alone.
  std::unique_ptr<source::Front> front_;
  std::unique_ptr<TokenWatch> tokens_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<net::Server> server_;
  std::vector<std::unique_ptr<DoorPipeline>> doors_;
  std::thread followed_;
};

}  // namespace

int Serve(const Command& command, const ServeOptions& options) {
  const Terminal& terminal = command.terminal;
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(terminal, read.error().errors, read.error().sources);
  auto compiled = CompileProject(*read);
  if (!compiled) return Report(terminal, compiled.error(), read->project.sources);
  const auto address = ListenOn(read->project.server, options);
  if (!address) return Report(terminal, Errors{address.error()}, read->project.sources);
  const auto auth = AuthOf(read->project.server, *address);
  if (!auth) return Report(terminal, Errors{auth.error()}, read->project.sources);
  const auto lock = LockState(*read);
  if (!lock) return Report(terminal, lock.error());
  auto log = OpenProjectLog(*read);
  if (!log) return Report(terminal, log.error());
  auto state = State::Open(*read, State::Access::kWrite);
  if (!state) return Report(terminal, state.error());
  std::vector<const pipeline::PipelineSpec*> pipelines;
  for (const auto& spec : read->pipelines)
    if (!spec.generates()) pipelines.push_back(&spec);
  const auto plans = PlanTables(pipelines, (*state)->lake());
  if (!plans) return Report(terminal, plans.error());
  if (const Errors drift = DriftOf(*plans); !drift.empty())
    return Report(terminal, drift, read->project.sources);
  ServeCommand serve(command, *read, *compiled, **state, **log);
  if (const auto ready = serve.Prepare(*address, *auth); !ready)
    return Report(terminal, ready.error(), read->project.sources);
  return serve.Go(*auth);
}

}  // namespace weir::cli

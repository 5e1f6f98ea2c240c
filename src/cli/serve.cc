// weir serve: all pipelines of a project, continuously, and the HTTP API, in one process.
//
//   lock, log, state --> Serving (front, routes, pipelines) --> listening --> READY=1
//   a command that writes --> pipelines rest, it has the lock --> they go on
//   SIGHUP, or a changed file under weir dev --> read anew --+--> faults: told, nothing changes
//                                                            +--> 503 --> the next Serving
//   signal --> 503 on /readyz --> no new connection, requests end --> front drained
//          --> what is durable is committed, all the while, within server.shutdown_grace --> exit 0
//
// What is durable and not committed at the end is committed by the next start.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include "api/exchange.h"
#include "api/server_limits.h"
#include "catalog/token_store.h"
#include "cli/project_watch.h"
#include "cli/server_file.h"
#include "cli/serving.h"
#include "cli/state_lock.h"
#include "env/clock.h"
#include "env/lock_loan.h"
#include "env/watch.h"

namespace weir::cli {
namespace {

using config::ServerSpec;
using std::chrono::microseconds;

// A signal ends a wait; one that came just before it is seen this much later, at most.
constexpr microseconds kLookForSignals = std::chrono::milliseconds(500);
constexpr microseconds kReadTokensEvery = std::chrono::seconds(1);
// How long a reload waits for requests under way, while others get 503; then it is put off.
constexpr microseconds kReloadPatience = std::chrono::seconds(5);
constexpr microseconds kReloadAgainIn = std::chrono::seconds(10);

std::string InProject(const ReadProject& read, const std::string& path) {
  return path.starts_with('/') ? path : read.project.folder + "/" + path;
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

// What cannot change while the server listens.
Errors NeedsRestart(const ProjectToServe& now, const ProjectToServe& next) {
  const auto tls = [](const ProjectToServe& one) {
    const auto& files = one.read.project.server.tls;
    return files ? files->cert + "\n" + files->key : std::string();
  };
  Errors errors;
  const auto compare = [&](const char* key, bool same, const Place& place) {
    if (same) return;
    errors.push_back({.kind = ErrorKind::kConfig,
                      .code = "server.restart",
                      .message = std::string(key) + " changed: that needs a new start",
                      .place = place,
                      .next = "end weir serve and start it again"});
  };
  const Place listen = next.read.project.server.listen.place;
  compare("server.listen",
          now.address.host == next.address.host && now.address.port == next.address.port, listen);
  compare("server.auth", now.auth == next.auth, {});
  compare("server.tls", tls(now) == tls(next), {});
  compare("server.limits", now.read.project.server.limits == next.read.project.server.limits, {});
  compare("warehouse", now.read.warehouse == next.read.warehouse, {});
  compare("the state folder", now.read.state_folder == next.read.state_folder, {});
  compare("logs",
          now.read.project.logs.folder == next.read.project.logs.folder &&
              now.read.project.logs.level == next.read.project.logs.level,
          {});
  return errors;
}

class ServeCommand {
 public:
  ServeCommand(const Command& command, const ServeOptions& options,
               std::unique_ptr<ProjectToServe> project, const env::LendableLock& lock,
               telemetry::Log& log)
      : command_(command),
        options_(options),
        project_(std::move(project)),
        lock_(lock),
        logs_({&log, &metrics_}) {
    if (options.reload_on_change) watch_.emplace(env::SystemFiles(), project_->read.project.folder);
  }
  ~ServeCommand() {
    exchange_.Set(nullptr);
    server_.reset();
  }
  ServeCommand(const ServeCommand&) = delete;
  ServeCommand& operator=(const ServeCommand&) = delete;

  int Go() {
    if (const auto ready = Prepare(); !ready)
      return Report(command_.terminal, ready.error(), project_->read.project.sources);
    const std::string scheme = project_->read.project.server.tls ? "https://" : "http://";
    const RunningServer running{scheme + server_->address().ToString(), getpid()};
    if (const auto written = WriteServer(project_->read, running); !written)
      return Report(command_.terminal, written.error());
    serving_->Start();
    server_->Start();
    const bool open = project_->auth == ServerSpec::Auth::kNone;
    logs_.Write(
        telemetry::ServerListening{server_->address().ToString(), open ? "none" : "tokens"});
    const std::atomic<int>& hangups = command_.count_hangups();
    Greet(running);
    NotifySystemd("READY=1\nSTATUS=listening on " + running.url);
    int seen = hangups.load();
    while (!command_.stop->load()) {
      if (desk_)
        desk_->Wait(kLookForSignals);
      else
        env::SystemWatches().Sleep(kLookForSignals);
      SeeToLoans();
      const microseconds now = env::SystemClock().Monotonic();
      if (tokens_) tokens_->Look(now);
      const int came = hangups.load();
      const bool asked = came != seen;
      seen = came;
      if (asked || (watch_ && watch_->Changed())) reload_at_ = now;
      if (reload_at_ && *reload_at_ <= now && !lent_to_ && !Reload()) return 1;
    }
    return End();
  }

 private:
  // Everything but the answering of requests.
  std::expected<void, Errors> Prepare() {
    const ReadProject& read = project_->read;
    OpenDesk();  // Who asks from now on is served when we are.
    if (project_->auth == ServerSpec::Auth::kTokens) {
      auto state = State::Open(read, State::Access::kWrite);  // The database may be new.
      if (!state) return std::unexpected(Errors{state.error()});
      auto watch = TokenWatch::Open(read);
      if (!watch) return std::unexpected(Errors{watch.error()});
      tokens_ = std::move(*watch);
    }
    auto serving = MakeServing(*project_);
    if (!serving) return std::unexpected(std::move(serving).error());
    serving_ = std::move(*serving);
    net::ServerOptions options{.address = project_->address,
                               .limits = api::NetLimits(read.project.server.limits)};
    if (const auto& tls = read.project.server.tls)
      options.tls = {InProject(read, tls->cert), InProject(read, tls->key)};
    auto server = net::Server::Listen(options, env::SystemClock(), exchange_);
    if (!server) return std::unexpected(Errors{server.error()});
    server_ = std::move(*server);
    exchange_.Set(&serving_->api());
    return {};
  }

  std::expected<std::unique_ptr<Serving>, Errors> MakeServing(ProjectToServe& project) {
    return Serving::Make({.command = command_,
                          .log = logs_,
                          .metrics = metrics_,
                          .tokens = tokens_ ? &tokens_->tokens() : nullptr,
                          .reload = [this] { return ReloadState(); }},
                         project);
  }

  // Without one, commands that write are told to wait for the server's end.
  void OpenDesk() {
    auto desk = env::LoanDesk::Open(LoanDeskOf(project_->read));
    if (!desk) return logs_.Write(telemetry::ErrorHappened{desk.error(), "", {}});
    desk_ = std::move(*desk);
  }

  // Another command writes in the project as long as it has our lock; then the pipelines go on.
  void SeeToLoans() {
    if (desk_ == nullptr) return;
    if (lent_to_ && desk_->GivenBack()) {
      serving_->Resume();
      command_.terminal.Talk(fmt::format("process {} is done: the pipelines go on", *lent_to_));
      lent_to_.reset();
    }
    const auto asks = desk_->Asked();
    if (!asks) return;
    command_.terminal.Talk(fmt::format(
        "process {} writes in the project: the pipelines rest, requests are stored", *asks));
    serving_->Rest();
    if (desk_->Lend(lock_))
      lent_to_ = *asks;
    else
      serving_->Resume();
  }

  // Reads the project anew; from now on, or from when requests under way have ended, it counts.
  // False: neither the new one nor the old one can be served, and the server ends.
  bool Reload() {
    reload_at_.reset();
    auto next = ReadToServe(command_.folder, options_);
    if (!next) return Refused(next.error());
    const config::Sources& sources = (*next)->read.project.sources;
    if (Errors errors = NeedsRestart(*project_, **next); !errors.empty())
      return Refused({std::move(errors), sources});
    exchange_.Set(nullptr);
    if (!exchange_.WaitUntilAnswered(kReloadPatience)) {
      exchange_.Set(&serving_->api());
      reload_at_ = env::SystemClock().Monotonic() + kReloadAgainIn;
      SetReload("put off", "server.busy");
      command_.terminal.Talk("reload: put off, since a request is under way for long");
      return true;
    }
    serving_->StopIntake(microseconds(0));
    serving_.reset();
    auto serving = MakeServing(**next);
    if (serving) {
      project_ = std::move(*next);
      SetReload("done", "");
      command_.terminal.Talk("reloaded");
    } else {
      Refused({serving.error(), sources});
      serving = MakeServing(*project_);
    }
    if (!serving) {
      Report(command_.terminal, serving.error(), project_->read.project.sources);
      End();
      return false;
    }
    serving_ = std::move(*serving);
    serving_->Start();
    exchange_.Set(&serving_->api());
    return true;
  }

  bool Refused(const ProjectFaults& faults) {
    Report(command_.terminal, faults.errors, faults.sources);
    command_.terminal.Talk("reload: the project has faults, what ran before runs on");
    for (const Error& error : faults.errors) logs_.Write(telemetry::ErrorHappened{error, "", {}});
    SetReload("failed", faults.errors.front().code);
    return true;
  }

  void SetReload(const char* state, const std::string& code) {
    const std::lock_guard lock(mutex_);
    reload_ = {.state = state, .code = code, .at = env::SystemClock().Now()};
  }
  std::optional<api::ReloadHealth> ReloadState() const {
    const std::lock_guard lock(mutex_);
    return reload_;
  }

  void Greet(const RunningServer& running) const {
    const Terminal& terminal = command_.terminal;
    terminal.Talk("listening on " + running.url + "; its routes: " + running.url + "/docs");
    if (project_->auth == ServerSpec::Auth::kNone && !server_->address().is_loopback()) {
      terminal.Talk("warning: server.auth is none: whoever reaches this address may write");
      logs_.Write(telemetry::Warned{"server.auth", "auth: none on an address that is no loopback"});
    }
    if (tokens_ && tokens_->count() == 0)
      terminal.Talk("warning: there is no token yet: weir token create NAME --scope ingest:*");
  }

  int End() {
    const microseconds until =
        env::SystemClock().Monotonic() + project_->read.project.server.shutdown_grace;
    const auto left = [until] {
      return std::max(until - env::SystemClock().Monotonic(), microseconds(0));
    };
    logs_.Write(telemetry::ShutdownAsked{command_.signal->load() == 2 ? "SIGINT" : "SIGTERM"});
    command_.terminal.Talk("ending: no new requests; what is durable is being committed");
    NotifySystemd("STOPPING=1");
    if (serving_) serving_->api().SetDraining();
    // From now on, not only when the last request has ended: some of them wait for the commit, and
    // one that is stuck must not hold up what is durable.
    if (serving_) serving_->EndGathering();
    server_->Drain(left());
    // Pipelines that rest commit nothing; the next start does.
    if (serving_) serving_->StopIntake(lent_to_ ? microseconds(0) : left());
    desk_.reset();
    exchange_.Set(nullptr);
    server_.reset();
    serving_.reset();
    RemoveServer(project_->read);
    return command_.signal->load() == 2 ? 130 : 0;
  }

  const Command& command_;
  const ServeOptions& options_;
  std::unique_ptr<ProjectToServe> project_;
  const env::LendableLock& lock_;
  std::unique_ptr<env::LoanDesk> desk_;
  std::optional<pid_t> lent_to_;
  telemetry::Metrics metrics_;
  mutable telemetry::SharedLog logs_;
  std::optional<ProjectWatch> watch_;  // Under weir dev.
  std::unique_ptr<TokenWatch> tokens_;
  mutable std::mutex mutex_;
  std::optional<api::ReloadHealth> reload_;
  std::optional<microseconds> reload_at_;
  api::Exchange exchange_;
  std::unique_ptr<Serving> serving_;
  std::unique_ptr<net::Server> server_;  // The first to end: it asks the others.
};

}  // namespace

int Serve(const Command& command, const ServeOptions& options) {
  const Terminal& terminal = command.terminal;
  auto project = ReadToServe(command.folder, options);
  if (!project) return Report(terminal, project.error().errors, project.error().sources);
  const auto lock = LockToServe((*project)->read);
  if (!lock) return Report(terminal, lock.error());
  auto log = OpenProjectLog((*project)->read);
  if (!log) return Report(terminal, log.error());
  return ServeCommand(command, options, std::move(*project), **lock, **log).Go();
}

}  // namespace weir::cli

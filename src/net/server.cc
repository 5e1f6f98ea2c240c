#include "net/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "env/process.h"
#include "net/core_internal.h"
#include "net/date_internal.h"

namespace weir::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::microseconds;

constexpr size_t kFilesKept = 512;  // For the log, the tables and the rest of the program.
constexpr microseconds kAcceptPause = std::chrono::milliseconds(100);

std::unexpected<Error> CannotListen(const Address& address, const error_code& failed) {
  if (failed == asio::error::address_in_use)
    return Fail(ErrorKind::kBusy, "server.in_use",
                "something listens on " + address.ToString() + " already",
                "end it, or choose another port: server.listen, or PORT");
  return Fail(ErrorKind::kConfig, "server.listen",
              "cannot listen on " + address.ToString() + ": " + failed.message(),
              "server.listen is ADDRESS:PORT of this machine");
}

Result<std::unique_ptr<asio::ssl::context>> OpenTls(const TlsFiles& files) {
  using Context = asio::ssl::context;
  auto context = std::make_unique<Context>(Context::tls_server);
  error_code failed;
  context->set_options(Context::default_workarounds | Context::no_sslv2 | Context::no_sslv3 |
                           Context::no_tlsv1 | Context::no_tlsv1_1,
                       failed);
  if (!failed) context->use_certificate_chain_file(files.certificate, failed);
  std::string which = files.certificate;
  if (!failed) {
    which = files.key;
    context->use_private_key_file(files.key, Context::pem, failed);
  }
  if (!failed) return context;
  return Fail({.kind = ErrorKind::kConfig,
               .code = "server.tls",
               .message = "cannot use it for TLS: " + failed.message(),
               .place = {.file = which, .line = 0, .column = 0, .byte_offset = {}},
               .next = "server.tls names a certificate with its chain and its key, both PEM"});
}

// Connections never take the files that the rest of the program needs.
size_t ConnectionsThatFit(size_t wanted) {
  const size_t files = env::RaiseFileLimit();
  return std::min(wanted, files - std::min(kFilesKept, files / 2));
}

class AsioServer final : public Server {
 public:
  AsioServer(const ServerOptions& options, const env::Clock& clock, Site& site)
      : limits_(options.limits),
        connections_max_(ConnectionsThatFit(options.limits.connections_max)),
        clock_(clock),
        address_(options.address) {
    const int wanted = options.threads != 0 ? options.threads : env::UsableCores();
    for (int i = 0; i < std::clamp(wanted, 1, limits_.threads_max); ++i)
      cores_.push_back(std::make_unique<Core>(limits_, clock, site));
    acceptor_ = std::make_unique<tcp::acceptor>(cores_.front()->context);
  }

  ~AsioServer() override {
    Drain(microseconds(0));
    for (const auto& core : cores_) core->context.stop();
    for (const auto& core : cores_)
      if (core->thread.joinable()) core->thread.join();
  }

  Result<void> Bind(const ServerOptions& options) {
    if (options.tls) {
      WEIR_ASSIGN(tls_, OpenTls(*options.tls));
    }
    error_code failed;
    const auto ip = asio::ip::make_address(address_.host, failed);
    if (failed) return CannotListen(address_, failed);
    const tcp::endpoint endpoint(ip, address_.port);
    acceptor_->open(endpoint.protocol(), failed);
    if (!failed) acceptor_->set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed && ip.is_v6() && ip.is_unspecified())
      acceptor_->set_option(asio::ip::v6_only(false), failed);
    if (!failed) acceptor_->bind(endpoint, failed);
    if (!failed) acceptor_->listen(tcp::acceptor::max_listen_connections, failed);
    if (failed) return CannotListen(address_, failed);
    address_.port = acceptor_->local_endpoint(failed).port();
    return {};
  }

  const Address& address() const override { return address_; }

  void Start() override {
    for (const auto& core : cores_) {
      asio::co_spawn(core->context, CoreInbox::Serve(core->inbox), asio::detached);
      asio::co_spawn(core->context, Tick(*core), asio::detached);
      core->thread = std::thread([&core = *core] {
        env::RunSoon();
        core.context.run();
      });
    }
    asio::co_spawn(cores_.front()->context, Accept(), asio::detached);
  }

  void Drain(microseconds grace) override {
    asio::post(cores_.front()->context, [this] {
      error_code ignored;
      acceptor_->close(ignored);
    });
    ForEachCore([](Core& core) {
      core.draining = true;
      CutThose(core, [](const Connection& one) { return one.between_requests(); });
    });
    if (!cores_.front()->thread.joinable()) return;
    std::unique_lock lock(mutex_);
    const auto none = [this] { return connections_ == 0; };
    if (none_left_.wait_for(lock, grace, none)) return;
    lock.unlock();
    ForEachCore([](Core& core) { CutThose(core, [](const Connection&) { return true; }); });
    lock.lock();
    none_left_.wait(lock, none);
  }

  ServerCounts counts() const override {
    const std::lock_guard lock(mutex_);
    return {connections_, accepted_, turned_away_};
  }

 private:
  template <class F>
  void ForEachCore(F with) {
    for (const auto& core : cores_)
      asio::post(core->context, [&core = *core, with] { with(core); });
  }

  template <class F>
  static void CutThose(Core& core, F which) {
    for (Connection* one : core.connections)
      if (which(*one)) one->Cut();
  }

  // Looks at the time for all connections of a core at once.
  asio::awaitable<void> Tick(Core& core) {
    while (true) {
      core.date = HttpDate(clock_.Now());
      const microseconds now = clock_.Monotonic();
      for (Connection* one : core.connections)
        if (one->deadline() != microseconds(0) && one->deadline() < now) one->Expire();
      error_code failed;
      core.tick.expires_after(limits_.tick_milliseconds);
      co_await core.tick.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    }
  }

  asio::awaitable<void> Accept() {
    asio::steady_timer pause(cores_.front()->context);
    for (size_t turn = 0; acceptor_->is_open(); ++turn) {
      Core& core = *cores_[turn % cores_.size()];
      tcp::socket socket(core.context);
      error_code failed;
      co_await acceptor_->async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) {
        // No file is left for another one; some will be closed.
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
        continue;
      }
      if (!Admit()) continue;
      socket.set_option(tcp::no_delay(true), failed);
      SpawnConnection(core, std::move(socket), tls_.get(), [this] { Ended(); });
    }
  }

  bool Admit() {
    const std::lock_guard lock(mutex_);
    if (connections_ == connections_max_) {
      ++turned_away_;
      return false;
    }
    ++connections_;
    ++accepted_;
    return true;
  }

  void Ended() {
    const std::lock_guard lock(mutex_);
    if (--connections_ == 0) none_left_.notify_all();
  }

  const Limits limits_;
  const size_t connections_max_;
  const env::Clock& clock_;
  Address address_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::vector<std::unique_ptr<Core>> cores_;  // Their threads run until the destructor.
  std::unique_ptr<tcp::acceptor> acceptor_;   // Of the first core, and used on its thread.

  mutable std::mutex mutex_;
  std::condition_variable none_left_;
  uint64_t connections_ = 0;
  uint64_t accepted_ = 0;
  uint64_t turned_away_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Listen(const ServerOptions& options,
                                               const env::Clock& clock, Site& site) {
  auto server = std::make_unique<AsioServer>(options, clock, site);
  WEIR_TRY(server->Bind(options));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace weir::net

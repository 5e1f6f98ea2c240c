#include "cli/state_lock.h"

#include <unistd.h>

#include "cli/server_file.h"
#include "env/clock.h"

namespace weir::cli {
namespace {

// A batch that is being written comes first.
constexpr std::chrono::seconds kPatience{60};

std::string LockOf(const ReadProject& project) { return project.state_folder + "/lock"; }

std::string Note() {
  return "pid " + std::to_string(getpid()) + ", since " +
         FormatInstant({env::SystemClock().Now().micros / 1'000'000 * 1'000'000});
}

// `holder` is the note of the process that has the lock.
Error Locked(const std::optional<RunningServer>& server, const std::string& holder) {
  if (!server)
    return {.kind = ErrorKind::kBusy,
            .code = "run.locked",
            .message = "another weir is writing in this project (" + holder + ")",
            .place = {},
            .next = "wait until it is done; reading commands such as weir query work meanwhile"};
  return {.kind = ErrorKind::kBusy,
          .code = "run.served",
          .message = "a server runs in this project, at " + server->url + " (" + holder + ")",
          .place = {},
          .next = "reading commands such as weir query work meanwhile; end the server to do this"};
}

// The server of the project, where it has the lock.
std::optional<RunningServer> ServerThatHolds(const ReadProject& project,
                                             const std::string& holder) {
  auto server = FindServer(project);
  if (server && holder.find("pid " + std::to_string(server->pid) + ",") == std::string::npos)
    server.reset();
  return server;
}

}  // namespace

std::string LoanDeskOf(const ReadProject& project) { return project.state_folder + "/lock.sock"; }

Result<std::unique_ptr<env::FileLock>> LockState(const ReadProject& project, IfServed if_served) {
  WEIR_TRY(env::SystemFiles().MakeFolders(project.state_folder));
  auto lock = env::SystemFiles().Lock(LockOf(project), Note());
  if (lock || lock.error().code != "file.locked") return lock;
  const std::string holder = lock.error().message;
  const auto server = ServerThatHolds(project, holder);
  if (server && if_served == IfServed::kBorrow) {
    auto borrowed = env::Borrow(LoanDeskOf(project), kPatience);
    if (borrowed || borrowed.error().kind == ErrorKind::kCancelled) return borrowed;
  }
  return std::unexpected(Locked(server, holder));
}

Result<std::unique_ptr<env::LendableLock>> LockToServe(const ReadProject& project) {
  WEIR_TRY(env::SystemFiles().MakeFolders(project.state_folder));
  auto lock = env::TakeLendable(LockOf(project), Note());
  if (lock || lock.error().code != "file.locked") return lock;
  const std::string holder = lock.error().message;
  return std::unexpected(Locked(ServerThatHolds(project, holder), holder));
}

}  // namespace weir::cli

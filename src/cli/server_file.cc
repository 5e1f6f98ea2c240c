#include "cli/server_file.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

constexpr uint64_t kServerBytesMax = 4 * kKiB;

std::string PathOf(const ReadProject& project) { return project.state_folder + "/server.json"; }

}  // namespace

Result<void> WriteServer(const ReadProject& project, const RunningServer& server) {
  const nlohmann::ordered_json json = {
      {"schema", "weir.server/1"}, {"url", server.url}, {"pid", server.pid}};
  return env::WriteWhole(env::SystemFiles(), PathOf(project), json.dump() + "\n");
}

void RemoveServer(const ReadProject& project) {
  (void)env::SystemFiles().Remove(
      PathOf(project));  // One that stays behind names no living process.
}

std::optional<RunningServer> FindServer(const ReadProject& project) {
  const auto text = env::ReadWhole(env::SystemFiles(), PathOf(project), kServerBytesMax);
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("url") || !json["url"].is_string() ||
      !json.contains("pid") || !json["pid"].is_number_integer())
    return std::nullopt;
  return RunningServer{json["url"], json["pid"]};
}

// One datagram; an address that begins with @ is an abstract one.
void NotifySystemd(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  (void)sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
  close(socket);
}

}  // namespace weir::cli

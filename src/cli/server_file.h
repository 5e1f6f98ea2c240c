// STATE/server.json: where the server of this project listens, for commands that meet its lock, and
// for scripts. It counts only while the lock is held by the process it names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/open_project.h"

namespace weir::cli {

struct RunningServer {
  std::string url;  // "http://127.0.0.1:8000"
  int64_t pid = 0;
};

Result<void> WriteServer(const ReadProject& project, const RunningServer& server);
void RemoveServer(const ReadProject& project);
// Nothing where none was written, or it cannot be read.
std::optional<RunningServer> FindServer(const ReadProject& project);

// Tells systemd, where it started us (NOTIFY_SOCKET): "READY=1".
void NotifySystemd(const std::string& state);

}  // namespace weir::cli

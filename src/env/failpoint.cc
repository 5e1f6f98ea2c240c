#include "env/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string>

namespace weir::env {
namespace {

struct Armed {
  std::string name;
  int hit = 1;
  std::string action = "kill";
};

// Read once, at the first failpoint: the environment does not change under a running process.
const Armed* ReadArmed() {
  const char* text = std::getenv("WEIR_FAILPOINT");
  if (text == nullptr || *text == '\0') return nullptr;
  static Armed armed;
  armed.name = text;
  if (const auto colon = armed.name.find(':'); colon != std::string::npos) {
    std::string rest = armed.name.substr(colon + 1);
    armed.name.resize(colon);
    if (const auto second = rest.find(':'); second != std::string::npos) {
      armed.action = rest.substr(second + 1);
      rest.resize(second);
    }
    std::from_chars(rest.data(), rest.data() + rest.size(), armed.hit);
  }
  return &armed;
}

}  // namespace

Result<void> ReachFailpoint(std::string_view name) {
  static const Armed* armed = ReadArmed();
  if (armed == nullptr || armed->name != name) [[likely]]
    return {};
  static std::atomic<int> passed{0};
  if (++passed != armed->hit) return {};
  if (armed->action == "error")
    return Fail(ErrorKind::kIo, "failpoint.hit", "failpoint " + armed->name + " was armed");
  kill(getpid(), armed->action == "pause" ? SIGSTOP : SIGKILL);
  return {};
}

}  // namespace weir::env

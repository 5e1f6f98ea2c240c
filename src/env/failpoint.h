// A failpoint is a named step of a protocol at which a test can make the process die or fail.
// WEIR_FAILPOINT=name[:hit[:action]] arms one: at its hit-th passing (from 1) the action is
// `kill` (default: SIGKILL, as kill -9), `error` (the step returns failpoint.hit, kIo), or
// `pause` (SIGSTOP, for the test to act meanwhile). Not armed, a failpoint costs one load.
#pragma once

#include <string_view>

#include "base/result.h"

namespace weir::env {

// Passes the step `name`. Threads: any.
Result<void> ReachFailpoint(std::string_view name);

}  // namespace weir::env

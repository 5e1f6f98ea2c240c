// WEIR_CHECK is the third channel of failure: a broken invariant of our own ends the process at
// once, before it can write anything that rests on it. Never for user input or the outside world.
#pragma once

namespace weir {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace weir

#define WEIR_CHECK(condition)                              \
  do {                                                     \
    if (!(condition)) [[unlikely]]                         \
      ::weir::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

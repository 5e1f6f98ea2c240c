// A Watch tells which entries of folders changed, so that nobody has to look all the time.
//
//   SystemWatches().Open() -> Set(folders) -> [Wait] -> Take -> [Wait] -> Take ...
//
// News is a hint: an entry that is named may be as it was, and one behind a link, on a network disk
// or beyond the system's limits may change without news. So whoever follows looks everywhere now
// and then; Set says how often that is needed. Threads: one at a time for all of them; Sleep and
// Wake any.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace weir::env {

struct News {
  std::vector<std::string> paths;  // Entries that came, went, were written or closed; sorted.
  bool look_everywhere = false;    // Folders came or went, or too much happened to tell it.
};

enum class Coverage : uint8_t {
  kComplete,  // What happens directly in these folders will be told.
  kPartial,   // Some of it will not: look by time.
};

class Watch {
 public:
  virtual ~Watch() = default;
  // From now on these folders, and no others. One that is gone is passed over.
  virtual Coverage Set(const std::vector<std::string>& folders) = 0;
  // What happened since the last call; never waits.
  virtual News Take() = 0;
};

class Watches {
 public:
  virtual ~Watches() = default;
  virtual std::unique_ptr<Watch> Open() = 0;
  // Until one of the open watches has news, a signal came, Wake was called, or the time is over.
  virtual void WaitForNews(std::chrono::microseconds at_most) = 0;
  // Ends WaitForNews, or where nobody is in it, the next one.
  virtual void Wake() = 0;
  // Until a signal came or the time is over.
  virtual void Sleep(std::chrono::microseconds time) = 0;
};

// inotify. Where it is not to be had every Set is kPartial.
Watches& SystemWatches();

}  // namespace weir::env

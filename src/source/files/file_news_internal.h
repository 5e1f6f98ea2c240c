// Which files a followed source must look at, and when: those with news, those to be looked at
// again after a time, and all of them now and then. Threads: one at a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/files.h"
#include "env/watch.h"

namespace weir::source {

class FileNews {
 public:
  // `watches` null: nothing is watched, and everything looked at each time.
  FileNews(env::Watches* watches, const env::Clock& clock)
      : watch_(watches == nullptr ? nullptr : watches->Open()), clock_(clock) {}

  bool followed() const { return watch_ != nullptr; }
  // What happens to files will be told, their closing too.
  bool complete() const { return followed() && coverage_ == env::Coverage::kComplete; }

  // All files that match, with their folders being watched before they were listed.
  env::Found Everywhere(env::Files& files, const std::string& glob);

  struct Looks {
    bool everywhere = false;
    std::set<std::string> paths;
  };
  Looks Due();

  // `path` is to be looked at again: next time, after a time, or not without news.
  void Again(const std::string& path) {
    if (followed()) again_.insert(path);
  }
  void AgainIn(const std::string& path, std::chrono::microseconds time);
  void Forget(const std::string& path) { later_.erase(path); }

  // Nothing is to be done about `path` as long as it has this status.
  void Settled(const std::string& path, const env::FileStatus& status);
  bool IsSettled(const std::string& path, const env::FileStatus& status) const;

  // How long nothing is due, if no news comes.
  std::chrono::microseconds IdleFor() const;

 private:
  std::unique_ptr<env::Watch> watch_;
  const env::Clock& clock_;
  std::vector<std::string> folders_;
  env::Coverage coverage_ = env::Coverage::kPartial;
  std::chrono::microseconds everywhere_at_{};
  std::set<std::string> again_;
  std::map<std::string, std::chrono::microseconds> later_;
  std::map<std::string, env::FileStatus> settled_;
};

}  // namespace weir::source

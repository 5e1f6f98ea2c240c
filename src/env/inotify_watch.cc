#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>

#include "env/watch.h"

namespace weir::env {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |
                             IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr size_t kPathsTold = 10'000;

// Others may change files there without this kernel (the numbers are the kernel's, statfs(2)).
bool IsShared(const std::string& folder) {
  constexpr std::array<unsigned long, 8> kShared = {0x6969,     0xFF534D42, 0xFE534D42, 0x517B,
                                                    0x01021997, 0x65735546, 0x00C36400, 0x0BD00BD0};
  struct statfs status{};
  if (statfs(folder.c_str(), &status) != 0) return false;
  return std::ranges::find(kShared, static_cast<unsigned long>(status.f_type)) != kShared.end();
}

class InotifyWatch final : public Watch {
 public:
  explicit InotifyWatch(std::set<int>& open)
      : open_(open), fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (fd_ >= 0) open_.insert(fd_);
  }
  ~InotifyWatch() override {
    if (fd_ < 0) return;
    open_.erase(fd_);
    close(fd_);
  }
  InotifyWatch(const InotifyWatch&) = delete;
  InotifyWatch& operator=(const InotifyWatch&) = delete;

  // Every folder is added again: that costs little, and finds one that was put in another's place.
  Coverage Set(const std::vector<std::string>& folders) override {
    if (fd_ < 0) return Coverage::kPartial;
    Coverage coverage = Coverage::kComplete;
    std::map<int, std::string> now;
    for (const std::string& folder : folders) {
      const int number = inotify_add_watch(fd_, folder.c_str(), kEvents | IN_ONLYDIR);
      if (number >= 0) now[number] = folder;
      if ((number < 0 && errno != ENOENT && errno != ENOTDIR) || IsShared(folder))
        coverage = Coverage::kPartial;
    }
    for (const auto& [number, folder] : folders_)
      if (!now.contains(number)) inotify_rm_watch(fd_, number);
    folders_ = std::move(now);
    return coverage;
  }

  News Take() override {
    News news;
    std::set<std::string> paths;
    alignas(inotify_event) std::array<char, 64 * 1024> buffer;
    while (fd_ >= 0) {
      const ssize_t count = read(fd_, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      for (const char* at = buffer.data(); at < buffer.data() + count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        at += sizeof(inotify_event) + event->len;
        Read(*event, paths, news);
      }
      if (paths.size() > kPathsTold) {
        paths.clear();
        news.look_everywhere = true;
      }
    }
    news.paths.assign(paths.begin(), paths.end());
    return news;
  }

 private:
  void Read(const inotify_event& event, std::set<std::string>& paths, News& news) const {
    if ((event.mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF)) != 0)
      news.look_everywhere = true;
    const auto folder = folders_.find(event.wd);
    if (event.len == 0 || folder == folders_.end()) return;
    if ((event.mask & IN_ISDIR) != 0) {
      constexpr uint32_t kCameOrWent = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM;
      if ((event.mask & (kCameOrWent | IN_ATTRIB)) != 0) news.look_everywhere = true;
      return;
    }
    const std::string& above = folder->second;
    paths.insert(above + (above.ends_with('/') ? "" : "/") + event.name);
  }

  std::set<int>& open_;
  int fd_;
  std::map<int, std::string> folders_;
};

class InotifyWatches final : public Watches {
 public:
  std::unique_ptr<Watch> Open() override { return std::make_unique<InotifyWatch>(open_); }
  void WaitForNews(std::chrono::microseconds at_most) override {
    std::vector<pollfd> waiting;
    for (const int fd : open_) waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    waiting.push_back({.fd = wake_, .events = POLLIN, .revents = 0});
    Poll(waiting, at_most);
    eventfd_t woken = 0;
    if (waiting.back().revents != 0) eventfd_read(wake_, &woken);
  }
  void Wake() override { eventfd_write(wake_, 1); }
  void Sleep(std::chrono::microseconds time) override {
    std::vector<pollfd> none;
    Poll(none, time);
  }

 private:
  static void Poll(std::vector<pollfd>& waiting, std::chrono::microseconds at_most) {
    const auto time = std::max(at_most, std::chrono::microseconds(0));
    const timespec limit{.tv_sec = time.count() / 1'000'000,
                         .tv_nsec = time.count() % 1'000'000 * 1000};
    ppoll(waiting.data(), waiting.size(), &limit, nullptr);
  }

  std::set<int> open_;
  const int wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);  // -1 is passed over by poll.
};

}  // namespace

Watches& SystemWatches() {
  static InotifyWatches watches;
  return watches;
}

}  // namespace weir::env

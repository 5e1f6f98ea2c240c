#include <algorithm>

#include "source/files/file_news_internal.h"

namespace weir::source {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// What is told late or not at all (links, mapped memory) is found by the slow look.
constexpr microseconds kLookSlow = seconds(60);
constexpr microseconds kLookWithoutNews = seconds(1);

}  // namespace

env::Found FileNews::Everywhere(env::Files& files, const std::string& glob) {
  env::Found found = env::Find(files, glob);
  if (!followed()) return found;
  // A folder that came between listing and watching is found by listing again.
  for (int tries = 0; tries < 5; ++tries) {
    coverage_ = watch_->Set(found.folders);
    if (std::exchange(folders_, found.folders) == found.folders) break;
    found = env::Find(files, glob);
  }
  everywhere_at_ = clock_.Monotonic() + (complete() ? kLookSlow : kLookWithoutNews);
  std::erase_if(settled_, [&](const auto& one) {
    return !std::ranges::binary_search(found.files, one.first);
  });
  again_.clear();
  later_.clear();
  return found;
}

FileNews::Looks FileNews::Due() {
  Looks looks;
  const microseconds now = clock_.Monotonic();
  env::News news;
  if (followed()) news = watch_->Take();
  looks.everywhere = !followed() || news.look_everywhere || now >= everywhere_at_;
  if (looks.everywhere) return looks;
  looks.paths = std::exchange(again_, {});
  looks.paths.insert(news.paths.begin(), news.paths.end());
  for (auto at = later_.begin(); at != later_.end();) {
    if (at->second <= now) looks.paths.insert(at->first);
    at = at->second <= now ? later_.erase(at) : std::next(at);
  }
  return looks;
}

void FileNews::AgainIn(const std::string& path, microseconds time) {
  if (followed()) later_[path] = clock_.Monotonic() + time;
}

void FileNews::Settled(const std::string& path, const env::FileStatus& status) {
  if (followed()) settled_[path] = status;
}

bool FileNews::IsSettled(const std::string& path, const env::FileStatus& status) const {
  const auto known = settled_.find(path);
  return known != settled_.end() && known->second == status;
}

microseconds FileNews::IdleFor() const {
  if (!again_.empty()) return microseconds(0);
  const microseconds now = clock_.Monotonic();
  microseconds next = everywhere_at_;
  for (const auto& [path, at] : later_) next = std::min(next, at);
  return std::max(next - now, microseconds(0));
}

}  // namespace weir::source

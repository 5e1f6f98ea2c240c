#include "env/inbox.h"

#include <algorithm>

namespace weir::env {
namespace {

thread_local Together* innermost = nullptr;

}  // namespace

Together::Together() : outer_(std::exchange(innermost, this)) {}

Together::~Together() {
  innermost = outer_;
  for (auto& [to, works] : kept_) to->Put(std::move(works));
}

void Together::Send(const std::shared_ptr<Inbox>& to, Work work) {
  if (innermost == nullptr) {
    std::vector<Work> works;
    works.push_back(std::move(work));
    return to->Put(std::move(works));
  }
  auto& kept = innermost->kept_;
  auto found = std::ranges::find_if(kept, [&](const auto& one) { return one.first == to; });
  if (found == kept.end()) found = kept.emplace(kept.end(), to, std::vector<Work>());
  found->second.push_back(std::move(work));
}

}  // namespace weir::env

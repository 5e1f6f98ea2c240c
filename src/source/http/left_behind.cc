#include <algorithm>

#include "source/http/http_source_internal.h"
#include "source/http/left_behind_internal.h"

namespace weir::source {

Result<LeftBehind> LeftBehind::Make(catalog::Catalog& catalog,
                                    const std::vector<std::string>& served) {
  WEIR_ASSIGN(const auto names, catalog.Pipelines());
  LeftBehind made;
  for (const std::string& name : names) {
    if (std::ranges::find(served, name) != served.end()) continue;
    WEIR_ASSIGN(const auto newest, catalog.ObjectByPath(name, std::string(kRequests)));
    made.of_[wal::StreamOf(name)] = {.requests = {.pipeline = name, .requests = 0},
                                     .done = CursorOf(newest).done};
  }
  return made;
}

void LeftBehind::Count(const wal::Entry& entry) {
  Of& of = of_[entry.stream];
  if (entry.sequence > of.done) ++of.requests.requests;
}

std::vector<LeftRequests> LeftBehind::Take() && {
  std::vector<LeftRequests> left;
  for (auto& [stream, of] : of_)
    if (of.requests.requests != 0) left.push_back(std::move(of.requests));
  std::ranges::sort(left, {}, &LeftRequests::pipeline);
  return left;
}

}  // namespace weir::source

#include "cli/project_watch.h"

#include <fmt/format.h>

namespace weir::cli {

ProjectWatch::ProjectWatch(env::Files& files, std::string folder)
    : files_(files), folder_(std::move(folder)), known_(Look()), seen_(known_) {}

bool ProjectWatch::Changed() {
  std::string now = Look();
  const bool rests = now == seen_;
  seen_ = std::move(now);
  if (!rests || seen_ == known_) return false;
  known_ = seen_;
  return true;
}

std::string ProjectWatch::Look() const {
  std::string all;
  for (const char* pattern :
       {"/weir.yaml", "/pipelines/*.yaml", "/models/**/*.sql", "/endpoints/*.sql"})
    for (const std::string& path : env::Find(files_, folder_ + pattern).files)
      if (const auto status = files_.Status(path))
        all += fmt::format("{} {} {} {}\n", path, status->size, status->mtime_ns, status->inode);
  return all;
}

}  // namespace weir::cli

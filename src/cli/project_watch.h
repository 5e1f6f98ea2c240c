// Whether the files of a project changed: weir.yaml, and what is beside it. Reads no content.
#pragma once

#include <string>

#include "env/files.h"

namespace weir::cli {

class ProjectWatch {
 public:
  ProjectWatch(env::Files& files, std::string folder);
  // True once for each change that has come to rest: two looks saw the same.
  bool Changed();

 private:
  std::string Look() const;

  env::Files& files_;
  std::string folder_;
  std::string known_;
  std::string seen_;
};

}  // namespace weir::cli

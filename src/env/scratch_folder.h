// A folder of its own for the time of an object: made empty, gone with all that is in it. Nothing
// in it is durable, and a process that dies leaves it behind for the system to tidy.
#pragma once

#include <string>

#include "base/result.h"

namespace weir::env {

class ScratchFolder {
 public:
  // In TMPDIR, else /tmp; `name` begins its name. Error file.io (kIo).
  static Result<ScratchFolder> Make(const std::string& name);
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }  // Absolute.

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace weir::env

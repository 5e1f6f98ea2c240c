// Where the files of a source are, and what they are called.
#pragma once

#include <string>

#include "source/files/object_name.h"

namespace weir::source {

class FileNames {
 public:
  FileNames(std::string folder, std::string glob)
      : folder_(std::move(folder)), glob_(std::move(glob)) {
    while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
  }

  std::string glob() const { return Absolute(glob_); }
  std::string Absolute(const std::string& path) const {
    return path.starts_with('/') ? path : folder_ + "/" + path;
  }
  std::string PathOf(const std::string& object) const { return Absolute(PathOfObject(object)); }
  std::string NameOf(const std::string& path) const {
    const bool within = !glob_.starts_with('/') && path.starts_with(folder_ + "/");
    return ObjectName(within ? path.substr(folder_.size() + 1) : path);
  }

 private:
  std::string folder_;
  std::string glob_;
};

inline std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }
inline std::string LastName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace weir::source

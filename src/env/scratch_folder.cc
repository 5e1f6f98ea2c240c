#include "env/scratch_folder.h"

#include <cstdlib>
#include <filesystem>

namespace weir::env {

Result<ScratchFolder> ScratchFolder::Make(const std::string& name) {
  const char* under = std::getenv("TMPDIR");
  const std::string folder = under != nullptr && *under == '/' ? under : "/tmp";
  std::string path = folder + "/" + name + "-XXXXXX";
  if (mkdtemp(path.data()) == nullptr)
    return Fail(Error{.kind = ErrorKind::kIo,
                      .code = "file.io",
                      .message = "no folder can be made in " + folder,
                      .place = {},
                      .next = "set TMPDIR to a folder that can be written"});
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir::env

#include "source/files/file_split_internal.h"

#include "env/hash.h"
#include "source/files/file_version_internal.h"

namespace weir::source {
namespace {

using ledger::ObjectProgress;

class FileSplit final : public OpenSplit {
 public:
  FileSplit(std::unique_ptr<env::OpenFile> file, env::FileStatus status, ObjectProgress split)
      : file_(std::move(file)), status_(status), split_(std::move(split)) {}

  std::unique_ptr<env::ByteReader> Read(uint64_t offset) override {
    return env::ReadRange(*file_, offset, split_.size);
  }

  const env::OpenFile* ByPosition() const override { return file_.get(); }

  Result<void> CheckUnchanged() override {
    WEIR_ASSIGN(const env::FileStatus now, file_->Status());
    if (now == status_) return {};
    WEIR_ASSIGN(const bool same, OnlyGrew(now));
    if (same) {
      status_ = now;
      return {};
    }
    return Fail({.kind = ErrorKind::kConflict,
                 .code = "source.changed",
                 .message = "the file changed while it was read; nothing of this batch was kept",
                 .place = {.file = split_.object, .line = 0, .column = 0, .byte_offset = {}},
                 .next = "let it be complete before it gets its name, then weir run"});
  }

 private:
  // Whether it still begins with this version, whose last line was not half of what it is now.
  Result<bool> OnlyGrew(const env::FileStatus& now) const {
    if (now.size < split_.size) return false;
    if (now.size != split_.size && IsAll(split_.version)) return false;
    char last = '\n';
    if (split_.size != 0) WEIR_TRY(file_->ReadAt(split_.size - 1, std::span(&last, 1)));
    if (now.size > split_.size && last != '\n') return false;
    const auto version = env::HashPrefix(*file_, split_.size);
    if (!version && version.error().kind == ErrorKind::kConflict) return false;
    if (!version) return Fail(version.error());
    return *version == ContentOf(split_.version);
  }

  std::unique_ptr<env::OpenFile> file_;
  env::FileStatus status_;
  ObjectProgress split_;
};

std::unexpected<Error> Lost(const ObjectProgress& split, const std::string& why) {
  return Fail({.kind = ErrorKind::kNotFound,
               .code = "source.lost",
               .message = why + ", in the middle of reading it",
               .place = {.file = split.object, .line = 0, .column = 0, .byte_offset = {}},
               .next = "put the old content back to have the rest of it, or leave it"});
}

}  // namespace

Result<std::unique_ptr<OpenSplit>> OpenFileSplit(env::Files& files, const std::string& path,
                                                 const ObjectProgress& split) {
  auto file = files.Open(path);
  if (!file) {
    if (file.error().kind == ErrorKind::kNotFound) return Lost(split, "the file is gone");
    Error error = std::move(file).error();
    error.code = "source.unreadable";
    error.place.file = split.object;
    return Fail(std::move(error));
  }
  WEIR_ASSIGN(const env::FileStatus status, (*file)->Status());
  if (status.is_directory) return Lost(split, "a folder has its name now");
  const bool as_known = status.size == split.size && status.mtime_ns == split.mtime_ns;
  if (!as_known) {
    const bool another =
        status.size < split.size || (status.size != split.size && IsAll(split.version));
    const auto hash = another ? std::string() : env::HashPrefix(**file, split.size);
    if (!hash) return Fail(hash.error());
    if (*hash != ContentOf(split.version)) return Lost(split, "the file has other content now");
  }
  return std::make_unique<FileSplit>(std::move(*file), status, split);
}

}  // namespace weir::source

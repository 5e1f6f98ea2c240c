#include "source/files/files_source.h"

#include <nlohmann/json.hpp>

#include "env/hash.h"
#include "format/decoder.h"

namespace weir::source {
namespace {

using ledger::ObjectProgress;

class FileSplit final : public OpenSplit {
 public:
  FileSplit(std::unique_ptr<env::OpenFile> file, env::FileStatus status, uint64_t end,
            std::string path)
      : file_(std::move(file)), status_(status), end_(end), path_(std::move(path)) {}

  std::unique_ptr<env::ByteReader> Read(uint64_t offset) override {
    return env::ReadRange(*file_, offset, end_);
  }

  const env::OpenFile* ByPosition() const override { return file_.get(); }

  Result<void> CheckUnchanged() override {
    WEIR_ASSIGN(const env::FileStatus now, file_->Status());
    if (now == status_) return {};
    return Fail({.kind = ErrorKind::kConflict,
                 .code = "source.changed",
                 .message = "the file changed while it was read; nothing of this batch was kept",
                 .place = {.file = path_, .line = 0, .column = 0, .byte_offset = {}},
                 .next = "let it be complete before it gets its name, then weir run"});
  }

 private:
  std::unique_ptr<env::OpenFile> file_;
  env::FileStatus status_;
  uint64_t end_;
  std::string path_;
};

class FilesSource final : public Source {
 public:
  FilesSource(env::Files& files, std::string folder, FilesSpec spec)
      : files_(files), folder_(std::move(folder)), spec_(std::move(spec)) {}

  Result<Discovery> Discover(Cursor& cursor) override {
    WEIR_ASSIGN(const auto paths, env::Glob(files_, Absolute(spec_.glob)));
    Discovery found;
    for (const std::string& path : paths) {
      ++found.objects;
      WEIR_TRY(Look(Relative(path), cursor, found));
    }
    return found;
  }

  Result<std::unique_ptr<OpenSplit>> Open(const ObjectProgress& split) override {
    auto file = files_.Open(Absolute(split.object));
    if (!file) {
      if (file.error().kind != ErrorKind::kNotFound) return Fail(std::move(file).error());
      return Lost(split, "the file is gone");
    }
    WEIR_ASSIGN(const env::FileStatus status, (*file)->Status());
    const bool as_known = status.size == split.size && status.mtime_ns == split.mtime_ns;
    if (!as_known) {
      const auto hash =
          status.size < split.size ? std::string() : env::HashPrefix(**file, split.size);
      if (!hash) return Fail(hash.error());
      if (*hash != split.version) return Lost(split, "the file has other content now");
    }
    return std::make_unique<FileSplit>(std::move(*file), status, split.size, split.object);
  }

  Result<format::FormatSpec> FormatOf(const std::string& object) const override {
    const auto by_name = format::FormatOfPath(object);
    if (!by_name && !spec_.format) {
      return Fail({.kind = ErrorKind::kConfig,
                   .code = "source.format",
                   .message = "the file's ending does not tell its format",
                   .place = {.file = object, .line = 0, .column = 0, .byte_offset = {}},
                   .next = "say it in the source, such as format: csv"});
    }
    format::FormatSpec made = by_name.value_or(format::FormatSpec{});
    const char by_ending = made.csv.delimiter;
    made.csv = spec_.csv;
    if (spec_.csv.delimiter == format::kFoundDelimiter && by_ending == '\t')
      made.csv.delimiter = by_ending;
    if (spec_.format) made.kind = *spec_.format;
    if (spec_.compression) made.compression = *spec_.compression;
    return made;
  }

 private:
  // The ledger keeps names as JSON, which holds no other bytes than UTF-8.
  static Result<void> CheckName(const std::string& path) {
    try {
      (void)nlohmann::json(path).dump();
      return {};
    } catch (const nlohmann::json::type_error&) {
      // Told below.
    }
    std::string shown;
    for (const char byte : path) shown += static_cast<unsigned char>(byte) < 0x80 ? byte : '?';
    return Fail(ErrorKind::kInvalid, "source.file_name",
                "the name of '" + shown + "' (? stands for odd bytes) is not UTF-8",
                "rename it, then weir run");
  }

  // Decides about one file and adds it to `found` where there is something to say.
  Result<void> Look(const std::string& path, Cursor& cursor, Discovery& found) {
    WEIR_TRY(CheckName(path));
    auto file = files_.Open(Absolute(path));
    if (!file) {
      if (file.error().kind == ErrorKind::kNotFound) return {};  // Deleted since it was listed.
      return Fail(std::move(file).error());
    }
    WEIR_ASSIGN(const env::FileStatus status, (*file)->Status());
    WEIR_ASSIGN(const auto known, cursor.ByPath(path));
    if (known && known->size == status.size && known->mtime_ns == status.mtime_ns) {
      if (!known->done) found.splits.push_back(*known);
      return {};
    }
    WEIR_ASSIGN(std::string version, env::HashPrefix(**file, status.size));
    ObjectProgress object{.object = path,
                          .version = std::move(version),
                          .size = status.size,
                          .mtime_ns = status.mtime_ns,
                          .state = "",
                          .done = false};
    // The same content is being named right now: whether this one is to be skipped is decided when
    // that one has been read.
    for (const ObjectProgress& other : found.splits)
      if (other.version == object.version) return {};
    WEIR_ASSIGN(const auto same, cursor.ByVersion(object.version));
    if (same) {
      if (same->done) {
        object.done = true;
        found.skipped.push_back({std::move(object), same->object});
        return {};
      }
      object.state = same->state;  // Touched or renamed in the middle of reading it.
    } else if (known && spec_.grow) {
      WEIR_TRY(ContinueGrown(**file, *known, object));
    }
    found.splits.push_back(std::move(object));
    return {};
  }

  // Where `file` begins with all of the version that was read before, goes on behind it.
  Result<void> ContinueGrown(const env::OpenFile& file, const ObjectProgress& before,
                             ObjectProgress& object) {
    if (object.size <= before.size || before.state.empty()) return {};
    // What ended broken may have been cut while it was written: nothing of it is skipped.
    WEIR_ASSIGN(const auto stopped, format::DecoderState::FromJson(before.state));
    if (stopped.ended) return {};
    WEIR_ASSIGN(const format::FormatSpec format, FormatOf(object.object));
    if (format.compression == format::Compression::kGzip ||
        format.compression == format::Compression::kZstd)
      return {};
    WEIR_ASSIGN(const std::string prefix, env::HashPrefix(file, before.size));
    if (prefix == before.version) object.state = before.state;
    return {};
  }

  static std::unexpected<Error> Lost(const ObjectProgress& split, const std::string& why) {
    return Fail({.kind = ErrorKind::kNotFound,
                 .code = "source.lost",
                 .message = why + ", in the middle of reading it",
                 .place = {.file = split.object, .line = 0, .column = 0, .byte_offset = {}},
                 .next = "put the old content back to have the rest of it, or leave it"});
  }

  std::string Absolute(const std::string& path) const {
    return path.starts_with('/') ? path : folder_ + "/" + path;
  }
  std::string Relative(const std::string& path) const {
    if (spec_.glob.starts_with('/')) return path;
    return path.starts_with(folder_ + "/") ? path.substr(folder_.size() + 1) : path;
  }

  env::Files& files_;
  std::string folder_;
  FilesSpec spec_;
};

}  // namespace

std::unique_ptr<Source> MakeFilesSource(env::Files& files, std::string folder, FilesSpec spec) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return std::make_unique<FilesSource>(files, std::move(folder), std::move(spec));
}

}  // namespace weir::source

#include "env/files.h"

#include <fnmatch.h>

#include <algorithm>

namespace weir::env {
namespace {

class RangeReader final : public ByteReader {
 public:
  RangeReader(const OpenFile& file, uint64_t offset, uint64_t end)
      : file_(file), offset_(offset), end_(end) {}
  Result<size_t> Read(std::span<char> into) override {
    const uint64_t left = end_ > offset_ ? end_ - offset_ : 0;
    WEIR_ASSIGN(const size_t count,
                file_.ReadAt(offset_, into.first(std::min<uint64_t>(left, into.size()))));
    offset_ += count;
    return count;
  }

 private:
  const OpenFile& file_;
  uint64_t offset_;
  uint64_t end_;
};

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool HasWildcard(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

std::string Join(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

// Adds to `found` the files below `folder` that match parts[at..].
Result<void> Match(Files& files, const std::string& folder, const std::vector<std::string>& parts,
                   size_t at, std::vector<std::string>& found) {
  const std::string& part = parts[at];
  const bool last = at + 1 == parts.size();
  if (part == "**" && !last) WEIR_TRY(Match(files, folder, parts, at + 1, found));
  if (part != "**" && !HasWildcard(part)) {
    const std::string path = Join(folder, part);
    const auto status = files.Status(path);
    if (!status) {
      if (status.error().kind == ErrorKind::kNotFound) return {};
      return Fail(status.error());
    }
    if (!last)
      return status->is_directory ? Match(files, path, parts, at + 1, found) : Result<void>{};
    if (!status->is_directory) found.push_back(path);
    return {};
  }
  const auto names = files.List(folder.empty() ? "." : folder);
  if (!names) {
    if (names.error().kind == ErrorKind::kNotFound) return {};
    return Fail(names.error());
  }
  for (const std::string& name : *names) {
    const bool matches =
        part == "**" ? name.front() != '.' : fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0;
    if (!matches) continue;
    const std::string path = Join(folder, name);
    const auto status = files.Status(path);
    if (!status) continue;  // Deleted since it was listed.
    if (!status->is_directory) {
      if (last) found.push_back(path);
    } else if (part == "**") {
      WEIR_TRY(Match(files, path, parts, at, found));
    } else if (!last) {
      WEIR_TRY(Match(files, path, parts, at + 1, found));
    }
  }
  return {};
}

}  // namespace

Result<std::string> ReadWhole(Files& files, const std::string& path, uint64_t bytes_max) {
  WEIR_ASSIGN(const auto file, files.Open(path));
  WEIR_ASSIGN(const FileStatus status, file->Status());
  if (status.is_directory) {
    return Fail({.kind = ErrorKind::kIo,
                 .code = "file.io",
                 .message = "is a folder, not a file",
                 .place = {.file = path, .line = 0, .column = 0, .byte_offset = {}},
                 .next = {}});
  }
  if (status.size > bytes_max) {
    return Fail({.kind = ErrorKind::kInvalid,
                 .code = "file.too_big",
                 .message = FormatBytes(status.size) + " is more than the limit of " +
                            FormatBytes(bytes_max),
                 .place = {.file = path, .line = 0, .column = 0, .byte_offset = {}},
                 .next = {}});
  }
  std::string content(status.size, '\0');
  WEIR_ASSIGN(const size_t count, file->ReadAt(0, content));
  content.resize(count);
  return content;
}

Result<void> WriteWhole(Files& files, const std::string& path, std::string_view content) {
  WEIR_ASSIGN(const auto writer, files.Replace(path));
  WEIR_TRY(writer->Write(content));
  return writer->Finish();
}

Result<std::vector<std::string>> Glob(Files& files, const std::string& pattern) {
  const std::vector<std::string> parts = SplitPath(pattern);
  std::vector<std::string> found;
  if (parts.empty()) return found;
  WEIR_TRY(Match(files, pattern.front() == '/' ? "/" : "", parts, 0, found));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::unique_ptr<ByteReader> ReadRange(const OpenFile& file, uint64_t offset, uint64_t end) {
  return std::make_unique<RangeReader>(file, offset, end);
}

}  // namespace weir::env

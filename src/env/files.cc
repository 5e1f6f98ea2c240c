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

bool MatchesName(const std::string& part, const std::string& name) {
  return fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

bool MatchesParts(std::span<const std::string> parts, std::span<const std::string> names) {
  if (parts.empty() || names.empty()) return parts.empty() && names.empty();
  if (parts.front() != "**")
    return MatchesName(parts.front(), names.front()) &&
           MatchesParts(parts.subspan(1), names.subspan(1));
  if (parts.size() > 1 && MatchesParts(parts.subspan(1), names)) return true;
  if (names.front().front() == '.') return false;
  return names.size() == 1 ? parts.size() == 1 : MatchesParts(parts, names.subspan(1));
}

// Walks along a pattern's parts.
class Search {
 public:
  Search(Files& files, std::vector<std::string> parts) : files_(files), parts_(std::move(parts)) {}

  Found Run(const std::string& root) {
    Match(root, 0);
    for (std::vector<std::string>* names : {&found_.files, &found_.folders}) {
      std::sort(names->begin(), names->end());
      names->erase(std::unique(names->begin(), names->end()), names->end());
    }
    return std::move(found_);
  }

 private:
  // Adds the files below `folder` that match parts[at..].
  void Match(const std::string& folder, size_t at) {
    const std::string& part = parts_[at];
    const bool last = at + 1 == parts_.size();
    if (part == "**" && !last) Match(folder, at + 1);
    if (part != "**" && !HasWildcard(part)) {
      MatchName(folder, part, at);
      return;
    }
    const auto names = files_.List(folder.empty() ? "." : folder);
    if (!names) {
      if (names.error().kind != ErrorKind::kNotFound) found_.unreadable.push_back(names.error());
      return;
    }
    found_.folders.push_back(folder.empty() ? "." : folder);
    for (const std::string& name : *names) {
      const bool matches =
          part == "**" ? name.front() != '.' : fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0;
      if (!matches) continue;
      const std::string path = Join(folder, name);
      const auto status = files_.Status(path);
      if (!status) {
        // One that is not found was deleted since it was listed.
        if (status.error().kind != ErrorKind::kNotFound)
          found_.unreadable.push_back(status.error());
        continue;
      }
      if (!status->is_directory) {
        if (last) found_.files.push_back(path);
      } else if (part == "**") {
        Match(path, at);
      } else if (!last) {
        Match(path, at + 1);
      }
    }
  }

  // A part without wildcards: the folder above it matters where it is yet to come, or a file.
  void MatchName(const std::string& folder, const std::string& part, size_t at) {
    const bool last = at + 1 == parts_.size();
    const std::string path = Join(folder, part);
    const auto status = files_.Status(path);
    if (!status && status.error().kind != ErrorKind::kNotFound) {
      found_.unreadable.push_back(status.error());
      return;
    }
    if (status && status->is_directory) {
      if (!last) Match(path, at + 1);
      return;
    }
    if (status && last) found_.files.push_back(path);
    const std::string above = folder.empty() ? "." : folder;
    if (files_.Status(above)) found_.folders.push_back(above);
  }

  Files& files_;
  std::vector<std::string> parts_;
  Found found_;
};

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

Found Find(Files& files, const std::string& pattern) {
  std::vector<std::string> parts = SplitPath(pattern);
  if (parts.empty()) return {};
  return Search(files, std::move(parts)).Run(pattern.front() == '/' ? "/" : "");
}

bool MatchesGlob(const std::string& pattern, const std::string& path) {
  return MatchesParts(SplitPath(pattern), SplitPath(path));
}

Result<std::vector<std::string>> Glob(Files& files, const std::string& pattern) {
  Found found = Find(files, pattern);
  if (!found.unreadable.empty()) return Fail(std::move(found.unreadable.front()));
  return std::move(found.files);
}

std::unique_ptr<ByteReader> ReadRange(const OpenFile& file, uint64_t offset, uint64_t end) {
  return std::make_unique<RangeReader>(file, offset, end);
}

}  // namespace weir::env

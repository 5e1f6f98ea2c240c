// The file system as an interface. Paths are absolute or relative to the working directory; an
// error carries the path as its place. Returns errors and logs nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "env/bytes.h"

namespace weir::env {

struct FileStatus {
  uint64_t size = 0;
  int64_t mtime_ns = 0;  // Since 1970, UTC.
  uint64_t inode = 0;
  bool is_directory = false;
  friend bool operator==(const FileStatus&, const FileStatus&) = default;
};

// Whether somebody has a file open for writing.
enum class Writers : uint8_t {
  kNone,
  kSome,
  kUnknown,  // The system does not tell (another's file, some network disks).
};

// An open file: what it names stays the same file when its path is replaced.
class OpenFile {
 public:
  virtual ~OpenFile() = default;
  // Up to into.size() bytes at `offset`; less only at the end of the file. Threads: any.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> into) const = 0;
  virtual Result<FileStatus> Status() const = 0;
  virtual Writers writers() const = 0;
};

// A file that is written in place: bytes at an offset, made durable where and when it is asked for.
class UpdateFile {
 public:
  virtual ~UpdateFile() = default;
  // Threads: any, on different ranges. Many bytes that are whole blocks, here (BlockString) and in
  // the file, go to the disk as they are: a copy into the system's cache would cost more than the
  // write does.
  virtual Result<void> WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Everything written before is durable. After an error nobody knows what of it is, and asking
  // again would not tell: the kernel has marked it clean.
  virtual Result<void> SyncData() = 0;
};

// Held as long as it lives; the kernel releases it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Threads: any, on different paths.
// Errors of all calls: kNotFound (file.not_found), kExists (file.exists), kIo (file.denied,
// file.full, file.read_only, file.io), each with the path as place and a next step.
class Files {
 public:
  virtual ~Files() = default;

  virtual Result<std::unique_ptr<OpenFile>> Open(const std::string& path) = 0;
  virtual Result<FileStatus> Status(const std::string& path) = 0;
  // Names within a folder, sorted by bytes, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& folder) = 0;

  // Creates `path` and fails with file.exists where it is there already. Finish syncs file and
  // folder. Until Finish the bytes stand under a temporary name (".NAME.tmp-…") beside it.
  virtual Result<std::unique_ptr<ByteWriter>> Create(const std::string& path) = 0;
  // The same, but Finish puts the new content in the place of an old one, atomically.
  virtual Result<std::unique_ptr<ByteWriter>> Replace(const std::string& path) = 0;
  // Opens `path` to be written in place, made (not yet durably) where it is not there.
  virtual Result<std::unique_ptr<UpdateFile>> OpenForUpdate(const std::string& path) = 0;
  // Renames within one file system and syncs both folders. Overwrites.
  virtual Result<void> Rename(const std::string& from, const std::string& to) = 0;
  // The same within one file system, but fails with file.exists where `to` is there already, and
  // with file.other_disk (kInvalid) where it is on another.
  virtual Result<void> RenameNew(const std::string& from, const std::string& to) = 0;
  // Removing what is not there is success.
  virtual Result<void> Remove(const std::string& path) = 0;
  // With parents; each new folder is durable in its parent.
  virtual Result<void> MakeFolders(const std::string& path) = 0;

  // Takes the exclusive lock on `path` (created at need) without waiting, and writes `note` into
  // it. Error kBusy file.locked: message holds the note of the holder.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path,
                                                 std::string_view note) = 0;
};

// The real ones: POSIX calls, EINTR and short writes handled.
Files& SystemFiles();

// The whole content. Refuses more than `bytes_max` with file.too_big (kInvalid).
Result<std::string> ReadWhole(Files& files, const std::string& path, uint64_t bytes_max);
// Replaces the content atomically and durably.
Result<void> WriteWhole(Files& files, const std::string& path, std::string_view content);

// What a shell glob finds (`*` and `?` within a name, `**` for any folders, [a-z]). Hidden names
// match only a pattern that starts with a dot.
struct Found {
  std::vector<std::string> files;    // That match, sorted by bytes.
  std::vector<std::string> folders;  // In which a new entry may matter; sorted. They exist.
  Errors unreadable;                 // Folders that could not be looked into.
};
Found Find(Files& files, const std::string& pattern);
// Whether Find would find a file of that path.
bool MatchesGlob(const std::string& pattern, const std::string& path);
// Find where a folder that cannot be read is an error.
Result<std::vector<std::string>> Glob(Files& files, const std::string& pattern);

// Reads an open file from `offset` to `end` (exclusive) in order. Borrows `file`.
std::unique_ptr<ByteReader> ReadRange(const OpenFile& file, uint64_t offset, uint64_t end);

}  // namespace weir::env

// For tests of the log: a folder that goes away, files that fail by plan, and short words for
// appending and reading.
#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <atomic>

#include <filesystem>
#include <future>
#include <map>
#include <string>

#include "wal/log.h"

namespace weir::wal {

inline constexpr uint64_t kSmallSegment = 4 * 1024 * 1024;

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-wal-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What goes wrong, from the next call on. Threads: any.
struct FaultPlan {
  std::atomic<bool> sync_fails{false};
  std::atomic<bool> writes_fail{false};
  std::atomic<bool> disk_full{false};  // For new files.
};

// The machine's files, with faults.
class FaultyFiles final : public env::Files {
 public:
  explicit FaultyFiles(FaultPlan& plan) : plan_(plan) {}

  Result<std::unique_ptr<env::OpenFile>> Open(const std::string& path) override {
    return real_.Open(path);
  }
  Result<env::FileStatus> Status(const std::string& path) override { return real_.Status(path); }
  Result<std::vector<std::string>> List(const std::string& path) override {
    return real_.List(path);
  }
  Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& path) override {
    if (plan_.disk_full) return Full();
    return real_.Create(path);
  }
  Result<std::unique_ptr<env::ByteWriter>> Replace(const std::string& path) override {
    return real_.Replace(path);
  }
  Result<std::unique_ptr<env::UpdateFile>> OpenForUpdate(const std::string& path) override {
    if (plan_.disk_full) return Full();
    WEIR_ASSIGN(auto file, real_.OpenForUpdate(path));
    return std::make_unique<FaultyFile>(plan_, std::move(file));
  }
  Result<void> Rename(const std::string& from, const std::string& to) override {
    return real_.Rename(from, to);
  }
  Result<void> RenameNew(const std::string& from, const std::string& to) override {
    return real_.RenameNew(from, to);
  }
  Result<void> Remove(const std::string& path) override { return real_.Remove(path); }
  Result<void> MakeFolders(const std::string& path) override { return real_.MakeFolders(path); }
  Result<std::unique_ptr<env::FileLock>> Lock(const std::string& path,
                                              std::string_view note) override {
    return real_.Lock(path, note);
  }

 private:
  class FaultyFile final : public env::UpdateFile {
   public:
    FaultyFile(FaultPlan& plan, std::unique_ptr<env::UpdateFile> file)
        : plan_(plan), file_(std::move(file)) {}
    Result<void> WriteAt(uint64_t offset, std::string_view bytes) override {
      if (plan_.writes_fail) return Full();
      return file_->WriteAt(offset, bytes);
    }
    Result<void> SyncData() override {
      if (plan_.sync_fails) return Fail(ErrorKind::kIo, "file.io", "cannot sync: planned");
      return file_->SyncData();
    }

   private:
    FaultPlan& plan_;
    std::unique_ptr<env::UpdateFile> file_;
  };

  static std::unexpected<Error> Full() {
    return Fail(ErrorKind::kIo, "file.full", "no space left: planned");
  }

  FaultPlan& plan_;
  env::Files& real_ = env::SystemFiles();
};

inline LogOptions OptionsIn(const std::string& folder, std::vector<std::string> streams = {"a"}) {
  return {.folder = folder,
          .bytes_max = kLogBytesDefault,
          .segment_bytes = kSmallSegment,
          .streams = std::move(streams),
          .after = Sequence()};
}

inline std::unique_ptr<Log> MustOpen(const LogOptions& options, env::Files& files,
                                     const Found& found = {}) {
  auto log = Log::Open(files, env::SystemRandom(), options, found);
  EXPECT_TRUE(log) << log.error().ToString();
  return log ? std::move(*log) : nullptr;
}

inline std::unique_ptr<Log> MustOpen(const LogOptions& options) {
  return MustOpen(options, env::SystemFiles());
}

// Waits until it is durable.
inline Result<Sequence> AppendOne(Log& log, const std::string& stream, std::string_view body,
                                  std::optional<Spool> spool = {}) {
  std::promise<Result<Sequence>> promise;
  auto done = promise.get_future();
  log.Append(
      StreamOf(stream), "", body,
      [&](Result<Sequence> result) { promise.set_value(std::move(result)); }, spool);
  return done.get();
}

inline std::map<uint64_t, std::string> ReadAll(ReadableLog& log, const std::string& stream,
                                               uint64_t after = 0, uint64_t until = UINT64_MAX) {
  std::map<uint64_t, std::string> read;
  const auto reader = log.Read(StreamOf(stream), Sequence(after), Sequence(until));
  while (true) {
    const auto entry = reader->Next();
    EXPECT_TRUE(entry) << entry.error().ToString();
    if (!entry || !*entry) return read;
    read.emplace((*entry)->sequence.value, (*entry)->bytes);
  }
}

}  // namespace weir::wal

// Log takes events and tells them on. It is given by reference to whoever has news; there is no
// global one. Telling never fails and never throws: a full disk must not stop a commit.
//
//   OpenLog ----> Write, Write, ... ----> (destroyed: every line is on its way to the disk)
//
// A log line is one JSON object: {"ts":"2026-05-01T10:00:00.123456Z","level":"info",
// "event":"batch.committed","pipeline":"uploads","batch":"uploads/3f2a9c1e/17",...}. The file is
// DIR/weir-YYYY-MM-DD.log (UTC), appended to, a line at a time, so that several processes may share
// it; past `bytes_max` it goes on in weir-YYYY-MM-DD.1.log. The oldest beyond `files_kept` are
// removed.
//
// Invariants (tested in telemetry_test.cc):
//   (1) A line is whole or absent, and stands in the file when Write returns.
//   (2) Passwords in connection strings and URLs, and bearer tokens, are masked in every field.
//   (3) Logs on disk take at most about files_kept x bytes_max bytes.
// Threads: Write from any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "env/files.h"
#include "telemetry/event.h"
#include "telemetry/histogram.h"

namespace weir::telemetry {

enum class Level : uint8_t { kDebug, kInfo, kWarn, kError };

// "debug" "info" "warn" "error". Error telemetry.level (kConfig) with "did you mean".
Result<Level> ParseLevel(std::string_view text);
std::string_view ToString(Level level);
Level LevelOf(const Event& event);

class Log {
 public:
  virtual ~Log() = default;
  virtual void Write(const Event& event) = 0;
};

// Hears everything and says nothing.
class NullLog final : public Log {
 public:
  void Write(const Event&) override {}
};

// Keeps the events, for tests. Threads: any may write; `events` is for when nobody does.
class RecordedLog final : public Log {
 public:
  void Write(const Event& event) override {
    const std::lock_guard lock(mutex_);
    events.push_back(event);
  }
  std::vector<Event> events;

 private:
  std::mutex mutex_;
};

// Tells each of several logs, which outlive it.
class SharedLog final : public Log {
 public:
  explicit SharedLog(std::vector<Log*> logs) : logs_(std::move(logs)) {}
  void Write(const Event& event) override {
    for (Log* log : logs_) log->Write(event);
  }

 private:
  std::vector<Log*> logs_;
};

enum class Console : uint8_t {
  kOff,
  kText,         // "10:00:00 info  uploads/3f2a9c1e/17 committed: ..." for a person.
  kColoredText,  // The same with the level coloured.
  kJson,         // The lines of the file, for a container's log collector.
};

struct LogOptions {
  std::string dir;  // ".weir/logs"; made at need. Empty: no file.
  Level level = Level::kInfo;
  Console console = Console::kOff;           // On stderr.
  uint64_t bytes_max = 64ULL * 1024 * 1024;  // Of one file.
  size_t files_kept = 14;
};

// Borrows clock and files. Errors: those of Files::MakeFolders and Status; telemetry.open (kIo).
Result<std::unique_ptr<Log>> OpenLog(const LogOptions& options, env::Clock& clock,
                                     env::Files& files);

// The pieces, for those who show a log again.
std::string ToJsonLine(const Event& event, Instant at);  // Without line end.
std::string ToText(const Event& event);                  // "uploads/3f2a9c1e/17 committed: ..."
// Masks the value of `password=`, the password in `scheme://user:password@`, and `Bearer TOKEN`.
std::string MaskSecrets(std::string_view text);

// Counts events; the body of GET /metrics. Series are named weir_*; labels are pipeline, outcome,
// state, code, route, method, status: all bounded by the project's text, none by its data.
class Metrics final : public Log {
 public:
  void Write(const Event& event) override;
  // Prometheus text format 0.0.4, sorted by name and labels.
  std::string Prometheus() const;

 private:
  void Add(std::string_view name, std::string labels, double amount);
  void CountBatch(const BatchId& batch, std::string_view state);

  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, double>> series_;  // Name -> labels -> value.
  std::map<std::string, Histogram> commits_;                     // Labels -> time of a batch.
};

}  // namespace weir::telemetry

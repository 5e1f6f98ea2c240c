// The Log is where an accepted request becomes durable: appended by many threads, written and
// synced in groups by one, read and trimmed by the pipelines. It knows nothing of HTTP: an entry is
// bytes of a stream (docs/formats/wal.md).
//
//   Append --> open group --> written, fdatasync --> done(sequence) --> Read ... --> Trim
//                 |  a group closes when the write before it is done, or at 1 MiB
//                 `- nothing waits for a timer: a lone entry is written at once
//
// Invariants:
//   (1) done(sequence) is called only when the entry, and all before it, are on the disk.
//   (2) Sequences rise without end, across restarts too; they may have gaps.
//   (3) After a failed sync nothing is acknowledged any more, and no sync is tried again: what the
//       disk holds is not known until the log is opened anew.
//   (4) No block of the disk that holds an acknowledged entry is written again.
//   (5) Read gives exactly the durable entries that are not trimmed, in their order.
//   (6) The disk bound is kept before a body is read (Reserve), each stream has a share of it that
//       no other can take, and what was acknowledged is never dropped for it.
//
// Threads: all of it from any, at once. Append does no I/O and does not wait. `done` is called by
// the writer's thread (or by Append's, where it is refused at once) and must not block it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "env/files.h"
#include "env/random.h"
#include "wal/entry.h"
#include "wal/readable_log.h"

namespace weir::wal {

struct LogOptions {
  std::string folder;  // Of this log alone; made where it is not there.
  uint64_t bytes_max = kLogBytesDefault;
  uint64_t memory_bytes_max = kLogMemoryBytes;  // Reserved or appended, and not yet written.
  uint64_t segment_bytes = kLogSegmentBytes;
  std::vector<std::string> streams;  // Names of those that append and trim; each gets a share.
  Sequence after;                    // New sequences are higher than this one.
};

// What is appended. Views of the call.
struct NewEntry {
  std::string_view head;
  std::string_view body;
  std::optional<Spool> spool = {};  // A file that it refers to.
};

using Found = std::function<void(const Entry&)>;
using Done = std::move_only_function<void(Result<Sequence>)>;

struct LogState {
  bool accepting = true;     // False: appends are refused, and `why` says why.
  std::optional<Error> why;  // wal.failed: for good; file.full: until there is space again.
  Sequence durable;          // The last one.
  // Since the oldest entry was appended that is not durable yet; 0: there is none.
  std::chrono::microseconds oldest_waits{0};
  uint64_t disk_bytes = 0;  // Segments and spooled files.
  uint64_t bytes_max = 0;
  uint64_t groups = 0;                         // Written since it was opened ...
  uint64_t entries = 0;                        // ... with so many entries.
  std::vector<std::string> unknown_streams{};  // Hold entries that nobody reads or trims.
};

class Log;

// A part of the budgets, given back when it is dropped. Outlived by its log.
class Room {
 public:
  Room() = default;
  Room(Log* log, StreamId stream, uint64_t bytes) : log_(log), stream_(stream), bytes_(bytes) {}
  Room(Room&& other) noexcept { *this = std::move(other); }
  Room& operator=(Room&& other) noexcept {
    std::swap(log_, other.log_);
    std::swap(stream_, other.stream_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Room();

 private:
  Log* log_ = nullptr;
  StreamId stream_;
  uint64_t bytes_ = 0;
};

// A large body on its way into a file of its own, while it arrives. Blocks: not for an io thread.
// Dropped without Finish, it leaves nothing. Threads: one at a time.
class SpoolWriter {
 public:
  virtual ~SpoolWriter() = default;
  virtual Result<void> Write(std::string_view bytes) = 0;
  // Durable now, to be appended or dropped; else the next Open drops it.
  virtual Result<Spool> Finish() = 0;
};

class Log : public ReadableLog {
 public:
  // Scans what is there: cuts off a torn tail, calls `found` for each entry. Errors: wal.corrupt
  // (an entry was damaged that durable ones follow, or a segment is no log's), wal.newer, those of
  // the files.
  static Result<std::unique_ptr<Log>> Open(env::Files& files, env::Random& random,
                                           LogOptions options, const Found& found = {});
  ~Log() override = default;  // Writes what was appended, then ends.

  // Takes `bytes` of the stream's budgets, before a body of that size is read. Errors:
  // wal.stream_full (kBusy: the stream has used its share and what is common), wal.full (kBusy: the
  // disk's bound), wal.memory (kBusy: too much is under way), and as state().why.
  virtual Result<Room> Reserve(StreamId stream, uint64_t bytes) = 0;

  // Appends head and body as one entry; `spool` is a file that it refers to. Both are copied. At
  // most kLogEntryBytesMax. `done` gets wal.memory, or state().why, where it cannot.
  void Append(StreamId stream, std::string_view head, std::string_view body, Done done,
              std::optional<Spool> spool = {}) {
    const NewEntry entry{head, body, spool};
    Append(stream, std::span(&entry, 1), std::move(done));
  }
  // Appends several, with sequences that follow each other: whatever dies, all of them are in the
  // log, or none. Together at most kLogEntryBytesMax. `done` gets the first one's.
  virtual void Append(StreamId stream, std::span<const NewEntry> entries, Done done) = 0;

  // Nobody will read the entries of `stream` up to `until` again: a commit has made them durable
  // elsewhere. Space is given back by whole segments.
  virtual void Trim(StreamId stream, Sequence until) = 0;

  // Errors: those of the files.
  virtual Result<std::unique_ptr<SpoolWriter>> NewSpool() = 0;
  virtual void DropSpool(const Spool& spool) = 0;

  virtual LogState state() const = 0;
  // Bytes of the disk that hang on `stream`.
  virtual uint64_t stream_bytes(StreamId stream) const = 0;
  // Waits until `stream` has something durable behind `after`, at most so long. True: it has.
  virtual bool Wait(StreamId stream, Sequence after, std::chrono::microseconds at_most) = 0;
  // Ends all waits, and nobody waits until BeginWaits.
  virtual void EndWaits() = 0;
  virtual void BeginWaits() = 0;

 private:
  friend class Room;
  virtual void GiveBack(StreamId stream, uint64_t bytes) = 0;
};

inline Room::~Room() {
  if (log_ != nullptr) log_->GiveBack(stream_, bytes_);
}

}  // namespace weir::wal

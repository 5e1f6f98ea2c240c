#include "wal/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "env/block_string.h"
#include "env/failpoint.h"
#include "env/inbox.h"
#include "env/process.h"
#include "wal/holdings_internal.h"
#include "wal/recovery_internal.h"

namespace weir::wal {
namespace {

constexpr std::chrono::seconds kTryAgain{1};  // To make a segment, where the disk was full.
constexpr uint64_t kSmallBytes = 64 * 1024;   // A body for which room is always kept.
constexpr std::chrono::milliseconds kBetweenPieces{5};  // Of a segment being made.
constexpr uint64_t kAheadBytes = 4 * 1024 * 1024;       // They keep so far before the writer.
constexpr std::string_view kRecycledName = "recycled.new";
constexpr size_t kSpareGroups = 4;  // Buffers kept.

std::unexpected<Error> Failed(const Error& cause) {
  return Fail(ErrorKind::kIo, "wal.failed",
              "the log cannot be relied on since a write failed: " + cause.ToString(),
              "look after the disk, then start the server again");
}

using SteadyTime = std::chrono::steady_clock::time_point;

// Entries on their way to the disk together.
struct OpenGroup {
  env::BlockString bytes = env::BlockString(kGroupHeaderBytes, '\0');
  Sequence first;
  uint32_t entries = 0;
  SteadyTime begun;         // When the first came.
  std::vector<Done> dones;  // One per entry.
  std::vector<StreamUse> streams;
  std::vector<SpoolUse> spools;

  void Clear() {
    bytes.resize(kGroupHeaderBytes);
    entries = 0;
    dones.clear();
    streams.clear();
    spools.clear();
  }
};

// One who waits for entries of a stream: those of others, thousands a second, do not wake it.
struct Listener {
  StreamId stream;
  std::condition_variable news = {};
};

class GroupLog final : public Log {
 public:
  GroupLog(env::Files& files, env::Random& random, LogOptions options, Recovered recovered)
      : files_(files),
        random_(random),
        options_(std::move(options)),
        holdings_(std::move(recovered.holdings)),
        next_(recovered.last.next()),
        last_written_(recovered.last_written),
        durable_(recovered.last_written),
        next_number_(recovered.next_number),
        next_spool_(recovered.next_spool) {
    tender_ = std::thread([this] { Tend(); });
    writer_ = std::thread([this] {
      env::RunSoon(env::Turn::kAtOnce);
      WriteAll();
    });
  }

  ~GroupLog() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    writer_.join();
    {
      const std::lock_guard lock(mutex_);
      tending_ = false;
    }
    tend_.notify_all();
    tender_.join();
  }

  Result<Room> Reserve(StreamId stream, uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    if (why_) return Fail(*why_);
    const uint64_t memory = std::min<uint64_t>(bytes, kLogBodyBytesMax);
    // The last quarter is kept for small bodies: a few long ones that trickle in do not stop them.
    const uint64_t kept = memory > kSmallBytes ? options_.memory_bytes_max / 4 : 0;
    if (memory_ + memory > options_.memory_bytes_max - kept)
      return Fail(ErrorKind::kBusy, "wal.memory", "too many requests are under way",
                  "repeat the request later");
    if (auto full = holdings_.Reserve(stream, bytes)) return Fail(std::move(*full));
    memory_ += memory;
    return Room(this, stream, bytes);
  }

  void Append(StreamId stream, std::span<const NewEntry> entries, Done done) override {
    size_t size = 0;
    size_t payload = 0;
    for (const NewEntry& entry : entries) {
      payload += entry.head.size() + entry.body.size();
      size += EntryBytes(entry.head.size() + entry.body.size(), entry.spool);
    }
    WEIR_CHECK(!entries.empty() && payload <= kLogEntryBytesMax);
    const uint32_t crc = EntryBodyCrc(entries.front().head, entries.front().body);
    std::unique_lock lock(mutex_);
    if (why_ || stopping_ || waiting_ > options_.memory_bytes_max) {
      const Error why = why_ ? *why_
                             : Error{.kind = ErrorKind::kBusy,
                                     .code = "wal.memory",
                                     .message = "too many requests are under way",
                                     .place = {},
                                     .next = "repeat the request later"};
      lock.unlock();
      done(Fail(why));
      return;
    }
    // A group is in the log whole or not at all, and so is what is in one group.
    if (open_.entries != 0 && open_.bytes.size() + size > kLogGroupBytes) {
      closed_.push_back(std::move(open_));
      open_ = TakeSpare();
    }
    for (const NewEntry& entry : entries) {
      const bool first = &entry == &entries.front();
      Put(stream, entry, first ? crc : EntryBodyCrc(entry.head, entry.body));
      open_.dones.push_back(first ? std::move(done) : Done());
    }
    waiting_ += size;
    const bool wake = idle_;
    idle_ = false;
    lock.unlock();
    if (wake) work_.notify_one();
  }

  std::unique_ptr<LogReader> Read(StreamId stream, Sequence after, Sequence until,
                                  Depth depth) override;

  void Trim(StreamId stream, Sequence until) override {
    const std::lock_guard lock(mutex_);
    Freed freed = holdings_.Trim(stream, until);
    if (freed.segments.empty() && freed.spools.empty()) return;
    std::ranges::move(freed.segments, std::back_inserter(freed_.segments));
    std::ranges::move(freed.spools, std::back_inserter(freed_.spools));
    tend_.notify_all();
  }

  Result<std::unique_ptr<SpoolWriter>> NewSpool() override {
    uint64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      if (why_) return Fail(*why_);
      id = next_spool_++;
    }
    return MakeSpool(files_, options_.folder, id);
  }

  void DropSpool(const Spool& spool) override {
    const std::lock_guard lock(mutex_);
    freed_.spools.push_back(spool);
    tend_.notify_all();
  }

  Result<std::unique_ptr<env::OpenFile>> OpenSpool(uint64_t id) override {
    return files_.Open(SpoolPath(options_.folder, id));
  }

  LogState state() const override {
    const std::lock_guard lock(mutex_);
    LogState state{.accepting = !why_,
                   .why = why_,
                   .durable = durable_,
                   .oldest_waits = OldestWaits(),
                   .disk_bytes = holdings_.disk_bytes() + (spare_ ? options_.segment_bytes : 0) +
                                 (recycled_.empty() ? 0 : options_.segment_bytes),
                   .bytes_max = options_.bytes_max,
                   .groups = groups_,
                   .entries = entries_};
    for (const StreamId stream : holdings_.Unknown())
      state.unknown_streams.push_back(fmt::format("{:016x}", stream.value));
    return state;
  }

  uint64_t stream_bytes(StreamId stream) const override {
    const std::lock_guard lock(mutex_);
    return holdings_.ChargeOf(stream);
  }

  bool Wait(StreamId stream, Sequence after, std::chrono::microseconds at_most) override {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return holdings_.LastOf(stream) > after; };
    if (there() || waits_ended_ || at_most <= std::chrono::microseconds(0)) return there();
    Listener listener{.stream = stream};
    listeners_.push_back(&listener);
    listener.news.wait_for(lock, at_most, [&] { return there() || waits_ended_; });
    std::erase(listeners_, &listener);
    return there();
  }

  void EndWaits() override {
    const std::lock_guard lock(mutex_);
    waits_ended_ = true;
    for (Listener* one : listeners_) one->news.notify_all();
  }

  void BeginWaits() override {
    const std::lock_guard lock(mutex_);
    waits_ended_ = false;
  }

  // A place in the log from which a reader goes on; none: nothing of the stream is behind `after`.
  struct Spot {
    SegmentPtr segment;
    uint64_t offset = 0;
    uint64_t end = 0;
  };
  std::optional<Spot> Find(StreamId stream, Sequence after, const SegmentPtr& in,
                           uint64_t offset) const {
    const std::lock_guard lock(mutex_);
    if (in != nullptr && offset < in->end) return Spot{in, offset, in->end};
    for (const SegmentPtr& segment : holdings_.segments()) {
      if (in != nullptr && segment->header.number <= in->header.number) continue;
      const StreamUse* use = segment->Find(stream);
      if (use == nullptr || use->last <= after) continue;
      return Spot{segment, segment->OffsetFor(after), segment->end};
    }
    return std::nullopt;
  }

 private:
  void GiveBack(StreamId stream, uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    memory_ -= std::min<uint64_t>(bytes, kLogBodyBytesMax);
    holdings_.GiveBack(stream, bytes);
  }

  std::chrono::microseconds OldestWaits() const {
    std::optional<SteadyTime> begun = writing_;
    if (!begun && !closed_.empty()) begun = closed_.front().begun;
    if (!begun && open_.entries != 0) begun = open_.begun;
    if (!begun) return std::chrono::microseconds(0);
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 *begun);
  }

  // Into the open group.
  void Put(StreamId stream, const NewEntry& entry, uint32_t crc) {
    const Sequence sequence = next_;
    next_ = next_.next();
    if (open_.entries++ == 0) {
      open_.first = sequence;
      open_.begun = std::chrono::steady_clock::now();
    }
    AppendEntry(open_.bytes, sequence, stream, entry.head, entry.body, entry.spool, crc);
    NoteStream(stream, sequence);
    if (entry.spool) open_.spools.push_back({stream, sequence, *entry.spool});
  }

  void NoteStream(StreamId stream, Sequence sequence) {
    for (StreamUse& use : open_.streams) {
      if (use.stream != stream) continue;
      use.last = sequence;
      return;
    }
    open_.streams.push_back({stream, sequence});
  }

  OpenGroup TakeSpare() {
    if (spare_groups_.empty()) return {};
    OpenGroup group = std::move(spare_groups_.back());
    spare_groups_.pop_back();
    return group;
  }

  void WriteAll() {
    std::unique_lock lock(mutex_);
    while (true) {
      idle_ = true;
      work_.wait(lock, [this] { return stopping_ || open_.entries != 0; });
      idle_ = false;
      if (open_.entries == 0) return;  // Closed groups are older than the open one.
      OpenGroup group;
      if (closed_.empty()) {
        group = std::exchange(open_, TakeSpare());
      } else {
        group = std::move(closed_.front());
        closed_.pop_front();
      }
      const size_t bytes = group.bytes.size() - kGroupHeaderBytes;
      writing_ = group.begun;
      lock.unlock();
      const Result<void> written = Write(group);
      Acknowledge(group, written);
      group.Clear();
      lock.lock();
      writing_.reset();
      waiting_ -= bytes;
      if (spare_groups_.size() < kSpareGroups) spare_groups_.push_back(std::move(group));
    }
  }

  static void Acknowledge(OpenGroup& group, const Result<void>& written) {
    const env::Together together;
    Sequence sequence = group.first;
    for (Done& done : group.dones) {
      // Of what was appended together the first one's is called.
      if (done && written) done(sequence);
      if (done && !written) done(Fail(written.error()));
      sequence = sequence.next();
    }
  }

  Result<void> Write(OpenGroup& group) {
    WEIR_ASSIGN(const SegmentPtr segment, SegmentFor(RoundedToBlock(group.bytes.size())));
    const auto size = static_cast<uint32_t>(group.bytes.size() - kGroupHeaderBytes);
    group.bytes.replace(0, kGroupHeaderBytes,
                        EncodeGroupHeader({.salt = segment->header.salt,
                                           .first = group.first,
                                           .previous = last_written_,
                                           .entries = group.entries,
                                           .bytes = size}));
    group.bytes.resize(RoundedToBlock(group.bytes.size()));
    const uint64_t offset = segment->end;  // The writer alone changes it.
    Result<void> done = segment->writer->WriteAt(offset, group.bytes);
    if (!done && done.error().code == "file.full") return Stop(done.error());
    if (done) done = env::ReachFailpoint("wal.written");
    if (done) done = segment->writer->SyncData();
    if (done) done = env::ReachFailpoint("wal.synced");
    if (!done) return Stop(Failed(done.error()).error());
    last_written_ = Sequence(group.first.value + group.entries - 1);
    const std::lock_guard lock(mutex_);
    segment->Note(group.first, offset, offset + group.bytes.size());
    for (const StreamUse& use : group.streams) {
      segment->Note(use.stream, use.last);
      holdings_.NoteLast(use.stream, use.last);
      for (Listener* one : listeners_)
        if (one->stream == use.stream) one->news.notify_all();
    }
    segment->last = last_written_;
    for (const SpoolUse& use : group.spools) holdings_.NoteSpool(use);
    durable_ = last_written_;
    writing_.reset();
    ++groups_;
    entries_ += group.entries;
    return {};
  }

  // The segment that takes `bytes` more.
  Result<SegmentPtr> SegmentFor(uint64_t bytes) {
    std::unique_lock lock(mutex_);
    if (failed()) return Fail(*why_);
    if (!holdings_.segments().empty()) {
      const SegmentPtr& active = holdings_.active();
      if (active->end + bytes <= active->header.bytes) return active;
    }
    if (spare_ == nullptr) {
      spare_wanted_ = true;
      tend_.notify_all();
      spare_ready_.wait(lock, [this] { return spare_ != nullptr || spare_error_; });
      spare_wanted_ = false;
    }
    if (spare_ == nullptr) {
      // What was acknowledged is safe: this is a matter of space.
      why_ = spare_error_;
      return Fail(*why_);
    }
    holdings_.Add(std::exchange(spare_, nullptr));
    tend_.notify_all();
    return holdings_.active();
  }

  // From now on nothing is accepted: for good, or until there is space.
  std::unexpected<Error> Stop(const Error& why) {
    const std::lock_guard lock(mutex_);
    if (!failed()) why_ = why;
    tend_.notify_all();
    return Fail(*why_);
  }

  // Makes the next segment ahead of time, and gives back what was freed.
  void Tend() {
    std::unique_lock lock(mutex_);
    while (tending_) {
      const Freed freed = std::exchange(freed_, {});
      const bool make = spare_ == nullptr && !failed();
      const uint64_t number = next_number_;
      lock.unlock();
      for (const SegmentPtr& segment : freed.segments) GiveBack(*segment, segment.use_count() == 1);
      for (const Spool& spool : freed.spools)
        (void)files_.Remove(SpoolPath(options_.folder, spool.id));
      Result<SegmentPtr> made = SegmentPtr();
      if (make)
        made =
            MakeSegment(files_, options_.folder,
                        {.number = number, .salt = random_.Next(), .bytes = options_.segment_bytes},
                        TakeRecycled(), [this](uint64_t bytes) { return HasTime(bytes); });
      lock.lock();
      if (make) TakeMade(std::move(made));
      if (!freed_.segments.empty() || !freed_.spools.empty()) continue;
      if (failed()) {
        tend_.wait(lock, [this] { return !tending_; });
      } else if (why_ || spare_error_) {
        tend_.wait_for(lock, kTryAgain, [this] { return !tending_; });
        if (spare_ != nullptr) why_.reset();  // There is a place to write to again: try.
      } else {
        tend_.wait(lock, [this] {
          return !tending_ || !freed_.segments.empty() || !freed_.spools.empty() ||
                 spare_ == nullptr || why_;
        });
      }
    }
  }

  // One is kept for the next segment, unless a reader still has it open.
  void GiveBack(const Segment& segment, bool unused) {
    const std::string kept = options_.folder + "/" + std::string(kRecycledName);
    std::unique_lock lock(mutex_);
    const bool keep = unused && recycled_.empty();
    lock.unlock();
    if (!keep || !files_.Rename(segment.path, kept)) {
      (void)files_.Remove(segment.path);
      return;
    }
    lock.lock();
    recycled_ = kept;
  }
  std::string TakeRecycled() {
    const std::lock_guard lock(mutex_);
    return std::exchange(recycled_, {});
  }

  // Waits a little, unless the writer waits for the segment that is being made, or will: it is as
  // far in the one before it.
  bool HasTime(uint64_t made) {
    std::unique_lock lock(mutex_);
    const uint64_t written = holdings_.segments().empty() ? 0 : holdings_.active()->end;
    if (written + kAheadBytes > made) return false;
    return !tend_.wait_for(lock, kBetweenPieces, [this] { return spare_wanted_ || !tending_; });
  }

  void TakeMade(Result<SegmentPtr> made) {
    if (made) {
      ++next_number_;
      spare_ = std::move(*made);
      spare_error_.reset();
      if (!failed()) why_.reset();
    } else {
      spare_error_ = std::move(made).error();
    }
    spare_ready_.notify_all();
  }

  bool failed() const { return why_ && why_->code == "wal.failed"; }

  env::Files& files_;
  env::Random& random_;
  const LogOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable work_;         // For the writer.
  std::condition_variable tend_;         // For the tender.
  std::condition_variable spare_ready_;  // For the writer.
  Holdings holdings_;
  std::string recycled_;       // The path of a file for the next segment, or empty.
  bool spare_wanted_ = false;  // The writer waits.
  std::optional<Error> why_;   // Nothing is accepted.
  OpenGroup open_;
  std::deque<OpenGroup> closed_;
  std::optional<SteadyTime> writing_;  // When the group was begun that is being written.
  std::vector<OpenGroup> spare_groups_;
  Sequence next_;
  Sequence last_written_;  // The writer's.
  Sequence durable_;
  uint64_t waiting_ = 0;  // Bytes appended, not yet written.
  uint64_t memory_ = 0;   // Reserved.
  uint64_t groups_ = 0;
  uint64_t entries_ = 0;
  uint64_t next_number_;
  uint64_t next_spool_;
  SegmentPtr spare_;
  std::optional<Error> spare_error_;  // Why the last try to make it failed.
  Freed freed_;
  bool idle_ = false;  // The writer waits.
  bool stopping_ = false;
  bool tending_ = true;
  std::vector<Listener*> listeners_;
  bool waits_ended_ = false;
  std::thread tender_;
  std::thread writer_;
};

class GroupLogReader final : public StreamReader {
 public:
  GroupLogReader(const GroupLog& log, StreamId stream, Sequence after, Sequence until, Depth depth)
      : StreamReader(stream, after, until), log_(log), depth_(depth) {}

 private:
  Result<std::optional<Group>> NextGroup(Sequence after) override {
    const uint64_t offset = groups_ ? groups_->offset() : 0;
    const auto spot = log_.Find(stream(), after, segment_, offset);
    if (!spot) return std::nullopt;
    if (spot->segment != segment_) {
      segment_ = spot->segment;
      groups_.emplace(*segment_->reader, segment_->header, spot->offset, depth_);
    }
    // A window read before the group was written is read anew.
    if (spot->end != end_)
      groups_.emplace(*segment_->reader, segment_->header, groups_->offset(), depth_);
    end_ = spot->end;
    WEIR_ASSIGN(auto group, groups_->Next());
    if (group) return group;
    return Fail({.kind = ErrorKind::kCorrupt,
                 .code = "wal.corrupt",
                 .message = "what was written here is not what is read",
                 .place = {.file = segment_->path,
                           .line = 0,
                           .column = 0,
                           .byte_offset = groups_->offset()},
                 .next = "look after the disk; weir verify tells what the tables hold"});
  }

  const GroupLog& log_;
  const Depth depth_;
  SegmentPtr segment_;
  std::optional<GroupReader> groups_;
  uint64_t end_ = 0;
};

std::unique_ptr<LogReader> GroupLog::Read(StreamId stream, Sequence after, Sequence until,
                                          Depth depth) {
  return std::make_unique<GroupLogReader>(*this, stream, after, until, depth);
}

}  // namespace

Result<std::unique_ptr<Log>> Log::Open(env::Files& files, env::Random& random, LogOptions options,
                                       const Found& found) {
  WEIR_CHECK(options.segment_bytes >= kLogGroupBytes + kLogEntryBytesMax + 2 * kBlockBytes);
  WEIR_ASSIGN(Recovered recovered, Recover(files, options, found));
  return std::make_unique<GroupLog>(files, random, std::move(options), std::move(recovered));
}

}  // namespace weir::wal

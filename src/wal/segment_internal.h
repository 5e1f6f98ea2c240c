// One file of the log, and reading its groups. Private to wal/.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/files.h"
#include "env/random.h"
#include "wal/layout_internal.h"
#include "wal/readable_log.h"

namespace weir::wal {

// What hangs on a segment for one stream.
struct StreamUse {
  StreamId stream;
  Sequence last;
};

struct SpoolUse {
  StreamId stream;
  Sequence sequence;
  Spool spool;
};

struct Segment {
  SegmentHeader header;
  std::string path;
  std::unique_ptr<env::UpdateFile> writer;
  std::unique_ptr<env::OpenFile> reader;

  // What follows is guarded by the log's mutex.
  uint64_t end = kBlockBytes;  // Behind the last durable group.
  Sequence last;               // 0: no group is in it.
  std::vector<StreamUse> streams;
  std::vector<SpoolUse> spools;
  std::vector<std::pair<Sequence, uint64_t>> index;  // Some groups: first sequence, offset.

  void Note(Sequence first, uint64_t offset, uint64_t behind);
  void Note(StreamId stream, Sequence sequence);
  const StreamUse* Find(StreamId stream) const;
  // A group from which on all entries behind `after` are found.
  uint64_t OffsetFor(Sequence after) const;
};
using SegmentPtr = std::shared_ptr<Segment>;

std::string SegmentName(uint64_t number);  // "00000000000000000001.log"

// Asked after each MiB of zeros, with how many bytes there are. True: there was time, and the MiB
// goes to the disk now; many at once would keep it from those who wait for an acknowledgement.
using Pace = std::function<bool(uint64_t made)>;

// A new segment without groups: zeros first, so that writing into it allocates nothing and a sync
// has no metadata to write. `old`: the path of a segment that nobody needs, whose file it becomes.
Result<SegmentPtr> MakeSegment(env::Files& files, const std::string& folder,
                               const SegmentHeader& header, const std::string& old,
                               const Pace& pace);
// Errors: those of DecodeSegmentHeader, with the place.
Result<SegmentPtr> OpenSegment(env::Files& files, const std::string& path);
// The same without a writer.
Result<SegmentPtr> OpenSegmentToRead(env::Files& files, const std::string& path);

struct Group {
  GroupHeader header;
  uint64_t offset = 0;
  uint64_t behind = 0;         // Where the next group begins.
  std::vector<Entry> entries;  // Their bytes live until the next call.
};

// Reads the groups of a segment in order. Threads: one at a time.
class GroupReader {
 public:
  GroupReader(const env::OpenFile& file, const SegmentHeader& header, uint64_t offset,
              Depth depth = Depth::kWhole)
      : file_(file), header_(header), offset_(offset), depth_(depth) {}

  // The group that begins where the last one ended; nullopt: none does. Errors of the file.
  Result<std::optional<Group>> Next();
  uint64_t offset() const { return offset_; }
  // Whether a group begins in any block behind the one where Next found none.
  Result<bool> AnyBehind();

 private:
  // The group that begins there with the heads of its entries, where these are long; else nullopt.
  Result<std::optional<Group>> NextOfHeads();
  // Reads into one more of the heads; its view lives as long as they.
  Result<std::string_view> Head(uint64_t at, uint64_t bytes);
  // `bytes` of the file at `at`; fewer only at its end.
  Result<std::string_view> Window(uint64_t at, uint64_t bytes);
  bool Holds(uint64_t at, uint64_t bytes) const;  // The window does.

  const env::OpenFile& file_;
  SegmentHeader header_;
  uint64_t offset_;
  const Depth depth_;
  std::deque<std::string> heads_;
  std::string window_;
  uint64_t window_at_ = 0;
};

// The entries of one stream, in a range, out of the groups that it is given.
class StreamReader : public LogReader {
 public:
  StreamReader(StreamId stream, Sequence after, Sequence until)
      : stream_(stream), after_(after), until_(until) {}
  Result<std::optional<Entry>> Next() final;

 protected:
  // The next group that may hold entries of the stream behind `after`; nullopt: there is none now.
  virtual Result<std::optional<Group>> NextGroup(Sequence after) = 0;
  StreamId stream() const { return stream_; }

 private:
  const StreamId stream_;
  Sequence after_;  // The last one that was handed out.
  const Sequence until_;
  std::optional<Group> group_;
  size_t at_ = 0;
};

}  // namespace weir::wal

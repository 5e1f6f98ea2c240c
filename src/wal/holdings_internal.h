// What the log holds on the disk, and on whose account: segments, spooled files, reservations.
// Private to wal/. Threads: none of its own; the log's mutex guards it.
//
// A segment is freed as a whole, so whoever still needs an entry of it keeps all of it. Its bytes
// are charged in equal parts to the streams that do: so the charges add up to what is on the disk,
// and a stream that is never trimmed runs into its own bound and into nobody else's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wal/segment_internal.h"

namespace weir::wal {

// Nobody needs them any more.
struct Freed {
  std::vector<SegmentPtr> segments;
  std::vector<Spool> spools;
};

class Holdings {
 public:
  // `streams` share the disk: half of it in equal parts, half is common.
  Holdings(uint64_t bytes_max, uint64_t segment_bytes, const std::vector<StreamId>& streams);

  // The newest is last, and written to.
  const std::vector<SegmentPtr>& segments() const { return segments_; }
  const SegmentPtr& active() const { return segments_.back(); }
  void Add(SegmentPtr segment);
  // Takes out what is trimmed by all; never the active one.
  Freed Trim(StreamId stream, Sequence until);

  // Entries of a group that is durable now were noted in the active segment.
  void NoteSpool(const SpoolUse& use);
  void NoteLast(StreamId stream, Sequence sequence) { streams_[stream].last = sequence; }
  Sequence LastOf(StreamId stream) const;
  Sequence TrimmedOf(StreamId stream) const;

  uint64_t ChargeOf(StreamId stream) const;
  uint64_t disk_bytes() const;
  // nullopt: there is room, and it is taken; else why not.
  std::optional<Error> Reserve(StreamId stream, uint64_t bytes);
  void GiveBack(StreamId stream, uint64_t bytes);

  // Streams that hold entries, and are not among those named at the beginning.
  std::vector<StreamId> Unknown() const;

 private:
  struct StreamState {
    Sequence last;
    Sequence trimmed;
    uint64_t reserved = 0;
    uint64_t sealed = 0;   // Its part of the sealed segments.
    uint64_t spooled = 0;  // Of its spooled files.
    bool known = false;
  };
  bool Needs(const StreamUse& use) const { return use.last > TrimmedOf(use.stream); }
  // How many streams need it.
  uint64_t Needing(const Segment& segment) const;
  void ChargeSealed();
  uint64_t OverShare(uint64_t used) const { return used > share_ ? used - share_ : 0; }

  uint64_t share_;
  uint64_t common_;
  std::vector<SegmentPtr> segments_;
  std::map<StreamId, StreamState> streams_;
};

}  // namespace weir::wal

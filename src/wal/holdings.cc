#include "wal/holdings_internal.h"

#include <algorithm>

#include "base/units.h"

namespace weir::wal {

Holdings::Holdings(uint64_t bytes_max, uint64_t segment_bytes,
                   const std::vector<StreamId>& streams) {
  // The segment being written and the one that waits to be next are nobody's.
  const uint64_t usable = bytes_max > 4 * segment_bytes ? bytes_max - 2 * segment_bytes
                                                        : std::max(bytes_max / 2, segment_bytes);
  common_ = usable / 2;
  share_ = common_ / std::max<size_t>(streams.size(), 1);
  for (const StreamId stream : streams) streams_[stream].known = true;
}

void Holdings::Add(SegmentPtr segment) {
  segments_.push_back(std::move(segment));
  ChargeSealed();
}

Sequence Holdings::LastOf(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? Sequence() : found->second.last;
}

Sequence Holdings::TrimmedOf(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? Sequence() : found->second.trimmed;
}

uint64_t Holdings::Needing(const Segment& segment) const {
  return static_cast<uint64_t>(
      std::ranges::count_if(segment.streams, [this](const StreamUse& use) { return Needs(use); }));
}

void Holdings::ChargeSealed() {
  for (auto& [stream, state] : streams_) state.sealed = 0;
  for (const SegmentPtr& segment : segments_) {
    if (segment == active()) continue;
    const uint64_t needing = Needing(*segment);
    for (const StreamUse& use : segment->streams)
      if (Needs(use)) streams_[use.stream].sealed += segment->header.bytes / needing;
  }
}

uint64_t Holdings::ChargeOf(StreamId stream) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return 0;
  uint64_t charge = found->second.sealed + found->second.spooled;
  if (segments_.empty()) return charge;
  if (const StreamUse* use = active()->Find(stream); use != nullptr && Needs(*use))
    charge += active()->end / Needing(*active());
  return charge;
}

uint64_t Holdings::disk_bytes() const {
  uint64_t bytes = 0;
  for (const SegmentPtr& segment : segments_) bytes += segment->header.bytes;
  for (const auto& [stream, state] : streams_) bytes += state.spooled;
  return bytes;
}

void Holdings::NoteSpool(const SpoolUse& use) {
  active()->spools.push_back(use);
  streams_[use.stream].spooled += use.spool.bytes;
}

Freed Holdings::Trim(StreamId stream, Sequence until) {
  Freed freed;
  StreamState& state = streams_[stream];
  if (until <= state.trimmed) return freed;
  state.trimmed = until;
  for (const SegmentPtr& segment : segments_) {
    std::erase_if(segment->spools, [&](const SpoolUse& use) {
      if (use.stream != stream || use.sequence > until) return false;
      freed.spools.push_back(use.spool);
      state.spooled -= use.spool.bytes;
      return true;
    });
  }
  if (segments_.empty()) return freed;
  const SegmentPtr newest = active();
  std::erase_if(segments_, [&](const SegmentPtr& segment) {
    if (segment == newest || Needing(*segment) != 0) return false;
    freed.segments.push_back(segment);
    return true;
  });
  ChargeSealed();
  return freed;
}

std::optional<Error> Holdings::Reserve(StreamId stream, uint64_t bytes) {
  StreamState& state = streams_[stream];
  const uint64_t used = ChargeOf(stream) + state.reserved;
  if (used + bytes <= share_) {
    state.reserved += bytes;
    return std::nullopt;
  }
  uint64_t common_used = 0;
  for (const auto& [other, its] : streams_)
    if (other != stream) common_used += OverShare(ChargeOf(other) + its.reserved);
  if (OverShare(used + bytes) + common_used <= common_) {
    state.reserved += bytes;
    return std::nullopt;
  }
  const bool alone = OverShare(used + bytes) > common_;
  return Error{.kind = ErrorKind::kBusy,
               .code = alone ? "wal.stream_full" : "wal.full",
               .message = (alone ? "this pipeline has " : "the log is full; this pipeline has ") +
                          FormatBytes(used) + " waiting to be committed",
               .place = {},
               .next = "repeat the request later; weir batch ls shows what the pipeline does"};
}

void Holdings::GiveBack(StreamId stream, uint64_t bytes) { streams_[stream].reserved -= bytes; }

std::vector<StreamId> Holdings::Unknown() const {
  std::vector<StreamId> unknown;
  for (const auto& [stream, state] : streams_)
    if (!state.known && state.last > state.trimmed) unknown.push_back(stream);
  return unknown;
}

}  // namespace weir::wal

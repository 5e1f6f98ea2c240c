#include "wal/recovery_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace weir::wal {
namespace {

Error Corrupt(const std::string& path, uint64_t offset, std::string message) {
  return {.kind = ErrorKind::kCorrupt,
          .code = "wal.corrupt",
          .message = std::move(message),
          .place = {.file = path, .line = 0, .column = 0, .byte_offset = offset},
          .next = "restore the file from a backup, or move it away and lose what only it has"};
}

// Scans segments from the oldest to the newest.
class Scan {
 public:
  Scan(Holdings& holdings, const Found& found) : holdings_(holdings), found_(found) {}

  Result<void> Take(const SegmentPtr& segment) {
    const bool follows = before_ != nullptr && before_->header.number + 1 == segment->header.number;
    GroupReader groups(*segment->reader, segment->header, kBlockBytes);
    bool first = true;
    while (true) {
      const uint64_t offset = groups.offset();
      WEIR_ASSIGN(const auto group, groups.Next());
      if (!group) break;
      // Groups name the one before them. Where a whole segment was given back, there is none.
      const bool known = !first || follows;
      if (group->header.first <= last_ || (known && group->header.previous != last_))
        return Fail(Corrupt(segment->path, offset, "entries before this place are missing"));
      if (first) {
        holdings_.Add(segment);
        first = false;
      }
      Note(*segment, *group);
    }
    WEIR_ASSIGN(const bool damaged, groups.AnyBehind());
    if (damaged)
      return Fail(Corrupt(segment->path, groups.offset(),
                          "a group of entries is damaged, and good ones follow it"));
    if (first) {
      empty_.push_back(segment);
    } else {
      before_ = segment;
    }
    return {};
  }

  Sequence last() const { return last_; }
  const std::vector<SegmentPtr>& empty() const { return empty_; }
  const std::set<uint64_t>& spools() const { return spools_; }

 private:
  void Note(Segment& segment, const Group& group) {
    segment.Note(group.header.first, group.offset, group.behind);
    for (const Entry& entry : group.entries) {
      segment.Note(entry.stream, entry.sequence);
      holdings_.NoteLast(entry.stream, entry.sequence);
      if (entry.spool) {
        holdings_.NoteSpool({entry.stream, entry.sequence, *entry.spool});
        spools_.insert(entry.spool->id);
      }
      if (found_) found_(entry);
    }
    last_ = group.entries.back().sequence;
  }

  Holdings& holdings_;
  const Found& found_;
  SegmentPtr before_;  // The last with groups.
  Sequence last_;
  std::vector<SegmentPtr> empty_;
  std::set<uint64_t> spools_;
};

// Removes what no entry refers to; the answer is an id that no file has.
Result<uint64_t> SettleSpools(env::Files& files, const std::string& folder,
                              const std::set<uint64_t>& known) {
  WEIR_TRY(files.MakeFolders(SpoolFolder(folder)));
  WEIR_ASSIGN(const auto names, files.List(SpoolFolder(folder)));
  uint64_t next = known.empty() ? 1 : *known.rbegin() + 1;
  for (const std::string& name : names) {
    uint64_t id = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), id, 16);
    const bool whole = read.ec == std::errc() && read.ptr == name.data() + name.size();
    if (whole) next = std::max(next, id + 1);
    if (!whole || !known.contains(id)) WEIR_TRY(files.Remove(SpoolFolder(folder) + "/" + name));
  }
  return next;
}

class FileSpool final : public SpoolWriter {
 public:
  FileSpool(uint64_t id, std::unique_ptr<env::ByteWriter> writer)
      : id_(id), writer_(std::move(writer)) {}

  Result<void> Write(std::string_view bytes) override { return writer_->Write(bytes); }

  Result<Spool> Finish() override {
    WEIR_TRY(writer_->Finish());
    const Spool spool{id_, writer_->position()};
    writer_.reset();
    return spool;
  }

 private:
  uint64_t id_;
  std::unique_ptr<env::ByteWriter> writer_;
};

}  // namespace

std::string SpoolFolder(const std::string& folder) { return folder + "/spool"; }

std::string SpoolPath(const std::string& folder, uint64_t id) {
  return SpoolFolder(folder) + fmt::format("/{:016x}", id);
}

Result<std::unique_ptr<SpoolWriter>> MakeSpool(env::Files& files, const std::string& folder,
                                               uint64_t id) {
  const std::string path = SpoolPath(folder, id);
  WEIR_ASSIGN(auto writer, files.Create(path));
  return std::make_unique<FileSpool>(id, std::move(writer));
}

Result<Recovered> Recover(env::Files& files, const LogOptions& options, const Found& found) {
  WEIR_TRY(files.MakeFolders(options.folder));
  std::vector<StreamId> streams;
  for (const std::string& name : options.streams) streams.push_back(StreamOf(name));
  Recovered made{.holdings = Holdings(options.bytes_max, options.segment_bytes, streams),
                 .last = options.after,
                 .last_written = Sequence(),
                 .next_number = 1,
                 .next_spool = 1};
  WEIR_ASSIGN(const auto names, files.List(options.folder));
  Scan scan(made.holdings, found);
  for (const std::string& name : names) {  // In the order of their numbers.
    const std::string path = options.folder + "/" + name;
    if (name.ends_with(".new")) WEIR_TRY(files.Remove(path));
    if (!name.ends_with(".log")) continue;
    WEIR_ASSIGN(const SegmentPtr segment, OpenSegment(files, path));
    if (SegmentName(segment->header.number) != name)
      return Fail(Corrupt(path, 0, "this segment has the name of another"));
    WEIR_TRY(scan.Take(segment));
    // The place of one without groups is taken again, so that numbers tell what followed what.
    if (segment->last.value != 0) made.next_number = segment->header.number + 1;
  }
  for (const SegmentPtr& segment : scan.empty()) WEIR_TRY(files.Remove(segment->path));
  if (!made.holdings.segments().empty()) WEIR_TRY(made.holdings.active()->writer->SyncData());
  made.last_written = scan.last();
  made.last = std::max(made.last, scan.last());
  WEIR_ASSIGN(made.next_spool, SettleSpools(files, options.folder, scan.spools()));
  return made;
}

}  // namespace weir::wal

#include "wal/log_folder.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "wal/recovery_internal.h"
#include "wal/segment_internal.h"

namespace weir::wal {
namespace {

constexpr size_t kPieceBytes = 1024 * 1024;

// A segment that holds groups.
struct Part {
  SegmentPtr segment;
  Sequence previous;  // Of the last entry before it in the log.
};

bool IsGone(const Error& error) { return error.kind == ErrorKind::kNotFound; }

// Whether the path names the segment that was opened there.
Result<bool> StillThere(env::Files& files, const Segment& segment) {
  const auto now = OpenSegmentToRead(files, segment.path);
  if (!now && IsGone(now.error())) return false;
  if (!now) return Fail(now.error());
  return (*now)->header.number == segment.header.number &&
         (*now)->header.salt == segment.header.salt;
}

std::unexpected<Error> NotReadable(env::Files& files, const Segment& segment, uint64_t offset) {
  const Place place{.file = segment.path, .line = 0, .column = 0, .byte_offset = offset};
  const auto there = StillThere(files, segment);
  if (there && !*there)
    return Fail({.kind = ErrorKind::kBusy,
                 .code = "wal.given_back",
                 .message = "this part of the log was given back while it was read",
                 .place = place,
                 .next = "repeat the command"});
  return Fail(
      {.kind = ErrorKind::kCorrupt,
       .code = "wal.corrupt",
       .message = "entries are damaged or missing here, and good ones follow",
       .place = place,
       .next = "restore the file from a backup, or move it away and lose what only it has"});
}

// The groups of one segment, each of which must follow the one before it.
class GroupWalk {
 public:
  // `next`: the segment behind it, whose groups say that this one is complete; null: its owner may
  // be writing to it.
  GroupWalk(env::Files& files, const Segment& segment, const Part* next, uint64_t offset)
      : files_(files),
        segment_(segment),
        next_(next),
        groups_(std::in_place, *segment.reader, segment.header, offset) {}

  Result<std::optional<Group>> Next() {
    WEIR_ASSIGN(auto group, NextWhole());
    if (!group) {
      if (Follows() && next_->previous != last_) return Damaged();
      return std::nullopt;
    }
    if (last_ && group->header.previous != *last_) return Damaged();
    last_ = group->entries.back().sequence;
    return group;
  }

 private:
  bool Follows() const {
    return next_ != nullptr && next_->segment->header.number == segment_.header.number + 1;
  }

  Result<std::optional<Group>> NextWhole() {
    WEIR_ASSIGN(auto group, groups_->Next());
    if (group || Follows()) return group;
    WEIR_ASSIGN(const bool behind, groups_->AnyBehind());
    if (!behind) return std::nullopt;
    // It was being written when it was read: since groups are synced one after the other, it is
    // whole now, or damaged.
    groups_.emplace(*segment_.reader, segment_.header, groups_->offset());
    WEIR_ASSIGN(group, groups_->Next());
    if (!group) return Damaged();
    return group;
  }

  std::unexpected<Error> Damaged() const {
    return NotReadable(files_, segment_, groups_->offset());
  }

  env::Files& files_;
  const Segment& segment_;
  const Part* next_;
  std::optional<GroupReader> groups_;
  std::optional<Sequence> last_;  // None: nothing was read yet.
};

// nullopt: it holds nothing, or was given back.
Result<std::optional<Part>> OpenPart(env::Files& files, const std::string& path,
                                     const std::string& name) {
  const auto segment = OpenSegmentToRead(files, path);
  if (!segment || SegmentName((*segment)->header.number) != name) {
    // Its file may have become that of another segment between two calls.
    if (const auto status = files.Status(path); !status && IsGone(status.error()))
      return std::nullopt;
    if (!segment) return Fail(segment.error());
    return NotReadable(files, **segment, 0);
  }
  GroupWalk walk(files, **segment, nullptr, kBlockBytes);
  WEIR_ASSIGN(const auto first, walk.Next());
  if (!first) return std::nullopt;
  return Part{*segment, first->header.previous};
}

// Names in the folder, sorted; none where it is not there.
Result<std::vector<std::string>> NamesIn(env::Files& files, const std::string& folder) {
  auto names = files.List(folder);
  if (!names && IsGone(names.error())) return std::vector<std::string>();
  return names;
}

// The spooled files that are whole.
Result<std::vector<std::string>> SpoolsIn(env::Files& files, const std::string& folder) {
  WEIR_ASSIGN(auto names, NamesIn(files, SpoolFolder(folder)));
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  return names;
}

class PartedFolder final : public LogFolder {
 public:
  PartedFolder(env::Files& files, std::string folder, std::vector<Part> parts,
               std::vector<std::string> spools)
      : files_(files),
        folder_(std::move(folder)),
        parts_(std::move(parts)),
        spools_(std::move(spools)) {}

  // Nobody is in a hurry here: entries are whole.
  std::unique_ptr<LogReader> Read(StreamId stream, Sequence after, Sequence until,
                                  Depth depth) override;
  Result<std::unique_ptr<env::OpenFile>> OpenSpool(uint64_t id) override {
    return files_.Open(SpoolPath(folder_, id));
  }

  Result<void> CopyTo(const std::string& folder) override {
    WEIR_TRY(files_.MakeFolders(SpoolFolder(folder)));
    for (size_t part = 0; part < parts_.size(); ++part) {
      auto copied = CopyPart(part, folder);
      if (!copied && copied.error().code != "wal.given_back") return copied;
    }
    return {};
  }

  Result<bool> IsComplete() override {
    for (const Part& part : parts_) {
      WEIR_ASSIGN(const bool there, StillThere(files_, *part.segment));
      if (!there) return false;
    }
    WEIR_ASSIGN(const auto now, SpoolsIn(files_, folder_));
    return std::ranges::includes(now, spools_);
  }

  // The first segment that may have entries behind `after`.
  size_t PartFor(Sequence after) const {
    size_t part = 0;
    while (part + 1 < parts_.size() && parts_[part + 1].previous <= after) ++part;
    return part;
  }
  size_t parts() const { return parts_.size(); }

  GroupWalk WalkFrom(size_t part, Sequence after) const {
    const std::lock_guard lock(mutex_);
    return Walk(part, parts_[part].segment->OffsetFor(after));
  }
  void Note(size_t part, const Group& group) const {
    const std::lock_guard lock(mutex_);
    parts_[part].segment->Note(group.header.first, group.offset, group.behind);
  }

 private:
  GroupWalk Walk(size_t part, uint64_t offset) const {
    const Part* next = part + 1 < parts_.size() ? &parts_[part + 1] : nullptr;
    return {files_, *parts_[part].segment, next, offset};
  }

  Result<void> CopyPart(size_t part, const std::string& folder) {
    const Segment& segment = *parts_[part].segment;
    GroupWalk walk = Walk(part, kBlockBytes);
    uint64_t end = kBlockBytes;
    std::vector<uint64_t> spools;
    while (true) {
      WEIR_ASSIGN(const auto group, walk.Next());
      if (!group) break;
      end = group->behind;
      for (const Entry& entry : group->entries)
        if (entry.spool) spools.push_back(entry.spool->id);
    }
    const std::string path = folder + "/" + SegmentName(segment.header.number);
    WEIR_TRY(CopySegment(segment, end, path));
    for (const uint64_t id : spools) WEIR_TRY(CopySpool(id, SpoolPath(folder, id)));
    // What was copied of a file that became another segment is of neither.
    WEIR_ASSIGN(const bool there, StillThere(files_, segment));
    return there ? Result<void>() : files_.Remove(path);
  }

  // As large as the segment, so that it can be written on. What is behind `end` takes no space.
  Result<void> CopySegment(const Segment& segment, uint64_t end, const std::string& path) {
    const std::string temporary = path + ".new";
    WEIR_ASSIGN(const auto copy, files_.OpenForUpdate(temporary));
    std::string piece;
    for (uint64_t at = 0; at < end; at += piece.size()) {
      piece.resize(std::min<uint64_t>(kPieceBytes, end - at));
      WEIR_ASSIGN(const size_t got, segment.reader->ReadAt(at, piece));
      if (got == 0) return NotReadable(files_, segment, at);
      piece.resize(got);
      WEIR_TRY(copy->WriteAt(at, piece));
    }
    if (end + kBlockBytes <= segment.header.bytes)
      WEIR_TRY(copy->WriteAt(segment.header.bytes - kBlockBytes, std::string(kBlockBytes, '\0')));
    WEIR_TRY(copy->SyncData());
    return files_.Rename(temporary, path);
  }

  // One that is gone belongs to what is committed, in a segment that others still need.
  Result<void> CopySpool(uint64_t id, const std::string& path) {
    const auto file = OpenSpool(id);
    if (!file && IsGone(file.error())) return {};
    if (!file) return Fail(file.error());
    WEIR_ASSIGN(const auto status, (*file)->Status());
    const auto reader = env::ReadRange(**file, 0, status.size);
    WEIR_ASSIGN(const auto copy, files_.Replace(path));
    std::string piece(kPieceBytes, '\0');
    while (true) {
      WEIR_ASSIGN(const size_t got, reader->Read(piece));
      if (got == 0) return copy->Finish();
      WEIR_TRY(copy->Write(std::string_view(piece).substr(0, got)));
    }
  }

  env::Files& files_;
  const std::string folder_;
  const std::vector<Part> parts_;
  const std::vector<std::string> spools_;  // Names, when it was opened.
  mutable std::mutex mutex_;               // Of the segments' indexes.
};

class FolderReader final : public StreamReader {
 public:
  FolderReader(const PartedFolder& log, StreamId stream, Sequence after, Sequence until)
      : StreamReader(stream, after, until), log_(log), part_(log.PartFor(after)) {}

 private:
  Result<std::optional<Group>> NextGroup(Sequence after) override {
    for (; part_ < log_.parts(); ++part_) {
      if (!walk_) walk_.emplace(log_.WalkFrom(part_, after));
      WEIR_ASSIGN(auto group, walk_->Next());
      if (group) {
        log_.Note(part_, *group);
        return group;
      }
      walk_.reset();
    }
    return std::nullopt;
  }

  const PartedFolder& log_;
  size_t part_;
  std::optional<GroupWalk> walk_;
};

std::unique_ptr<LogReader> PartedFolder::Read(StreamId stream, Sequence after, Sequence until,
                                              Depth /*depth*/) {
  return std::make_unique<FolderReader>(*this, stream, after, until);
}

}  // namespace

Result<std::unique_ptr<LogFolder>> LogFolder::Open(env::Files& files, const std::string& folder) {
  WEIR_ASSIGN(auto spools, SpoolsIn(files, folder));
  WEIR_ASSIGN(const auto names, NamesIn(files, folder));
  std::vector<Part> parts;
  for (const std::string& name : names) {  // In the order of their numbers.
    if (!name.ends_with(".log")) continue;
    WEIR_ASSIGN(auto part, OpenPart(files, folder + "/" + name, name));
    if (part) parts.push_back(std::move(*part));
  }
  return std::make_unique<PartedFolder>(files, folder, std::move(parts), std::move(spools));
}

}  // namespace weir::wal

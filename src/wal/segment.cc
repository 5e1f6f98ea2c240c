#include <fmt/format.h>

#include <algorithm>

#include "wal/segment_internal.h"

namespace weir::wal {
namespace {

constexpr uint64_t kWindowBytes = 1024 * 1024;
// From here on it is cheaper to read the head of each entry than all of them.
constexpr uint64_t kLongEntryBytes = 16 * kEntryHeadBytes;
constexpr uint64_t kIndexEvery = 256 * 1024;

Error At(Error error, const std::string& path) {
  if (!error.place.known()) error.place.file = path;
  return error;
}

}  // namespace

std::string SegmentName(uint64_t number) { return fmt::format("{:020}.log", number); }

void Segment::Note(Sequence first, uint64_t offset, uint64_t behind) {
  if (index.empty() || offset >= index.back().second + kIndexEvery)
    index.emplace_back(first, offset);
  end = behind;
}

void Segment::Note(StreamId stream, Sequence sequence) {
  last = sequence;
  const auto found = std::ranges::find(streams, stream, &StreamUse::stream);
  if (found == streams.end()) {
    streams.push_back({stream, sequence});
  } else {
    found->last = sequence;
  }
}

const StreamUse* Segment::Find(StreamId stream) const {
  const auto found = std::ranges::find(streams, stream, &StreamUse::stream);
  return found == streams.end() ? nullptr : &*found;
}

uint64_t Segment::OffsetFor(Sequence after) const {
  const auto behind =
      std::ranges::upper_bound(index, after.next(), {}, &std::pair<Sequence, uint64_t>::first);
  return behind == index.begin() ? kBlockBytes : std::prev(behind)->second;
}

Result<SegmentPtr> MakeSegment(env::Files& files, const std::string& folder,
                               const SegmentHeader& header, const std::string& old,
                               const Pace& pace) {
  const std::string path = folder + "/" + SegmentName(header.number);
  const std::string temporary = path + ".new";
  if (!old.empty()) WEIR_TRY(files.Rename(old, temporary));
  auto made = std::make_shared<Segment>();
  made->header = header;
  made->path = path;
  WEIR_ASSIGN(made->writer, files.OpenForUpdate(temporary));
  if (old.empty()) {
    const env::BlockString zeros(kWindowBytes, '\0');
    for (uint64_t at = 0; at < header.bytes; at += zeros.size()) {
      WEIR_TRY(made->writer->WriteAt(
          at,
          std::string_view(zeros).substr(0, std::min<uint64_t>(zeros.size(), header.bytes - at))));
      if (pace(at + zeros.size())) WEIR_TRY(made->writer->SyncData());
    }
  }
  WEIR_TRY(made->writer->WriteAt(0, EncodeSegmentHeader(header)));
  WEIR_TRY(made->writer->SyncData());
  WEIR_TRY(files.Rename(temporary, path));
  WEIR_ASSIGN(made->reader, files.Open(path));
  return made;
}

Result<SegmentPtr> OpenSegmentToRead(env::Files& files, const std::string& path) {
  auto made = std::make_shared<Segment>();
  made->path = path;
  WEIR_ASSIGN(made->reader, files.Open(path));
  std::string block(kBlockBytes, '\0');
  WEIR_ASSIGN(const size_t got, made->reader->ReadAt(0, block));
  block.resize(got);
  auto header = DecodeSegmentHeader(block);
  if (!header) return Fail(At(std::move(header).error(), path));
  made->header = *header;
  return made;
}

Result<SegmentPtr> OpenSegment(env::Files& files, const std::string& path) {
  WEIR_ASSIGN(auto made, OpenSegmentToRead(files, path));
  WEIR_ASSIGN(made->writer, files.OpenForUpdate(path));
  return made;
}

Result<std::string_view> GroupReader::Window(uint64_t at, uint64_t bytes) {
  if (!Holds(at, bytes)) {
    window_.resize(std::max(bytes, kWindowBytes));
    WEIR_ASSIGN(const size_t got, file_.ReadAt(at, window_));
    window_.resize(got);
    window_at_ = at;
  }
  return std::string_view(window_).substr(at - window_at_, bytes);
}

Result<std::string_view> GroupReader::Head(uint64_t at, uint64_t bytes) {
  std::string& head = heads_.emplace_back(bytes, '\0');
  WEIR_ASSIGN(const size_t got, file_.ReadAt(at, head));
  head.resize(got);
  return head;
}

Result<std::optional<Group>> GroupReader::NextOfHeads() {
  WEIR_ASSIGN(std::string_view head, Head(offset_, kBlockBytes));
  const auto header = DecodeGroupHeader(head, header_.salt);
  if (!header || header->bytes / header->entries < kLongEntryBytes) return std::nullopt;
  head.remove_prefix(kGroupHeaderBytes);
  uint64_t at = offset_ + kGroupHeaderBytes;
  const uint64_t end = at + header->bytes;
  Group group{.header = *header, .offset = offset_, .behind = RoundedToBlock(end), .entries = {}};
  while (group.entries.size() < header->entries) {
    if (!group.entries.empty()) {
      WEIR_ASSIGN(head, Head(at, kBlockBytes));
    }
    auto found = DecodeEntryHeader(head);
    if (!found || found->entry.sequence.value != header->first.value + group.entries.size())
      return std::nullopt;
    at += found->header_bytes + found->payload_bytes;
    found->entry.bytes =
        head.substr(found->header_bytes, std::min<uint64_t>(found->payload_bytes, kEntryHeadBytes));
    found->entry.cut = found->entry.bytes.size() < found->payload_bytes;
    group.entries.push_back(found->entry);
  }
  if (at != end || end > header_.bytes) return std::nullopt;
  offset_ = group.behind;
  return group;
}

bool GroupReader::Holds(uint64_t at, uint64_t bytes) const {
  return at >= window_at_ && at + bytes <= window_at_ + window_.size();
}

Result<std::optional<Group>> GroupReader::Next() {
  if (offset_ + kBlockBytes > header_.bytes) return std::nullopt;
  heads_.clear();
  const auto rather_heads = [this](uint64_t bytes) {
    return depth_ == Depth::kHeads && !Holds(offset_, bytes);
  };
  if (rather_heads(kGroupHeaderBytes)) {
    WEIR_ASSIGN(auto group, NextOfHeads());
    if (group) return group;
  }
  WEIR_ASSIGN(const std::string_view begin, Window(offset_, kGroupHeaderBytes));
  const auto header = DecodeGroupHeader(begin, header_.salt);
  if (!header || offset_ + kGroupHeaderBytes + header->bytes > header_.bytes) return std::nullopt;
  if (rather_heads(kGroupHeaderBytes + header->bytes)) {
    WEIR_ASSIGN(auto group, NextOfHeads());
    if (group) return group;
  }
  WEIR_ASSIGN(std::string_view bytes, Window(offset_, kGroupHeaderBytes + header->bytes));
  bytes.remove_prefix(std::min(bytes.size(), kGroupHeaderBytes));
  auto entries = DecodeEntries(*header, bytes);
  if (!entries) return std::nullopt;
  Group group{.header = *header,
              .offset = offset_,
              .behind = offset_ + RoundedToBlock(kGroupHeaderBytes + header->bytes),
              .entries = std::move(*entries)};
  offset_ = group.behind;
  return group;
}

Result<bool> GroupReader::AnyBehind() {
  for (uint64_t at = offset_ + kBlockBytes; at + kBlockBytes <= header_.bytes; at += kBlockBytes) {
    WEIR_ASSIGN(const std::string_view begin, Window(at, kGroupHeaderBytes));
    if (DecodeGroupHeader(begin, header_.salt)) return true;
  }
  return false;
}

Result<std::optional<Entry>> StreamReader::Next() {
  while (true) {
    for (; group_ && at_ < group_->entries.size(); ++at_) {
      const Entry& entry = group_->entries[at_];
      if (entry.stream != stream_ || entry.sequence <= after_) continue;
      if (entry.sequence > until_) return std::nullopt;
      ++at_;
      after_ = entry.sequence;
      return entry;
    }
    if (after_ >= until_ || (group_ && group_->header.first > until_)) return std::nullopt;
    WEIR_ASSIGN(group_, NextGroup(after_));
    if (!group_) return std::nullopt;
    at_ = 0;
  }
}

}  // namespace weir::wal

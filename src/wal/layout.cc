#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "wal/layout_internal.h"

namespace weir::wal {
namespace {

static_assert(std::endian::native == std::endian::little, "the log is written as it is in memory");

constexpr std::string_view kSegmentMagic = "WEIRWAL\n";
constexpr uint32_t kGroupMagic = 0x31475257;  // "WRG1"
constexpr uint32_t kHasSpool = 1U << 31;      // In the length of an entry.

template <class T, class Text>
void Put(Text& into, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  into.append(bytes.data(), bytes.size());
}

template <class T>
T Get(std::string_view bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// The body's part first, since it is made before the sequence is known.
uint32_t EntryCrc(uint32_t body_crc, uint32_t length, Sequence sequence, StreamId stream,
                  const std::optional<Spool>& spool) {
  std::array<uint64_t, 5> rest = {length, sequence.value, stream.value, 0, 0};
  if (spool) rest = {length, sequence.value, stream.value, spool->id, spool->bytes};
  return ExtendCrc32c(body_crc, {reinterpret_cast<const char*>(rest.data()), sizeof(rest)});
}

std::unexpected<Error> NotALog(std::string cause) {
  return Fail(ErrorKind::kCorrupt, "wal.not_a_log", std::move(cause),
              "move the file away, or restore it from a backup");
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string block(kSegmentMagic);
  Put(block, kLayoutVersion);
  Put(block, uint32_t{0});
  Put(block, header.number);
  Put(block, header.salt);
  Put(block, header.bytes);
  Put(block, ExtendCrc32c(0, block));
  block.resize(kBlockBytes);
  return block;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view block) {
  constexpr size_t kChecked = 40;
  if (block.size() < kBlockBytes || !block.starts_with(kSegmentMagic))
    return NotALog("it is no segment of a log");
  const auto version = Get<uint32_t>(block, 8);
  if (version > kLayoutVersion)
    return Fail(ErrorKind::kCorrupt, "wal.newer", "it was written by a newer Weir",
                "use that version, or drain the log with it first");
  if (version != kLayoutVersion ||
      ExtendCrc32c(0, block.substr(0, kChecked)) != Get<uint32_t>(block, kChecked))
    return NotALog("the header of this segment is damaged");
  return SegmentHeader{.number = Get<uint64_t>(block, 16),
                       .salt = Get<uint64_t>(block, 24),
                       .bytes = Get<uint64_t>(block, 32)};
}

std::string EncodeGroupHeader(const GroupHeader& header) {
  std::string rest;
  Put(rest, header.salt);
  Put(rest, header.first.value);
  Put(rest, header.previous.value);
  Put(rest, header.entries);
  Put(rest, header.bytes);
  std::string made;
  Put(made, kGroupMagic);
  Put(made, ExtendCrc32c(0, rest));
  made += rest;
  WEIR_CHECK(made.size() == kGroupHeaderBytes);
  return made;
}

std::optional<GroupHeader> DecodeGroupHeader(std::string_view bytes, uint64_t salt) {
  if (bytes.size() < kGroupHeaderBytes || Get<uint32_t>(bytes, 0) != kGroupMagic)
    return std::nullopt;
  if (ExtendCrc32c(0, bytes.substr(8, kGroupHeaderBytes - 8)) != Get<uint32_t>(bytes, 4))
    return std::nullopt;
  const GroupHeader header{.salt = Get<uint64_t>(bytes, 8),
                           .first = Sequence(Get<uint64_t>(bytes, 16)),
                           .previous = Sequence(Get<uint64_t>(bytes, 24)),
                           .entries = Get<uint32_t>(bytes, 32),
                           .bytes = Get<uint32_t>(bytes, 36)};
  if (header.salt != salt || header.entries == 0 || header.first <= header.previous)
    return std::nullopt;
  return header;
}

uint32_t EntryBodyCrc(std::string_view head, std::string_view body) {
  return ExtendCrc32c(ExtendCrc32c(0, head), body);
}

size_t EntryBytes(size_t payload, const std::optional<Spool>& spool) {
  return kEntryHeaderBytes + (spool ? kSpoolBytes : 0) + payload;
}

void AppendEntry(env::BlockString& group, Sequence sequence, StreamId stream, std::string_view head,
                 std::string_view body, const std::optional<Spool>& spool, uint32_t body_crc) {
  const auto length = static_cast<uint32_t>(head.size() + body.size()) | (spool ? kHasSpool : 0U);
  Put(group, length);
  Put(group, EntryCrc(body_crc, length, sequence, stream, spool));
  Put(group, sequence.value);
  Put(group, stream.value);
  if (spool) {
    Put(group, spool->id);
    Put(group, spool->bytes);
  }
  group += head;
  group += body;
}

std::optional<EntryHeader> DecodeEntryHeader(std::string_view bytes) {
  if (bytes.size() < kEntryHeaderBytes) return std::nullopt;
  EntryHeader made{.entry = {.sequence = Sequence(Get<uint64_t>(bytes, 8)),
                             .stream = StreamId(Get<uint64_t>(bytes, 16)),
                             .spool = std::nullopt,
                             .bytes = {}},
                   .length = Get<uint32_t>(bytes, 0),
                   .crc = Get<uint32_t>(bytes, 4),
                   .header_bytes = kEntryHeaderBytes,
                   .payload_bytes = 0};
  made.payload_bytes = made.length & ~kHasSpool;
  if ((made.length & kHasSpool) == 0) return made;
  bytes.remove_prefix(kEntryHeaderBytes);
  if (bytes.size() < kSpoolBytes) return std::nullopt;
  made.entry.spool = Spool{Get<uint64_t>(bytes, 0), Get<uint64_t>(bytes, 8)};
  made.header_bytes += kSpoolBytes;
  return made;
}

std::optional<std::vector<Entry>> DecodeEntries(const GroupHeader& header, std::string_view bytes) {
  if (bytes.size() < header.bytes) return std::nullopt;
  bytes = bytes.substr(0, header.bytes);
  if (header.entries > bytes.size() / kEntryHeaderBytes) return std::nullopt;
  std::vector<Entry> entries;
  entries.reserve(header.entries);
  for (uint32_t i = 0; i < header.entries; ++i) {
    auto header_of = DecodeEntryHeader(bytes);
    if (!header_of) return std::nullopt;
    auto& [entry, length, crc, header_bytes, payload_bytes] = *header_of;
    bytes.remove_prefix(header_bytes);
    if (payload_bytes > bytes.size()) return std::nullopt;
    entry.bytes = bytes.substr(0, payload_bytes);
    bytes.remove_prefix(payload_bytes);
    if (entry.sequence.value != header.first.value + i ||
        EntryCrc(ExtendCrc32c(0, entry.bytes), length, entry.sequence, entry.stream, entry.spool) !=
            crc)
      return std::nullopt;
    entries.push_back(entry);
  }
  if (!bytes.empty()) return std::nullopt;
  return entries;
}

}  // namespace weir::wal

// How a segment's bytes are laid out (docs/formats/wal.md): written here, and read here with every
// byte doubted. Little endian. Private to wal/.
//
//   segment = header block, then groups, each beginning at a block; behind the last: anything
//   group   = header, entries one behind the other, and what is left of the last block
//
// A group is written by one write and synced before the next is written. So of all groups only the
// last may be torn; anything that is wrong before a good group is damage. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/block_string.h"
#include "wal/entry.h"

namespace weir::wal {

// CRC32C (Castagnoli); hardware where there is some. Begins with 0.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes);
uint32_t Crc32cByTable(std::string_view bytes);  // For the test that they agree.

inline constexpr uint64_t kBlockBytes = env::kDiskBlockBytes;
inline constexpr size_t kGroupHeaderBytes = 40;
inline constexpr size_t kEntryHeaderBytes = 24;
inline constexpr size_t kSpoolBytes = 16;  // Behind the header of an entry that has one.
inline constexpr uint32_t kLayoutVersion = 1;

constexpr uint64_t RoundedToBlock(uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

struct SegmentHeader {
  uint64_t number = 0;
  uint64_t salt = 0;  // Random: no group of an earlier use of the file, and nothing that a sender
                      // made up, passes for one of this segment.
  uint64_t bytes = 0;
};
std::string EncodeSegmentHeader(const SegmentHeader& header);  // One block.
// Errors: wal.not_a_log, wal.newer (kCorrupt).
Result<SegmentHeader> DecodeSegmentHeader(std::string_view block);

struct GroupHeader {
  uint64_t salt = 0;
  Sequence first;
  Sequence previous;     // Of the last entry before it in the log, whichever segment has it.
  uint32_t entries = 0;  // At least one, with sequences first, first + 1, ...
  uint32_t bytes = 0;    // Of them, without this header.
};
std::string EncodeGroupHeader(const GroupHeader& header);
// nullopt: no group of that segment begins here.
std::optional<GroupHeader> DecodeGroupHeader(std::string_view bytes, uint64_t salt);

// Of an entry being appended: the part of its checksum that does not need its sequence.
uint32_t EntryBodyCrc(std::string_view head, std::string_view body);
// Bytes that it takes in a group.
size_t EntryBytes(size_t payload, const std::optional<Spool>& spool);
void AppendEntry(env::BlockString& group, Sequence sequence, StreamId stream, std::string_view head,
                 std::string_view body, const std::optional<Spool>& spool, uint32_t body_crc);

// What stands before an entry's payload.
struct EntryHeader {
  Entry entry;  // Without its bytes.
  uint32_t length = 0;
  uint32_t crc = 0;
  size_t header_bytes = 0;
  size_t payload_bytes = 0;
};
// nullopt: `bytes` are too few.
std::optional<EntryHeader> DecodeEntryHeader(std::string_view bytes);

// The entries of a group, which point into `bytes` (those behind its header). nullopt: not all of
// them are as they were written.
std::optional<std::vector<Entry>> DecodeEntries(const GroupHeader& header, std::string_view bytes);

}  // namespace weir::wal

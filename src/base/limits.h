// What bounds a batch, a request and a table, with its unit in its name. Relations are asserted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

// Decoding. A chunk is what a decoder holds of its input at once.
inline constexpr size_t kRecordBytesMax = 16 * 1024 * 1024;  // Longer: one dead letter.
inline constexpr size_t kDecodedRowsMax = 64 * 1024;         // Rows of one columnar group.
inline constexpr size_t kDecodedBytesMax = 8 * 1024 * 1024;  // Input bytes of one columnar group.
inline constexpr size_t kDecodedBrokenMax = 8 * 1024;  // With its reason each takes 512 bytes.
inline constexpr size_t kJsonDepthMax = 64;
inline constexpr size_t kNestedValuesMax = 1'000'000;  // Of one list or struct, absent fields too.
inline constexpr int64_t kColumnarInputBytesMax =
    1024LL * 1024 * 1024;  // Of a Parquet or Arrow file.
inline constexpr size_t kColumnsMax = 10'000;

// Dead letters.
inline constexpr size_t kRawBytesKept = 1024 * 1024;
inline constexpr size_t kReasonsMax = 64;  // Per record; the last says how many were left out.

// Replays: what one commit tries, and what is held of it at once.
inline constexpr size_t kReplayLettersMax = 50'000;
inline constexpr size_t kReplayLettersAtOnce = 4'096;
inline constexpr uint64_t kReplayBytesAtOnce = 16ULL * 1024 * 1024;

// Batches: defaults of `flush`.
inline constexpr uint64_t kBatchRowsDefault = 100'000;
inline constexpr uint64_t kBatchBytesDefault = 64ULL * 1024 * 1024;
inline constexpr size_t kBatchSplitsMax = 1'000;
inline constexpr size_t kReadAheadBytes =
    32 * 1024 * 1024;  // Of memory, for what is decoded and not yet checked.
inline constexpr size_t kReadAheadPieces = 64;

// What a pipeline keeps in mind of its table.
inline constexpr size_t kDedupeKeysInMemory = 1'000'000;    // About 64 bytes each; more go to disk.
inline constexpr uint64_t kDedupeBatchRowsMax = 1'000'000;  // Of a batch under `dedupe`.
inline constexpr size_t kEvolvedColumnsMax = 1'000;         // Columns that data alone can make.
inline constexpr int kStageTriesMax = 5;  // Of a batch whose table's columns change meanwhile.

// The log of accepted requests.
inline constexpr uint64_t kLogBytesDefault = 4ULL * 1024 * 1024 * 1024;  // On disk, of all streams.
inline constexpr uint64_t kLogSegmentBytes = 64ULL * 1024 * 1024;
inline constexpr size_t kLogGroupBytes = 1024 * 1024;             // One write and sync, about.
inline constexpr size_t kLogBodyBytesMax = 1024 * 1024;           // Larger bodies are spooled.
inline constexpr size_t kLogEntryBytesMax = 2 * 1024 * 1024;      // Head and body.
inline constexpr uint64_t kLogMemoryBytes = 64ULL * 1024 * 1024;  // Appended and not yet written.

// Requests.
inline constexpr uint64_t kBodyBytesDefault = 16ULL * 1024 * 1024;
inline constexpr uint64_t kTextToBodyMax = 4;  // A body is at most max_body times this, inflated,
inline constexpr uint64_t kInflateRatioMax = 100;  // and at most its own length times this ...
inline constexpr uint64_t kInflateFreeBytes = 1024 * 1024;  // ... where it is more than this.
inline constexpr size_t kIdempotencyKeyBytesMax = 255;
inline constexpr size_t kRequestValueBytesMax = 1024;  // Of a path parameter or header kept.
inline constexpr uint64_t kIdempotencyKeysMax = 10'000'000;
inline constexpr uint64_t kRequestSplitBytes = 8ULL * 1024 * 1024;  // Of small bodies read as one.
inline constexpr size_t kRequestSplitRequests = 50'000;

// Tables.
inline constexpr uint64_t kRowGroupBytesTarget = 32ULL * 1024 * 1024;
inline constexpr size_t kOpenPartitionsMax = 100;  // Partition writers open at once.
inline constexpr size_t kManifestsBeforeMerge = 16;
inline constexpr size_t kSnapshotsKept = 100;     // Upkeep expires older ones.
inline constexpr size_t kMetadataFilesKept = 20;  // Older metadata files are removed.
inline constexpr int64_t kSmallFileBytes = 8 * 1024 * 1024;
inline constexpr int64_t kMergeBytesMax = 64 * 1024 * 1024;  // Of files that one merge reads.
// Behind a writer only what trickles in is merged, and little at once: a bulk load would otherwise
// write each row twice, with a merge in memory beside its batch.
inline constexpr size_t kSmallFilesBeforeMerge = 32;
inline constexpr int64_t kSmallFileBytesBehindWriter = 1024 * 1024;
inline constexpr int64_t kMergeBytesBehindWriter = 16 * 1024 * 1024;
inline constexpr int kCommitTriesMax = 50;
inline constexpr size_t kWritesAtOnce = 16;  // Objects being made durable side by side.

// The engine.
inline constexpr uint64_t kEngineMemoryBytes = 96ULL * 1024 * 1024;  // For rules while ingesting.
inline constexpr uint64_t kQueryMemoryBytes = 1024ULL * 1024 * 1024;

static_assert(kDecodedBytesMax <= kRecordBytesMax);
static_assert(kDecodedBytesMax <= kReadAheadBytes);
static_assert(kRawBytesKept <= kRecordBytesMax);
static_assert(kLogBodyBytesMax < kLogEntryBytesMax && 2 * kLogEntryBytesMax < kLogSegmentBytes);

}  // namespace weir

// What is there to be read of a log: by its owner (log.h), and by others (log_folder.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "env/files.h"
#include "wal/entry.h"

namespace weir::wal {

enum class Depth : uint8_t {
  kWhole,
  kHeads,  // Of a long entry its first kEntryHeadBytes may do: it is cut.
};
inline constexpr uint64_t kEntryHeadBytes = 4000;  // With what stands before it, a block.

// The entries of one stream in order. Threads: one at a time. Outlived by its log.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // The next one; nullopt at the end of what is durable now, or of the range. Its views live until
  // the next call. Errors: wal.corrupt (kCorrupt), those of the files.
  virtual Result<std::optional<Entry>> Next() = 0;
};

// Threads: any, at once.
class ReadableLog {
 public:
  virtual ~ReadableLog() = default;
  // Entries of `stream` behind `after`, up to `until`.
  virtual std::unique_ptr<LogReader> Read(StreamId stream, Sequence after,
                                          Sequence until = Sequence(UINT64_MAX),
                                          Depth depth = Depth::kWhole) = 0;
  // Errors: those of the files.
  virtual Result<std::unique_ptr<env::OpenFile>> OpenSpool(uint64_t id) = 0;
};

}  // namespace weir::wal

// What a log holds. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"

namespace weir::wal {

// Of an entry, unique in its log for ever. 0: none.
using Sequence = StrongNumber<struct SequenceTag>;
// The low half of XXH3-128 of the stream's name: no list of names has to be kept.
using StreamId = StrongNumber<struct StreamTag>;

StreamId StreamOf(std::string_view name);

// A file beside the log that one entry refers to.
struct Spool {
  uint64_t id = 0;
  uint64_t bytes = 0;
  friend bool operator==(const Spool&, const Spool&) = default;
};

struct Entry {
  Sequence sequence;
  StreamId stream;
  std::optional<Spool> spool;
  std::string_view bytes;
  bool cut = false;  // `bytes` is its beginning alone, of which nothing was checked.
};

}  // namespace weir::wal

// What a log finds in its folder when it is opened, and its spooled files. Private to wal/.
#pragma once

#include "wal/holdings_internal.h"
#include "wal/log.h"

namespace weir::wal {

struct Recovered {
  Holdings holdings;
  Sequence last;          // Of all entries, or LogOptions::after: the next is higher.
  Sequence last_written;  // Of all entries.
  uint64_t next_number = 1;
  uint64_t next_spool = 1;
};

// Scans all segments, in order. A torn tail is no part of the log from now on; spooled files that
// no entry refers to are removed. What was found is synced before anybody relies on it: a process
// that died may have written what the disk does not have yet.
Result<Recovered> Recover(env::Files& files, const LogOptions& options, const Found& found);

std::string SpoolFolder(const std::string& folder);
std::string SpoolPath(const std::string& folder, uint64_t id);
Result<std::unique_ptr<SpoolWriter>> MakeSpool(env::Files& files, const std::string& folder,
                                               uint64_t id);

}  // namespace weir::wal

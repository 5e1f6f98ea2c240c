// A log as it lies in its folder, for those who are not its owner: nothing is written there, no
// tail is cut off, nothing is given back. Its owner may append meanwhile. Who must rely on what is
// not committed being there holds the project's lock, so that nobody trims.
//
// A segment may still be given back while it is read, by an owner that is late with what was
// trimmed before: that is said (wal.given_back), and never taken for the end of the log.
//
// Threads: Read, OpenSpool and readers from any, at once.
#pragma once

#include <memory>
#include <string>

#include "env/files.h"
#include "wal/readable_log.h"

namespace weir::wal {

class LogFolder : public ReadableLog {
 public:
  // All that was durable before the call is there to be read; its readers end at the segment that
  // was the last one. A folder that does not exist holds nothing. Their errors: wal.corrupt,
  // wal.given_back (kBusy), those of the files. Errors: the same, wal.not_a_log, wal.newer.
  static Result<std::unique_ptr<LogFolder>> Open(env::Files& files, const std::string& folder);

  // Makes a log in `folder`, which is there for nothing else, of all segments and spooled files:
  // durable, and up to the end of a group that was whole. What nobody needs may be missing. Errors:
  // as a reader's.
  virtual Result<void> CopyTo(const std::string& folder) = 0;

  // Whether nothing that was there when it was opened was given back since.
  virtual Result<bool> IsComplete() = 0;
};

}  // namespace weir::wal

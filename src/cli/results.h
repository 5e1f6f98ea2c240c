// What `weir query` and `weir sql` do with a result.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "cli/terminal.h"
#include "engine/engine.h"
#include "query/output.h"

namespace weir::cli {

// Interrupts what the session computes once `asked` has said so; it looks every few milliseconds,
// from a thread of its own, until its own end.
class CancelWatch {
 public:
  CancelWatch(std::function<bool()> asked, engine::Session& session);
  ~CancelWatch();
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

// `format` as it was asked for (empty: a table on a terminal, else CSV; JSON with --json), `path`
// the file to write, if any. Errors query.output, query.format (kInvalid).
Result<query::OutputOptions> ChooseOutput(const Terminal& terminal, const std::string& format,
                                          const std::string& path);

// All of `stream` to the file `path`, or to stdout where it is empty. Error query.closed (kIo):
// nobody reads stdout any more; those of the stream and of the file.
Result<void> WriteResult(engine::ArrowStream& stream, const query::OutputOptions& output,
                         const std::string& path);

}  // namespace weir::cli

// WriteGroup finishes objects side by side. Making one object durable is a wait for the disk or the
// network; a commit writes several, so their waits run at the same time, and one Sync ends them
// all.
//
//   Create -> Write* -> Finish (starts) ... -> Sync (all are durable, or the first error)
//
// Invariants:
//   (1) An object is visible and durable when Sync has returned success, as after Store's own
//   Finish;
//       before that it may or may not be there.
//   (2) At most kWritesAtOnce objects are being finished: Finish waits for the oldest beyond that.
//   (3) Dropping the group waits for what was started. What a failed or forgotten write left behind
//       is an object that nobody names.
//
// Threads: one at a time (it starts its own). Borrows the store.
#pragma once

#include <deque>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/bytes.h"
#include "storage/store.h"

namespace weir::storage {

class WriteGroup {
 public:
  explicit WriteGroup(Store& store) : store_(store) {}
  ~WriteGroup();
  WriteGroup(const WriteGroup&) = delete;
  WriteGroup& operator=(const WriteGroup&) = delete;

  // As Store::Create, but Finish returns at once; errors of it come from Sync. Must not outlive the
  // group.
  Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& location);
  // Creates, writes and starts to finish a whole small object.
  Result<void> Put(const std::string& location, std::string_view bytes);
  // Waits for all that was started. The first error since the last Sync: then nothing that was
  // started since counts.
  Result<void> Sync();

 private:
  class Writer;
  void Start(std::unique_ptr<env::ByteWriter> writer);
  void WaitForOldest();

  Store& store_;
  std::deque<std::future<Result<void>>> started_;
  Result<void> outcome_;  // Of those waited for since the last Sync.
};

}  // namespace weir::storage

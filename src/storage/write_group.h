// WriteGroup finishes objects side by side. Making one object durable is a wait for the disk or the
// network; a commit writes several, so their waits run at the same time, and one Sync ends them
// all.
//
//   Create -> Write* -> Finish (starts) ... -> Sync (all are durable, or the first error)
//
// Invariants:
//   (1) An object is visible and durable when Sync has returned success, as after Store's own
//       Finish; before that it may or may not be there.
//   (2) At most kWritesAtOnce objects are being finished: Finish waits for one beyond that.
//   (3) Dropping the group waits for what was started. What a failed or forgotten write left behind
//       is an object that nobody names.
//
// Threads: one at a time. It has its own, which stay until it is dropped: a commit writes eight
// small objects, and a thread for each costs as much as its file. Borrows the store.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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
  // Finishes the oldest that waits, with the mutex let go meanwhile.
  void FinishOne(std::unique_lock<std::mutex>& lock);
  void Work();

  Store& store_;
  std::mutex mutex_;  // Of all below but the workers.
  std::condition_variable started_;
  std::condition_variable finished_;
  std::deque<std::unique_ptr<env::ByteWriter>> waiting_;
  size_t finishing_ = 0;  // Taken out of `waiting_`, by a worker or by Sync.
  size_t asleep_ = 0;     // Workers with nothing to do.
  bool ending_ = false;
  Result<void> outcome_;  // Of those finished since the last Sync.
  std::vector<std::thread> workers_;
};

}  // namespace weir::storage

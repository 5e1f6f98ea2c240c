// A pipeline behind a route, run on a thread of its own with a catalog of its own: one that is
// stuck does not stop the others. It waits for what the front makes durable, and is put together
// when the first comes: a server of many idle pipelines is ready at once, and small.
//
//   news --> Renew --> Step ... --error that passes by itself--> retrying: renewed after a pause
//                               --error that wants a person----> failed
//
// Meanwhile its requests are acknowledged until their log is full. A new runner takes the pipeline
// anew, under a higher epoch, and settles the batch that the old one left open.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "cli/command_parts.h"

namespace weir::cli {

class DoorPipeline {
 public:
  // When it is put together.
  enum class Begin : uint8_t {
    kWithNews,
    kAtOnce,  // An earlier process may have left something open.
  };
  // Borrows all of it. `rest` ends it behind the batch under way, the stop of `parts` within it.
  DoorPipeline(const CommandParts& parts, source::Front& front, const pipeline::PipelineSpec& spec,
               Begin begin, const std::atomic<bool>& rest);
  ~DoorPipeline();  // After one of the two was set, and the front's waits ended.

  void Start();

 private:
  bool ending() const { return rest_.load() || parts_.run.stop.load(); }
  void Work();
  std::expected<void, Errors> Renew();
  void Follow();
  std::expected<pipeline::NextStep, Errors> Step();
  void WaitFor(const pipeline::NextStep& next);
  void SetHealth(HealthBoard::State state, const std::string& code = {});
  bool HasUntold() const;
  void TellNews();

  CommandParts parts_;
  const pipeline::PipelineSpec& spec_;
  source::Front& front_;
  const Begin begin_;
  const std::atomic<bool>& rest_;
  CompiledProject compiled_;  // A session of its own.
  std::unique_ptr<State> state_;
  std::unique_ptr<pipeline::Runner> runner_;  // Null: to be made.
  PipelineResult untold_;                     // Since the last line about it.
  std::chrono::microseconds untold_since_{};
  std::chrono::microseconds told_at_{};
  uint64_t freed_bytes_ = 0;  // By batches, about, since memory was last given back.
  std::thread thread_;
};

}  // namespace weir::cli

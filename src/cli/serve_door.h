// A pipeline behind a route, run on a thread of its own with a catalog of its own: one that is
// stuck does not stop the others.
//
//   Step ... --error that passes by itself--> retrying: a new runner, after a pause
//            --error that wants a person----> failed
//
// Meanwhile its requests are acknowledged until their log is full. A new runner takes the pipeline
// anew, under a higher epoch, and settles the batch that the old one left open.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "api/api.h"
#include "cli/command_parts.h"

namespace weir::cli {

class DoorPipeline {
 public:
  // Borrows all of it. Errors: those of State::Open and of the contract.
  static std::expected<std::unique_ptr<DoorPipeline>, Errors> Make(
      const CommandParts& parts, source::Front& front, const pipeline::PipelineSpec& spec);
  ~DoorPipeline();  // After the stop of `parts` was set.

  void Start();

 private:
  DoorPipeline(const CommandParts& parts, source::Front& front, const pipeline::PipelineSpec& spec)
      : parts_(parts), spec_(spec), front_(front) {}
  void Work();
  std::expected<void, Errors> Renew();
  void Follow();
  void SetHealth(HealthBoard::State state, const std::string& code = {});
  void Pause(std::chrono::microseconds most) const;
  void TellNews();

  CommandParts parts_;
  const pipeline::PipelineSpec& spec_;
  source::Front& front_;
  CompiledProject compiled_;  // A session of its own.
  std::unique_ptr<State> state_;
  std::unique_ptr<pipeline::Runner> runner_;
  PipelineResult untold_;  // Since the last line about it.
  std::chrono::microseconds untold_since_{};
  std::chrono::microseconds told_at_{};
  std::thread thread_;
};

}  // namespace weir::cli

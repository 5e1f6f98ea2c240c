// What `weir serve` runs of one reading of the project: the log's front, the routes, and every
// pipeline. A reload ends one and makes the next, behind a server that goes on listening.
//
//   ReadToServe --> Make --> Start --> (requests) --> StopIntake --> destroyed
//                              |   ^
//                              +---+ Rest, Resume: no batch is written, requests are acknowledged
//
// The destructor stops the pipelines; what is durable and not committed then is committed by the
// next one.
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <thread>
#include <vector>

#include "api/api.h"
#include "cli/command_parts.h"
#include "cli/serve_door.h"

namespace weir::cli {

// A project without faults, as far as they can be seen before anything is opened.
struct ProjectToServe {
  ReadProject read;
  CompiledProject compiled;
  net::Address address;
  config::ServerSpec::Auth auth = config::ServerSpec::Auth::kTokens;
};
std::expected<std::unique_ptr<ProjectToServe>, ProjectFaults> ReadToServe(
    const std::string& folder, const ServeOptions& options);

class Serving {
 public:
  struct Context {
    const Command& command;
    telemetry::Log& log;
    const telemetry::Metrics& metrics;
    const api::Tokens* tokens;
    std::function<std::optional<api::ReloadHealth>()> reload;
  };

  // Borrows both. Errors: tables that do not fit their contracts, routes that are taken, those of
  // the log and the state.
  static std::expected<std::unique_ptr<Serving>, Errors> Make(const Context& context,
                                                              ProjectToServe& project);
  ~Serving();
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  void Start();
  // Ends the pipelines: when it returns, another process may write in the project.
  void Rest();
  void Resume();
  api::Api& api() { return *api_; }
  // Batches wait for flush.every no more: what is durable is committed while requests under way
  // end.
  void EndGathering();
  // Takes nothing more, and commits what is durable for so long at most.
  void StopIntake(std::chrono::microseconds at_most);

 private:
  Serving(const Context& context, ProjectToServe& project);
  std::expected<void, Errors> Open(const Context& context);
  void TellLeft(const Context& context, const source::Front& front) const;
  DoorPipeline::Begin BeginOf(const pipeline::PipelineSpec& spec);
  void MakeDoors();
  bool Waiting() const;

  ProjectToServe& project_;
  std::atomic<bool> stop_{false};  // Of the pipelines; a signal ends the server first.
  std::atomic<bool> rest_{false};  // The same, but what was begun is finished.
  Command inner_;
  RunOptions options_;
  HealthBoard health_;
  std::unique_ptr<State> state_;        // Of the pipelines that read files.
  std::unique_ptr<State> front_state_;  // Of the front alone.
  std::unique_ptr<CommandParts> parts_;
  std::unique_ptr<source::Front> front_;
  std::unique_ptr<api::Api> api_;
  std::vector<std::unique_ptr<DoorPipeline>> doors_;
  std::thread followed_;
};

}  // namespace weir::cli

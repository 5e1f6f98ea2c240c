#include "cli/serving.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "cli/table_plan.h"
#include "env/clock.h"
#include "env/process.h"
#include "env/watch.h"

namespace weir::cli {
namespace {

using config::ServerSpec;
using std::chrono::microseconds;

constexpr microseconds kLookForCommits = std::chrono::milliseconds(10);

std::unexpected<Errors> One(Error error) { return std::unexpected(Errors{std::move(error)}); }

// --listen, else server.listen with the port that PORT names.
Result<net::Address> ListenOn(const ServerSpec& server, const ServeOptions& options) {
  if (!options.listen.empty()) return net::ParseAddress(options.listen);
  auto address = net::ParseAddress(server.listen.value);
  if (!address) {
    address.error().place = server.listen.place;
    return address;
  }
  const char* port = std::getenv("PORT");
  if (port == nullptr || *port == '\0') return address;
  const std::string_view text = port;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), address->port);
  if (error == std::errc() && end == text.end()) return address;
  return Fail(ErrorKind::kConfig, "server.listen", "PORT is no port: '" + std::string(text) + "'",
              "a number up to 65535");
}

// Who may call. Beyond this machine that has to be said.
Result<ServerSpec::Auth> AuthOf(const ServerSpec& server, const net::Address& address) {
  if (server.auth) return *server.auth;
  if (address.is_loopback()) return ServerSpec::Auth::kNone;
  return Fail({.kind = ErrorKind::kConfig,
               .code = "server.auth",
               .message = address.ToString() + " can be reached from outside, and server.auth says "
                                               "nothing",
               .place = server.listen.place,
               .next = "server: { auth: tokens }, and weir token create; or auth: none for all"});
}

std::string LogFolderOf(const ReadProject& read) { return read.state_folder + "/wal"; }

// The door of the pipelines with a route.
Result<std::unique_ptr<source::Front>> OpenFront(const ReadProject& read,
                                                 catalog::Catalog& catalog) {
  const config::ServerLimits& limits = read.project.server.limits;
  std::vector<source::FrontPipeline> doors;
  for (const pipeline::PipelineSpec& spec : read.pipelines)
    if (const auto* http = std::get_if<source::HttpSpec>(&spec.source))
      doors.push_back({.name = spec.name,
                       .http = *http,
                       .columns = spec.contract.columns,
                       .table = std::get<sink::TableSinkSpec>(spec.sink).table.ToString(),
                       .batch_bytes = spec.flush.bytes});
  return source::Front::Open({.files = env::SystemFiles(),
                              .clock = env::SystemClock(),
                              .random = env::SystemRandom(),
                              .catalog = catalog,
                              .folder = LogFolderOf(read),
                              .log_bytes_max = limits.log,
                              .memory_bytes_max = limits.memory,
                              .keys_max = limits.keys,
                              .key_horizon = limits.key_horizon,
                              .body_bytes_default = limits.max_body},
                             std::move(doors));
}

std::expected<void, Errors> CheckTables(const ReadProject& read, table::Lake& lake) {
  std::vector<const pipeline::PipelineSpec*> pipelines;
  for (const auto& spec : read.pipelines)
    if (!spec.generates()) pipelines.push_back(&spec);
  const auto plans = PlanTables(pipelines, lake);
  if (!plans) return One(plans.error());
  if (Errors drift = DriftOf(*plans); !drift.empty()) return std::unexpected(std::move(drift));
  return {};
}

}  // namespace

std::expected<std::unique_ptr<ProjectToServe>, ProjectFaults> ReadToServe(
    const std::string& folder, const ServeOptions& options) {
  auto read = ReadWholeProject(folder);
  if (!read) return std::unexpected(std::move(read).error());
  const auto faults = [&](Errors errors) {
    return std::unexpected(ProjectFaults{std::move(errors), read->project.sources});
  };
  auto compiled = CompileProject(*read);
  if (!compiled) return faults(std::move(compiled).error());
  auto address = ListenOn(read->project.server, options);
  if (!address) return faults({address.error()});
  const auto auth = AuthOf(read->project.server, *address);
  if (!auth) return faults({auth.error()});
  return std::make_unique<ProjectToServe>(std::move(*read), std::move(*compiled),
                                          std::move(*address), *auth);
}

Serving::Serving(const Context& context, ProjectToServe& project)
    : project_(project), inner_(context.command) {
  inner_.stop = &stop_;
  inner_.terminal.json = false;
}

Serving::~Serving() {
  stop_ = true;
  Rest();
}

// A batch of requests is finished, so that who waits for its commit waits no longer than that; one
// of files is left to whoever comes next.
void Serving::Rest() {
  rest_ = true;
  if (front_ != nullptr) front_->EndWaits();
  doors_.clear();
  stop_ = true;
  env::SystemWatches().Wake();
  if (followed_.joinable()) followed_.join();
}

// Every pipeline is taken anew, with what was written meanwhile.
void Serving::Resume() {
  rest_ = stop_ = false;
  if (front_ != nullptr) front_->BeginWaits();
  MakeDoors();
  Start();
}

// A batch that is not settled, and files of bad records that are not published yet, wait for
// nobody's request. Where that cannot be told, the pipeline tells why.
DoorPipeline::Begin Serving::BeginOf(const pipeline::PipelineSpec& spec) {
  const auto state = front_state_->catalog().Pipeline(spec.name);
  return state && state->settled() && !spec.bad_records ? DoorPipeline::Begin::kWithNews
                                                        : DoorPipeline::Begin::kAtOnce;
}

std::expected<std::unique_ptr<Serving>, Errors> Serving::Make(const Context& context,
                                                              ProjectToServe& project) {
  std::unique_ptr<Serving> serving(new Serving(context, project));
  if (auto opened = serving->Open(context); !opened)
    return std::unexpected(std::move(opened).error());
  return serving;
}

std::expected<void, Errors> Serving::Open(const Context& context) {
  const ReadProject& read = project_.read;
  auto state = State::Open(read, State::Access::kWrite);
  if (!state) return One(state.error());
  state_ = std::move(*state);
  if (auto fits = CheckTables(read, state_->lake()); !fits) return fits;
  parts_ = std::make_unique<CommandParts>(
      inner_, options_, RunParts{read, project_.compiled, *state_, context.log, stop_}, &health_);
  std::vector<std::string> names;
  for (const auto& spec : read.pipelines)
    if (spec.serves()) names.push_back(spec.name);
  // Without a route there is no door; what the log holds is told all the same.
  if (!names.empty() || env::SystemFiles().Status(LogFolderOf(read))) {
    auto asked = State::Open(read, State::Access::kWrite);
    if (!asked) return One(asked.error());
    front_state_ = std::move(*asked);
    auto front = OpenFront(read, front_state_->catalog());
    if (front) {
      TellLeft(context, **front);
    } else if (!names.empty()) {
      return One(front.error());
    } else {  // Nobody needs it now.
      context.log.Write(telemetry::ErrorHappened{front.error(), "", {}});
    }
    if (!names.empty()) front_ = std::move(*front);
  }
  auto api = api::Api::Make({.project = read.project.name,
                             .version = WEIR_VERSION,
                             .front = front_.get(),
                             .http_pipelines = std::move(names),
                             .tokens = context.tokens,
                             .metrics = context.metrics,
                             .log = context.log,
                             .clock = env::SystemClock(),
                             .pipelines = [this] { return health_.All(); },
                             .reload = context.reload,
                             .ack_timeout = read.project.server.limits.ack_timeout});
  if (!api) return One(api.error());
  api_ = std::move(*api);
  MakeDoors();
  return {};
}

// Nothing would remind anybody of them.
void Serving::TellLeft(const Context& context, const source::Front& front) const {
  for (const source::LeftRequests& left : front.left()) {
    const std::string said =
        fmt::format("the log holds {} of {}: nothing is lost; put it back to have them committed",
                    FormatCount(left.requests, "request", "requests"),
                    left.pipeline.empty() ? "a pipeline that is gone"
                                          : left.pipeline + ", a pipeline that has no route now");
    context.command.terminal.Talk("warning: " + said + " (server.left_requests)");
    context.log.Write(telemetry::Warned{"server.left_requests", said});
  }
}

void Serving::MakeDoors() {
  for (const auto& spec : project_.read.pipelines) {
    if (!spec.serves()) continue;
    doors_.push_back(std::make_unique<DoorPipeline>(*parts_, *front_, spec, BeginOf(spec), rest_));
  }
}

void Serving::Start() {
  for (const auto& door : doors_) door->Start();
  std::vector<const pipeline::PipelineSpec*> files;
  for (const auto& spec : project_.read.pipelines)
    if (!spec.serves() && !spec.generates()) files.push_back(&spec);
  if (files.empty()) return;
  for (const auto* spec : files) health_.Set(spec->name, HealthBoard::State::kRunning);
  followed_ = std::thread([this, files] {
    env::GiveWay();
    Follow(*parts_, files);
  });
}

void Serving::EndGathering() {
  if (front_ != nullptr) front_->EndGathering();
}

void Serving::StopIntake(microseconds at_most) {
  if (front_ == nullptr) return;
  const microseconds begun = env::SystemClock().Monotonic();
  front_->Stop();
  front_->Drain();
  while (Waiting() && env::SystemClock().Monotonic() - begun < at_most)
    std::this_thread::sleep_for(kLookForCommits);
}

// Whether something durable waits for a pipeline that still runs.
bool Serving::Waiting() const {
  return std::ranges::any_of(health_.All(), [this](const api::PipelineHealth& one) {
    return one.state == HealthBoard::State::kRunning && front_->waiting_bytes(one.name) != 0;
  });
}

}  // namespace weir::cli

#include "cli/open_project.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "cli/lake_fits.h"
#include "env/clock.h"
#include "env/random.h"
#include "model/model.h"

namespace weir::cli {
namespace {

std::string WorkingFolder() {
  std::array<char, 4096> buffer{};
  return getcwd(buffer.data(), buffer.size()) == nullptr ? "." : std::string(buffer.data());
}

std::string Absolute(const std::string& folder, const std::string& path) {
  if (path.starts_with('/')) return path;
  std::string rest = path;
  while (rest.starts_with("./")) rest.erase(0, 2);
  if (rest.empty() || rest == ".") return folder;
  return folder + "/" + rest;
}

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

void ReadWarehouse(ReadProject& read, config::Faults& faults) {
  const std::string& path = read.project.warehouse;
  if (path.find("://") != std::string::npos && !path.starts_with("file://")) {
    faults.Add("config.not_built",
               "warehouse '" + path + "': this version keeps tables on local disk only",
               {.file = "weir.yaml", .line = 0, .column = 0, .byte_offset = {}},
               "write a folder, such as ./lake");
    return;
  }
  const std::string local = path.starts_with("file://") ? path.substr(7) : path;
  read.warehouse = storage::FileLocation(Absolute(read.project.folder, local));
}

std::unexpected<ProjectFaults> NoProject(Error error) {
  return std::unexpected(ProjectFaults{{std::move(error)}, {}});
}

// What a project may declare by the language, and this version has no use for.
void NotBuilt(const config::Project& project, config::Faults& faults) {
  const auto add = [&](const std::string& what, const Place& place) {
    faults.Add("config.not_built",
               what + " is part of the language but this version does not run it yet", place,
               "leave it out");
  };
  for (const auto& connection : project.connections)
    add("the connection '" + connection.name + "' (" + connection.value.kind + ")",
        connection.place);
  for (const auto& schedule : project.schedules)
    add("the schedule '" + schedule.name + "'", schedule.place);
  for (const config::SqlFile& endpoint : project.endpoints)
    add("an endpoint", {.file = endpoint.file, .line = 0, .column = 0, .byte_offset = {}});
}

std::expected<ReadProject, ProjectFaults> ReadProjectFiles(const std::string& folder,
                                                           config::LoadScope scope) {
  const std::string start = Absolute(WorkingFolder(), folder.empty() ? "." : folder);
  if (const auto status = env::SystemFiles().Status(start); !status || !status->is_directory)
    return NoProject({.kind = ErrorKind::kConfig,
                      .code = "config.no_folder",
                      .message = "there is no folder " + start,
                      .place = {},
                      .next = "see to the folder after -C"});
  const auto found = config::FindProject(env::SystemFiles(), start);
  if (!found) return NoProject(found.error());
  ReadProject read;
  config::Faults& faults = read.faults;
  read.project = config::LoadProject({env::SystemFiles(), FromEnvironment, *found, scope}, faults);
  if (!read.project.folder.starts_with('/'))
    read.project.folder = Absolute(WorkingFolder(), read.project.folder);
  read.pipelines = pipeline::ReadPipelines(read.project, faults);
  ReadWarehouse(read, faults);
  if (scope == config::LoadScope::kAll) NotBuilt(read.project, faults);
  if (read.project.catalog.kind != config::CatalogSpec::Kind::kSqlite)
    faults.Add("config.not_built",
               "catalog: postgres is part of the language, but this version does not run it yet",
               read.project.catalog.place, "leave catalog out: it is sqlite, in .weir/weir.db");
  const auto state = FromEnvironment("WEIR_STATE");
  read.state_folder =
      state && !state->empty() ? Absolute(WorkingFolder(), *state) : read.project.folder + "/.weir";
  return read;
}

std::expected<ReadProject, ProjectFaults> WithoutFaults(
    std::expected<ReadProject, ProjectFaults> read) {
  if (!read || read->faults.empty()) return read;
  return std::unexpected(
      ProjectFaults{std::move(read->faults).Take(), std::move(read->project.sources)});
}

}  // namespace

std::expected<ReadProject, ProjectFaults> ReadWholeProject(const std::string& folder) {
  return ReadProjectFiles(folder, config::LoadScope::kAll);
}

std::expected<ReadProject, ProjectFaults> OpenProject(const std::string& folder) {
  return WithoutFaults(ReadWholeProject(folder));
}

std::expected<ReadProject, ProjectFaults> OpenTables(const std::string& folder) {
  return WithoutFaults(ReadProjectFiles(folder, config::LoadScope::kTables));
}

std::vector<query::View> ReadViews(const ReadProject& project) {
  config::Faults faults;
  const auto models = config::LoadProject(
      {env::SystemFiles(), FromEnvironment, project.project.folder, config::LoadScope::kModels},
      faults);
  return model::ReadViews(models, faults);
}

config::Project ReadTestFiles(const ReadProject& project, config::Faults& faults) {
  return config::LoadProject(
      {env::SystemFiles(), FromEnvironment, project.project.folder, config::LoadScope::kTests},
      faults);
}

Result<std::unique_ptr<State>> State::Open(const ReadProject& project, Access access) {
  std::unique_ptr<State> state(new State());
  state->store_ = storage::MakeLocalStore(env::SystemFiles());
  WEIR_TRY(CheckStateIsNotLost(project, access));
  if (access == Access::kWrite) WEIR_TRY(env::SystemFiles().MakeFolders(project.state_folder));
  std::array<char, 9> instance{};
  std::snprintf(instance.data(), instance.size(), "%08x",
                static_cast<unsigned>(env::SystemRandom().Next()));
  WEIR_ASSIGN(state->catalog_,
              catalog::OpenSqliteCatalog({.path = project.state_folder + "/weir.db",
                                          .instance = instance.data(),
                                          .read_only = access == Access::kRead}));
  state->lake_ = std::make_unique<table::Lake>(*state->store_, *state->catalog_, env::SystemClock(),
                                               env::SystemRandom(), project.warehouse);
  WEIR_TRY(CheckWarehouse(project, *state->catalog_));
  return state;
}

}  // namespace weir::cli

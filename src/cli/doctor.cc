#include <fmt/format.h>
#include <sys/statvfs.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/open_project.h"
#include "engine/engine.h"

namespace weir::cli {
namespace {

struct Finding {
  std::string what;
  bool good = true;
  std::string detail;
  std::string next;
};

Finding LookAtFolder(const std::string& what, const std::string& folder) {
  if (const auto made = env::SystemFiles().MakeFolders(folder); !made)
    return {what, false, folder + ": " + made.error().message, made.error().next};
  const std::string probe = folder + "/.weir-doctor";
  if (const auto written = env::WriteWhole(env::SystemFiles(), probe, "x"); !written)
    return {what, false, folder + ": " + written.error().message, written.error().next};
  (void)env::SystemFiles().Remove(probe);
  struct statvfs space{};
  if (statvfs(folder.c_str(), &space) != 0) return {what, true, folder, ""};
  const uint64_t free_bytes = uint64_t{space.f_bavail} * space.f_frsize;
  return {what, free_bytes > kGiB,
          fmt::format("{}: writable, {} free", folder, FormatBytes(free_bytes)),
          free_bytes > kGiB ? "" : "less than 1 GiB is free: make space"};
}

Finding LookAtState(const ReadProject& read) {
  auto state = State::Open(read, State::Access::kRead);
  if (!state && state.error().code == "catalog.not_found")
    return {"state", true, "nothing has run yet", ""};
  if (!state) return {"state", false, state.error().message, state.error().next};
  const auto tables = (*state)->catalog().Tables();
  if (!tables) return {"state", false, tables.error().message, tables.error().next};
  for (const catalog::TableName& name : *tables) {
    if (const auto loaded = (*state)->lake().Load(name); !loaded)
      return {"state", false, loaded.error().message, loaded.error().next};
  }
  return {"state", true,
          fmt::format("{} tables, instance {}", tables->size(), (*state)->catalog().instance()),
          ""};
}

}  // namespace

int Doctor(const Command& command) {
  std::vector<Finding> findings = {
      {"program", true, fmt::format("weir {}, {}", WEIR_VERSION, engine::Version()), ""}};
  const auto read = OpenProject(command.folder);
  if (!read) {
    for (const Error& error : read.error().errors)
      findings.push_back(
          {"project", false, error.place.ToString() + ": " + error.message, "weir check"});
  } else {
    const auto compiled = CompileProject(*read);
    findings.push_back({"project", compiled.has_value(),
                        read->project.name + " in " + read->project.folder,
                        compiled ? "" : "weir check"});
    findings.push_back(LookAtFolder("state folder", read->state_folder));
    findings.push_back(
        LookAtFolder("lake", storage::LocalPath(read->warehouse).value_or(read->warehouse)));
    findings.push_back(LookAtState(*read));
  }
  bool good = true;
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) {
    good = good && finding.good;
    list.push_back({{"what", finding.what},
                    {"good", finding.good},
                    {"detail", finding.detail},
                    {"next", finding.next}});
    if (command.terminal.json) continue;
    command.terminal.Out(fmt::format("{:<4} {:<13} {}\n", finding.good ? "ok" : "BAD", finding.what,
                                     finding.detail));
    if (!finding.next.empty())
      command.terminal.Out(fmt::format("     {:<13} next: {}\n", "", finding.next));
  }
  if (command.terminal.json)
    command.terminal.Out(
        nlohmann::json{{"schema", "weir.doctor/1"}, {"good", good}, {"findings", std::move(list)}}
            .dump() +
        "\n");
  return good ? 0 : 1;
}

}  // namespace weir::cli

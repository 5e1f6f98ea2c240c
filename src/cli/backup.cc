// weir backup and restore: the state, with the tables' metadata that it points to. Data files stay
// in the lake, where nothing removes them, unless --data copies those of the current snapshots too.
//
//   DIR/backup.json     which file is which (docs/formats/backup.md)
//   DIR/weir.db         the catalog and the ledger, as of one moment
//   DIR/files/N         metadata (and data) of the lake
//   DIR/state/...       the rest of the state: what was accepted and is not committed yet
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/open_project.h"
#include "cli/state_lock.h"
#include "env/clock.h"

namespace weir::cli {
namespace {

using nlohmann::json;

constexpr uint64_t kIndexBytesMax = 256 * kMiB;
constexpr std::array kLeftOut = {"lock", "lock.sock", "logs", "server.json", "tmp"};

// Everything of a table that a reader of its kept snapshots needs, its data files aside.
Result<std::set<std::string>> MetadataOf(State& state, const std::string& pointer,
                                         const table::TableState& table) {
  std::set<std::string> locations = {pointer};
  for (const iceberg::Snapshot& snapshot : table.metadata.snapshots) {
    locations.insert(snapshot.manifest_list);
    WEIR_ASSIGN(const std::string bytes, state.store().Read(snapshot.manifest_list));
    WEIR_ASSIGN(const auto manifests, iceberg::DecodeManifestList(bytes));
    for (const iceberg::ManifestFile& manifest : manifests) locations.insert(manifest.path);
  }
  return locations;
}

// Every file below `folder`, as paths from there.
Result<std::vector<std::string>> FilesBelow(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> files;
  WEIR_ASSIGN(const auto names, env::SystemFiles().List(folder));
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    WEIR_ASSIGN(const auto status, env::SystemFiles().Status(path));
    if (!status.is_directory) {
      files.push_back(prefix + name);
      continue;
    }
    WEIR_ASSIGN(const auto below, FilesBelow(path, prefix + name + "/"));
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

bool OfState(const std::string& path) {
  if (path.starts_with("weir.db")) return false;
  return std::ranges::none_of(kLeftOut, [&](const char* left_out) {
    return path == left_out || path.starts_with(std::string(left_out) + "/");
  });
}

Result<void> CopyFile(const std::string& from, const std::string& to) {
  const size_t slash = to.rfind('/');
  WEIR_TRY(env::SystemFiles().MakeFolders(to.substr(0, slash)));
  WEIR_ASSIGN(const auto source, env::SystemFiles().Open(from));
  WEIR_ASSIGN(const auto status, source->Status());
  WEIR_ASSIGN(const auto target, env::SystemFiles().Replace(to));
  const auto reader = env::ReadRange(*source, 0, status.size);
  std::vector<char> piece(1 << 20);
  while (true) {
    WEIR_ASSIGN(const size_t got, reader->Read(piece));
    if (got == 0) return target->Finish();
    WEIR_TRY(target->Write({piece.data(), got}));
  }
}

class Backing {
 public:
  Backing(const ReadProject& project, std::string folder)
      : project_(project), folder_(std::move(folder)) {}

  Result<json> Go(bool with_data) {
    env::Files& files = env::SystemFiles();
    if (files.Status(folder_ + "/backup.json"))
      return Fail(ErrorKind::kInvalid, "backup.exists",
                  "there is a backup in " + folder_ + " already", "name another folder");
    WEIR_TRY(files.MakeFolders(folder_ + "/files"));
    WEIR_TRY(catalog::CopySqliteCatalog(project_.state_folder + "/weir.db", folder_ + "/weir.db"));
    // What follows is of the moment of the copy: the tables are looked up in it.
    ReadProject copied = project_;
    copied.state_folder = folder_;
    WEIR_ASSIGN(const auto state, State::Open(copied, State::Access::kRead));
    WEIR_ASSIGN(const auto tables, state->catalog().Tables());
    for (const catalog::TableName& name : tables) WEIR_TRY(CopyTable(*state, name, with_data));
    WEIR_ASSIGN(const auto rest, FilesBelow(project_.state_folder, ""));
    for (const std::string& path : rest)
      if (OfState(path))
        WEIR_TRY(CopyFile(project_.state_folder + "/" + path, folder_ + "/state/" + path));
    const json index = {{"weir.backup", 1},
                        {"project", project_.project.name},
                        {"at", FormatInstant(env::SystemClock().Now())},
                        {"warehouse", project_.warehouse},
                        {"tables", tables.size()},
                        {"files", files_}};
    // Last: a backup without it is none.
    WEIR_TRY(env::WriteWhole(files, folder_ + "/backup.json", index.dump(1) + "\n"));
    return index;
  }

 private:
  Result<void> CopyTable(State& state, const catalog::TableName& name, bool with_data) {
    WEIR_ASSIGN(const auto loaded, state.lake().Load(name));
    WEIR_ASSIGN(std::set<std::string> locations, MetadataOf(state, loaded->pointer, *loaded));
    if (with_data) {
      WEIR_ASSIGN(const auto data, state.lake().Files(*loaded));
      for (const iceberg::DataFile& file : data) locations.insert(file.path);
    }
    for (const std::string& location : locations) {
      WEIR_ASSIGN(const std::string from, storage::LocalPath(location));
      const std::string to = "files/" + std::to_string(files_.size());
      WEIR_TRY(CopyFile(from, folder_ + "/" + to));
      files_[location] = to;
    }
    return {};
  }

  const ReadProject& project_;
  std::string folder_;
  std::map<std::string, std::string> files_;
};

Result<json> RestoreFrom(const ReadProject& project, const std::string& folder) {
  env::Files& files = env::SystemFiles();
  WEIR_ASSIGN(const std::string text,
              env::ReadWhole(files, folder + "/backup.json", kIndexBytesMax));
  const json index = json::parse(text, nullptr, false);
  if (!index.is_object() || index.value("weir.backup", 0) != 1)
    return Fail(ErrorKind::kCorrupt, "restore.index",
                folder + "/backup.json is no index of a backup");
  if (index.value("warehouse", "") != project.warehouse)
    return Fail(ErrorKind::kInvalid, "restore.warehouse",
                "the backup is of the lake at " + index.value("warehouse", "") +
                    ", this project's is " + project.warehouse,
                "restore it in the same place: tables name their files with their folders");
  const std::string database = project.state_folder + "/weir.db";
  if (files.Status(database))
    return Fail(ErrorKind::kInvalid, "restore.exists", "this project has a state: " + database,
                "move " + project.state_folder + " away first");
  for (const auto& [location, name] : index.at("files").items()) {
    WEIR_ASSIGN(const std::string to, storage::LocalPath(location));
    if (!files.Status(to)) WEIR_TRY(CopyFile(folder + "/" + name.get<std::string>(), to));
  }
  if (files.Status(folder + "/state")) {
    WEIR_ASSIGN(const auto rest, FilesBelow(folder + "/state", ""));
    for (const std::string& path : rest)
      WEIR_TRY(CopyFile(folder + "/state/" + path, project.state_folder + "/" + path));
  }
  // Last: with it the project has a state.
  WEIR_TRY(files.Remove(database + ".restoring"));
  WEIR_TRY(catalog::CopySqliteCatalog(folder + "/weir.db", database + ".restoring"));
  WEIR_TRY(catalog::AdoptSqliteCatalog(database + ".restoring"));
  WEIR_TRY(files.Rename(database + ".restoring", database));
  return index;
}

int Tell(const Command& command, const Result<json>& done, const char* verb,
         const std::string& folder) {
  if (!done) return Report(command.terminal, done.error());
  if (command.terminal.json)
    command.terminal.Out(json{{"schema", "weir." + std::string(verb) + "/1"},
                              {"tables", done->at("tables")},
                              {"files", done->at("files").size()},
                              {"at", done->at("at")}}
                             .dump() +
                         "\n");
  command.terminal.Talk(fmt::format("{}: {} tables, {} files of the lake, as of {}", folder,
                                    done->at("tables").get<size_t>(), done->at("files").size(),
                                    done->at("at").get<std::string>()));
  return 0;
}

}  // namespace

int Backup(const Command& command, const BackupOptions& options) {
  const auto project = OpenProject(command.folder);
  if (!project) return Report(command.terminal, project.error().errors, project.error().sources);
  if (const auto state = State::Open(*project, State::Access::kRead); !state)
    return Report(command.terminal, state.error());
  return Tell(command, Backing(*project, options.folder).Go(options.data), "backup",
              options.folder);
}

int Restore(const Command& command, const BackupOptions& options) {
  const auto project = OpenProject(command.folder);
  if (!project) return Report(command.terminal, project.error().errors, project.error().sources);
  const auto lock = LockState(*project, IfServed::kRefuse);
  if (!lock) return Report(command.terminal, lock.error());
  return Tell(command, RestoreFrom(*project, options.folder), "restore", options.folder);
}

}  // namespace weir::cli

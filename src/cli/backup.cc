// weir backup and restore: the state, with the tables' metadata that it points to. Data files stay
// in the lake, where nothing removes them, unless --data copies those of the current snapshots too.
//
//   DIR/backup.json     which file is which (docs/formats/backup.md)
//   DIR/weir.db         the catalog and the ledger, as of one moment
//   DIR/files/N         metadata (and data) of the lake
//   DIR/state/...       the rest of the state: what was accepted and is not committed yet
//
// A server goes on acknowledging meanwhile, and its pipelines rest: between the copy of the catalog
// and that of the log nothing is committed, and so nothing given back. Whatever was acknowledged
// before is thus in one of the two, and what is in both is known by its place in the log.
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
#include "wal/log_folder.h"

namespace weir::cli {
namespace {

using nlohmann::json;

constexpr uint64_t kIndexBytesMax = 256 * kMiB;
constexpr std::array kLeftOut = {"lock", "lock.sock", "logs", "server.json", "tmp", "wal"};

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

std::string LogOf(const ReadProject& project) { return project.state_folder + "/wal"; }

Result<bool> HasLog(const ReadProject& project) {
  const auto names = env::SystemFiles().List(LogOf(project));
  if (names)
    return std::ranges::any_of(*names,
                               [](const std::string& name) { return name.ends_with(".log"); });
  if (names.error().kind == ErrorKind::kNotFound) return false;
  return Fail(names.error());
}

// Whether a file of the state is copied as it is; the catalog and the log are not.
bool OfState(const std::string& path) {
  if (path.starts_with("weir.db")) return false;
  return std::ranges::none_of(kLeftOut, [&](const char* left_out) {
    return path == left_out || path.starts_with(std::string(left_out) + "/");
  });
}
bool Any(const std::string& /*path*/) { return true; }

// Every file below `folder` that is wanted, as paths from there. Others may vanish meanwhile.
Result<std::vector<std::string>> FilesBelow(const std::string& folder, const std::string& prefix,
                                            bool (*wanted)(const std::string& path)) {
  std::vector<std::string> files;
  WEIR_ASSIGN(const auto names, env::SystemFiles().List(folder));
  for (const std::string& name : names) {
    if (!wanted(prefix + name)) continue;
    const std::string path = folder + "/" + name;
    WEIR_ASSIGN(const auto status, env::SystemFiles().Status(path));
    if (!status.is_directory) {
      files.push_back(prefix + name);
      continue;
    }
    WEIR_ASSIGN(const auto below, FilesBelow(path, prefix + name + "/", wanted));
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
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

// SQLite does not sync such a copy.
Result<void> CopyCatalog(const std::string& from, const std::string& to) {
  WEIR_TRY(catalog::CopySqliteCatalog(from, to));
  WEIR_ASSIGN(const auto copy, env::SystemFiles().OpenForUpdate(to));
  return copy->SyncData();
}

// The lock of the state, a server's too, so that its pipelines rest. Null: another command has it
// (weir run --follow). That one gives nothing of the log back, and no server runs unless one begins
// meanwhile.
Result<std::unique_ptr<env::FileLock>> LetRest(const ReadProject& project) {
  auto lock = LockState(project);
  if (lock || lock.error().code != "run.locked") return lock;
  return nullptr;
}

class Backing {
 public:
  Backing(const ReadProject& project, std::string folder)
      : project_(project), folder_(std::move(folder)) {}

  Result<json> Go(bool with_data) {
    env::Files& files = env::SystemFiles();
    WEIR_TRY(LookAtFolder());
    WEIR_TRY(files.MakeFolders(folder_ + "/files"));
    WEIR_ASSIGN(auto lock, LetRest(project_));
    const Instant at = env::SystemClock().Now();
    WEIR_ASSIGN(const auto log, wal::LogFolder::Open(files, LogOf(project_)));
    WEIR_TRY(CopyCatalog(project_.state_folder + "/weir.db", folder_ + "/weir.db"));
    WEIR_TRY(CopyState());
    if (lock == nullptr) WEIR_TRY(CheckComplete(*log));
    // What follows is of the moment of the copy: the tables are looked up in it. A commit may
    // remove metadata of theirs; data files are not removed by commits.
    ReadProject copied = project_;
    copied.state_folder = folder_;
    WEIR_ASSIGN(const auto state, State::Open(copied, State::Access::kRead));
    WEIR_ASSIGN(const auto tables, state->catalog().Tables());
    for (const catalog::TableName& name : tables) WEIR_TRY(CopyMetadata(*state, name));
    lock.reset();
    if (with_data)
      for (const catalog::TableName& name : tables) WEIR_TRY(CopyData(*state, name));
    const json index = {{"weir.backup", 1},        {"project", project_.project.name},
                        {"at", FormatInstant(at)}, {"warehouse", project_.warehouse},
                        {"tables", tables.size()}, {"files", files_}};
    // Last: a backup without it is none.
    WEIR_TRY(env::WriteWhole(files, folder_ + "/backup.json", index.dump(1) + "\n"));
    return index;
  }

 private:
  // What an earlier one left in the folder must not become part of this one.
  Result<void> LookAtFolder() const {
    if (env::SystemFiles().Status(folder_ + "/backup.json"))
      return Fail(ErrorKind::kInvalid, "backup.exists",
                  "there is a backup in " + folder_ + " already", "name another folder");
    if (env::SystemFiles().Status(folder_ + "/weir.db"))
      return Fail(ErrorKind::kInvalid, "backup.unfinished",
                  "there is a backup in " + folder_ + " that did not come to its end",
                  "remove the folder, or name another one");
    return {};
  }

  // Behind the catalog: what it has planned is in the log.
  Result<void> CopyState() const {
    WEIR_ASSIGN(const auto log, wal::LogFolder::Open(env::SystemFiles(), LogOf(project_)));
    WEIR_TRY(log->CopyTo(folder_ + "/state/wal"));
    WEIR_ASSIGN(const auto rest, FilesBelow(project_.state_folder, "", OfState));
    for (const std::string& path : rest)
      WEIR_TRY(CopyFile(project_.state_folder + "/" + path, folder_ + "/state/" + path));
    return {};
  }

  // Where pipelines did not rest: what was given back may be what the copied catalog has not.
  static Result<void> CheckComplete(wal::LogFolder& before) {
    WEIR_ASSIGN(const bool complete, before.IsComplete());
    if (complete) return {};
    return Fail(ErrorKind::kBusy, "backup.moved",
                "a server began to commit requests while the state was copied",
                "repeat it into another folder");
  }

  Result<void> CopyMetadata(State& state, const catalog::TableName& name) {
    WEIR_ASSIGN(const auto loaded, state.lake().Load(name));
    WEIR_ASSIGN(const auto locations, MetadataOf(state, loaded->pointer, *loaded));
    for (const std::string& location : locations) WEIR_TRY(CopyLocation(location));
    return {};
  }

  Result<void> CopyData(State& state, const catalog::TableName& name) {
    WEIR_ASSIGN(const auto loaded, state.lake().Load(name));
    WEIR_ASSIGN(const auto data, state.lake().Files(*loaded));
    for (const iceberg::DataFile& file : data) WEIR_TRY(CopyLocation(file.path));
    return {};
  }

  Result<void> CopyLocation(const std::string& location) {
    if (files_.contains(location)) return {};
    WEIR_ASSIGN(const std::string from, storage::LocalPath(location));
    const std::string to = "files/" + std::to_string(files_.size());
    WEIR_TRY(CopyFile(from, folder_ + "/" + to));
    files_[location] = to;
    return {};
  }

  const ReadProject& project_;
  std::string folder_;
  std::map<std::string, std::string> files_;
};

Result<json> RestoreFrom(const ReadProject& project, const std::string& folder) {
  env::Files& files = env::SystemFiles();
  auto text = env::ReadWhole(files, folder + "/backup.json", kIndexBytesMax);
  if (!text) {
    Error error = std::move(text).error();
    if (error.kind == ErrorKind::kNotFound) error.next = "name a folder that weir backup has made";
    return Fail(std::move(error));
  }
  const json index = json::parse(*text, nullptr, false);
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
  // Requests that the backup does not know of: its log in the place of theirs would lose them.
  WEIR_ASSIGN(const bool any, HasLog(project));
  if (any)
    return Fail(ErrorKind::kInvalid, "restore.exists",
                "this project has a log of accepted requests: " + LogOf(project),
                "move " + project.state_folder + " away first");
  for (const auto& [location, name] : index.at("files").items()) {
    WEIR_ASSIGN(const std::string to, storage::LocalPath(location));
    if (!files.Status(to)) WEIR_TRY(CopyFile(folder + "/" + name.get<std::string>(), to));
  }
  if (files.Status(folder + "/state")) {
    WEIR_ASSIGN(const auto rest, FilesBelow(folder + "/state", "", Any));
    for (const std::string& path : rest)
      WEIR_TRY(CopyFile(folder + "/state/" + path, project.state_folder + "/" + path));
  }
  // Last: with it the project has a state.
  WEIR_TRY(files.Remove(database + ".restoring"));
  WEIR_TRY(CopyCatalog(folder + "/weir.db", database + ".restoring"));
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

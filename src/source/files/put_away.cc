#include <algorithm>

#include "env/failpoint.h"
#include "env/hash.h"
#include "source/files/file_version_internal.h"
#include "source/files/put_away_internal.h"

namespace weir::source {
namespace {

constexpr std::string_view kHidden = ".weir-done-";
constexpr int kNamesTried = 10'000;

// a.csv.gz, 2 -> a.2.csv.gz
std::string Numbered(const std::string& path, int number) {
  if (number == 1) return path;
  const size_t name = path.rfind('/') + 1;
  const size_t dot = std::min(path.find('.', name + 1), path.size());
  return path.substr(0, dot) + "." + std::to_string(number) + path.substr(dot);
}

Result<std::string> HashOf(env::Files& files, const std::string& path) {
  WEIR_ASSIGN(const auto file, files.Open(path));
  WEIR_ASSIGN(const env::FileStatus status, file->Status());
  return env::HashPrefix(*file, status.size);
}

}  // namespace

std::string NameBehind(const std::string& hidden) {
  if (!hidden.starts_with(kHidden)) return {};
  const size_t dash = hidden.find('-', kHidden.size());
  return dash == std::string::npos ? std::string() : hidden.substr(dash + 1);
}

PutAway::PutAway(const FilesContext& context, const FilesSpec& spec)
    : context_(context),
      names_(context.folder, spec.glob),
      marked_(std::holds_alternative<ReadyMarker>(spec.ready)),
      when_done_(spec.when_done),
      each_is_all_(spec.each_is_all) {}

Errors PutAway::Run(const std::vector<ledger::ObjectProgress>& finished,
                    const std::vector<std::string>& folders, Cursor& cursor) {
  if (std::holds_alternative<Keep>(when_done_)) return {};
  if (!std::exchange(looked_for_hidden_, true)) {
    for (const std::string& folder : folders) {
      const auto names = context_.files.List(folder);
      if (!names) continue;
      for (const std::string& name : *names)
        if (!NameBehind(name).empty()) hidden_.insert(folder + "/" + name);
    }
  }
  for (const ledger::ObjectProgress& object : finished) {
    const std::string path = names_.PathOf(object.object);
    Note(Hide(path), path);
  }
  for (const std::string& hidden : std::set<std::string>(hidden_))
    Note(Finish(hidden, cursor), FolderOf(hidden) + "/" + NameBehind(LastName(hidden)));
  Errors errors;
  for (const auto& [path, error] : failed_) errors.push_back(error);
  return errors;
}

void PutAway::Note(const Result<void>& done, const std::string& path) {
  if (done || done.error().kind == ErrorKind::kNotFound) {
    failed_.erase(path);
    return;
  }
  Error error = done.error();
  error.place.file = names_.NameOf(path);
  if (error.next.empty()) error.next = "see to it; its records are committed";
  failed_.insert_or_assign(path, std::move(error));
}

Result<void> PutAway::Hide(const std::string& path) {
  for (int tries = 0; tries < kNamesTried; ++tries) {
    const std::string hidden = FolderOf(path) + "/" + std::string(kHidden) +
                               std::to_string(++counter_) + "-" + LastName(path);
    const auto renamed = context_.files.RenameNew(path, hidden);
    if (!renamed && renamed.error().kind == ErrorKind::kExists) continue;
    if (renamed) hidden_.insert(hidden);
    WEIR_TRY(env::ReachFailpoint("files.hidden"));
    return renamed;
  }
  return Fail(ErrorKind::kExists, "file.exists", "no private name is free");
}

Result<void> PutAway::Finish(const std::string& hidden, Cursor& cursor) {
  const std::string path = FolderOf(hidden) + "/" + NameBehind(LastName(hidden));
  auto done = IsDone(hidden, path, cursor);
  if (!done) {
    if (done.error().kind == ErrorKind::kNotFound) hidden_.erase(hidden);
    return Fail(std::move(done).error());
  }
  if (!*done) {
    const auto back = context_.files.RenameNew(hidden, path);
    // Another file has the name now: when that one was put away, this one gets it back.
    if (!back && back.error().kind == ErrorKind::kExists) return {};
    if (back) hidden_.erase(hidden);
    return back;
  }
  if (const auto* to = std::get_if<MoveTo>(&when_done_)) {
    WEIR_TRY(Move(hidden, LastName(path), *to));
  } else {
    WEIR_TRY(context_.files.Remove(hidden));
  }
  hidden_.erase(hidden);
  // A file of that name that comes later is not ready because this one was.
  return marked_ ? context_.files.Remove(path + ".ready") : Result<void>{};
}

// Whether all of its content is committed and nobody can be adding to it. `path` is its name.
Result<bool> PutAway::IsDone(const std::string& hidden, const std::string& path, Cursor& cursor) {
  WEIR_ASSIGN(const auto file, context_.files.Open(hidden));
  if (file->writers() == env::Writers::kSome) return false;
  WEIR_ASSIGN(const env::FileStatus before, file->Status());
  WEIR_ASSIGN(const std::string content, env::HashPrefix(*file, before.size));
  WEIR_ASSIGN(const env::FileStatus after, file->Status());
  if (!(before == after)) return false;
  WEIR_ASSIGN(auto known, cursor.ByPath(names_.NameOf(path)));
  if (known && known->done && known->size == before.size && known->mtime_ns == before.mtime_ns &&
      ContentOf(known->version) == content)
    return true;
  if (each_is_all_) return false;  // What was done under that name once may have come again.
  WEIR_ASSIGN(known, cursor.ByVersion(content));
  return known && known->done;
}

Result<void> PutAway::Move(const std::string& hidden, const std::string& name, const MoveTo& to) {
  const std::string path = names_.Absolute(
      to.path.Fill({.at = context_.clock.Now(), .name = name, .pipeline = context_.pipeline}));
  const std::string target = to.path.Uses("name") ? path : path + "/" + name;
  WEIR_TRY(context_.files.MakeFolders(FolderOf(target)));
  for (int number = 1; number < kNamesTried; ++number) {
    const auto put = PutUnder(hidden, Numbered(target, number));
    if (put || put.error().kind != ErrorKind::kExists) return put;
    // The same file, from before this process died.
    WEIR_ASSIGN(const std::string there, HashOf(context_.files, Numbered(target, number)));
    WEIR_ASSIGN(const std::string ours, HashOf(context_.files, hidden));
    if (there == ours) return context_.files.Remove(hidden);
  }
  return Fail(ErrorKind::kExists, "file.exists", "no name is free for it in " + FolderOf(target));
}

Result<void> PutAway::PutUnder(const std::string& hidden, const std::string& target) {
  auto renamed = context_.files.RenameNew(hidden, target);
  if (renamed || renamed.error().code != "file.other_disk") return renamed;
  return CopyUnder(hidden, target);
}

Result<void> PutAway::CopyUnder(const std::string& hidden, const std::string& target) {
  WEIR_ASSIGN(const auto file, context_.files.Open(hidden));
  WEIR_ASSIGN(const env::FileStatus status, file->Status());
  WEIR_ASSIGN(const auto writer, context_.files.Create(target));
  const auto reader = env::ReadRange(*file, 0, status.size);
  std::string buffer(256 * 1024, '\0');
  while (true) {
    WEIR_ASSIGN(const size_t got, reader->Read(buffer));
    if (got == 0) break;
    WEIR_TRY(writer->Write(std::string_view(buffer).substr(0, got)));
  }
  WEIR_TRY(writer->Finish());
  return context_.files.Remove(hidden);
}

}  // namespace weir::source

#include <algorithm>

#include "env/failpoint.h"
#include "env/hash.h"
#include "source/files/file_version_internal.h"
#include "source/files/put_away_internal.h"

namespace weir::source {
namespace {

constexpr std::string_view kHidden = ".weir-done-";
constexpr int kNamesTried = 10'000;
constexpr size_t kNameBytesMax = 255;  // Of the file systems of Linux.

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

PutAwayOutcome PutAway::Run(const std::vector<ledger::ObjectProgress>& finished,
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
  news_ = false;
  for (const ledger::ObjectProgress& object : finished) {
    const std::string path = names_.PathOf(object.object);
    Note(Hide(path), path);
  }
  for (const std::string& hidden : std::set<std::string>(hidden_))
    Note(Finish(hidden, cursor), FolderOf(hidden) + "/" + NameBehind(LastName(hidden)));
  PutAwayOutcome outcome{.failed = {}, .news = news_};
  for (const auto& [path, error] : failed_) outcome.failed.push_back(error);
  return outcome;
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
    const std::string name =
        std::string(kHidden) + std::to_string(++counter_) + "-" + LastName(path);
    if (name.size() > kNameBytesMax)
      return Fail(ErrorKind::kInvalid, "files.long_name",
                  "its name is too long to be put away; its records are committed",
                  "give such files names of at most 230 bytes, or leave when_done out");
    const std::string hidden = FolderOf(path) + "/" + name;
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
  auto done = WhatIsLeft(hidden, path, cursor);
  if (!done) {
    if (done.error().kind == ErrorKind::kNotFound) hidden_.erase(hidden);
    return Fail(std::move(done).error());
  }
  if (*done != Left::kDone) {
    if (*done == Left::kOtherContent) {
      other_content_.insert(path);
      news_ |= told_.insert(path).second;
    }
    const auto back = context_.files.RenameNew(hidden, path);
    // Another file has the name now: when that one was put away, this one gets it back.
    if (!back && back.error().kind == ErrorKind::kExists) return {};
    if (back) hidden_.erase(hidden);
    return back;
  }
  told_.erase(path);
  // Before the file itself: one of its name that comes later is not ready because this one was. Once,
  // and not where another has the name: then the marker may be that one's.
  if (marked_ && unmarked_.insert(hidden).second && !context_.files.Status(path))
    WEIR_TRY(context_.files.Remove(path + ".ready"));
  if (const auto* to = std::get_if<MoveTo>(&when_done_)) {
    WEIR_TRY(Move(hidden, LastName(path), *to));
  } else {
    WEIR_TRY(context_.files.Remove(hidden));
  }
  WEIR_TRY(env::ReachFailpoint("files.put_away"));
  hidden_.erase(hidden);
  unmarked_.erase(hidden);
  return {};
}

// `path` is its name.
Result<PutAway::Left> PutAway::WhatIsLeft(const std::string& hidden, const std::string& path,
                                          Cursor& cursor) {
  WEIR_ASSIGN(const auto file, context_.files.Open(hidden));
  if (file->writers() == env::Writers::kSome) return Left::kWritten;
  WEIR_ASSIGN(const env::FileStatus before, file->Status());
  WEIR_ASSIGN(const std::string content, env::HashPrefix(*file, before.size));
  WEIR_ASSIGN(const env::FileStatus after, file->Status());
  if (!(before == after)) return Left::kWritten;
  WEIR_ASSIGN(auto known, cursor.ByPath(names_.NameOf(path)));
  if (known && known->done && known->size == before.size && known->mtime_ns == before.mtime_ns &&
      ContentOf(known->version) == content)
    return Left::kDone;
  // What was done under that name once may have come again.
  if (each_is_all_) return Left::kOtherContent;
  WEIR_ASSIGN(known, cursor.ByVersion(content));
  return known && known->done ? Left::kDone : Left::kOtherContent;
}

Result<void> PutAway::Move(const std::string& hidden, const std::string& name, const MoveTo& to) {
  const std::string path = names_.Absolute(
      to.path.Fill({.at = context_.clock.Now(), .name = name, .pipeline = context_.pipeline}));
  const std::string target = to.path.Uses("name") ? path : path + "/" + name;
  WEIR_TRY(context_.files.MakeFolders(FolderOf(target)));
  const auto taken = numbers_taken_.find(target);
  for (int number = taken == numbers_taken_.end() ? 1 : taken->second + 1; number < kNamesTried;
       ++number) {
    const auto put = PutUnder(hidden, Numbered(target, number));
    if (put && number > 1) numbers_taken_.insert_or_assign(target, number);
    if (put || put.error().kind != ErrorKind::kExists) return put;
    WEIR_ASSIGN(const bool same, SameBytes(hidden, Numbered(target, number)));
    if (same) return context_.files.Remove(hidden);  // From before this process died.
  }
  return Fail(ErrorKind::kExists, "file.exists", "no name is free for it in " + FolderOf(target));
}

Result<bool> PutAway::SameBytes(const std::string& a, const std::string& b) {
  WEIR_ASSIGN(const env::FileStatus of_a, context_.files.Status(a));
  WEIR_ASSIGN(const env::FileStatus of_b, context_.files.Status(b));
  if (of_a.size != of_b.size) return false;
  WEIR_ASSIGN(const std::string hash, HashOf(context_.files, a));
  WEIR_ASSIGN(const std::string other, HashOf(context_.files, b));
  return hash == other;
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

#include "source/files/files_source.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "env/hash.h"
#include "format/decoder.h"
#include "format/whole_records.h"
#include "source/files/file_names_internal.h"
#include "source/files/file_news_internal.h"
#include "source/files/file_split_internal.h"
#include "source/files/file_version_internal.h"
#include "source/files/put_away_internal.h"

namespace weir::source {
namespace {

using ledger::ObjectProgress;
using std::chrono::microseconds;
using std::chrono::seconds;

// Where the system does not tell who writes, a file that did not change for so long is complete.
constexpr microseconds kRestTime = seconds(1);

// What of a file may be read now.
enum class Complete : uint8_t {
  kWhole,
  kWholeRecords,  // Up to the last whole record.
  kNothing,       // Not yet.
};

// Some digits that no other version has.
std::string Own(const std::string& version) {
  constexpr size_t kOwnDigits = 8;
  return (IsAll(version) ? env::ContentHashHex(version) : version).substr(0, kOwnDigits);
}

bool IsMarker(const std::string& path) {
  return path.ends_with(".ready") || LastName(path) == "_SUCCESS";
}

// A file as it is looked at.
struct Seen {
  std::string path;
  std::string name;
  std::unique_ptr<env::OpenFile> file;
  env::FileStatus status;
  Complete complete = Complete::kWhole;
};

class FilesSource final : public Source {
 public:
  FilesSource(const FilesContext& context, FilesSpec spec)
      : context_(context),
        files_(context.files),
        spec_(std::move(spec)),
        names_(context.folder, spec_.glob),
        news_(context.watches, context.clock),
        put_away_(context, spec_) {}

  Result<Discovery> Discover(Cursor& cursor) override {
    named_.clear();
    env::Found there = news_.Everywhere(files_, names_.glob());
    folders_ = std::move(there.folders);
    failed_.clear();
    for (const Error& error : there.unreadable) Failed(error.place.file, error);
    Discovery found;
    for (const std::string& path : there.files) WEIR_TRY(Look(path, cursor, found));
    std::erase_if(by_inode_, [&](const auto& one) {
      return !std::ranges::binary_search(there.files, names_.PathOf(one.second));
    });
    return WithFailures(std::move(found));
  }

  Result<Discovery> DiscoverNews(Cursor& cursor) override {
    const FileNews::Looks due = news_.Due();
    if (due.everywhere) return Discover(cursor);
    named_.clear();
    Discovery found;
    for (const std::string& path : due.paths) {
      if (marked() && LastName(path) == "_SUCCESS") return Discover(cursor);
      const std::string of =
          marked() && path.ends_with(".ready") ? path.substr(0, path.size() - 6) : path;
      if (env::MatchesGlob(names_.glob(), of)) WEIR_TRY(Look(of, cursor, found));
    }
    return WithFailures(std::move(found));
  }

  PutAwayOutcome Settle(const std::vector<ObjectProgress>& finished, Cursor& cursor) override {
    return put_away_.Run(finished, folders_, cursor);
  }

  Result<std::unique_ptr<OpenSplit>> Open(const ObjectProgress& split) override {
    return OpenFileSplit(files_, names_.PathOf(split.object), split);
  }

  Result<LandedAs> LandAs(const ObjectProgress& split) const override {
    return LandedAs{.name = split.object.substr(split.object.rfind('/') + 1),
                    .own = Own(split.version),
                    .at = {split.mtime_ns / 1000},
                    .seq = 0};
  }

  Result<format::FormatSpec> FormatOf(const ObjectProgress& split) const override {
    const std::string& object = split.object;
    const auto by_name = format::FormatOfPath(object);
    if (!by_name && !spec_.format) {
      return Fail({.kind = ErrorKind::kConfig,
                   .code = "source.format",
                   .message = "the file's ending does not tell its format",
                   .place = {.file = object, .line = 0, .column = 0, .byte_offset = {}},
                   .next = "say it in the source, such as format: csv"});
    }
    format::FormatSpec made = by_name.value_or(format::FormatSpec{});
    const char by_ending = made.csv.delimiter;
    made.csv = spec_.csv;
    if (spec_.csv.delimiter == format::kFoundDelimiter && by_ending == '\t')
      made.csv.delimiter = by_ending;
    if (spec_.format) made.kind = *spec_.format;
    if (spec_.compression) made.compression = *spec_.compression;
    return made;
  }

 private:
  static ObjectProgress Named(const std::string& name) {
    ObjectProgress object;
    object.object = name;
    return object;
  }
  bool marked() const { return std::holds_alternative<ReadyMarker>(spec_.ready); }

  // An object with which something failed: told under its name, with what to do.
  void Failed(const std::string& path, Error error) {
    error.place.file = names_.NameOf(path);
    if (error.next.empty()) error.next = "see to it, then weir run";
    failed_.insert_or_assign(path, std::move(error));
  }

  Discovery WithFailures(Discovery found) {
    if (spec_.each_is_all) std::ranges::stable_sort(found.splits, {}, &ObjectProgress::mtime_ns);
    for (const auto& [path, error] : failed_) found.failed.push_back(error);
    found.again_in = news_.IdleFor();
    return found;
  }

  // Decides about one file and adds it to `found` where there is something to say.
  Result<void> Look(const std::string& path, Cursor& cursor, Discovery& found) {
    WEIR_TRY(CheckNotStopped());
    if (marked() && IsMarker(path)) return {};
    news_.Forget(path);
    failed_.erase(path);
    auto opened = OpenSeen(path);
    if (!opened) {
      // One that was deleted since it was listed, or is a pipe, is no input.
      if (opened.error().kind != ErrorKind::kNotFound) Failed(path, std::move(opened).error());
      return {};
    }
    Seen seen = std::move(*opened);
    if (seen.status.is_directory) return {};
    ++found.objects;
    // In a plan, it would stop all that is planned with it.
    if (auto format = FormatOf(Named(seen.name)); !format) {
      Failed(path, std::move(format).error());
      return {};
    }
    if (news_.IsSettled(path, seen.status)) return {};
    seen.complete = HowComplete(seen);
    if (seen.complete == Complete::kNothing) {
      ++found.waiting;
      return {};
    }
    WEIR_ASSIGN(const auto known, cursor.ByPath(seen.name));
    const bool begun_in_part = spec_.each_is_all && known && !known->done;
    const bool by_content = put_away_.TakeOtherContent(path);
    if (known && known->size == seen.status.size && known->mtime_ns == seen.status.mtime_ns &&
        !begun_in_part && !by_content) {
      if (news_.followed()) by_inode_[seen.status.inode] = seen.name;
      TellKnown(seen, *known, found);
      return {};
    }
    WEIR_ASSIGN(const auto before, Before(seen, known, cursor));
    auto version = ReadVersion(seen, before);
    WEIR_TRY(CheckNotStopped());
    if (!version) {
      news_.AgainIn(path, kRestTime);
      Failed(path, std::move(version).error());
      return {};
    }
    if (!*version) {  // Nothing whole was added to it.
      ++found.waiting;
      if (known && !known->done) Give(seen, *known, found);
      return {};
    }
    return TellVersion(seen, known, std::move(**version), cursor, found);
  }

  Result<Seen> OpenSeen(const std::string& path) {
    Seen seen{.path = path,
              .name = names_.NameOf(path),
              .file = nullptr,
              .status = {},
              .complete = Complete::kWhole};
    WEIR_ASSIGN(seen.file, files_.Open(path));
    WEIR_ASSIGN(seen.status, seen.file->Status());
    return seen;
  }

  // What is known of the file: by its path, else by the path that it had before it was renamed.
  Result<std::optional<ObjectProgress>> Before(const Seen& seen,
                                               const std::optional<ObjectProgress>& known,
                                               Cursor& cursor) {
    if (known && news_.followed()) by_inode_[seen.status.inode] = seen.name;
    const auto renamed = by_inode_.find(seen.status.inode);
    if (known || renamed == by_inode_.end()) return known;
    return cursor.ByPath(renamed->second);
  }

  void Give(const Seen& seen, ObjectProgress object, Discovery& found) {
    news_.Again(seen.path);  // Whether it is the same then is seen after its batch.
    named_.insert(object.version);
    found.splits.push_back(std::move(object));
  }

  // It is as the cursor knows it.
  void TellKnown(const Seen& seen, const ObjectProgress& known, Discovery& found) {
    if (!known.done) {
      Give(seen, known, found);
    } else if (std::holds_alternative<Keep>(spec_.when_done)) {
      news_.Settled(seen.path, seen.status);
    } else if (seen.complete == Complete::kWhole) {
      // Hidden while somebody writes it, it would come back at once, and be news.
      if (seen.file->writers() != env::Writers::kSome) found.finished.push_back(known);
      news_.AgainIn(seen.path, kRestTime);  // Should it be put back.
    }
  }

  // `object` is what there is to be read of it, and not what the cursor knows under that path.
  Result<void> TellVersion(const Seen& seen, const std::optional<ObjectProgress>& known,
                           ObjectProgress object, Cursor& cursor, Discovery& found) {
    // The same content is being named right now: whether this one is to be skipped is decided when
    // that one has been read.
    if (named_.contains(object.version)) {
      news_.Again(seen.path);
      return {};
    }
    WEIR_ASSIGN(const auto same, Same(object, cursor));
    // Back under its name, after other content.
    const bool put_back = spec_.each_is_all && same && same->object == object.object;
    if (!same || !same->done || put_back) {
      // Touched or renamed in the middle of reading it.
      if (same && !spec_.each_is_all) object.state = same->state;
      if (put_back) {
        WEIR_ASSIGN(object.version, Unused(object.version, cursor));
      }
      Give(seen, std::move(object), found);
      return {};
    }
    object.state = same->state;
    object.done = true;
    news_.Again(seen.path);
    // The beginnings of two files that are being written are often the same: that is no news
    // either.
    if ((known && known->version == object.version) || seen.complete == Complete::kWholeRecords) {
      found.touched.push_back(std::move(object));
    } else {
      found.skipped.push_back({std::move(object), same->object});
    }
    return {};
  }

  // What was read of that content; also when `write` said otherwise, and versions were others.
  Result<std::optional<ObjectProgress>> Same(const ObjectProgress& object, Cursor& cursor) const {
    WEIR_ASSIGN(const auto same, cursor.ByVersion(object.version));
    if (same && same->done) return same;
    WEIR_ASSIGN(const auto other, cursor.ByVersion(VersionOf(std::string(ContentOf(object.version)),
                                                             object.mtime_ns, !spec_.each_is_all)));
    return other && other->done && other->mtime_ns == object.mtime_ns ? other : same;
  }

  // Another delivery of what has that version: what hangs on a version is told apart.
  static Result<std::string> Unused(const std::string& version, Cursor& cursor) {
    std::string unused = version;
    for (int number = 2;; ++number) {
      WEIR_ASSIGN(const auto known, cursor.ByVersion(unused));
      if (!known) return unused;
      unused = version + "." + std::to_string(number);
    }
  }

  // What the file holds, and where to go on in it. None: no whole record was added to it.
  Result<std::optional<ObjectProgress>> ReadVersion(const Seen& seen,
                                                    const std::optional<ObjectProgress>& known) {
    env::ContentHash hash;
    uint64_t hashed = 0;
    bool grown = false;  // It begins with all that was known of it.
    if (known && known->size != 0 && known->size <= seen.status.size) {
      WEIR_TRY(Hash(*seen.file, 0, known->size, hash));
      grown = hash.Hex() == ContentOf(known->version);
      if (grown) {
        hashed = known->size;
      } else {
        hash = env::ContentHash();
      }
    }
    ObjectProgress object{.object = seen.name,
                          .version = "",
                          .size = seen.status.size,
                          .mtime_ns = seen.status.mtime_ns,
                          .state = "",
                          .done = false};
    format::DecoderState state;
    if (grown && spec_.grow && !known->state.empty()) {
      WEIR_ASSIGN(state, format::DecoderState::FromJson(known->state));
      // What ended broken, such as a gzip that was cut short, goes on where it broke.
      const bool begun = state.offset != 0 || state.row != 0;
      if (std::exchange(state.ended, false) && !begun) state = {};
      if (begun) object.state = state.ToJson();
    }
    if (seen.complete == Complete::kWholeRecords) {
      WEIR_ASSIGN(const format::FormatSpec format, FormatOf(Named(seen.name)));
      const auto reader = env::ReadRange(*seen.file, state.offset, seen.status.size);
      WEIR_ASSIGN(object.size, format::WholeRecordsEnd(format, *context_.columns, state, *reader));
      if (object.size <= hashed) return std::nullopt;
    }
    WEIR_TRY(Hash(*seen.file, hashed, object.size, hash));
    object.version = VersionOf(hash.Hex(), seen.status.mtime_ns, spec_.each_is_all);
    return object;
  }

  // In pieces, since a signal does not wait for a hundred gigabytes.
  Result<void> Hash(const env::OpenFile& file, uint64_t from, uint64_t to,
                    env::ContentHash& hash) const {
    constexpr uint64_t kPiece = 64ULL * 1024 * 1024;
    for (; from < to; from += std::min(kPiece, to - from)) {
      WEIR_TRY(CheckNotStopped());
      WEIR_TRY(env::HashRange(file, from, from + std::min(kPiece, to - from), hash));
    }
    return {};
  }

  Result<void> CheckNotStopped() const {
    if (context_.stop == nullptr || !context_.stop->load()) return {};
    return Fail(ErrorKind::kCancelled, "run.cancelled", "stopped by a signal");
  }

  Complete HowComplete(const Seen& seen) {
    const microseconds age(context_.clock.Now().micros - seen.status.mtime_ns / 1000);
    if (marked()) {
      const bool there = files_.Status(seen.path + ".ready").has_value() ||
                         files_.Status(FolderOf(seen.path) + "/_SUCCESS").has_value();
      return there ? Complete::kWhole : Complete::kNothing;
    }
    if (const auto* stable = std::get_if<ReadyStable>(&spec_.ready))
      return Rested(seen.path, age, stable->time) ? Complete::kWhole : Complete::kNothing;
    const env::Writers writers = seen.file->writers();
    if (writers == env::Writers::kNone) return Complete::kWhole;
    // `weir run` takes what is there now.
    if (writers == env::Writers::kUnknown &&
        (!news_.followed() || Rested(seen.path, age, kRestTime)))
      return Complete::kWhole;
    if (!news_.complete()) news_.AgainIn(seen.path, kRestTime);
    return spec_.grow && IsPlain(seen) ? Complete::kWholeRecords : Complete::kNothing;
  }

  // A time far in the future is somebody's choice and no sign of a change.
  bool Rested(const std::string& path, microseconds age, microseconds time) {
    if (age >= time || age < -std::chrono::hours(24)) return true;
    news_.AgainIn(path, time - age);
    return false;
  }

  // Whether a part of the file's bytes is a part of its records: records of lines, no compression,
  // no other encoding.
  bool IsPlain(const Seen& seen) const {
    const auto format = FormatOf(Named(seen.name));
    if (!format) return false;
    if (format->kind != format::FormatKind::kCsv && format->kind != format::FormatKind::kNdjson)
      return false;
    if (format->kind == format::FormatKind::kCsv && format->csv.encoding != format::Encoding::kUtf8)
      return false;
    if (format->compression != format::Compression::kAuto &&
        format->compression != format::Compression::kNone)
      return false;
    std::string front(4, '\0');
    const auto got = seen.file->ReadAt(0, front);
    if (!got || *got < front.size()) return false;
    for (const std::string_view other : {"\x1F\x8B", "\x28\xB5\x2F\xFD", "\xFF\xFE", "\xFE\xFF"})
      if (front.starts_with(other)) return false;
    return true;
  }

  FilesContext context_;
  env::Files& files_;
  FilesSpec spec_;
  FileNames names_;
  FileNews news_;
  PutAway put_away_;
  std::vector<std::string> folders_;
  // Names that the cursor knows, of files that are followed: one that is renamed and grows at once
  // (a log that is rotated) is known again. A hint: what it begins with is checked.
  std::map<uint64_t, std::string> by_inode_;
  std::map<std::string, Error> failed_;    // By path; those that failed when last looked at.
  std::unordered_set<std::string> named_;  // Versions of the splits of this look.
};

}  // namespace

std::unique_ptr<Source> MakeFilesSource(FilesContext context, FilesSpec spec) {
  return std::make_unique<FilesSource>(context, std::move(spec));
}

}  // namespace weir::source

// Local files by glob: `source: { files: "in/*.csv" }`.
//
// A file version is its content hash: what was read to its end is skipped under any name, what grew
// is read on from where it stopped, anything else is a new version. Whether the content is looked at
// at all is told by path, size and mtime.
//
// What counts as complete (docs/user/follow.md): `ready: stable` and `marker` keep a file from
// being read before it is. With `close`, a plain file that somebody still writes and that may grow
// is read up to its last whole record; any other waits until it was closed.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/path_template.h"
#include "columnar/column_spec.h"
#include "config/field_table.h"
#include "env/clock.h"
#include "env/files.h"
#include "env/watch.h"
#include "format/format_spec.h"
#include "source/source.h"

namespace weir::source {

struct ReadyClose {};
struct ReadyStable {
  std::chrono::microseconds time{};  // Unchanged for so long.
};
struct ReadyMarker {};  // A file NAME.ready beside it, or _SUCCESS in its folder.
using Ready = std::variant<ReadyClose, ReadyStable, ReadyMarker>;

struct Keep {};
struct Delete {};
struct MoveTo {
  PathTemplate path;  // A folder, or with {name} a file; from the project's folder.
};
using WhenDone = std::variant<Keep, Delete, MoveTo>;

struct FilesSpec {
  std::string glob;                          // Relative to the project's folder.
  std::optional<format::FormatKind> format;  // Empty: by the file's ending.
  std::optional<format::Compression> compression;
  format::CsvOptions csv = format::CsvOptions::OfInput();
  bool grow = true;
  // Each file is all there is, and the newest counts (the sink's `write: replace`): files are in
  // the order of their times, and content that was read counts again when it comes with another.
  bool each_is_all = false;
  bool follow = false;  // Of `weir run --follow` and `weir serve`; `weir run` takes what is there.
  Ready ready;
  WhenDone when_done;
};

// The keys of `source: { files: ... }`.
const config::FieldTable<FilesSpec>& FilesFields();

// Whether the glob would find files that are written to `path`.
bool WouldFind(const FilesSpec& spec, const PathTemplate& path);

// What a source of files borrows and is named by.
struct FilesContext {
  env::Files& files;
  const env::Clock& clock;
  env::Watches* watches = nullptr;                   // Null: it is not followed.
  const std::vector<columnar::ColumnSpec>* columns;  // The contract's.
  std::string folder;                                // What the glob is relative to.
  std::string pipeline;
  const std::atomic<bool>* stop = nullptr;  // Set by a signal: looking ends with kCancelled.
};

// Borrows what `context` names.
std::unique_ptr<Source> MakeFilesSource(FilesContext context, FilesSpec spec);

}  // namespace weir::source

// FileSeries names and opens the files of a `files` sink one after the other:
// data/incoming/events_000001.csv, events_000002.csv, ...
//
//   Open --> Next --(write)--> bytes->Finish --> Next ...
//
// Invariants (tested in file_series_test.cc):
//   (1) A reader never sees half a file: bytes stand under a hidden temporary name until Finish,
//       which syncs them and gives them their name.
//   (2) A file that is there is never overwritten; {seq} goes on after the largest in its folder.
//
// Threads: one at a time. Borrows what `create` and `list` borrow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/path_template.h"
#include "config/field_table.h"
#include "env/files.h"
#include "format/format_spec.h"

namespace weir::sink {

// sink: { files: PATH, format, every, rows }
struct FilesSinkSpec {
  config::Placed<std::string> path;
  std::optional<format::FormatKind> format;  // Left out: by the path's ending.
  std::optional<std::chrono::microseconds> every;
  std::optional<int64_t> rows;
};

// The keys of the sink. Further errors (kConfig), at the path:
//   path.*           those of base/path_template.h, at their place in it
//   sink.format      no `format`, and its ending says nothing
//   sink.compressed  it ends in .gz or .zst, sink.delimiter: in .tsv; files are plain, with commas
//   sink.one_name    `every` or `rows` cut files, but it names one only
const config::FieldTable<FilesSinkSpec>& FilesSinkFields();

// Of a spec that was read without faults.
format::FormatKind FormatOf(const FilesSinkSpec& spec);

// Where files are made: the local disk, or an object store.
struct FileFolder {
  using Open = std::function<Result<std::unique_ptr<env::ByteWriter>>(const std::string& path)>;
  Open create;  // No-clobber.
  Open replace;
  std::function<Result<std::vector<std::string>>(const std::string& folder)>
      list;  // Absent: empty.
};
// Makes folders at need.
FileFolder LocalFolder(env::Files& files);

struct NewFile {
  std::string path;
  std::unique_ptr<env::ByteWriter> bytes;
};

class FileSeries {
 public:
  // Errors: path.* for a malformed template.
  static Result<FileSeries> Open(std::string_view path, PathValues values, FileFolder folder);

  // Opens the next file, of records from `at` on. Errors: sink.file_exists (kExists; the path has
  // no {seq} or {n} and the file is there), and those of the folder.
  Result<NewFile> Next(Instant at);

  // A small file that goes with `path`: FOLDER/.KIND/NAME.json. Hidden, so that no glob over the
  // data meets it. Replaces an older one.
  Result<std::unique_ptr<env::ByteWriter>> Beside(const std::string& path, std::string_view kind);

 private:
  FileSeries(PathTemplate path, PathValues values, FileFolder folder);
  Result<void> SkipUsed();

  PathTemplate path_;
  PathValues values_;
  FileFolder folder_;
  std::optional<std::string> listed_;  // The folder whose names {seq} was set by.
};

}  // namespace weir::sink

// Local files by glob: `source: { files: "in/*.csv" }`.
//
// A file version is (path, size, mtime) as a hint and its content hash as the truth: what was read
// to its end is skipped under any name, what grew is read on from where it stopped, anything else
// is a new version. Compressed files do not grow, and neither does one that ended broken.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/field_table.h"
#include "env/files.h"
#include "format/format_spec.h"
#include "source/source.h"

namespace weir::source {

struct FilesSpec {
  std::string glob;                          // Relative to the project's folder.
  std::optional<format::FormatKind> format;  // Empty: by the file's ending.
  std::optional<format::Compression> compression;
  format::CsvOptions csv = format::CsvOptions::OfInput();
  bool grow = true;
  bool follow = false;  // Of `weir run --follow` and `weir serve`; `weir run` takes what is there.
};

// The keys of `source: { files: ... }`.
const config::FieldTable<FilesSpec>& FilesFields();

// Borrows `files`. `folder` is what the glob is relative to.
std::unique_ptr<Source> MakeFilesSource(env::Files& files, std::string folder, FilesSpec spec);

}  // namespace weir::source

// What a Parquet or Arrow file says of its own columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "env/files.h"
#include "format/format_spec.h"

namespace weir::format {

struct FileColumn {
  std::string name;
  std::optional<columnar::Type> type;  // None: no type of ours holds its values.
  std::string written;                 // The type in the file's own words.
};

// `file` is `size` bytes long and of a kind that is read by position. Errors: object.corrupt
// (kCorrupt), and those of the file.
Result<std::vector<FileColumn>> ColumnsOfFile(FormatKind kind, const env::OpenFile& file,
                                              uint64_t size);

}  // namespace weir::format

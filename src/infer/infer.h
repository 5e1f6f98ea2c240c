// The contract that would fit a file: what `weir init --from-file` proposes.
//
//   path -> format (ending, else first bytes) -> CSV: delimiter, header -> evidence of every value
//        -> types -> the same records decoded with those types: a column that did not hold is text
//
// Invariants:
//  1. A type holds for every record that was looked at: the decoder itself has read them with it.
//  2. Nothing is guessed. Where a value may mean two things (01/02/2020, 007, +49...) the column is
//     varchar, and `seen` says what stood there.
//  3. A value is in exactly one column or, where no column can have its field, in `left_out`.
// Memory is that of a decoder. Pure apart from reading the file; threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/column_spec.h"
#include "env/files.h"
#include "format/format_spec.h"

namespace weir::infer {

struct InferOptions {
  uint64_t rows_max = 1'000'000;           // Records to look at, at most.
  uint64_t bytes_max = 256 * 1024 * 1024;  // Of the input, about.
};

struct InferredColumn {
  columnar::ColumnSpec spec;
  std::string seen;  // For a person, one line: what speaks for another type. Empty: nothing.
};

// A member of a document that is one object: a list of objects, which a person means as rows.
struct InferredList {
  std::string column;  // That holds it.
  uint64_t items = 0;
  std::vector<InferredColumn> fields;  // Of its objects; `from` is always set.
};

struct InferredFile {
  format::FormatSpec format;
  bool ending_tells = true;  // The file's ending alone says `format.kind`.
  std::vector<InferredColumn> columns;
  std::vector<InferredList> lists;
  std::vector<std::string> left_out;  // Fields that no column can have; they go to `_rescued`.
  std::vector<std::string> notes;     // What else was seen, for a person: one line each.
  uint64_t rows = 0;                  // Records that were looked at.
  uint64_t refused = 0;               // Of them, those that no contract would take.
  bool whole = true;                  // All of the file was looked at.
};

// Errors: infer.empty (kInvalid: no record, so nothing to be seen), infer.unreadable (kInvalid: no
// record of it can be read), and those of the file and the decoders.
Result<InferredFile> InferFile(env::Files& files, const std::string& path,
                               const InferOptions& options = {});

// `field` as a name that SQL needs no quotes for: itself where it is one, else in lower case with _
// for all else; "" where nothing is left of it.
std::string ColumnNameOf(const std::string& field);

}  // namespace weir::infer

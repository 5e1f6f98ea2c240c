// Defects decides which rows get which fault, and RecordText writes them: rows to bytes, with the
// faults in them and their truth noted.
//
// Each fault is decided per row by a stream of its own. A record has at most one of truncated_line
// and bad_utf8, and then no fault in a cell: what is wrong with it stays clear.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "format/encoder.h"
#include "source/generate/generate.h"

namespace weir::source {

class Defects {
 public:
  Defects(const std::vector<DefectSpec>& specs, uint64_t seed);

  struct OfRow {
    uint64_t row = 0;
    std::vector<size_t> specs;  // Indices, in the order of the YAML; corrupt_file never.
  };
  // Rows of [first, first + count) with faults, in order.
  std::vector<OfRow> In(uint64_t first, size_t count) const;

  // How many rows at the end of the file of rows [first, end) are lost to corrupt_file; 0: none.
  uint64_t LostAtEnd(uint64_t first, uint64_t end) const;
  // The bytes in their place: no line end, no quote, no UTF-8.
  std::string CorruptBytes(uint64_t first) const;

  // A further random number of a fault of a row.
  uint64_t Draw(size_t spec, uint64_t row) const;
  const std::vector<DefectSpec>& specs() const { return *specs_; }
  const DefectSpec* corrupt_file() const { return corrupt_; }

 private:
  struct Stream {
    uint64_t seed = 0;
    uint64_t limit = 0;  // Hit where the number is below; always where `always`.
    bool always = false;
    bool Hits(uint64_t index) const;
  };
  const std::vector<DefectSpec>* specs_;
  std::vector<Stream> streams_;
  const DefectSpec* corrupt_ = nullptr;
};

// A record of the file with something wrong.
struct Flaw {
  uint64_t line = 0;  // Of its first byte, from 1.
  uint64_t row = 0;
  std::vector<std::string> kinds;
};

// The text of one file's records, in pieces. Threads: one at a time. Borrows `defects`.
class RecordText {
 public:
  // Errors: type.unsupported for a column with no text form; generate.one_column; generate.no_text.
  static Result<std::unique_ptr<RecordText>> Make(const format::FormatSpec& format,
                                                  std::shared_ptr<arrow::Schema> schema,
                                                  std::vector<std::string> json_columns,
                                                  const Defects& defects,
                                                  std::function<void(const Flaw&)> on_flaw);

  void BeginFile();  // Appends the header.
  // Appends `batch`, whose first row is `first`.
  void Append(const arrow::RecordBatch& batch, uint64_t first);
  // Appends half of `batch`'s only row, then the corrupt bytes; nothing may follow.
  void AppendCorrupt(const arrow::RecordBatch& batch, uint64_t row, uint64_t file_first_row);

  // What was appended since the last call.
  std::string Take();
  size_t pending() const { return text_.size(); }

 private:
  RecordText(const Defects& defects, std::function<void(const Flaw&)> on_flaw)
      : defects_(defects), on_flaw_(std::move(on_flaw)) {}

  void AppendFlawed(const arrow::RecordBatch& row, const Defects::OfRow& flaws);
  // The line of `row` with the cells of `bad` as text that is none of their type.
  std::string Encode(const arrow::RecordBatch& row, const std::vector<int>& missing,
                     const std::vector<int>& bad);
  format::Encoder& EncoderWith(const std::vector<int>& bad);
  std::string WithBadUtf8(const arrow::RecordBatch& row, size_t spec, uint64_t number);
  std::string Truncated(std::string line, size_t spec, uint64_t number) const;
  uint64_t LineHere();

  const Defects& defects_;
  std::function<void(const Flaw&)> on_flaw_;
  format::FormatSpec format_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> json_columns_;
  std::map<std::vector<int>, std::unique_ptr<format::Encoder>> encoders_;  // By bad columns.
  std::vector<int> text_columns_;
  std::string text_;
  size_t counted_ = 0;  // Bytes of text_ whose line ends are in line_.
  uint64_t line_ = 1;
};

}  // namespace weir::source

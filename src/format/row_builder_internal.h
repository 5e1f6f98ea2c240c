// RowBuilder makes the columnar rows of one batch out of cells, straight into the buffers that the
// batch will own: no allocation per value, and a row that turns out broken is simply written over.
//
//   Start -> (BeginRow -> Set*... -> EndRow | DropRow)* -> Finish
//
// Every column must be set between BeginRow and EndRow. A cell that cannot be read becomes null and
// adds a fault.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "columnar/column_spec.h"
#include "columnar/decoded_batch.h"
#include "format/scalars.h"
#include "format/times.h"

namespace weir::format {

// What is known about the bytes of a record, so that its cells need not be looked through again.
struct TextTrust {
  bool utf8 = false;
  bool nul_free = false;
};

class RowBuilder {
 public:
  // Errors: format.column_twice, format.default, format.pattern, format.zone.
  static Result<RowBuilder> Make(std::vector<columnar::ColumnSpec> specs);
  ~RowBuilder();
  RowBuilder(RowBuilder&&) noexcept;
  RowBuilder& operator=(RowBuilder&&) noexcept;

  const std::vector<columnar::ColumnSpec>& specs() const { return specs_; }
  size_t column_count() const { return specs_.size(); }

  void Start();
  void BeginRow() {
    if (rows_ == capacity_) Grow();
  }
  void EndRow() { ++rows_; }
  void DropRow();

  void SetNull(size_t column);
  void SetDefault(size_t column);  // The spec's, else null.
  // Where default values outside of the record come from: the part that the record stands in.
  using Part = std::function<const columnar::InputPart&()>;
  void TakeOutsideFrom(Part part) { part_ = std::move(part); }
  // From now on "NaN", "Infinity" and "-Infinity" are texts of a double (kept_rows.h).
  void TakeNonFiniteTexts() { non_finite_texts_ = true; }
  void SetBool(size_t column, bool value);
  // Reads the text as the column's type.
  void SetText(size_t column, std::string_view text, TextTrust trust);
  // A normalised JSON value, for a json column.
  void SetJson(size_t column, std::string_view value);
  // A JSON value that was found to be one, for a list or struct column.
  void SetNested(size_t column, std::string_view value);
  // A value as its column's buffer holds it: of every type but bool, text and bytes.
  void SetFixed(size_t column, const void* value);
  // For a binary column.
  void SetBytes(size_t column, std::string_view bytes);
  // Null, because of `text`.
  void SetFault(size_t column, ScalarFault fault, std::string_view text);
  // The JSON object of unknown fields; empty: null. Unknown members of structs join it.
  void SetRescued(std::string_view json);

  size_t rows() const { return rows_; }
  // Beyond a soft bound of memory: the batch should end with this row.
  bool full() const { return heavy_ || faults_.size() >= kFaultsOfBatch || rows_ >= rows_max_; }

  std::shared_ptr<arrow::RecordBatch> Finish();
  std::vector<columnar::CellFault> TakeFaults() { return std::move(faults_); }

 private:
  struct Column;
  static constexpr size_t kFaultsOfBatch = 64 * 1024;

  RowBuilder();
  Parsed<void> Put(Column& column, std::string_view text, TextTrust trust);
  Parsed<void> PutText(Column& column, std::string_view text, TextTrust trust);
  Parsed<void> PutNested(Column& column, std::string_view text, TextTrust trust);
  Parsed<void> PutTime(Column& column, std::string_view text);
  void PutBytes(Column& column, std::string_view bytes);
  void GrowBytes(Column& column, size_t needed);
  char* Reserve(Column& column, size_t bytes);
  void PutNull(Column& column);
  void Grow();
  std::shared_ptr<arrow::Array> FinishColumn(Column& column);

  std::vector<columnar::ColumnSpec> specs_;
  std::vector<Column> columns_;  // One more than specs_: the last is `_rescued`.
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<columnar::CellFault> faults_;
  bool non_finite_texts_ = false;
  std::string scratch_;
  std::string strings_;  // Of the JSON cursor.
  std::string unknown_;  // Members of structs in this row that no field takes: "place.z":1,...
  size_t rows_ = 0;
  size_t capacity_ = 0;       // Always a multiple of 64.
  size_t expected_rows_ = 0;  // As many as the batch before had.
  size_t rows_max_ = 0;       // Wide rows make short batches.
  bool heavy_ = false;
  Part part_;
};

}  // namespace weir::format

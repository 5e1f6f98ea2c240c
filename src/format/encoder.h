// Rows -> CSV or NDJSON text, such that a decoder with the same columns reads the same values back.
//
//   type             text
//   decimal, double  exact and shortest round-trip; NaN and infinities have no text: null in JSON,
//   empty in CSV date, time       2026-05-01, 10:00:00[.ffffff] timestamp
//   2026-05-01T10:00:00[.ffffff], a timestamptz with Z uuid, binary     8-4-4-4-12 lower case,
//   base64 json             in NDJSON the value itself (utf8 fields marked as json); elsewhere text
//
// CSV: LF line ends; a field is quoted where it must be, an empty string always, null is empty. A
// record of one null field is written as null_text or else as "", since an empty line would be
// none. NDJSON: one object a line, null is null. Nested columns are JSON in both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "format/format_spec.h"

namespace weir::format {

// Makes the text of batches of one schema. Threads: one at a time.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // What stands before the first row: a CSV header, or nothing.
  virtual std::string Header() const = 0;
  // Appends the batch's rows to `text`, each with its line end. The batch has the encoder's schema.
  virtual void Append(const arrow::RecordBatch& batch, std::string& text) = 0;
};

// `json_columns` are the utf8 columns whose text is a JSON value.
// Errors: type.unsupported (kUnsupported) for a column with no text form; format.csv_options.
Result<std::unique_ptr<Encoder>> MakeEncoder(const FormatSpec& spec,
                                             const std::shared_ptr<arrow::Schema>& schema,
                                             std::vector<std::string> json_columns = {});

}  // namespace weir::format

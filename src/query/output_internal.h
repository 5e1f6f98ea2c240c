// The forms of output, each over the same face.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"
#include "query/output.h"

namespace weir::query {

// One document being written.
class OutputForm {
 public:
  virtual ~OutputForm() = default;
  virtual Result<void> Begin() = 0;
  virtual Result<void> Add(const arrow::RecordBatch& rows) = 0;
  virtual Result<void> End() = 0;
};

inline constexpr size_t kOutputPiece = 64 * 1024;  // Handed to the sink at about this size.

// The names of `schema`, made different from each other: a, a_1.
std::vector<std::string> UniqueNames(const arrow::Schema& schema);

// All borrow `sink`.
std::unique_ptr<OutputForm> MakeTableForm(std::shared_ptr<arrow::Schema> schema,
                                          const OutputOptions& options, const OutputSink& sink);
std::unique_ptr<OutputForm> MakeParquetForm(const arrow::Schema& schema, const OutputSink& sink);

}  // namespace weir::query

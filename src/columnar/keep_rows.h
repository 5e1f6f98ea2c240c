// Some rows of a batch: as a batch of their own, and which of them are null.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/result.h"

namespace weir::columnar {

// The rows that `keep` (one per row) marks, in their order; the batch itself where that is all of
// them. Fast where few are left out: what stands between them is copied in one piece. Error
// columnar.memory (kInvalid).
Result<std::shared_ptr<arrow::RecordBatch>> KeepRows(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<bool>& keep);

// The rows of `column` that are null, ascending.
std::vector<uint32_t> NullRows(const arrow::Array& column);

}  // namespace weir::columnar

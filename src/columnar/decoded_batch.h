// DecodedBatch: what a decoder made of a run of records. Rows that could be cut out stand in
// `rows`, typed by the contract; a cell that could not be read is null and named in `faults`, so
// that the contract can add its own reasons to the same record. Records that could not be cut at
// all are in `broken`. Every record of the run is in exactly one of `rows` and `broken`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "columnar/input_parts.h"
#include "columnar/rejected_row.h"

namespace weir::columnar {

// Where a record of the batch stands in its input.
struct RecordPosition {
  uint64_t offset = 0;  // Of its first byte in the (decompressed) input.
  uint64_t line = 0;    // Of its first byte, from 1.
  uint32_t length = 0;  // In bytes, without the line end.
};

// Why a cell is null although the input had something there.
struct CellFault {
  uint32_t row = 0;     // In `rows`.
  uint32_t column = 0;  // In the contract's columns.
  Reason reason;
};

struct DecodedBatch {
  // The contract's columns in order, then `_rescued` (utf8, JSON object of the unknown fields, or
  // null).
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<RecordPosition> positions;  // One per row.
  std::vector<CellFault> faults;          // Sorted by row.
  std::vector<RejectedRow> broken;        // In input order.

  // Of an input whose records are no bytes of their own (Parquet, Arrow), a row as JSON; `chunk` is
  // null then, and offsets count rows.
  std::function<std::string(size_t row)> raw_of;

  // Of an input that is several objects one behind the other; null: it is one.
  std::shared_ptr<const InputParts> parts;

  // The input's bytes [chunk_offset, chunk_offset + chunk->size()), which hold every row of the
  // batch.
  std::shared_ptr<const std::string> chunk;
  uint64_t chunk_offset = 0;

  std::string_view raw(size_t row) const {
    const RecordPosition& at = positions[row];
    return std::string_view(*chunk).substr(at.offset - chunk_offset, at.length);
  }
  uint64_t read() const { return positions.size() + broken.size(); }
};

}  // namespace weir::columnar

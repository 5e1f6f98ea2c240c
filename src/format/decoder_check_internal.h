// For tests and fuzz targets alone: reads an input to its end in any way of cutting it, checks what
// must hold for every input, and gives the records as text that can be compared.
#pragma once

#include <arrow/api.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "format/decoder.h"
#include "format/encoder.h"
#include "format/line_ends_internal.h"
#include "format/piecewise_check_internal.h"

namespace weir::format {

// A column of this name and type, as a contract would say it.
inline columnar::ColumnSpec Column(const std::string& name, const std::string& type) {
  columnar::ColumnSpec spec;
  spec.name = name;
  spec.type = columnar::ParseType(type).value();
  return spec;
}

// How to read.
struct Cutting {
  DecodeLimits limits;
  size_t chunk_bytes = kDecodedBytesMax;
  size_t record_bytes_max = kRecordBytesMax;
  size_t read_bytes = 0;  // Most that one Read gives; 0: no bound.
  bool restart = false;   // A new decoder, from the stored state, for every batch.
};

struct SeenRecord {
  uint64_t offset = 0;
  uint64_t line = 0;
  uint64_t length = 0;
  bool broken = false;
  std::string code;    // The first reason of a broken record.
  std::string values;  // The row as NDJSON and its faults, or all reasons and the kept bytes.
  friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};

struct SeenInput {
  std::vector<SeenRecord> records;
  std::string error;  // Code of the Error that ended it; empty: it came to its end.
  DecoderState state;
  friend bool operator==(const SeenInput&, const SeenInput&) = default;
};

inline std::string TextOf(const std::vector<columnar::Reason>& reasons) {
  std::string text;
  for (const columnar::Reason& reason : reasons)
    text += " " + reason.code + "[" + reason.column + "] " + reason.detail + ";";
  return text;
}

inline std::vector<std::string> RowsAsText(const columnar::DecodedBatch& batch) {
  WEIR_CHECK(batch.rows->ValidateFull().ok());
  FormatSpec spec;
  const auto encoder = MakeEncoder(spec, batch.rows->schema());
  WEIR_CHECK(encoder.has_value());
  std::string text;
  (*encoder)->Append(*batch.rows, text);
  std::vector<std::string> rows;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    rows.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  for (const columnar::CellFault& fault : batch.faults) {
    WEIR_CHECK(fault.row < rows.size());
    rows[fault.row] += TextOf({fault.reason});
  }
  return rows;
}

// Appends the batch's records in input order.
inline void AppendRecords(const columnar::DecodedBatch& batch, std::vector<SeenRecord>& seen) {
  WEIR_CHECK(batch.rows->num_rows() == static_cast<int64_t>(batch.positions.size()));
  const std::vector<std::string> rows = RowsAsText(batch);
  size_t row = 0;
  size_t broken = 0;
  while (row < rows.size() || broken < batch.broken.size()) {
    const bool take_row =
        broken == batch.broken.size() ||
        (row < rows.size() && batch.positions[row].offset < batch.broken[broken].offset);
    SeenRecord record;
    if (take_row) {
      const columnar::RecordPosition& at = batch.positions[row];
      record = {.offset = at.offset,
                .line = at.line,
                .length = at.length,
                .broken = false,
                .code = {},
                .values = rows[row]};
      ++row;
    } else {
      const columnar::RejectedRow& at = batch.broken[broken++];
      record = {.offset = at.offset,
                .line = at.line,
                .length = at.raw_length,
                .broken = true,
                .code = at.reasons.front().code,
                .values = TextOf(at.reasons) + at.raw + at.raw_hash};
    }
    seen.push_back(std::move(record));
  }
}

// What holds of every batch, whatever the input.
inline void CheckBatch(const columnar::DecodedBatch& batch, std::string_view plain,
                       const Cutting& cutting) {
  WEIR_CHECK(batch.read() > 0 && batch.read() <= cutting.limits.rows);
  WEIR_CHECK(batch.positions.empty() ||
             plain.substr(batch.chunk_offset, batch.chunk->size()) == *batch.chunk);
  for (size_t row = 0; row < batch.positions.size(); ++row)
    WEIR_CHECK(batch.raw(row) ==
               plain.substr(batch.positions[row].offset, batch.positions[row].length));
  for (const columnar::RejectedRow& row : batch.broken) {
    WEIR_CHECK(!row.reasons.empty());
    WEIR_CHECK(row.raw == plain.substr(row.offset, row.raw.size()));
    WEIR_CHECK(row.raw.size() == std::min<uint64_t>(row.raw_length, kRawBytesKept));
  }
}

// Reads `bytes`, whose decompressed form is `plain`.
inline SeenInput ReadInput(const FormatSpec& spec, const std::vector<columnar::ColumnSpec>& columns,
                           std::string_view bytes, std::string_view plain, const Cutting& cutting) {
  SeenInput seen;
  std::unique_ptr<Decoder> decoder;
  const auto open = [&] {
    DecoderOptions options;
    options.chunk_bytes = cutting.chunk_bytes;
    options.record_bytes_max = cutting.record_bytes_max;
    auto start = DecoderState::FromJson(seen.state.ToJson());
    WEIR_CHECK(start && *start == seen.state);
    auto made = MakeDecoder(spec, columns,
                            std::make_unique<PiecewiseReader>(
                                bytes.substr(seen.state.reader_offset()), cutting.read_bytes),
                            *start, options);
    WEIR_CHECK(made.has_value());
    decoder = std::move(*made);
  };
  open();
  while (true) {
    auto batch = decoder->Next(cutting.limits);
    if (!batch) {
      WEIR_CHECK(decoder->state().offset == seen.state.offset);
      seen.error = batch.error().code;
      return seen;
    }
    seen.state = decoder->state();
    if (!*batch) return seen;
    CheckBatch(**batch, plain, cutting);
    AppendRecords(**batch, seen.records);
    if (cutting.restart) open();
  }
}

// Records ascend, do not overlap, lie within the input; between them are line ends, blanks and the
// format's separators alone.
inline void CheckRecords(const SeenInput& seen, std::string_view plain, uint64_t first_record,
                         std::string_view between = " \t\r\n") {
  uint64_t at = first_record;
  const LineEnds ends = seen.state.csv_cr ? LineEnds::kAny : LineEnds::kLf;
  uint64_t lines = 1 + CountLines(plain.substr(0, at), ends);
  const auto pass = [&](uint64_t to, bool blank) {
    WEIR_CHECK(at <= to && to <= plain.size());
    const std::string_view gap = plain.substr(at, to - at);
    WEIR_CHECK(!blank || gap.find_first_not_of(between) == std::string_view::npos);
    lines += CountLines(gap, ends);
    at = to;
  };
  for (const SeenRecord& record : seen.records) {
    pass(record.offset, true);
    WEIR_CHECK(record.line == lines);
    pass(record.offset + record.length, false);
  }
  if (!seen.error.empty()) return;
  pass(plain.size(), true);
  if (seen.state.ended) {  // In front of what is broken.
    WEIR_CHECK(!seen.records.empty() && seen.state.offset == seen.records.back().offset);
    return;
  }
  WEIR_CHECK(seen.state.offset == plain.size() && seen.state.line == lines);
}

}  // namespace weir::format

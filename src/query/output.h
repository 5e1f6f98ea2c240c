// A result as bytes for a person or a program: `weir query -o table|csv|json|ndjson|parquet|md`.
//
//   WriteOutput(stream, options, sink): batch by batch, in bounded memory.
//
// One value, one text:
//   timestamptz 2026-05-01T10:00:00.5Z; timestamp the same without Z
//   date, time  2026-05-01, 10:00:00.5
//   double      the shortest text that reads back as the same number; decimal with its scale
//   binary      table, csv, md: the text where it is UTF-8, else \x00ff escapes; JSON: base64
//   list, struct  as JSON
//   null        table, md and JSON: null; csv: nothing, while the empty text is "" (and so is the
//               null of an only column, since an empty line would be no record)
// JSON: int, bigint, double and decimal are numbers with all digits; NaN and infinities are texts.
// A second column `a` is called `a_1`, so that no value is lost.
//
// csv is RFC 4180 with the line end \n. A table on a terminal (width > 0) fits it: cells are cut
// with an ellipsis, at most `rows_max` rows are shown and the rest counted; columns that cannot fit
// are named at the end. Elsewhere it shows every row whole, with column widths from the first rows.
// Control characters never reach a terminal: tables and md show them as \n, \t, \x1b.
//
// Errors: those of the stream and of the sink; query.output (kInvalid) for a result that Parquet
// cannot hold (no columns, an empty struct). After an error the output is incomplete: no end of a
// JSON document, no footer of a Parquet file. Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/engine.h"

namespace weir::query {

enum class OutputFormat : uint8_t { kTable, kCsv, kJson, kNdjson, kParquet, kMarkdown };

// "table" "csv" "json" "ndjson" "parquet" "md". Error query.format (kInvalid) with "did you mean".
Result<OutputFormat> ParseOutputFormat(std::string_view text);

struct OutputOptions {
  OutputFormat format = OutputFormat::kTable;
  std::string schema = {};  // Of kJson: stands first in the document, where there is one.
  size_t width = 0;         // Of the terminal; 0: not a terminal.
  size_t rows_max = 40;     // Shown on a terminal.
};

// Takes the next bytes of the output.
using OutputSink = std::function<Result<void>(std::string_view)>;

// Writes all of `stream`; the number of its rows.
Result<uint64_t> WriteOutput(engine::ArrowStream& stream, const OutputOptions& options,
                             const OutputSink& sink);

// `text` with its control characters as \n, \t, \x1b: nothing in it steers a terminal.
std::string Shown(std::string_view text);

}  // namespace weir::query

// The beginning of a CSV input: its first record tells the delimiter, the line ends and the names.
// All of it is a function of the bytes, the options and the contract.
//
//  - Line ends: the first line end outside quotes decides. If it is a CR without LF, then CR, LF
//    and CR LF end a line (LineEnds::kAny), else LF and CR LF do.
//  - Delimiter, where it is to be found: of , ; tab | the one under which the header names the most
//    of the contract's columns; among equals the one with the most fields; then the first of them.
//    Without a header it is the comma.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/column_spec.h"
#include "format/csv_scanner_internal.h"
#include "format/format_spec.h"

namespace weir::format {

struct CsvOpening {
  CsvRecord record;  // The first one; where it is kBlank, pass it and look again.
  char delimiter = ',';
  bool cr_ends_lines = false;      // The record ends with a CR without LF.
  std::vector<std::string> names;  // Texts of its fields.
  std::string fault;               // Why it cannot be used as a header; empty: it can.
};

CsvOpening OpenCsv(std::string_view bytes, bool complete, const CsvOptions& csv,
                   const std::vector<columnar::ColumnSpec>& specs, size_t record_bytes_max);

// Which of the contract's columns each name is.
struct CsvFit {
  std::vector<std::optional<size_t>> columns;
  std::string fault;  // Why the names fit no record to the contract; empty: they do.
};

CsvFit FitHeader(const std::vector<std::string>& names,
                 const std::vector<columnar::ColumnSpec>& specs);

}  // namespace weir::format

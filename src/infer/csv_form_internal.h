// How a CSV is written: its delimiter, and whether its first record names the fields. Private to
// infer/.
//
//  - Delimiter: of , ; tab | those under which the first record has two fields at least; of these
//    the one that breaks the fewest of the first records, then the one with the most fields, then
//    the first. None: the comma. A .tsv has tabs.
//  - Header: there is one, unless its fields are themselves values of their columns: a 7 above
//    numbers, a 2026-05-01 above dates. Years in order (1990, 1991, ...) above numbers are names.
#pragma once

#include <string>
#include <vector>

#include "format/format_spec.h"
#include "infer/evidence_internal.h"
#include "infer/input_internal.h"

namespace weir::infer {

struct CsvForm {
  format::FormatSpec spec;
  std::vector<std::string> names;  // Of the fields; without a header what stands in their place.
};

// `spec` is by the file's ending. Error infer.unreadable: its beginning is no CSV.
Result<CsvForm> FindDelimiter(const Input& input, format::FormatSpec spec);

// `below` is what the records after the first speak for, by field.
bool FirstRecordIsData(const std::vector<std::string>& first, const std::vector<Finding>& below);

}  // namespace weir::infer

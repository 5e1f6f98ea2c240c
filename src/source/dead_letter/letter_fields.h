// The fields of a dead letter's record as texts, and the bytes of the record with some of them
// changed: how a person mends one without typing its format. Pure; threads: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "columnar/column_spec.h"
#include "source/dead_letter/letter.h"

namespace weir::source {

// By the input's names, in the record's order; nullopt: null. Of the fix, where there is one.
using LetterFields = std::vector<std::pair<std::string, std::optional<std::string>>>;
using FieldChanges = std::map<std::string, std::optional<std::string>>;

// Error letter.fields (kInvalid): these bytes cannot be cut into fields, so that only all of them
// can be replaced. `columns` are the contract's.
Result<LetterFields> CutFields(const Letter& letter,
                               const std::vector<columnar::ColumnSpec>& columns);

// The record with `changes` (input name to text; nullopt: null), in its own format: a CSV line with
// quotes where they are needed (and a header of its own where a field is new), or a JSON object,
// where numbers, booleans and nested values of such columns are written as themselves. Error
// letter.fields.
Result<Fix> Mend(const Letter& letter, const std::vector<columnar::ColumnSpec>& columns,
                 const FieldChanges& changes);

}  // namespace weir::source

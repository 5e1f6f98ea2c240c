// Where the whole records of an input end that is still being written.
//
// What lies before that place means the same whatever is written behind it: the decoder gives the
// same records for the input cut there as for the input when it has grown. Threads: any.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "columnar/column_spec.h"
#include "env/bytes.h"
#include "format/decoder.h"
#include "format/format_spec.h"

namespace weir::format {

// `reader` stands at `from`.offset and reads an input, plain and in UTF-8, to its present end.
// Returns the end of the last record that is whole, at least `from`.offset: that itself where the
// input's beginning does not tell how to read it. Errors: those of `reader`.
Result<uint64_t> WholeRecordsEnd(const FormatSpec& spec,
                                 const std::vector<columnar::ColumnSpec>& columns,
                                 const DecoderState& from, env::ByteReader& reader);

}  // namespace weir::format

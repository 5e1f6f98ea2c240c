// Rows of Parquet and Arrow files as dead letters keep them: a JSON object each, in which NaN and
// the infinities of a double, which JSON does not know, are the texts "NaN", "Infinity" and
// "-Infinity". In JSON of anybody else such a text is no double.
//
// Threads: any; the decoder, one at a time.
#pragma once

#include <memory>
#include <vector>

#include "format/decoder.h"

namespace weir::format {

// As MakeDecoder for NDJSON. Errors: those of it.
Result<std::unique_ptr<Decoder>> MakeKeptRowDecoder(std::vector<columnar::ColumnSpec> columns,
                                                    std::unique_ptr<env::ByteReader> reader,
                                                    DecoderState start, DecoderOptions options);

}  // namespace weir::format

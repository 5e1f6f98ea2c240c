// Compression as a ByteWriter over a ByteWriter: one gzip member, or one zstd frame. Errors of the
// inner writer pass through. Finish ends the stream and finishes the inner writer.
#pragma once

#include <memory>

#include "env/bytes.h"
#include "format/format_spec.h"

namespace weir::format {

// `compression` is kGzip or kZstd; with kNone the answer is `into` itself.
std::unique_ptr<env::ByteWriter> Compressed(std::unique_ptr<env::ByteWriter> into,
                                            Compression compression);

}  // namespace weir::format

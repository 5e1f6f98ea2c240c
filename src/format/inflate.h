// Decompression as ByteReaders over ByteReaders: gzip (RFC 1952, several members) and zstd (several
// frames, skippable ones too). What can be read of a broken stream is delivered first: a read
// before the break may be shorter than asked for; the next one is the error input.corrupt
// (kCorrupt). The bytes delivered before it depend on the stream alone. Zero bytes behind the last
// gzip member are padding; anything else there breaks the stream. Errors of the inner reader pass
// through.
#pragma once

#include <memory>

#include "env/bytes.h"
#include "format/format_spec.h"

namespace weir::format {

std::unique_ptr<env::ByteReader> InflateGzip(std::unique_ptr<env::ByteReader> compressed);
// Frames that need a window over 128 MiB are refused as corrupt, since memory is bounded.
std::unique_ptr<env::ByteReader> InflateZstd(std::unique_ptr<env::ByteReader> compressed);

// A reader of the decompressed bytes, and what the compression was. For kAuto the first bytes of
// `raw` decide; the result is never kAuto. An empty input is kNone whatever was asked for.
struct OpenedInput {
  std::unique_ptr<env::ByteReader> reader;
  Compression compression = Compression::kNone;
};
// Errors: those of `raw`.
Result<OpenedInput> OpenInput(std::unique_ptr<env::ByteReader> raw, Compression compression);

}  // namespace weir::format

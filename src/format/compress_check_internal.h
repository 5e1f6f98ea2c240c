// For tests alone: what inflate.h reads, made by the libraries.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "base/check.h"
#include "format/format_spec.h"

namespace weir::format {

inline std::string Gzip(std::string_view plain) {
  z_stream stream{};
  WEIR_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  WEIR_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// One frame with a checksum, in blocks of at most 1 KiB of plain text (flushed one by one).
inline std::string Zstd(std::string_view plain) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(plain.size()) + plain.size() / 64 + 64, '\0');
  ZSTD_outBuffer out{.dst = packed.data(), .size = packed.size(), .pos = 0};
  for (size_t at = 0; at < plain.size(); at += 1024) {
    const std::string_view piece = plain.substr(at, 1024);
    ZSTD_inBuffer in{.src = piece.data(), .size = piece.size(), .pos = 0};
    WEIR_CHECK(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush) == 0);
  }
  ZSTD_inBuffer nothing{.src = nullptr, .size = 0, .pos = 0};
  WEIR_CHECK(ZSTD_compressStream2(context, &out, &nothing, ZSTD_e_end) == 0);
  packed.resize(out.pos);
  ZSTD_freeCCtx(context);
  return packed;
}

inline std::string Compressed(std::string_view plain, Compression compression) {
  if (compression == Compression::kGzip) return Gzip(plain);
  if (compression == Compression::kZstd) return Zstd(plain);
  return std::string(plain);
}

}  // namespace weir::format

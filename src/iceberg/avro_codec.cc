// Block codecs: deflate both ways; zstandard and snappy to read what others wrote.
#include <arrow/util/compression.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "base/units.h"
#include "iceberg/avro_internal.h"

namespace weir::iceberg::avro {
namespace {

constexpr size_t kStep = 64 * 1024;

std::unexpected<Error> TooLarge() {
  return Corrupt("a block unpacks to more than " + FormatBytes(kBlockBytesMax));
}

Result<std::string> Inflate(std::string_view bytes) {
  z_stream stream{};
  WEIR_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK);
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const size_t before = out.size();
    if (before > kBlockBytesMax) return TooLarge();
    out.resize(before + std::max(kStep, before));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (status != Z_OK && status != Z_STREAM_END) return Corrupt("a deflate block is broken");
    if (status == Z_OK && out.size() == before) return Corrupt("a deflate block is cut off");
  }
  if (out.size() > kBlockBytesMax) return TooLarge();
  return out;
}

Result<std::string> UnpackZstandard(std::string_view bytes) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  WEIR_CHECK(context != nullptr);
  ZSTD_inBuffer input{.src = bytes.data(), .size = bytes.size(), .pos = 0};
  std::string out;
  size_t hint = 1;
  while (hint != 0) {
    const size_t before = out.size();
    if (before > kBlockBytesMax) return TooLarge();
    out.resize(before + kStep);
    ZSTD_outBuffer output{.dst = out.data() + before, .size = kStep, .pos = 0};
    hint = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(hint) != 0) return Corrupt("a zstandard block is broken");
    out.resize(before + output.pos);
    if (hint != 0 && output.pos == 0 && input.pos == input.size)
      return Corrupt("a zstandard block is cut off");
  }
  return out;
}

// A raw snappy block, then the big-endian CRC-32 of what it unpacks to.
Result<std::string> UnpackSnappy(std::string_view bytes) {
  if (bytes.size() < 5) return Corrupt("a snappy block is cut off");
  const std::string_view packed = bytes.substr(0, bytes.size() - 4);
  uint64_t size = 0;
  for (size_t i = 0; i < 5; ++i) {
    if (i == packed.size()) return Corrupt("a snappy block is cut off");
    size |= uint64_t{static_cast<unsigned char>(packed[i]) & 0x7fU} << (7 * i);
    if ((packed[i] & 0x80) == 0) break;
  }
  if (size > kBlockBytesMax) return TooLarge();
  auto codec = arrow::util::Codec::Create(arrow::Compression::SNAPPY);
  if (!codec.ok())
    return Fail(ErrorKind::kUnsupported, "iceberg.avro_codec", "this build cannot unpack snappy");
  std::string out(size, '\0');
  const auto unpacked = (*codec)->Decompress(
      static_cast<int64_t>(packed.size()), reinterpret_cast<const uint8_t*>(packed.data()),
      static_cast<int64_t>(out.size()), reinterpret_cast<uint8_t*>(out.data()));
  if (!unpacked.ok() || static_cast<size_t>(*unpacked) != size)
    return Corrupt("a snappy block is broken");
  uint32_t expected = 0;
  for (const char c : bytes.substr(bytes.size() - 4))
    expected = (expected << 8) | static_cast<unsigned char>(c);
  const uLong actual =
      crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(out.size()));
  if (actual != expected) return Corrupt("the checksum of a snappy block is wrong");
  return out;
}

}  // namespace

std::string Deflate(std::string_view bytes) {
  z_stream stream{};
  WEIR_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                          Z_DEFAULT_STRATEGY) == Z_OK);
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> guard(&stream, &deflateEnd);
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  WEIR_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  return out;
}

Result<std::string> Unpack(std::string_view codec, std::string_view bytes) {
  if (bytes.size() > kBlockBytesMax) return TooLarge();
  if (codec == "null" || codec.empty()) return std::string(bytes);
  if (codec == "deflate") return Inflate(bytes);
  if (codec == "zstandard") return UnpackZstandard(bytes);
  if (codec == "snappy") return UnpackSnappy(bytes);
  return Fail(ErrorKind::kUnsupported, "iceberg.avro_codec",
              "a manifest is packed with '" + std::string(codec.substr(0, 40)) +
                  "', which Weir cannot read",
              "rewrite the table's manifests with write.avro.compression-codec=gzip");
}

}  // namespace weir::iceberg::avro

#include "format/inflate.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "format/peek_internal.h"

namespace weir::format {
namespace {

constexpr size_t kCompressedBytes = 256 * 1024;

Error Corrupt(const std::string& why) {
  return {.kind = ErrorKind::kCorrupt,
          .code = "input.corrupt",
          .message = why,
          .place = {},
          .next = "get the object again from where it came"};
}

// What both have in common: refilling the compressed bytes, and delivering a prefix before an
// error.
class Inflater : public env::ByteReader {
 public:
  explicit Inflater(std::unique_ptr<env::ByteReader> compressed)
      : compressed_(std::move(compressed)), buffer_(kCompressedBytes) {}

  Result<size_t> Read(std::span<char> into) final {
    size_t made = 0;
    while (made < into.size() && !failed_ && !ended_) {
      Result<size_t> more = Inflate(into.subspan(made));
      if (more) {
        made += *more;
      } else {
        failed_ = std::move(more).error();
      }
    }
    if (made == 0 && failed_ && !into.empty()) return Fail(*failed_);
    return made;
  }

 protected:
  // Some bytes, or none on the way to some; sets ended_ at the end.
  virtual Result<size_t> Inflate(std::span<char> into) = 0;

  // Compressed bytes not used yet; reads more when there are none. Empty at the end of the input.
  Result<std::string_view> Available() {
    if (used_ == filled_) {
      WEIR_ASSIGN(filled_, compressed_->Read(buffer_));
      used_ = 0;
    }
    return std::string_view(buffer_.data() + used_, filled_ - used_);
  }
  void Use(size_t bytes) { used_ += bytes; }

  bool ended_ = false;

 private:
  std::unique_ptr<env::ByteReader> compressed_;
  std::vector<char> buffer_;
  size_t used_ = 0;
  size_t filled_ = 0;
  std::optional<Error> failed_;
};

class GzipReader final : public Inflater {
 public:
  explicit GzipReader(std::unique_ptr<env::ByteReader> compressed)
      : Inflater(std::move(compressed)) {
    constexpr int kGzipWithLargestWindow = 16 + MAX_WBITS;
    WEIR_CHECK(inflateInit2(&stream_, kGzipWithLargestWindow) == Z_OK);
  }
  ~GzipReader() override { inflateEnd(&stream_); }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

 private:
  Result<size_t> Inflate(std::span<char> into) override {
    WEIR_ASSIGN(const std::string_view available, Available());
    if (available.empty() && !flushing_) {
      if (within_member_ || members_ == 0)
        return Fail(Corrupt("the gzip stream ends in the middle"));
      ended_ = true;
      return 0;
    }
    if (!within_member_) {
      if (members_ > 0 && available.front() == '\0') {
        padding_ = true;
        Use(1);
        return 0;
      }
      if (padding_) return Fail(Corrupt("bytes that are no gzip follow the gzip stream"));
      WEIR_CHECK(inflateReset(&stream_) == Z_OK);
      within_member_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(available.data()));
    stream_.avail_in = static_cast<uInt>(available.size());
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    const size_t room = std::min<size_t>(into.size(), 1U << 30);
    stream_.avail_out = static_cast<uInt>(room);
    const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
    Use(available.size() - stream_.avail_in);
    const size_t made = room - stream_.avail_out;
    flushing_ = within_member_ && stream_.avail_out == 0;
    if (outcome == Z_STREAM_END) {
      within_member_ = false;
      flushing_ = false;
      ++members_;
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      broken_ = stream_.msg == nullptr ? "it is damaged" : stream_.msg;
    }
    if (!broken_.empty() && made == 0)
      return Fail(Corrupt((members_ > 0 && stream_.total_out == 0
                               ? "what follows the gzip stream is no gzip: "
                               : "the gzip stream is broken: ") +
                          broken_));
    return made;
  }

  z_stream stream_{};
  bool within_member_ = false;
  bool flushing_ = false;  // The output was full: zlib may hold more although it took all input.
  bool padding_ = false;
  uint64_t members_ = 0;
  std::string broken_;
};

class ZstdReader final : public Inflater {
 public:
  explicit ZstdReader(std::unique_ptr<env::ByteReader> compressed)
      : Inflater(std::move(compressed)), stream_(ZSTD_createDStream()) {
    WEIR_CHECK(stream_ != nullptr);
    wanted_ = ZSTD_initDStream(stream_);
  }
  ~ZstdReader() override { ZSTD_freeDStream(stream_); }
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

 private:
  Result<size_t> Inflate(std::span<char> into) override {
    WEIR_ASSIGN(std::string_view available, Available());
    if (available.empty() && !flushing_) {
      if (within_frame_ || frames_ == 0) return Fail(Corrupt("the zstd stream ends in the middle"));
      ended_ = true;
      return 0;
    }
    // On an error the library forgets what it made before it in the same call. So it flushes
    // without input, and gets one block at a time: what it asks for includes the header of the next
    // one.
    constexpr size_t kBlockHeader = 3;
    const size_t fed = wanted_ > kBlockHeader ? wanted_ - kBlockHeader : wanted_;
    available = available.substr(0, flushing_ ? 0 : fed);
    ZSTD_inBuffer in{.src = available.data(), .size = available.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
    const size_t hint = ZSTD_decompressStream(stream_, &out, &in);
    if (ZSTD_isError(hint) != 0)
      return Fail(Corrupt(std::string("the zstd stream is broken: ") + ZSTD_getErrorName(hint)));
    Use(in.pos);
    flushing_ = out.pos == out.size && hint != 0;
    within_frame_ = hint != 0;
    if (hint == 0) {
      ++frames_;
      wanted_ = ZSTD_initDStream(stream_);
    } else {
      wanted_ = hint;
    }
    return out.pos;
  }

  ZSTD_DStream* stream_;
  size_t wanted_ = 0;
  bool within_frame_ = false;
  bool flushing_ = false;  // The library may hold output although it took all input.
  uint64_t frames_ = 0;
};

Compression CompressionOf(std::string_view front) {
  using namespace std::string_view_literals;
  if (front.starts_with("\x1F\x8B"sv)) return Compression::kGzip;
  if (front.starts_with("\x28\xB5\x2F\xFD"sv)) return Compression::kZstd;
  // A skippable frame of zstd: 0x184D2A50 to 0x184D2A5F, little-endian.
  if (front.size() >= 4 && (front[0] & 0xF0) == 0x50 && front.substr(1, 3) == "\x2A\x4D\x18"sv)
    return Compression::kZstd;
  return Compression::kNone;
}

}  // namespace

std::unique_ptr<env::ByteReader> InflateGzip(std::unique_ptr<env::ByteReader> compressed) {
  return std::make_unique<GzipReader>(std::move(compressed));
}

std::unique_ptr<env::ByteReader> InflateZstd(std::unique_ptr<env::ByteReader> compressed) {
  return std::make_unique<ZstdReader>(std::move(compressed));
}

Result<OpenedInput> OpenInput(std::unique_ptr<env::ByteReader> raw, Compression compression) {
  if (compression == Compression::kNone)
    return OpenedInput{.reader = std::move(raw), .compression = compression};
  WEIR_ASSIGN(Peeked peeked, Peek(std::move(raw), 4));
  if (peeked.front.empty()) compression = Compression::kNone;
  if (compression == Compression::kAuto) compression = CompressionOf(peeked.front);
  if (compression == Compression::kGzip)
    return OpenedInput{.reader = InflateGzip(std::move(peeked.whole)), .compression = compression};
  if (compression == Compression::kZstd)
    return OpenedInput{.reader = InflateZstd(std::move(peeked.whole)), .compression = compression};
  return OpenedInput{.reader = std::move(peeked.whole), .compression = compression};
}

}  // namespace weir::format

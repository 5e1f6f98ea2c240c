#include "format/deflate.h"

#include <zlib.h>
#include <zstd.h>

#include <string>

#include "base/check.h"

namespace weir::format {
namespace {

constexpr size_t kOutBytes = 128 * 1024;

class GzipWriter final : public env::ByteWriter {
 public:
  explicit GzipWriter(std::unique_ptr<env::ByteWriter> into) : into_(std::move(into)) {
    constexpr int kGzipWindow = 15 + 16;
    constexpr int kMemory = 8;
    WEIR_CHECK(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory,
                            Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipWriter() override { deflateEnd(&stream_); }

  Result<void> Write(std::string_view bytes) override {
    position_ += bytes.size();
    return Put(bytes, Z_NO_FLUSH);
  }
  uint64_t position() const override { return position_; }
  Result<void> Finish() override {
    WEIR_TRY(Put({}, Z_FINISH));
    return into_->Finish();
  }

 private:
  Result<void> Put(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (true) {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int status = deflate(&stream_, flush);
      WEIR_CHECK(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
      WEIR_TRY(into_->Write(std::string_view(out_).substr(0, out_.size() - stream_.avail_out)));
      if (stream_.avail_out != 0) return {};
    }
  }

  std::unique_ptr<env::ByteWriter> into_;
  z_stream stream_{};
  std::string out_ = std::string(kOutBytes, '\0');
  uint64_t position_ = 0;
};

class ZstdWriter final : public env::ByteWriter {
 public:
  explicit ZstdWriter(std::unique_ptr<env::ByteWriter> into)
      : into_(std::move(into)), stream_(ZSTD_createCStream()) {
    WEIR_CHECK(stream_ != nullptr);
  }
  ~ZstdWriter() override { ZSTD_freeCStream(stream_); }

  Result<void> Write(std::string_view bytes) override {
    position_ += bytes.size();
    return Put(bytes, ZSTD_e_continue);
  }
  uint64_t position() const override { return position_; }
  Result<void> Finish() override {
    WEIR_TRY(Put({}, ZSTD_e_end));
    return into_->Finish();
  }

 private:
  Result<void> Put(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const size_t left = ZSTD_compressStream2(stream_, &out, &in, directive);
      WEIR_CHECK(ZSTD_isError(left) == 0U);
      WEIR_TRY(into_->Write(std::string_view(out_).substr(0, out.pos)));
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

  std::unique_ptr<env::ByteWriter> into_;
  ZSTD_CStream* stream_;
  std::string out_ = std::string(kOutBytes, '\0');
  uint64_t position_ = 0;
};

}  // namespace

std::unique_ptr<env::ByteWriter> Compressed(std::unique_ptr<env::ByteWriter> into,
                                            Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipWriter>(std::move(into));
    case Compression::kZstd:
      return std::make_unique<ZstdWriter>(std::move(into));
    case Compression::kAuto:
    case Compression::kNone:
      break;
  }
  return into;
}

}  // namespace weir::format

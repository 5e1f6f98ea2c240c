#include "net/body_decoder_internal.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace weir::net {
namespace {

using Step = BodyDecoder::Step;

std::unexpected<Refusal> Broken(std::string_view detail) {
  return std::unexpected(Refusal{400, "http.bad_encoding", detail});
}

// Counts both sides of a decoder.
class Growth {
 public:
  Growth(const Limits& limits, uint64_t decoded_max) : limits_(limits), decoded_max_(decoded_max) {}

  std::expected<void, Refusal> Add(size_t sent, size_t decoded) {
    sent_ += sent;
    decoded_ += decoded;
    if (decoded_ > decoded_max_)
      return std::unexpected(Refusal{413, "http.body_too_big", "the decoded body is too big"});
    if (decoded_ > std::max(limits_.decoded_bytes_free, sent_ * limits_.decoded_ratio_max))
      return std::unexpected(
          Refusal{413, "http.body_too_big", "the body grows too much when it is decoded"});
    return {};
  }

 private:
  Limits limits_;
  uint64_t decoded_max_;
  uint64_t sent_ = 0;
  uint64_t decoded_ = 0;
};

class GzipDecoder final : public BodyDecoder {
 public:
  GzipDecoder(const Limits& limits, uint64_t decoded_max)
      : growth_(limits, decoded_max), out_(limits.piece_bytes_max) {
    WEIR_CHECK(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK);
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  std::expected<Step, Refusal> Next(std::string_view& sent) override {
    if (ended_ && !sent.empty()) {
      inflateReset(&stream_);
      ended_ = false;
    }
    if (ended_) return Step{.done = true};
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(sent.data()));
    stream_.avail_in = static_cast<uInt>(sent.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    const size_t used = sent.size() - stream_.avail_in;
    const size_t made = out_.size() - stream_.avail_out;
    begun_ = begun_ || used != 0;
    sent.remove_prefix(used);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return Broken("the body is no whole gzip");
    ended_ = code == Z_STREAM_END;
    if (auto grown = growth_.Add(used, made); !grown) return std::unexpected(grown.error());
    return Step{.piece = {out_.data(), made}, .done = made == 0 && sent.empty()};
  }

  std::expected<void, Refusal> Finish() override {
    if (begun_ && !ended_) return Broken("the body is no whole gzip");
    return {};
  }

 private:
  Growth growth_;
  std::vector<char> out_;
  z_stream stream_{};
  bool begun_ = false;
  bool ended_ = false;  // A member has.
};

class ZstdDecoder final : public BodyDecoder {
 public:
  ZstdDecoder(const Limits& limits, uint64_t decoded_max)
      : growth_(limits, decoded_max),
        out_(limits.piece_bytes_max),
        stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    WEIR_CHECK(stream_ != nullptr);
    int log = 10;
    while ((uint64_t{1} << (log + 1)) <= limits.zstd_window_bytes_max) ++log;
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, log);
  }

  std::expected<Step, Refusal> Next(std::string_view& sent) override {
    ZSTD_inBuffer in{sent.data(), sent.size(), 0};
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const size_t code = ZSTD_decompressStream(stream_.get(), &out, &in);
    if (ZSTD_isError(code) != 0) return Broken("the body is no whole zstd");
    sent.remove_prefix(in.pos);
    if (in.pos != 0 || out.pos != 0) inside_ = code != 0;
    if (auto grown = growth_.Add(in.pos, out.pos); !grown) return std::unexpected(grown.error());
    return Step{.piece = {out_.data(), out.pos}, .done = out.pos == 0 && sent.empty()};
  }

  std::expected<void, Refusal> Finish() override {
    if (inside_) return Broken("the body is no whole zstd");
    return {};
  }

 private:
  Growth growth_;
  std::vector<char> out_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  bool inside_ = false;  // A frame.
};

}  // namespace

std::unique_ptr<BodyDecoder> MakeBodyDecoder(Coding coding, const Limits& limits,
                                             uint64_t decoded_bytes_max) {
  if (coding == Coding::kGzip) return std::make_unique<GzipDecoder>(limits, decoded_bytes_max);
  WEIR_CHECK(coding == Coding::kZstd);
  return std::make_unique<ZstdDecoder>(limits, decoded_bytes_max);
}

}  // namespace weir::net

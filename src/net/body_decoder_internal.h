// Content-Encoding taken off a body as it arrives, in pieces of bounded size. What grows beyond
// what its sent bytes may become is refused before it is there.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>

#include "net/framing_internal.h"
#include "net/limits.h"
#include "net/request.h"

namespace weir::net {

class BodyDecoder {
 public:
  virtual ~BodyDecoder() = default;
  // What comes next of the body; `done` where `sent` gives nothing more. `sent` loses what was
  // used. Valid until the next call. Refusals: http.bad_encoding (400), http.body_too_big (413).
  struct Step {
    std::string_view piece = {};
    bool done = false;
  };
  virtual std::expected<Step, Refusal> Next(std::string_view& sent) = 0;
  // The body has ended: whether the stream has, too. Refusal http.bad_encoding.
  virtual std::expected<void, Refusal> Finish() = 0;
};

// `coding` is kGzip or kZstd; gzip of several members and zstd of several frames are read whole.
std::unique_ptr<BodyDecoder> MakeBodyDecoder(Coding coding, const Limits& limits,
                                             uint64_t decoded_bytes_max);

}  // namespace weir::net

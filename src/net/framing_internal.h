// Where a request ends: the one place that decides it, since two opinions about that are how
// requests are smuggled. Pure and strict after RFC 9112: what it leaves to the server's mercy (bare
// LF, folded headers, blanks before a colon, two lengths, length and chunks) is refused.
//
// Invariants (framing_test.cc, framing_fuzz.cc):
//   (1) The answer depends on the bytes alone, not on how they were cut.
//   (2) Nothing is read past the end of the request.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/limits.h"
#include "net/request.h"

namespace weir::net {

// Why a request is refused: the status and a stable code. The connection is closed behind it.
struct Refusal {
  int status = 400;
  std::string_view code;
  std::string_view detail;
};

// Length of the head at the beginning of `bytes`, its empty line included; nullopt: not all of it
// is there. `seen` is how many bytes an earlier call has looked at.
std::optional<size_t> FindHeadEnd(std::string_view bytes, size_t seen);

// Reads a whole head. Refusals: http.bad_request, http.bad_header, http.bad_length, http.bad_host
// (400), http.target_too_long (414), http.head_too_big (431), http.expectation (417),
// http.transfer_coding (501), http.version (505).
std::expected<RequestHead, Refusal> ReadHead(std::string_view head, const Limits& limits);

// Takes the chunks apart. Feed it what came; it says how much it has used, and what of that is
// body.
class ChunkedBody {
 public:
  explicit ChunkedBody(const Limits& limits) : limits_(limits) {}

  struct Step {
    size_t used = 0;
    std::string_view piece = {};  // Within the bytes given.
    bool done = false;            // The last chunk and the trailers were read.
  };
  // One step: a piece, or progress within a line. Uses at least one byte of a text that is not
  // empty, unless it is done. Refusal http.bad_chunk (400).
  std::expected<Step, Refusal> Next(std::string_view bytes);

 private:
  enum class At : uint8_t { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kDone };
  std::expected<void, Refusal> Take(char c);
  std::expected<void, Refusal> TakeSize(char c);
  std::expected<void, Refusal> TakeTrailer(char c);

  Limits limits_;
  At at_ = At::kSize;
  uint64_t left_ = 0;      // Of the chunk's data, or its size as far as it was read.
  size_t digits_ = 0;      // Of the size.
  size_t line_ = 0;        // Bytes of the size's line, or of the trailers.
  size_t trailer_at_ = 0;  // Bytes of the trailer's line.
  bool trailer_cr_ = false;
};

}  // namespace weir::net

// Any bytes as a request: no crash, and every cutting is read the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/framing_internal.h"

namespace {

using weir::net::ChunkedBody;

struct Read {
  std::string body;
  size_t used = 0;
  bool done = false;
  std::string_view refused;
  friend bool operator==(const Read&, const Read&) = default;
};

Read ReadChunks(std::string_view bytes, size_t cut) {
  const weir::net::Limits limits;
  ChunkedBody chunks(limits);
  Read read;
  while (read.used < bytes.size() && !read.done) {
    const auto step = chunks.Next(bytes.substr(read.used, cut));
    if (!step) {
      read.refused = step.error().code;
      read.used = 0;  // It stands somewhere in the piece.
      return read;
    }
    WEIR_CHECK(step->used != 0 || step->done);
    read.body += step->piece;
    read.used += step->used;
    read.done = step->done;
  }
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const weir::net::Limits limits;
  const auto end = weir::net::FindHeadEnd(bytes, 0);
  for (size_t come = 0, seen = 0; come <= size && size < 4096; seen = come++) {
    const auto found = weir::net::FindHeadEnd(bytes.substr(0, come), seen);
    WEIR_CHECK(!found || found == end);
    if (found) break;
  }
  if (end) {
    const auto head = weir::net::ReadHead(bytes.substr(0, *end), limits);
    if (head) {
      WEIR_CHECK(!(head->chunked && head->content_length));
      WEIR_CHECK(head->headers.size() <= limits.headers_count_max);
      for (const auto& header : head->headers)
        WEIR_CHECK(header.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                   std::string_view::npos);
      WEIR_CHECK(head->path.size() <= head->target.size());
    }
  }
  const std::string_view body = bytes.substr(end.value_or(0));
  const Read whole = ReadChunks(body, body.size() + 1);
  for (const size_t cut : {size_t{1}, size_t{3}}) WEIR_CHECK(ReadChunks(body, cut) == whole);
  return 0;
}

// multipart/form-data (RFC 7578) taken apart as it arrives, in memory that does not grow with it.
//
//   MultipartReader::Make(content type) --> Next(bytes), Next(bytes), ... --> done
//
// Strict where two readers could differ: CRLF line ends, one Content-Disposition with a name per
// part, no folded headers, nothing but blanks behind a boundary.
//
// Invariants (multipart_test.cc, multipart_fuzz.cc):
//   (1) The events depend on the bytes alone, not on how they were cut.
//   (2) A part's bytes are exactly those between its head and the CRLF before the next boundary.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::net {

struct PartHead {
  std::string name;          // Of the form's field: "file".
  std::string filename;      // Its last name, without folders: "events.csv". Empty: none was given.
  std::string content_type;  // Lower case, without parameters: "text/csv". Empty: none was given.
};

class MultipartReader {
 public:
  // `content_type` is the request's header. Error http.bad_multipart (kInvalid).
  static Result<MultipartReader> Make(std::string_view content_type);

  struct Event {
    enum class Kind : uint8_t { kNeedMore, kPart, kBytes, kPartEnd, kDone };
    Kind kind = Kind::kNeedMore;
    PartHead part = {};           // Of kPart.
    std::string_view bytes = {};  // Of kBytes; valid until the next call.
  };
  // The next event of `input`, which loses what was used. kNeedMore only when it is empty. What
  // stands behind kDone is read past. Error http.bad_multipart (kInvalid), at the first byte that
  // is wrong; the reader is spent then.
  Result<Event> Next(std::string_view& input);
  // Whether kDone has come: the body is not cut off.
  bool done() const { return at_ == At::kEpilogue; }

 private:
  enum class At : uint8_t { kPreamble, kBehindBoundary, kHead, kData, kEpilogue };
  explicit MultipartReader(std::string_view boundary)
      : delimiter_("\r\n--" + std::string(boundary)), held_("\r\n") {}

  Result<Event> Data(std::string_view& input);
  Result<Event> BehindBoundary(std::string_view& input);
  Result<Event> Head(std::string_view& input);

  std::string delimiter_;
  At at_ = At::kPreamble;
  std::string held_;   // The beginning of what may be a delimiter, or of a line or head.
  std::string given_;  // What the last event's bytes stand in, where they were held.
  uint64_t parts_ = 0;
};

}  // namespace weir::net

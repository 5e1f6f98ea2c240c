// A request as it stands in the log (docs/formats/wal.md). Private to source/http/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "env/hash.h"
#include "format/format_spec.h"
#include "source/http/request.h"
#include "wal/entry.h"

namespace weir::source {

// The Idempotency-Key and what it came with, as hashes.
struct KeyRecord {
  env::Hash128 key;
  uint64_t fingerprint = 0;  // Of the body, and of `values` where there are any.
};

// One text read behind the other must be what each is alone.
enum class Joining : uint8_t {
  kJoins,  // With others of its format.
  kAlone,  // CSV has a header, and a byte-order mark counts at the beginning only.
};

struct RequestRecord {
  format::FormatKind format = format::FormatKind::kNdjson;
  format::Compression compression = format::Compression::kNone;
  Joining joining = Joining::kJoins;
  Handling handling = Handling::kLenient;
  bool ends_line = true;    // The text ends with a line end; else one is put there.
  uint64_t text_bytes = 0;  // Inflated.
  uint64_t text_lines = 0;  // Line ends in it.
  Instant received_at;
  std::optional<KeyRecord> key;
  std::string name;                                         // Of the uploaded file.
  std::vector<std::pair<std::string, std::string>> values;  // Column -> text of its default.

  // Of its part in a split.
  uint64_t part_bytes() const { return text_bytes + (ends_line ? 0 : 1); }
  uint64_t part_lines() const { return text_lines + (ends_line ? 0 : 1); }
};

// What stands before the body in the entry's payload. Appends to `into`.
void EncodeRequest(const RequestRecord& record, std::string& into);

struct DecodedRequest {
  RequestRecord record;
  std::string_view body;  // Empty where it is spooled.
};
// Error http.entry (kCorrupt): it is none of this version.
Result<DecodedRequest> DecodeRequest(std::string_view payload);

}  // namespace weir::source

// A RejectedRow is a record that was refused, with everything needed to mend it: its bytes, where
// they stood, and every reason. It is data, never an Error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::columnar {

struct Reason {
  std::string
      code;  // Stable, dotted: "type.bigint", "column.null", "rule.known_type", "csv.quote".
  std::string rule;    // Name of the rule; empty where none is concerned.
  std::string column;  // Name of the column in the contract; empty for the whole record.
  std::string detail;  // For a person: "'x12' is not a bigint".
  friend bool operator==(const Reason&, const Reason&) = default;
};

enum class RejectedKind : uint8_t {
  kRecord,  // One record.
  kObject,  // A piece of input that cannot be cut into records, such as a broken compression.
};

struct RejectedRow {
  RejectedKind kind = RejectedKind::kRecord;
  uint64_t line = 0;            // Of the record's first byte, from 1; 0 where lines make no sense.
  uint64_t offset = 0;          // Of the record's first byte in the (decompressed) input, from 0.
  std::string raw;              // The bytes, the first kRawBytesKept of them, without the line end.
  uint64_t raw_length = 0;      // Of all of them.
  std::string raw_hash;         // XXH3-128 of all of them, where `raw` was cut; else empty.
  std::vector<Reason> reasons;  // At least one; at most kReasonsMax.
};

}  // namespace weir::columnar

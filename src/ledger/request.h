// What a batch of HTTP requests leaves in the catalog when it commits: the keys that were in the
// log until then, and what became of each request. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/request_limits.h"
#include "base/result.h"
#include "base/units.h"
#include "ledger/batch.h"

namespace weir::ledger {

// An Idempotency-Key and the body that it came with, as hashes.
struct RequestKey {
  uint64_t high = 0;
  uint64_t low = 0;
  uint64_t fingerprint = 0;
  uint64_t sequence = 0;  // Of the request in the log.
  Instant at;             // When it was received.
  friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// Why a record of a request was refused, in its sender's words.
struct RecordFault {
  std::optional<uint64_t> index = {};  // Among the records of a JSON body, from 0.
  uint64_t line = 0;                   // Of its first byte in the body, from 1; 0: has no lines.
  std::string pointer = {};            // JSON pointer within the record, or ...
  std::string column = {};             // ... the CSV column; neither: the record as a whole.
  std::string code = {};
  std::string message = {};
  friend bool operator==(const RecordFault&, const RecordFault&) = default;
};

std::string FaultsToJson(const std::vector<RecordFault>& faults);
// Error ledger.faults (kCorrupt).
Result<std::vector<RecordFault>> FaultsFromJson(const std::string& text);

// Added to what is kept of the same request, which may be read by several batches. A request of one
// record that was accepted is not kept: that is what a request without counts was.
struct RequestCounts {
  uint64_t sequence = 0;
  Counts counts;
  std::vector<RecordFault> faults =
      {};  // The first kRequestFaultsMax of them; kept as long as keys.
  friend bool operator==(const RequestCounts&, const RequestCounts&) = default;
};

// What is kept of a request.
struct KeptRequest {
  uint64_t sequence = 0;
  Counts counts;
  BatchNumber first_batch;  // That read a part of it.
  BatchNumber last_batch;
};

struct RequestRows {
  std::vector<RequestKey> keys;
  std::vector<RequestCounts> counts;
  Instant forget_keys_before;  // Received earlier: beyond the horizon.
};

}  // namespace weir::ledger

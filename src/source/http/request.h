// A request as it is offered to a pipeline, and what came of it: plain values, from which api/
// makes HTTP. Views live for the length of the call that takes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "ledger/batch.h"
#include "ledger/request.h"
#include "wal/entry.h"

namespace weir::source {

struct NameValue {
  std::string_view name;
  std::string_view value;
};

// What becomes of a request of which some records are refused (RFC 7240, handling).
enum class Handling : uint8_t {
  kLenient,  // The others are taken.
  kStrict,   // Nothing of it is. It has a batch of its own.
};

struct Request {
  std::string_view content_type = {};       // As sent; empty: none was.
  std::string_view content_encoding = {};   // As sent.
  std::string_view idempotency_key = {};    // As sent; empty: none was.
  std::span<const NameValue> path = {};     // Parameters of the route.
  std::span<const NameValue> headers = {};  // At least those of Intake::headers(), if sent.
  std::string_view name = {};  // Of an uploaded file; empty: it has none. Its ending tells the
                               // format where the content type does not.
  Handling handling = Handling::kLenient;
  // As received, not inflated. A body over kLogBodyBytesMax is a spooled file (Intake::NewSpool).
  std::variant<std::string_view, wal::Spool> body = std::string_view();
};

// Why nothing of a request was stored. `error` has code, message and next step of the problem.
//   400 request.key_missing, request.key (longer than kIdempotencyKeyBytesMax)
//   409 request.running     the same key is being stored right now: ask again (the API says it of
//       a kStrict one that is not committed, too)
//   413 request.too_large, request.inflates (a bomb, or beyond the limit when inflated),
//       request.too_many_files (what is to be stored together does not fit)
//   415 request.type (not in `accept`), request.encoding
//   422 request.empty, request.broken (it cannot be inflated), request.json (malformed),
//       request.csv_header (a not null column without default is missing), request.key_reused
//       (the key came with another body, or with other values for columns)
//   429 wal.stream_full     this pipeline has used its share of the log
//   503 wal.full, wal.memory, wal.failed, file.full, request.keys_full, intake.stopped
struct Refusal {
  int status = 503;
  Error error;
  std::chrono::seconds retry_after{0};  // 0: repeating it does not help.
};

struct Stored {
  wal::Sequence sequence;  // Of the first request; Intake::ReceiptOf makes its id.
  bool replayed = false;   // The key was known with this body: nothing was stored now.
};

using Offered = std::expected<Stored, Refusal>;
using OfferDone = std::move_only_function<void(Offered)>;

enum class ReceiptStage : uint8_t {
  kReceived,   // On the disk, its batch not committed.
  kCommitted,  // All its records are in the table, or counted as what else they were.
  kRejected,   // Nothing of it was taken, since records of it were refused: it is kStrict.
  kVoided,     // Its batch was left out by a person (weir batch void).
};

// What became of a stored request.
struct ReceiptState {
  std::string id;
  std::string pipeline;
  ReceiptStage stage = ReceiptStage::kReceived;
  Handling handling = Handling::kLenient;  // As asked for; known while it is kReceived.
  ledger::Counts counts;                   // Of this request alone; balanced once it is committed.
  std::vector<ledger::RecordFault> faults = {};  // Of its refused records: the first ones, while
                                                 // they are kept.
  std::string batch;     // "orders/3f2a9c1e/17"; empty before it is committed.
  std::string table;     // The target's, and its snapshot with the records.
  int64_t snapshot = 0;  // 0: the batch wrote no row there.
};

}  // namespace weir::source

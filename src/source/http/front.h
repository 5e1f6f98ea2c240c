// The Front takes requests for all pipelines with an http source and makes them durable in one log;
// each pipeline's Source then reads them like any other input, and a commit trims the log.
//
//   Open --> Intake::Offer ... --> log --> MakeSource's splits --> batch --> commit
//                 `- refused: nothing stored      keys, receipts: in the batch's own transaction
//
// Invariants:
//   (1) `done` gets a Stored only when the request is on the disk.
//   (2) A refused request leaves nothing behind.
//   (3) For the context's key_horizon a key stands for one body, with what columns take from the
//       path and the headers: the same again is answered with the receipt of the first and stored
//       no second time, whatever died meanwhile.
//   (4) A request is trimmed only after the batch that read it, with its key and what became of it,
//       is committed.
//
// Who holds the project's lock opens one Front and keeps it until all runners of its sources ended.
// Threads: all of it from any, at once; `done` is called by the caller's thread, the log's writer
// or the front's own, and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "columnar/column_spec.h"
#include "env/clock.h"
#include "env/files.h"
#include "env/random.h"
#include "source/http/backlog.h"
#include "source/http/http_spec.h"
#include "source/http/request.h"
#include "source/source.h"
#include "wal/log.h"

namespace weir::source {

inline constexpr std::chrono::hours kKeyHorizonDefault{24};

struct FrontPipeline {
  std::string name;
  HttpSpec http;
  std::vector<columnar::ColumnSpec> columns;  // The contract's; none: from the data.
  std::string table;                          // The target's name, for receipts.
  uint64_t batch_bytes = kBatchBytesDefault;  // Of a full batch (`flush.bytes`).
};

struct FrontContext {
  env::Files& files;
  const env::Clock& clock;
  env::Random& random;
  catalog::Catalog& catalog;  // Of the front alone: it is asked from the front's own thread.
  std::string folder;         // Of the log: STATE/wal.
  uint64_t log_bytes_max = kLogBytesDefault;
  uint64_t memory_bytes_max = kLogMemoryBytes;  // Of requests that are not durable yet.
  uint64_t keys_max = kIdempotencyKeysMax;      // A new key beyond them is refused.
  std::chrono::microseconds key_horizon = kKeyHorizonDefault;
  uint64_t body_bytes_default = kBodyBytesDefault;  // Of pipelines without a max_body.
};

// The door of one pipeline. Owned by its front.
class Intake {
 public:
  virtual ~Intake() = default;
  virtual const std::string& pipeline() const = 0;
  virtual const HttpSpec& http() const = 0;
  // Names of the headers that columns use, in lower case.
  virtual const std::vector<std::string>& headers() const = 0;

  // Before a body of `bytes` (its Content-Length, or what has come of it) is read. Dropping the
  // Room gives it back; keep it until the request is done. Refusals: 413 request.too_large, 429,
  // 503.
  virtual std::expected<wal::Room, Refusal> Admit(uint64_t bytes) = 0;
  // What can be said of a request before its body comes: 400 request.key_missing and request.key,
  // 415. Only the type, the encoding and the key of `head` count. Offer looks at them again.
  virtual std::expected<void, Refusal> CheckHead(const Request& head) const = 0;
  // For bodies over kLogBodyBytesMax. Blocks, and so does what it returns.
  virtual Result<std::unique_ptr<wal::SpoolWriter>> NewSpool() = 0;

  // Checks and stores `requests` (at least one): all of them or none, whatever dies. Their
  // sequences follow each other; the answer has the first. The key is that of the first, and stands
  // for all their bodies. Does not block, but for the check of spooled bodies. `done` may be called
  // before it returns.
  virtual void Offer(std::span<const Request> requests, OfferDone done) = 0;

  // "orders-3f2a9c1e-1234567": pipeline, instance, sequence.
  virtual std::string ReceiptOf(wal::Sequence sequence) const = 0;
};

using WaiterId = uint64_t;
using ReceiptDone = std::move_only_function<void(Result<ReceiptState>)>;

class Front {
 public:
  // Errors: those of wal::Log::Open and of the catalog.
  static Result<std::unique_ptr<Front>> Open(const FrontContext& context,
                                             std::vector<FrontPipeline> pipelines);
  virtual ~Front() = default;

  // Null: no such pipeline.
  virtual Intake* Find(std::string_view pipeline) = 0;
  // What a Runner of that pipeline reads. Borrows the front.
  virtual std::unique_ptr<Source> MakeSource(const std::string& pipeline) = 0;

  // Asks what became of a request. Errors: receipt.not_found (kNotFound), those of the catalog.
  virtual void FindReceipt(std::string id, ReceiptDone done) = 0;
  // Calls `done` once the request is committed (at once, if it is). Whoever waits no longer calls
  // Forget; then `done` is dropped, unless it is being called.
  virtual WaiterId WhenCommitted(const Intake& intake, wal::Sequence sequence,
                                 ReceiptDone done) = 0;
  virtual void Forget(WaiterId waiter) = 0;

  // Waits until something durable of `pipeline` is not committed, at most so long. True: it is so.
  virtual bool WaitForNews(const std::string& pipeline, std::chrono::microseconds at_most) = 0;
  // Waits for that long, news or not.
  virtual void Pause(std::chrono::microseconds time) = 0;
  // Waits for that long, or until `enough` came since this last ended, or gathering has ended.
  virtual void Gather(const std::string& pipeline, std::chrono::microseconds at_most,
                      const Arrived& enough) = 0;
  // No batch gathers any more: what is durable is read at once. Requests are taken as before.
  virtual void EndGathering() = 0;
  // Ends all three, and nobody waits until BeginWaits.
  virtual void EndWaits() = 0;
  virtual void BeginWaits() = 0;

  // From now on every offer is refused (503 intake.stopped); what was offered is still stored.
  virtual void Stop() = 0;
  // Waits until what was offered is durable, and ends gathering.
  virtual void Drain() = 0;
  virtual wal::LogState log_state() const = 0;
  // Bytes of the log that wait for `pipeline`'s commits, and what of its requests does.
  virtual uint64_t waiting_bytes(const std::string& pipeline) const = 0;
  virtual Backlog::State backlog(const std::string& pipeline) const = 0;
  virtual uint64_t keys() const = 0;
  // What the log had for others than its pipelines when it was opened.
  virtual const std::vector<LeftRequests>& left() const = 0;
};

// Whether a batch that reads `split` reads requests: who has a front finishes it.
bool IsOfRequests(const ledger::ObjectProgress& split);

// Where requests lie that a front has made durable.
struct StoredRequests {
  env::Files& files;
  std::string folder;  // Of the log.
  std::string pipeline;
  std::string instance;
};
// What a Runner reads whose process has no front: batches that were planned, by whoever has the
// project's lock. Nothing new comes, nothing is written to the log, and nothing trimmed: a front
// finds in the catalog what was committed meanwhile. Errors when read: wal::LogFolder's.
std::unique_ptr<Source> MakeStoredSource(StoredRequests from);

}  // namespace weir::source

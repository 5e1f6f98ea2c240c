// The Source of one pipeline's requests. Private to source/http/.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "env/clock.h"
#include "source/http/request_split_internal.h"
#include "wal/log.h"

namespace weir::source {

// How far a pipeline has read, by what the catalog knows. Requests up to `done` are committed.
struct RequestCursor {
  wal::Sequence done;
  // A split that was read in part: first of all it is read on.
  std::optional<ledger::ObjectProgress> open;
  wal::Sequence behind;  // New splits begin behind it.
};
RequestCursor CursorOf(const std::optional<ledger::ObjectProgress>& newest);

// `committed` is told how far all is committed: after each batch, and when the catalog is looked
// at, since others may have settled one (weir batch accept). `batch_bytes`: of a full one. Its
// commits forget keys that are older than `key_horizon`. Borrows `stream` and its `log`.
std::unique_ptr<Source> MakeHttpSource(const RequestStream& stream, wal::Log& log,
                                       const env::Clock& clock, uint64_t batch_bytes,
                                       std::chrono::microseconds key_horizon,
                                       std::function<void(wal::Sequence)> committed);

}  // namespace weir::source

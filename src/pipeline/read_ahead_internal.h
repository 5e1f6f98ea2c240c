// ReadAhead decodes the splits of the coming batches on a thread of its own, while the batch before
// is checked, encoded and committed. Decoding has no effect outside of memory, so nothing needs to
// be durable before it: a batch is planned when its first piece is taken, not when it was decoded.
//
//   ReadAhead --> Next*: (rows* reached)* batch_ends   for each batch --> dropped: stops the thread
//
// Invariants:
//   (1) Where a batch ends is a function of the bytes, the splits and the limits alone [I2]: what
//       has been read ahead, and how fast, changes nothing.
//   (2) Of what is decoded and not yet taken, at most kReadAheadBytes are in memory, and two pieces
//       more: one that waits for room, and one that is larger than all of it [I9].
//
// Threads: Next from one, which may be another than the one that made it. Borrows the source and
// everything it opens with until it is dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "columnar/column_spec.h"
#include "columnar/decoded_batch.h"
#include "format/format_spec.h"
#include "ledger/batch.h"
#include "source/source.h"

namespace weir::pipeline {

// A batch ends with the record that reaches either, or with its last split.
struct BatchLimits {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  size_t splits = kBatchSplitsMax;
};

// The limits of a batch that begins with `first`: one that is whole is not cut.
BatchLimits LimitsOfBatch(const ledger::ObjectProgress& first, const BatchLimits& limits);
// How many of `splits`, from the first, a batch plans to read. One that is whole is read alone.
size_t SplitsOfBatch(std::span<const ledger::ObjectProgress> splits, const BatchLimits& limits);

// What Next hands out: rows of a split, or how far a split was read by this batch, or the end of
// the batch.
struct Piece {
  std::optional<columnar::DecodedBatch> rows;
  format::FormatKind format = format::FormatKind::kNdjson;  // Of `rows`.
  std::string read_as;                                      // source::ReadAs of `rows`, as JSON.
  uint64_t bytes = 0;                                       // Of input, read for `rows`.
  std::optional<ledger::ObjectProgress> reached;     // Nothing more of this split in this batch.
  std::shared_ptr<const ledger::ObjectProgress> of;  // The split as planned; null where batch_ends.
  std::shared_ptr<const columnar::InputParts> parts;  // With `reached`, of a split that has some.
  bool batch_ends = false;
};

class ReadAhead {
 public:
  // Reads `splits` (at least one) in order, batch after batch, until all are done.
  ReadAhead(source::Source& source, const std::vector<columnar::ColumnSpec>& columns,
            BatchLimits limits, std::vector<ledger::ObjectProgress> splits);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next piece; waits for it. After an error, or beyond the end of the last batch, there is
  // none. Errors: source.lost, source.changed, those of the source and of format/.
  Result<Piece> Next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::pipeline

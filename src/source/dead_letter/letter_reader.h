// Makes records of dead letters again: of the bytes that are kept (or of the fix that stands in
// their place), and of the input itself where they were cut or where a whole object was refused.
//
// Threads: one at a time. Borrows all it is made from.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/column_spec.h"
#include "columnar/decoded_batch.h"
#include "format/decoder.h"
#include "source/dead_letter/letter.h"
#include "source/source.h"

namespace weir::source {

// Letters of kind record, decoded together. The positions' offsets are within `batch.chunk`;
// `letter_of` says whose they are.
struct DecodedLetters {
  columnar::DecodedBatch batch;
  std::vector<uint64_t> begins;  // Per letter its first byte in the chunk; ascending.

  size_t letter_of(uint64_t chunk_offset) const;
};

class LetterReader {
 public:
  // `columns` of today's contract. `original` is the pipeline's own source.
  LetterReader(Source& original, std::vector<columnar::ColumnSpec> columns)
      : original_(original), columns_(std::move(columns)) {}

  // Each letter gives one record, in `rows` or in `broken`. What cannot be read again is broken:
  //   replay.records    its bytes are not exactly one record
  //   replay.header     a CSV line of a version of Weir that did not keep its header
  //   replay.gone       it was too long to be kept, and its input is not there any more
  // Errors: those of format/ for the columns, and of the original where it cannot be read now.
  Result<DecodedLetters> Decode(std::span<const Letter> letters);

  // The rest of an object, from where it was refused; all of it where its header was. Error
  // source.lost (kNotFound): it is neither kept nor still there.
  struct Rest {
    std::unique_ptr<OpenSplit> open;  // Null: read from what is kept.
    std::unique_ptr<format::Decoder> decoder;

    Result<void> CheckUnchanged() const { return open ? open->CheckUnchanged() : Result<void>{}; }
  };
  Result<Rest> OpenRest(const Letter& letter);

 private:
  Result<std::optional<columnar::DecodedBatch>> DecodeOne(const Letter& letter);
  std::vector<columnar::ColumnSpec> ColumnsFor(const Letter& letter) const;

  Source& original_;
  std::vector<columnar::ColumnSpec> columns_;
};

}  // namespace weir::source

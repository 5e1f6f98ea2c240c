// Refused records as rows of dead_letters.PIPELINE (docs/formats/dead-letters.md).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "arrow/type_fwd.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/units.h"
#include "columnar/input_parts.h"
#include "columnar/rejected_row.h"
#include "sink/sink.h"

namespace weir::pipeline {

// Of which input, in which batch.
struct DeadLetterOrigin {
  std::string project;
  BatchId batch;
  std::string source;   // Path of the object.
  std::string version;  // Its content hash.
  std::string sink;     // The sink that refused; empty: the contract.
  Instant received_at;
  std::string read_as = {};  // source::ReadAs as JSON: how a replay makes records of it again.
  // Where the object is several: each letter is of the part that it stands in.
  std::shared_ptr<const columnar::InputParts> parts = {};
};

// The same record of the same input has the same id for ever: XXH3-128 over project, pipeline,
// version of the object, offset and sink.
std::string DeadLetterId(const DeadLetterOrigin& origin, uint64_t offset);

// A batch in the columns of table::DeadLetterShape.
Result<std::shared_ptr<arrow::RecordBatch>> ToDeadLetters(
    const DeadLetterOrigin& origin, std::span<const columnar::RejectedRow> rows);

// Writes them to the sink of dead letters, in pieces, since a refused record may be a megabyte.
Result<void> WriteDeadLetters(sink::Sink& sink, const DeadLetterOrigin& origin,
                              std::span<const columnar::RejectedRow> rows);

}  // namespace weir::pipeline

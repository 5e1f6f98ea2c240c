// Decoder: bytes -> DecodedBatch, for CSV, NDJSON and JSON, plain or compressed; for Parquet and
// Arrow files, whose records are rows: offsets count rows, and a row's raw form is made as JSON.
//
//   MakeDecoder -> Next* -> nullopt            state() may be asked between any two calls
//                    `-> Error: the decoder is spent, state() stands where it stood before
//
// Invariants:
//  1. The same bytes give the same records: neither the limits, nor the sizes of chunks and reads,
//     nor a restart from any state() changes a record, its position or its reasons.
//  2. Every record of the input is in exactly one of `rows` and `broken`. A header, a blank line
//     and a byte-order mark are no records.
//  3. A broken record costs itself alone. Where the next one begins is a function of the bytes
//     (csv_scanner_internal.h and json_scanner_internal.h have the rules; an NDJSON record is a
//     line).
//  4. Memory is a few chunks, whatever the input. A record over kRecordBytesMax is one dead letter.
//  5. An input that breaks (its compression, a cut UTF-16) gives its readable records first, then
//     one dead letter of kind kObject (object.corrupt) that holds the readable rest, and then the
//     end. So does a CSV whose header cannot be used (csv.header): the dead letter is all of it.
//  6. Positions count the text that is decoded: decompressed, and in UTF-8.
//
// Reasons of broken records: record.too_long, text.utf8, object.corrupt, csv.quote, csv.fields,
// csv.header (it names none of the contract's columns, or one of them twice, or cannot be read),
// json.syntax, json.not_object, json.depth, json.duplicate_key. Reasons of cells: type.KIND,
// text.utf8, text.nul. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "columnar/column_spec.h"
#include "columnar/decoded_batch.h"
#include "env/bytes.h"
#include "env/files.h"
#include "format/format_spec.h"

namespace weir::format {

// Where a JSON file's reading stands, between its elements.
enum class JsonPlace : uint8_t {
  kTop,    // Outside of an array.
  kFirst,  // Behind '['.
  kNext,   // Behind a ','.
  kAfter,  // Behind an element: a ',' or ']' must come.
  kLoose,  // Behind a broken one: anything may come.
  kTorn,   // Where the input ended within an array, and that was said; it may have grown.
};

struct JsonState {
  JsonPlace place = JsonPlace::kTop;
  int64_t column =
      0;  // Blanks and separators since the line began; -1: something else stands there.

  // Whether an input that ends here ends within an array, which is yet to be said.
  bool owes_an_end() const { return place != JsonPlace::kTop && place != JsonPlace::kTorn; }
  friend bool operator==(const JsonState&, const JsonState&) = default;
};

// Where a split resumes. A value-initialised one is the beginning of an input.
struct DecoderState {
  uint64_t offset = 0;                           // In the decompressed input.
  uint64_t line = 1;                             // Of the byte at `offset`.
  Compression compression = Compression::kAuto;  // As found; kAuto before the first Next.
  bool ended = false;  // The input broke behind `offset`; no more comes unless it is mended.

  JsonState json;    // Of the format json.
  uint64_t row = 0;  // Of Parquet and Arrow: rows before this place.

  std::optional<Encoding> encoding;  // Of text, as found; never kUtf16.
  // Of CSV, found at its beginning.
  char csv_delimiter = '\0';            // '\0' before the first record was looked at.
  bool csv_cr = false;                  // Lines end with CR too.
  std::vector<std::string> csv_header;  // Names in the file's order.

  // Where the reader given to MakeDecoder must stand: at `offset` of plain UTF-8, else at 0 (the
  // decoder then skips by reading).
  uint64_t reader_offset() const;

  // Whether a plain input of `size` bytes was read to its end, with nothing left to say about it.
  bool at_end(uint64_t size) const { return reader_offset() >= size && !json.owes_an_end(); }

  // One line of JSON for a durable plan, and back. Error decoder.state (kCorrupt).
  std::string ToJson() const;
  static Result<DecoderState> FromJson(std::string_view text);

  friend bool operator==(const DecoderState&, const DecoderState&) = default;
};

// At least 1 each.
struct DecodeLimits {
  uint64_t rows = kDecodedRowsMax;    // Most records (rows and broken) of one batch.
  uint64_t bytes = kDecodedBytesMax;  // A batch ends at the first record boundary at or after them.
};

class Decoder {
 public:
  virtual ~Decoder() = default;

  // The next records, at least one and within the limits; often fewer, since a batch never spans
  // two chunks and has kDecodedBrokenMax broken ones at most. nullopt at the end, for ever after.
  // Errors: those of the reader (kIo ...).
  virtual Result<std::optional<columnar::DecodedBatch>> Next(DecodeLimits limits) = 0;

  // Behind the last record that Next returned.
  virtual DecoderState state() const = 0;
};

struct DecoderOptions {
  std::string input_name;                     // The place's file in errors.
  size_t chunk_bytes = kDecodedBytesMax;      // Of input held at once; more for a longer record.
  size_t record_bytes_max = kRecordBytesMax;  // Up to its line end.
  // Of an input that is several objects: batches name them, and columns with a default outside of
  // the record take it from them.
  std::shared_ptr<const columnar::InputParts> parts = {};
};

// Whether values of `column` can be read at all. Errors: those of MakeDecoder that concern one
// column.
Result<void> CheckColumn(const columnar::ColumnSpec& column);

// `columns` is the contract: the rows have its columns in order (all nullable in Arrow's sense),
// then `_rescued`. A field that is missing in the input takes ColumnSpec::default_text, which is
// read as a text cell of the column's type (0, 2026-05-01, abc without quotes). An explicit null
// stays null. Errors: format.column_twice, format.default,
// format.pattern, format.zone, format.csv_options (kInvalid).
Result<std::unique_ptr<Decoder>> MakeDecoder(const FormatSpec& spec,
                                             std::vector<columnar::ColumnSpec> columns,
                                             std::unique_ptr<env::ByteReader> reader,
                                             DecoderState start = {}, DecoderOptions options = {});

// The same for formats that are read by position. Borrows `file`, whose first `size` bytes are the
// input. A file that cannot be read (on) is one dead letter of kind object. Errors: as above, and
// format.compression (kInvalid).
Result<std::unique_ptr<Decoder>> MakeFileDecoder(const FormatSpec& spec,
                                                 std::vector<columnar::ColumnSpec> columns,
                                                 const env::OpenFile& file, uint64_t size,
                                                 DecoderState start = {});

}  // namespace weir::format

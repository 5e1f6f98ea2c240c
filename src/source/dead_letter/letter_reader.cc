#include "source/dead_letter/letter_reader.h"

#include <arrow/record_batch.h>

#include <algorithm>

#include "base/check.h"
#include "env/bytes.h"
#include "env/hash.h"
#include "format/kept_rows.h"

namespace weir::source {
namespace {

using columnar::DecodedBatch;
using columnar::RejectedRow;

// The bytes that are a letter's record now.
const std::string& BytesOf(const Letter& letter) {
  return letter.fix ? letter.fix->raw : letter.raw;
}

RejectedRow Unreadable(const Letter& letter, const char* code, std::string detail) {
  const std::string& raw = BytesOf(letter);
  return {.kind = columnar::RejectedKind::kRecord,
          .line = letter.line,
          .offset = 0,
          .raw = raw,
          .raw_length = letter.fix ? raw.size() : letter.raw_length,
          .raw_hash = letter.fix ? "" : letter.raw_hash,
          .reasons = {{.code = code, .rule = {}, .column = {}, .detail = std::move(detail)}}};
}

// Puts decoded records together, each behind the one before in one chunk.
class Gathering {
 public:
  void Add(const Letter& letter, DecodedBatch one) {
    const uint64_t begin = Begin();
    if (one.positions.empty()) {
      one.broken.front().offset = begin;
      one.broken.front().line = letter.line;
      chunk_ += one.broken.front().raw;
      made_.batch.broken.push_back(std::move(one.broken.front()));
    } else {
      const std::string raw = one.chunk ? std::string(one.raw(0)) : one.raw_of(0);
      chunk_ += raw;
      const auto row = static_cast<uint32_t>(made_.batch.positions.size());
      for (columnar::CellFault& fault : one.faults) {
        fault.row = row;
        made_.batch.faults.push_back(std::move(fault));
      }
      made_.batch.positions.push_back(
          {.offset = begin, .line = letter.line, .length = static_cast<uint32_t>(raw.size())});
      rows_.push_back(std::move(one.rows));
    }
    chunk_ += '\n';
  }

  Result<DecodedLetters> Finish(const std::shared_ptr<arrow::RecordBatch>& empty) {
    if (rows_.empty()) rows_.push_back(empty);
    auto rows = arrow::ConcatenateRecordBatches(rows_);
    if (!rows.ok()) return Fail(ErrorKind::kInvalid, "replay.memory", rows.status().message());
    made_.batch.rows = *rows;
    made_.batch.chunk = std::make_shared<const std::string>(std::move(chunk_));
    return std::move(made_);
  }

 private:
  uint64_t Begin() {
    made_.begins.push_back(chunk_.size());
    return chunk_.size();
  }

  DecodedLetters made_;
  std::string chunk_;
  arrow::RecordBatchVector rows_;
};

DecodedBatch OnlyBroken(RejectedRow row) {
  DecodedBatch batch;
  batch.broken.push_back(std::move(row));
  return batch;
}

// Whether its JSON is Weir's own, of a row of Parquet or Arrow. One that was refused for a double
// may have been so for the text "NaN" in a column of texts, and stays refused until it is mended.
bool IsKeptRow(const Letter& letter) {
  return letter.read_as && format::ReadsByPosition(letter.read_as->format.kind) &&
         (letter.fix || letter.reason != "type.double");
}

// What is known of the letter's input.
ledger::ObjectProgress InputOf(const Letter& letter) {
  ledger::ObjectProgress input;
  if (letter.read_as) input = letter.read_as->object;
  input.object = letter.source;
  return input;
}

}  // namespace

size_t DecodedLetters::letter_of(uint64_t chunk_offset) const {
  const auto after = std::ranges::upper_bound(begins, chunk_offset);
  WEIR_CHECK(after != begins.begin());
  return static_cast<size_t>(after - begins.begin()) - 1;
}

// Defaults that stood around the record stand in the columns now.
std::vector<columnar::ColumnSpec> LetterReader::ColumnsFor(const Letter& letter) const {
  std::vector<columnar::ColumnSpec> columns = columns_;
  if (!letter.read_as) return columns;
  for (columnar::ColumnSpec& column : columns)
    for (const auto& [name, text] : letter.read_as->values)
      if (column.outside && column.name == name) column.default_text = text;
  for (columnar::ColumnSpec& column : columns)
    if (column.default_text) column.outside.reset();
  return columns;
}

// nullopt: its bytes are no record, or more than one.
Result<std::optional<DecodedBatch>> LetterReader::DecodeOne(const Letter& letter) {
  if (letter.cut() && !letter.fix) {
    auto rest = OpenRest(letter);
    if (!rest) {
      if (rest.error().code != "source.lost") return Fail(std::move(rest).error());
      return OnlyBroken(
          Unreadable(letter, "replay.gone",
                     "only the first bytes of it are kept, and " + rest.error().message));
    }
    WEIR_ASSIGN(auto record, rest->decoder->Next({.rows = 1}));
    WEIR_TRY(rest->CheckUnchanged());
    return record;
  }
  format::FormatSpec format;
  format::DecoderState start = ReadAs().within_text();
  if (letter.read_as) {
    format = letter.read_as->text_format();
    start = letter.read_as->within_text();
    if (letter.fix && !letter.fix->header.empty()) start.csv_header = letter.fix->header;
  } else {
    WEIR_ASSIGN(format, original_.FormatOf(InputOf(letter)));
  }
  if (format.kind == format::FormatKind::kCsv && format.csv.has_header && start.csv_header.empty())
    return OnlyBroken(
        Unreadable(letter, "replay.header", "the header that it was read with was not kept"));
  auto bytes = std::make_unique<env::MemoryReader>(BytesOf(letter));
  const format::DecoderOptions options{.input_name = letter.source,
                                       .chunk_bytes = BytesOf(letter).size() + 64};
  WEIR_ASSIGN(
      const auto decoder,
      IsKeptRow(letter)
          ? format::MakeKeptRowDecoder(ColumnsFor(letter), std::move(bytes), start, options)
          : format::MakeDecoder(format, ColumnsFor(letter), std::move(bytes), start, options));
  WEIR_ASSIGN(auto first, decoder->Next({}));
  WEIR_ASSIGN(const auto more, decoder->Next({}));
  if (!first || more || first->read() != 1) return std::nullopt;
  return first;
}

Result<DecodedLetters> LetterReader::Decode(std::span<const Letter> letters) {
  Gathering gathering;
  for (const Letter& letter : letters) {
    WEIR_ASSIGN(auto one, DecodeOne(letter));
    gathering.Add(letter, one ? std::move(*one)
                              : OnlyBroken(Unreadable(letter, "replay.records",
                                                      "these bytes are not exactly one record")));
  }
  // An empty batch of the contract's columns, for letters none of which gave a row.
  WEIR_ASSIGN(const auto decoder,
              format::MakeDecoder(format::FormatSpec(), columns_,
                                  std::make_unique<env::MemoryReader>("{}"), {}, {}));
  WEIR_ASSIGN(const auto some, decoder->Next({}));
  WEIR_CHECK(some.has_value());
  return gathering.Finish(some->rows->Slice(0, 0));
}

Result<LetterReader::Rest> LetterReader::OpenRest(const Letter& letter) {
  if (!letter.read_as) {
    return Fail(ErrorKind::kNotFound, "source.lost",
                "which version of the input it came from was not kept");
  }
  Rest rest;
  const ReadAs& as = *letter.read_as;
  WEIR_ASSIGN(const format::FormatSpec format, letter.reason == "csv.header"
                                                   ? original_.FormatOf(InputOf(letter))
                                                   : Result<format::FormatSpec>(as.format));
  format::DecoderState start = as.found;
  if (letter.reason == "csv.header" && !letter.cut()) {
    // All of it is kept, decompressed and in UTF-8; its beginning is looked at anew.
    start = {};
    start.compression = format::Compression::kNone;
    start.encoding = format::Encoding::kUtf8;
    WEIR_ASSIGN(rest.decoder, format::MakeDecoder(format, columns_,
                                                  std::make_unique<env::MemoryReader>(letter.raw),
                                                  start, {.input_name = letter.source}));
    return rest;
  }
  WEIR_ASSIGN(rest.open, original_.Open(as.object));
  const env::OpenFile* file = rest.open->ByPosition();
  if (format::ReadsByPosition(format.kind) && file != nullptr) {
    start.row = letter.offset;  // Which counts rows there.
    WEIR_ASSIGN(rest.decoder,
                format::MakeFileDecoder(format, columns_, *file, as.object.size, start));
    return rest;
  }
  if (letter.reason == "csv.header") {
    start = {};
  } else {
    start.offset = letter.offset;
    start.line = std::max<uint64_t>(letter.line, 1);
    start.json.place = format::JsonPlace::kLoose;
  }
  WEIR_ASSIGN(rest.decoder,
              format::MakeDecoder(format, columns_, rest.open->Read(start.reader_offset()), start,
                                  {.input_name = letter.source}));
  return rest;
}

}  // namespace weir::source

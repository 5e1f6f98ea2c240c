#include "format/chunk_decoder_internal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "env/hash.h"
#include "format/inflate.h"

namespace weir::format {

using columnar::DecodedBatch;
using columnar::Reason;
using columnar::RejectedKind;
using columnar::RejectedRow;

namespace {

RejectedRow MakeRejected(std::string_view raw, Reason reason) {
  RejectedRow row;
  row.raw = raw.substr(0, kRawBytesKept);
  row.raw_length = raw.size();
  if (raw.size() > kRawBytesKept) row.raw_hash = env::ContentHashHex(raw);
  row.reasons.push_back(std::move(reason));
  return row;
}

}  // namespace

ChunkDecoder::ChunkDecoder(Compression compression, RowBuilder rows,
                           std::unique_ptr<env::ByteReader> reader, DecoderState start,
                           DecoderOptions options)
    : compression_(compression),
      raw_(std::move(reader)),
      rows_(std::move(rows)),
      state_(std::move(start)),
      options_(std::move(options)) {}

Result<void> ChunkDecoder::Open() {
  // A resumed input knows what it is; its middle could look like anything.
  if (state_.compression != Compression::kAuto) compression_ = state_.compression;
  WEIR_ASSIGN(OpenedInput input, OpenInput(std::move(raw_), compression_));
  if (input.compression != Compression::kNone) WEIR_TRY(Skip(*input.reader));
  state_.compression = input.compression;
  line_ = state_.line;
  window_ =
      std::make_unique<InputWindow>(std::move(input.reader), state_.offset, options_.chunk_bytes);
  return {};
}

Result<void> ChunkDecoder::Skip(env::ByteReader& reader) {
  std::array<char, 64 * 1024> thrown_away;
  for (uint64_t left = state_.offset; left != 0;) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(left, thrown_away.size()));
    WEIR_ASSIGN(const size_t got, reader.Read(std::span(thrown_away.data(), wanted)));
    if (got == 0)
      return Fail(ErrorKind::kConflict, "decoder.resume",
                  "the input ends before byte " + std::to_string(state_.offset) +
                      ", where it was to be read on",
                  "the object was replaced by a shorter one");
    left -= got;
  }
  return {};
}

Result<std::optional<DecodedBatch>> ChunkDecoder::Next(DecodeLimits limits) {
  WEIR_CHECK(limits.rows > 0 && limits.bytes > 0);
  if (state_.ended) return std::nullopt;
  if (window_ == nullptr) WEIR_TRY(Open());
  next_ = state_;
  batch_ = {};
  rows_.Start();
  records_ = 0;
  rows_limit_ = std::min<uint64_t>(limits.rows, kDecodedRowsMax);
  bytes_limit_ = window_->offset() + std::min<uint64_t>(limits.bytes, kRecordBytesMax);
  while (true) {
    WEIR_ASSIGN(const Stop stop, DecodeSome());
    if (stop == Stop::kTooLong) {
      // A batch never spans two chunks, and the skip may leave this one.
      if (records_ == 0) WEIR_TRY(SkipTooLong());
      break;
    }
    if (stop != Stop::kMore || records_ != 0) break;
    if (window_->at_end()) {
      RefuseTail();
      break;
    }
    WEIR_TRY(window_->Extend());
  }
  next_.offset = window_->offset();
  next_.line = line_;
  state_ = next_;
  if (records_ == 0) return std::nullopt;
  return FinishBatch();
}

DecodedBatch ChunkDecoder::FinishBatch() {
  batch_.rows = rows_.Finish();
  batch_.faults = rows_.TakeFaults();
  batch_.chunk = window_->chunk();
  batch_.chunk_offset = window_->chunk_offset();
  return std::move(batch_);
}

TextTrust ChunkDecoder::TrustOf(std::string_view record) const {
  return {.utf8 = window_->known_utf8(record.data() + record.size()),
          .nul_free = window_->known_nul_free()};
}

void ChunkDecoder::Pass(size_t used, uint64_t lines) {
  window_->Advance(used);
  line_ += lines;
}

void ChunkDecoder::Accept(size_t length, size_t used, uint64_t lines) {
  batch_.positions.push_back(
      {.offset = window_->offset(), .line = line_, .length = static_cast<uint32_t>(length)});
  rows_.EndRow();
  ++records_;
  Pass(used, lines);
}

void ChunkDecoder::Refuse(Reason reason, size_t length, size_t used, uint64_t lines) {
  rows_.DropRow();
  RejectedRow row = MakeRejected(window_->rest().substr(0, length), std::move(reason));
  row.offset = window_->offset();
  row.line = line_;
  batch_.broken.push_back(std::move(row));
  ++records_;
  Pass(used, lines);
}

Result<void> ChunkDecoder::SkipTooLong() {
  RejectedRow row;
  row.offset = window_->offset();
  row.line = line_;
  env::ContentHash hash;
  const auto take = [&](std::string_view bytes) {
    row.raw += bytes.substr(0, kRawBytesKept - std::min(row.raw.size(), kRawBytesKept));
    row.raw_length += bytes.size();
    hash.Update(bytes);
    line_ += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  };
  // Line ends before the bound belong to the record: it may hold quoted ones.
  size_t within = options_.record_bytes_max;
  while (true) {
    const std::string_view rest = window_->rest();
    const size_t line_end = rest.find('\n', std::min(within, rest.size()));
    const bool found = line_end != std::string_view::npos;
    std::string_view body = rest.substr(0, line_end);
    // A CR before the line end is none of the record; at the chunk's end it waits for what follows.
    const bool cr = body.ends_with('\r');
    if (cr) body.remove_suffix(1);
    take(body);
    window_->Advance(body.size());
    within -= std::min(within, body.size());
    if (found || window_->at_end()) {
      window_->Advance((cr ? 1 : 0) + (found ? 1 : 0));
      line_ += found ? 1 : 0;
      break;
    }
    WEIR_TRY(window_->Extend());
  }
  if (row.raw_length > row.raw.size()) row.raw_hash = hash.Hex();
  row.reasons.push_back({.code = "record.too_long",
                         .rule = {},
                         .column = {},
                         .detail = "the record has " + std::to_string(row.raw_length) +
                                   " bytes, more than " +
                                   std::to_string(options_.record_bytes_max)});
  batch_.broken.push_back(std::move(row));
  ++records_;
  return {};
}

void ChunkDecoder::RefuseTail() {
  const std::string_view rest = window_->rest();
  RejectedRow row = MakeRejected(
      rest,
      {.code = "object.corrupt", .rule = {}, .column = {}, .detail = window_->broken()->message});
  row.kind = RejectedKind::kObject;
  row.offset = window_->offset();
  row.line = line_;
  line_ += static_cast<uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
  window_->Advance(rest.size());
  batch_.broken.push_back(std::move(row));
  ++records_;
  next_.ended = true;
}

}  // namespace weir::format

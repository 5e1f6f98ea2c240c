#include "format/chunk_decoder_internal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "env/hash.h"
#include "format/inflate.h"
#include "format/transcode.h"

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

ChunkDecoder::ChunkDecoder(Compression compression, std::optional<Encoding> encoding,
                           RowBuilder rows, std::unique_ptr<env::ByteReader> reader,
                           DecoderState start, DecoderOptions options)
    : compression_(compression),
      encoding_(encoding),
      raw_(std::move(reader)),
      rows_(std::move(rows)),
      state_(std::move(start)),
      options_(std::move(options)) {
  if (options_.parts != nullptr)
    rows_.TakeOutsideFrom(
        [this]() -> const columnar::InputPart& { return options_.parts->At(window_->offset()); });
}

Result<void> ChunkDecoder::Open() {
  // A resumed input knows what it is; its middle could look like anything.
  if (state_.compression != Compression::kAuto) compression_ = state_.compression;
  WEIR_ASSIGN(OpenedInput input, OpenInput(std::move(raw_), compression_));
  state_.compression = input.compression;
  if (state_.encoding) {
    input.reader = ReadAsUtf8(std::move(input.reader), *state_.encoding);
  } else if (encoding_ && state_.offset == 0) {
    WEIR_ASSIGN(OpenedText text, OpenText(std::move(input.reader), *encoding_));
    input.reader = std::move(text.reader);
    state_.encoding = text.encoding;
  }
  if (state_.reader_offset() != state_.offset) WEIR_TRY(Skip(*input.reader));
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
      WEIR_TRY(RefuseRest({}));
      break;
    }
    WEIR_TRY(window_->Extend());
  }
  if (!next_.ended) {
    next_.offset = window_->offset();
    next_.line = line_;
  }
  state_ = next_;
  if (records_ == 0) return std::nullopt;
  return FinishBatch();
}

DecodedBatch ChunkDecoder::FinishBatch() {
  batch_.rows = rows_.Finish();
  batch_.faults = rows_.TakeFaults();
  batch_.chunk = window_->chunk();
  batch_.chunk_offset = window_->chunk_offset();
  batch_.parts = options_.parts;
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

bool ChunkDecoder::PassByteOrderMark() {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (window_->offset() != 0) return true;
  const std::string_view rest = window_->rest();
  if (rest.size() < kMark.size() && !complete()) return false;
  if (rest.starts_with(kMark)) Pass(kMark.size(), 0);
  return true;
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

void ChunkDecoder::Take(Taken& taken, size_t bytes) {
  RejectedRow& row = taken.row;
  const std::string_view piece = window_->rest().substr(0, bytes);
  if (row.raw_length == 0) {
    row.offset = window_->offset();
    row.line = line_;
  }
  row.raw += piece.substr(0, kRawBytesKept - std::min(row.raw.size(), kRawBytesKept));
  row.raw_length += piece.size();
  taken.hash.Update(piece);
  Pass(bytes, CountLines(piece, line_ends_));
}

void ChunkDecoder::Refuse(Taken taken, std::vector<Reason> reasons) {
  RejectedRow& row = taken.row;
  if (row.raw_length == 0) {
    row.offset = window_->offset();
    row.line = line_;
  }
  if (row.raw_length > row.raw.size()) row.raw_hash = taken.hash.Hex();
  row.reasons = std::move(reasons);
  batch_.broken.push_back(std::move(row));
  ++records_;
}

Result<void> ChunkDecoder::SkipTooLong() {
  Taken taken;
  // Line ends before the bound belong to the record: it may hold quoted ones.
  size_t within = options_.record_bytes_max;
  std::string_view rest;
  size_t line_end = 0;
  while (true) {
    rest = window_->rest();
    // A CR at the chunk's end waits for what follows: it may be none of the record.
    const bool cut_cr = rest.ends_with('\r') && !window_->at_end();
    line_end = FindLineEnd(rest, std::min(within, rest.size()), line_ends_);
    if (cut_cr && line_end == rest.size() - 1) line_end = std::string_view::npos;
    const bool found = line_end != std::string_view::npos;
    if (found || window_->at_end()) break;
    const size_t taking = rest.size() - (cut_cr ? 1 : 0);
    Take(taken, taking);
    within -= std::min(within, taking);
    WEIR_TRY(window_->Extend());
  }
  const size_t end = std::min(line_end, rest.size());
  size_t used = end;
  if (end != rest.size()) used += rest.substr(end).starts_with("\r\n") ? 2 : 1;
  // A CR before LF, or before the end of the input.
  const bool cr = end != 0 && rest[end - 1] == '\r' && !rest.substr(end).starts_with('\r');
  Take(taken, end - (cr ? 1 : 0));
  const std::string_view behind = window_->rest().substr(0, used - end + (cr ? 1 : 0));
  Pass(behind.size(), CountLines(behind, line_ends_));
  RefuseTooLong(std::move(taken));
  return {};
}

void ChunkDecoder::RefuseTooLong(Taken taken) {
  const std::string detail = "the record has " + std::to_string(taken.row.raw_length) +
                             " bytes, more than " + std::to_string(options_.record_bytes_max);
  Refuse(std::move(taken),
         {{.code = "record.too_long", .rule = {}, .column = {}, .detail = detail}});
}

Result<void> ChunkDecoder::RefuseRest(Reason reason) {
  WEIR_CHECK(records_ == 0);
  Taken taken;
  taken.row.kind = RejectedKind::kObject;
  // The state stays in front of it: where the input is mended by what is added to it, the record
  // that was cut is read whole.
  next_.offset = window_->offset();
  next_.line = line_;
  while (true) {
    const std::string_view rest = window_->rest();
    const bool cut_cr = rest.ends_with('\r') && !window_->at_end();
    Take(taken, rest.size() - (cut_cr ? 1 : 0));
    if (window_->at_end()) break;
    WEIR_TRY(window_->Extend());
  }
  std::vector<Reason> reasons;
  if (!reason.code.empty()) reasons.push_back(std::move(reason));
  if (window_->broken())
    reasons.push_back(
        {.code = "object.corrupt", .rule = {}, .column = {}, .detail = window_->broken()->message});
  Refuse(std::move(taken), std::move(reasons));
  next_.ended = true;
  return {};
}

}  // namespace weir::format

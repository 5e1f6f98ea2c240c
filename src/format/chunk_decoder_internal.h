// ChunkDecoder is what all decoders of records in a byte stream have in common: chunks, limits,
// positions, the state, records that are too long, and inputs that break.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/hash.h"
#include "format/decoder.h"
#include "format/input_window_internal.h"
#include "format/line_ends_internal.h"
#include "format/row_builder_internal.h"

namespace weir::format {

class ChunkDecoder : public Decoder {
 public:
  // `encoding`: of the text, where it may be another than UTF-8.
  ChunkDecoder(Compression compression, std::optional<Encoding> encoding, RowBuilder rows,
               std::unique_ptr<env::ByteReader> reader, DecoderState start, DecoderOptions options);

  Result<std::optional<columnar::DecodedBatch>> Next(DecodeLimits limits) final;
  DecoderState state() const final { return state_; }

 protected:
  enum class Stop : uint8_t {
    kLimit,    // The batch is full.
    kMore,     // The window ends within a record.
    kTooLong,  // The record at the cursor is over the bound: see SkipTooLong.
    kEnd,      // Nothing is left.
  };

  // Takes records from the window until one of the stops. Never kMore where complete().
  virtual Result<Stop> DecodeSome() = 0;

  InputWindow& window() { return *window_; }
  RowBuilder& rows() { return rows_; }
  const DecoderOptions& options() const { return options_; }
  DecoderState& next_state() { return next_; }
  uint64_t next_line() const { return line_; }
  // The window holds all that is left, and it is whole.
  bool complete() const { return window_->at_end() && !window_->broken(); }
  bool limit_reached() const {
    return records_ != 0 && (records_ >= rows_limit_ || window_->offset() >= bytes_limit_ ||
                             rows_.full() || batch_.broken.size() >= kDecodedBrokenMax);
  }
  TextTrust TrustOf(std::string_view record) const;

  // The record of `length` bytes at the cursor went well: its row ends here. `used` and `lines` are
  // what it takes with its line end.
  void Accept(size_t length, size_t used, uint64_t lines);
  // It did not: the row that was begun, if any, is dropped.
  void Refuse(columnar::Reason reason, size_t length, size_t used, uint64_t lines);
  // Bytes that are no record.
  void Pass(size_t used, uint64_t lines);
  // A byte-order mark where the input begins. False: whether it is one is still to come (kMore).
  bool PassByteOrderMark();
  // Makes all that is left one dead letter of kind kObject, and the end; before the first record of
  // a batch alone.
  Result<void> RefuseRest(columnar::Reason reason);
  void set_line_ends(LineEnds line_ends) { line_ends_ = line_ends; }

  // A dead letter whose bytes come and go with the windows: Take* -> Refuse or RefuseTooLong. One
  // without bytes stands at the cursor.
  struct Taken {
    columnar::RejectedRow row;
    env::ContentHash hash;
  };
  void Take(Taken& taken, size_t bytes);
  void Refuse(Taken taken, std::vector<columnar::Reason> reasons);
  void RefuseTooLong(Taken taken);
  // Makes the record at the cursor one dead letter, however long it is. Of lines: it ends at the
  // first line end that is record_bytes_max or more behind its beginning.
  virtual Result<void> SkipTooLong();

 private:
  Result<void> Open();
  Result<void> Skip(env::ByteReader& reader);
  columnar::DecodedBatch FinishBatch();

  Compression compression_;
  std::optional<Encoding> encoding_;
  LineEnds line_ends_ = LineEnds::kLf;
  std::unique_ptr<env::ByteReader> raw_;  // Until the first Next.
  std::unique_ptr<InputWindow> window_;
  RowBuilder rows_;
  DecoderState state_;
  DecoderState next_;  // state_ of the batch being made; its offset and line are kept elsewhere.
  DecoderOptions options_;

  columnar::DecodedBatch batch_;
  uint64_t line_ = 1;
  uint64_t records_ = 0;
  uint64_t rows_limit_ = 0;
  uint64_t bytes_limit_ = 0;
};

std::unique_ptr<Decoder> MakeCsvDecoder(const FormatSpec& spec, RowBuilder rows,
                                        std::unique_ptr<env::ByteReader> reader, DecoderState start,
                                        DecoderOptions options);
std::unique_ptr<Decoder> MakeNdjsonDecoder(const FormatSpec& spec, RowBuilder rows,
                                           std::unique_ptr<env::ByteReader> reader,
                                           DecoderState start, DecoderOptions options);
std::unique_ptr<Decoder> MakeJsonDecoder(const FormatSpec& spec, RowBuilder rows,
                                         std::unique_ptr<env::ByteReader> reader,
                                         DecoderState start, DecoderOptions options);

}  // namespace weir::format

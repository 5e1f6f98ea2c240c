#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/limits.h"
#include "base/request_limits.h"
#include "format/decoder.h"
#include "pipeline/read_ahead_internal.h"
#include "source/dead_letter/letter.h"

namespace weir::pipeline {
namespace {

using ledger::ObjectProgress;

// What a piece takes of memory, about: a megabyte of "[]," is three hundred thousand refused
// records, and one of "x,1" as many faults, each far larger than its bytes.
uint64_t WeightOf(const Piece& piece) {
  constexpr uint64_t kOfRefused = 512;  // A row, a reason, their texts.
  constexpr uint64_t kOfFault = 256;
  if (!piece.rows) return 0;
  const columnar::DecodedBatch& decoded = *piece.rows;
  const auto columns = static_cast<uint64_t>(arrow::util::TotalBufferSize(*decoded.rows));
  return piece.bytes + columns + decoded.positions.size() * sizeof(columnar::RecordPosition) +
         decoded.faults.size() * kOfFault + decoded.broken.size() * kOfRefused;
}

// Pieces on their way from the reading thread to the one that takes them.
class Channel {
 public:
  // Waits for room. False: nobody will take it.
  bool Put(Result<Piece> piece) {
    std::unique_lock lock(mutex_);
    const uint64_t bytes = piece ? WeightOf(*piece) : 0;
    changed_.wait(lock, [&] {
      return closed_ || pieces_.empty() ||
             (bytes_ + bytes <= kReadAheadBytes && pieces_.size() < kReadAheadPieces);
    });
    if (closed_) return false;
    bytes_ += bytes;
    pieces_.push_back(std::move(piece));
    changed_.notify_all();
    return true;
  }

  Result<Piece> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !pieces_.empty() || ended_; });
    WEIR_CHECK(!pieces_.empty());
    Result<Piece> piece = std::move(pieces_.front());
    pieces_.pop_front();
    if (piece) bytes_ -= WeightOf(*piece);
    changed_.notify_all();
    return piece;
  }

  // Nothing will be put any more.
  void End() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // Nothing will be taken any more.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Result<Piece>> pieces_;
  uint64_t bytes_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

// A split being read, left standing where a batch ended.
struct OpenReading {
  format::FormatSpec format;
  std::unique_ptr<source::OpenSplit> split;
  std::unique_ptr<format::Decoder> decoder;
};

}  // namespace

BatchLimits LimitsOfBatch(const ObjectProgress& first, const BatchLimits& limits) {
  return first.whole ? BatchLimits{.rows = kStrictRecordsMax, .bytes = UINT64_MAX, .splits = 1}
                     : limits;
}

size_t SplitsOfBatch(std::span<const ObjectProgress> splits, const BatchLimits& limits) {
  if (splits.front().whole) return 1;
  splits = splits.first(static_cast<size_t>(
      std::ranges::find(splits, true, &ObjectProgress::whole) - splits.begin()));
  uint64_t bytes = 0;
  size_t count = 0;
  for (; count < splits.size() && bytes < limits.bytes && count < limits.splits; ++count)
    bytes += splits[count].size;
  return count;
}

struct ReadAhead::State {
  source::Source& source;
  const std::vector<columnar::ColumnSpec>& columns;
  const BatchLimits limits_given;
  std::vector<ObjectProgress> splits;
  size_t next = 0;                     // The first split that is not done.
  std::optional<OpenReading> reading;  // Of splits[next], where a batch ended inside it.
  BatchLimits limits;                  // Of the batch being read.
  uint64_t rows_in_batch = 0;
  uint64_t bytes_in_batch = 0;
  Channel channel;
  std::thread thread;

  bool Full() const { return rows_in_batch >= limits.rows || bytes_in_batch >= limits.bytes; }

  // False: nobody takes the pieces any more. An error ends the reading, after it was handed on.
  Result<bool> ReadBatch() {
    rows_in_batch = 0;
    bytes_in_batch = 0;
    const size_t end = next + SplitsOfBatch(std::span(splits).subspan(next), limits_given);
    limits = LimitsOfBatch(splits[next], limits_given);
    while (next < end && !Full()) {
      WEIR_ASSIGN(const bool wanted, ReadSplit());
      if (!wanted) return false;
      if (!splits[next].done) break;
      ++next;
    }
    Piece last;
    last.batch_ends = true;
    return channel.Put(std::move(last));
  }

  // Reads splits[next] to its end or the batch's, and notes how far.
  Result<bool> ReadSplit() {
    if (!reading) {
      WEIR_TRY(Open());
    }
    const auto of = std::make_shared<const ObjectProgress>(splits[next]);
    format::Decoder& decoder = *reading->decoder;
    bool ended = false;
    while (!ended && !Full()) {
      const uint64_t from = decoder.state().offset;
      WEIR_ASSIGN(
          auto rows,
          decoder.Next(
              {.rows = std::min<uint64_t>(kDecodedRowsMax, limits.rows - rows_in_batch),
               .bytes = std::min<uint64_t>(kDecodedBytesMax, limits.bytes - bytes_in_batch)}));
      ended = !rows.has_value();
      Piece piece;
      piece.of = of;
      piece.bytes = decoder.state().offset - from;
      bytes_in_batch += piece.bytes;
      if (rows) {
        rows_in_batch += rows->read();
        piece.rows = std::move(rows);
        piece.format = reading->format.kind;
        piece.read_as = source::MakeReadAs(*of, reading->format, decoder.state()).ToJson();
      }
      if (!channel.Put(std::move(piece))) return false;
    }
    const format::DecoderState at = decoder.state();
    // A plain file that was read to its last byte is done, without a batch of its own to say so.
    if (at.at_end(of->size)) ended = true;
    WEIR_TRY(reading->split->CheckUnchanged());
    splits[next].state = at.ToJson();
    splits[next].done = ended;
    Piece piece;
    piece.parts = reading->split->parts();
    if (ended) reading.reset();
    piece.of = of;
    piece.reached = splits[next];
    return channel.Put(std::move(piece));
  }

  Result<void> Open() {
    const ObjectProgress& split = splits[next];
    OpenReading opened;
    WEIR_ASSIGN(opened.split, source.Open(split));
    format::DecoderState start;
    if (!split.state.empty()) {
      WEIR_ASSIGN(start, format::DecoderState::FromJson(split.state));
    }
    WEIR_ASSIGN(opened.format, source.FormatOf(split));
    const format::FormatSpec& format = opened.format;
    const env::OpenFile* file = opened.split->ByPosition();
    if (format::ReadsByPosition(format.kind) && file != nullptr) {
      WEIR_ASSIGN(opened.decoder,
                  format::MakeFileDecoder(format, columns, *file, split.size, start));
    } else {
      WEIR_ASSIGN(
          opened.decoder,
          format::MakeDecoder(format, columns, opened.split->Read(start.reader_offset()), start,
                              {.input_name = split.object, .parts = opened.split->parts()}));
    }
    reading = std::move(opened);
    return {};
  }

  void ReadAll() {
    while (next < splits.size()) {
      auto wanted = ReadBatch();
      if (!wanted) {
        (void)channel.Put(Fail(std::move(wanted).error()));
        return;
      }
      if (!*wanted) return;
    }
  }
};

ReadAhead::ReadAhead(source::Source& source, const std::vector<columnar::ColumnSpec>& columns,
                     BatchLimits limits, std::vector<ObjectProgress> splits)
    : state_(new State{.source = source,
                       .columns = columns,
                       .limits_given = limits,
                       .splits = std::move(splits),
                       .next = 0,
                       .reading = std::nullopt,
                       .limits = limits,
                       .rows_in_batch = 0,
                       .bytes_in_batch = 0,
                       .channel = {},
                       .thread = {}}) {
  WEIR_CHECK(limits.rows > 0 && limits.bytes > 0);
  state_->thread = std::thread([state = state_.get()] {
    state->ReadAll();
    state->channel.End();
  });
}

ReadAhead::~ReadAhead() {
  state_->channel.Close();
  state_->thread.join();
}

Result<Piece> ReadAhead::Next() { return state_->channel.Take(); }

}  // namespace weir::pipeline

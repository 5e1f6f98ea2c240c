#include "source/http/request_split_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "format/inflate.h"

namespace weir::source {
namespace {

using format::FormatKind;
using ledger::ObjectProgress;
using wal::Sequence;

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// An open spooled file with its reader.
class SpoolReader final : public env::ByteReader {
 public:
  SpoolReader(std::unique_ptr<env::OpenFile> file, uint64_t bytes)
      : file_(std::move(file)), reader_(env::ReadRange(*file_, 0, bytes)) {}
  Result<size_t> Read(std::span<char> into) override { return reader_->Read(into); }

 private:
  std::unique_ptr<env::OpenFile> file_;
  std::unique_ptr<env::ByteReader> reader_;
};

// A damaged log is no broken input: nothing that was acknowledged is passed over for it.
Error OfTheLog(Error error) {
  error.kind = ErrorKind::kIo;
  return error;
}

// The texts of a range of requests, one behind the other, each ending with its line.
class TextReader final : public env::ByteReader {
 public:
  TextReader(const RequestStream& stream, Sequence after, Sequence last)
      : stream_(stream), entries_(stream.log.Read(stream.id, after, last)) {}

  Result<size_t> Read(std::span<char> into) override {
    size_t got = 0;
    while (got < into.size()) {
      if (inner_ == nullptr && rest_.empty()) {
        auto more = NextRequest();
        if (!more) return Fail(OfTheLog(std::move(more).error()));
        if (!*more) break;
      }
      WEIR_ASSIGN(const size_t count, ReadSome(into.subspan(got)));
      got += count;
    }
    return got;
  }

 private:
  Result<size_t> ReadSome(std::span<char> into) {
    if (inner_ != nullptr) {
      WEIR_ASSIGN(const size_t count, inner_->Read(into));
      if (count == 0) inner_.reset();
      return count;
    }
    const size_t count = std::min(into.size(), rest_.size());
    std::copy_n(rest_.begin(), count, into.begin());
    rest_.remove_prefix(count);
    return count;
  }

  Result<bool> NextRequest() {
    if (std::exchange(owes_line_end_, false)) {
      rest_ = "\n";
      return true;
    }
    WEIR_ASSIGN(const auto entry, entries_->Next());
    if (!entry) return false;
    WEIR_ASSIGN(const DecodedRequest request, DecodeRequest(entry->bytes));
    owes_line_end_ = !request.record.ends_line;
    if (!entry->spool && request.record.compression == format::Compression::kNone) {
      rest_ = request.body;
      return true;
    }
    std::unique_ptr<env::ByteReader> raw = std::make_unique<env::MemoryReader>(request.body);
    if (entry->spool) {
      WEIR_ASSIGN(raw, OpenSpooled(stream_.log, *entry->spool));
    }
    WEIR_ASSIGN(auto opened, format::OpenInput(std::move(raw), request.record.compression));
    inner_ = std::move(opened.reader);
    return true;
  }

  const RequestStream& stream_;
  std::unique_ptr<wal::LogReader> entries_;
  std::unique_ptr<env::ByteReader> inner_;  // Of a body that is spooled or compressed.
  std::string_view rest_;                   // Of one that is neither, or a line end.
  bool owes_line_end_ = false;
};

class OpenRequestSplit final : public OpenSplit {
 public:
  OpenRequestSplit(const RequestStream& stream, RequestRange range,
                   std::shared_ptr<const columnar::InputParts> parts)
      : stream_(stream), range_(range), parts_(std::move(parts)) {}

  std::unique_ptr<env::ByteReader> Read(uint64_t offset) override {
    const columnar::InputPart& part = parts_->At(offset);
    auto reader = std::make_unique<TextReader>(stream_, Sequence(part.number - 1), range_.last);
    std::string skipped(64 * 1024, '\0');
    for (uint64_t left = offset - part.offset; left != 0;) {
      const auto got =
          reader->Read(std::span(skipped).first(std::min<uint64_t>(left, skipped.size())));
      if (!got || *got == 0) break;
      left -= *got;
    }
    return reader;
  }
  std::shared_ptr<const columnar::InputParts> parts() const override { return parts_; }
  // What is in the log does not change.
  Result<void> CheckUnchanged() override { return {}; }

 private:
  const RequestStream& stream_;
  RequestRange range_;
  std::shared_ptr<const columnar::InputParts> parts_;
};

std::unexpected<Error> Lost(const ObjectProgress& split) {
  return Fail({.kind = ErrorKind::kNotFound,
               .code = "source.lost",
               .message = "its request is not in the log any more",
               .place = {.file = split.object, .line = 0, .column = 0, .byte_offset = {}},
               .next = {}});
}

// Of an entry that may be cut within its head.
Result<RequestRecord> RecordOf(const RequestStream& stream, const wal::Entry& entry) {
  auto request = DecodeRequest(entry.bytes);
  if (request) return std::move(request->record);
  if (!entry.cut) return Fail(std::move(request).error());
  const auto reader =
      stream.log.Read(stream.id, Sequence(entry.sequence.value - 1), entry.sequence);
  WEIR_ASSIGN(const auto whole, reader->Next());
  if (!whole) return Fail(std::move(request).error());
  WEIR_ASSIGN(DecodedRequest read, DecodeRequest(whole->bytes));
  return std::move(read.record);
}

// A split that grows request by request.
class SplitMaker {
 public:
  // False: this one does not belong to it.
  bool Take(Sequence sequence, const RequestRecord& record) {
    const bool begun = requests_ != 0;
    if (begun &&
        (alone_ || record.joining == Joining::kAlone || record.format != format_ ||
         bytes_ + record.part_bytes() > kRequestSplitBytes || requests_ == kRequestSplitRequests))
      return false;
    if (!begun) {
      range_.first = sequence;
      format_ = record.format;
      alone_ = record.joining == Joining::kAlone;
      whole_ = record.handling == Handling::kStrict;
      received_at_ = record.received_at;
    }
    range_.last = sequence;
    bytes_ += record.part_bytes();
    ++requests_;
    return true;
  }
  bool begun() const { return requests_ != 0; }
  ObjectProgress Finish() const {
    return {.object = std::string(kRequests),
            .version = ToVersion(range_),
            .size = bytes_,
            .mtime_ns = received_at_.micros * 1000,
            .state = "",
            .done = false,
            .whole = whole_};
  }

 private:
  RequestRange range_;
  FormatKind format_ = FormatKind::kNdjson;
  bool alone_ = false;
  bool whole_ = false;
  Instant received_at_;
  uint64_t bytes_ = 0;
  size_t requests_ = 0;
};

}  // namespace

Result<std::unique_ptr<env::ByteReader>> OpenSpooled(wal::ReadableLog& log,
                                                     const wal::Spool& spool) {
  WEIR_ASSIGN(auto file, log.OpenSpool(spool.id));
  return std::make_unique<SpoolReader>(std::move(file), spool.bytes);
}

Result<std::string> HashSpooled(wal::ReadableLog& log, const wal::Spool& spool) {
  WEIR_ASSIGN(const auto file, log.OpenSpool(spool.id));
  return env::HashPrefix(*file, spool.bytes);
}

std::string MakeReceipt(const RequestStream& stream, Sequence sequence) {
  return fmt::format("{}-{}-{}", stream.pipeline, stream.instance, sequence.value);
}

std::optional<ParsedReceipt> ParseReceipt(std::string_view text) {
  const size_t second = text.rfind('-');
  if (second == std::string_view::npos || second == 0) return std::nullopt;
  const size_t first = text.rfind('-', second - 1);
  if (first == std::string_view::npos) return std::nullopt;
  const auto number = ParseNumber(text.substr(second + 1));
  if (!number || *number == 0) return std::nullopt;
  return ParsedReceipt{std::string(text.substr(0, first)),
                       std::string(text.substr(first + 1, second - first - 1)), Sequence(*number)};
}

std::string ToVersion(const RequestRange& range) {
  return fmt::format("{}-{}", range.first.value, range.last.value);
}

std::optional<RequestRange> RangeOf(const RequestStream& stream, const ObjectProgress& split) {
  if (split.object != kRequests) {
    const auto receipt = ParseReceipt(split.object);
    if (!receipt || receipt->pipeline != stream.pipeline || receipt->instance != stream.instance)
      return std::nullopt;
    return RequestRange{receipt->sequence, receipt->sequence};
  }
  return ParseVersion(split.version);
}

std::optional<RequestRange> ParseVersion(std::string_view version) {
  const size_t dash = version.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = ParseNumber(version.substr(0, dash));
  const auto last = ParseNumber(version.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) return std::nullopt;
  return RequestRange{Sequence(*first), Sequence(*last)};
}

Result<FoundSplits> FindRequestSplits(const RequestStream& stream, Sequence after,
                                      uint64_t bytes_enough) {
  FoundSplits found;
  const auto reader = stream.log.Read(stream.id, after, Sequence(UINT64_MAX), wal::Depth::kHeads);
  SplitMaker making;
  uint64_t bytes = 0;
  while (bytes < bytes_enough && found.splits.size() < kBatchSplitsMax) {
    WEIR_ASSIGN(const auto entry, reader->Next());
    if (!entry) {
      if (making.begun()) found.splits.push_back(making.Finish());
      return found;
    }
    WEIR_ASSIGN(const RequestRecord record, RecordOf(stream, *entry));
    if (making.Take(entry->sequence, record)) continue;
    found.splits.push_back(making.Finish());
    bytes += found.splits.back().size;
    making = {};
    making.Take(entry->sequence, record);
  }
  found.more = true;
  return found;
}

namespace {

Result<RequestRecord> FirstOf(const RequestStream& stream, const ObjectProgress& split) {
  const auto range = RangeOf(stream, split);
  if (!range) return Lost(split);
  const auto reader = stream.log.Read(stream.id, Sequence(range->first.value - 1), range->first,
                                      wal::Depth::kHeads);
  WEIR_ASSIGN(const auto entry, reader->Next());
  if (!entry) return Lost(split);
  return RecordOf(stream, *entry);
}

}  // namespace

Result<LandedAs> LandRequestsAs(const RequestStream& stream, const ObjectProgress& split) {
  WEIR_ASSIGN(RequestRecord record, FirstOf(stream, split));
  const RequestRange range = *RangeOf(stream, split);
  LandedAs landed{.name = std::move(record.name),
                  .own = fmt::format("{}-{}", stream.instance, range.first.value),
                  .at = record.received_at,
                  .seq = range.first.value};
  if (landed.name.empty() || range.first != range.last)
    landed.name =
        MakeReceipt(stream, range.first) + "." + std::string(format::ToText(record.format));
  return landed;
}

Result<FormatKind> FormatOfRequests(const RequestStream& stream, const ObjectProgress& split) {
  WEIR_ASSIGN(const RequestRecord first, FirstOf(stream, split));
  return first.format;
}

Result<OpenedRequests> OpenRequests(const RequestStream& stream, const ObjectProgress& split) {
  const auto range = RangeOf(stream, split);
  if (!range) return Lost(split);
  auto parts = std::make_shared<columnar::InputParts>();
  OpenedRequests opened;
  const auto reader =
      stream.log.Read(stream.id, Sequence(range->first.value - 1), range->last, wal::Depth::kHeads);
  uint64_t offset = 0;
  uint64_t line = 1;
  while (true) {
    WEIR_ASSIGN(const auto entry, reader->Next());
    if (!entry) break;
    WEIR_ASSIGN(RequestRecord record, RecordOf(stream, *entry));
    parts->parts.push_back({.offset = offset,
                            .line = line,
                            .number = entry->sequence.value,
                            .name = MakeReceipt(stream, entry->sequence),
                            .values = std::move(record.values)});
    if (const auto& key = record.key)
      opened.keys.push_back({.high = key->key.high,
                             .low = key->key.low,
                             .fingerprint = key->fingerprint,
                             .sequence = entry->sequence.value,
                             .at = record.received_at});
    offset += record.part_bytes();
    line += record.part_lines();
  }
  if (parts->parts.empty() || parts->parts.front().number != range->first.value ||
      parts->parts.back().number != range->last.value)
    return Lost(split);
  opened.split = std::make_unique<OpenRequestSplit>(stream, *range, std::move(parts));
  return opened;
}

}  // namespace weir::source

#include "format/whole_records.h"

#include <optional>
#include <string>

#include "base/limits.h"
#include "format/csv_opening_internal.h"
#include "format/csv_scanner_internal.h"

namespace weir::format {
namespace {

constexpr size_t kPieceBytes = 1024 * 1024;
constexpr size_t kScannerPadding = 64;  // CsvScanner may read so far behind its bytes.

// The input in pieces, what was not taken yet in front. Its first size() bytes are the input's.
class Window {
 public:
  explicit Window(env::ByteReader& reader) : reader_(reader) {}

  // False at the present end of the input.
  Result<bool> Extend() {
    buffer_.erase(0, taken_);
    size_ -= taken_;
    taken_ = 0;
    buffer_.resize(size_ + kPieceBytes + kScannerPadding);
    WEIR_ASSIGN(const size_t got, reader_.Read(std::span(buffer_.data() + size_, kPieceBytes)));
    size_ += got;
    return got != 0;
  }
  void Take(size_t bytes) { taken_ += bytes; }
  std::string_view rest() const { return std::string_view(buffer_).substr(taken_, size_ - taken_); }

 private:
  env::ByteReader& reader_;
  std::string buffer_;
  size_t size_ = 0;
  size_t taken_ = 0;
};

// How much of `bytes` its whole records take; an NDJSON record is a line.
size_t WholeLines(std::string_view bytes) {
  const size_t last = bytes.rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

class WholeCsvRecords {
 public:
  WholeCsvRecords(const FormatSpec& spec, const std::vector<columnar::ColumnSpec>& columns,
                  const DecoderState& from)
      : csv_(spec.csv), columns_(columns), at_start_(from.offset == 0), cr_(from.csv_cr) {
    if (csv_.delimiter == kFoundDelimiter) csv_.delimiter = from.csv_delimiter;
    const bool opened = csv_.has_header ? !from.csv_header.empty() : from.csv_delimiter != '\0';
    if (opened) Begin();
  }

  // Of all that was not taken yet.
  size_t In(std::string_view bytes) {
    size_t taken = 0;
    if (!scanner_) {
      const auto opened = Open(bytes);
      if (!opened) return 0;
      taken = *opened;
    }
    while (taken < bytes.size()) {
      const size_t used = Record(bytes.substr(taken));
      if (used == 0) break;
      taken += used;
    }
    return taken;
  }

 private:
  LineEnds line_ends() const { return cr_ ? LineEnds::kAny : LineEnds::kLf; }
  void Begin() {
    if (csv_.delimiter == kFoundDelimiter) csv_.delimiter = ',';
    scanner_.emplace(csv_.delimiter, csv_.quote, line_ends(), kRecordBytesMax);
  }

  // As the decoder does it (csv_decoder.cc): where the first record begins; none: it is not all
  // there, or cannot be used.
  std::optional<size_t> Open(std::string_view bytes) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (at_start_ && bytes.size() < kMark.size()) return std::nullopt;
    size_t at = at_start_ && bytes.starts_with(kMark) ? kMark.size() : 0;
    while (true) {
      const CsvOpening opening = OpenCsv(bytes.substr(at), false, csv_, columns_, kRecordBytesMax);
      const CsvRecord::Kind kind = opening.record.kind;
      cr_ = cr_ || opening.cr_ends_lines;
      if (kind == CsvRecord::Kind::kBlank) {
        at += opening.record.used;
        continue;
      }
      if (kind != CsvRecord::Kind::kRecord || !opening.fault.empty()) return std::nullopt;
      csv_.delimiter = opening.delimiter;
      Begin();
      return at;
    }
  }

  // Bytes of the record that `rest` begins with; 0: it is not whole.
  size_t Record(std::string_view rest) {
    const CsvRecord record = scanner_->Scan(rest, false, 0);
    if (record.kind == CsvRecord::Kind::kMore || record.kind == CsvRecord::Kind::kEnd) return 0;
    if (record.kind != CsvRecord::Kind::kTooLong) return record.used;
    // It ends at the first line end at or behind the bound (csv_scanner_internal.h).
    const size_t end = FindLineEnd(rest, kRecordBytesMax, LineEnds::kLf);
    return end == std::string_view::npos ? 0 : end + 1;
  }

  CsvOptions csv_;
  const std::vector<columnar::ColumnSpec>& columns_;
  bool at_start_;
  bool cr_;
  std::optional<CsvScanner> scanner_;
};

}  // namespace

Result<uint64_t> WholeRecordsEnd(const FormatSpec& spec,
                                 const std::vector<columnar::ColumnSpec>& columns,
                                 const DecoderState& from, env::ByteReader& reader) {
  Window window(reader);
  WholeCsvRecords csv(spec, columns, from);
  uint64_t end = from.offset;
  while (true) {
    WEIR_ASSIGN(const bool more, window.Extend());
    if (!more) return end;
    const size_t whole =
        spec.kind == FormatKind::kCsv ? csv.In(window.rest()) : WholeLines(window.rest());
    window.Take(whole);
    end += whole;
  }
}

}  // namespace weir::format

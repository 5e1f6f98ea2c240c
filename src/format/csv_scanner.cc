#include "format/csv_scanner_internal.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstring>

namespace weir::format {

// What became of a quoted field.
struct CsvScanner::Quoted {
  enum class Kind : uint8_t { kClosed, kMore, kFault };
  Kind kind = Kind::kFault;
  const char* close = nullptr;  // The closing quote.
  bool doubled = false;
  const char* why = "";
};

CsvScanner::CsvScanner(char delimiter, char quote, LineEnds line_ends, size_t record_bytes_max)
    : delimiter_(delimiter),
      quote_(quote == '\0' ? delimiter : quote),
      quoting_(quote != '\0'),
      cr_ends_(line_ends == LineEnds::kAny),
      record_bytes_max_(record_bytes_max) {}

uint64_t CsvScanner::MaskOf(const char* block) const {
#ifdef __SSE2__
  const __m128i delimiter = _mm_set1_epi8(delimiter_);
  const __m128i quote = _mm_set1_epi8(quote_);
  const __m128i line_end = _mm_set1_epi8('\n');
  uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i));
    const __m128i marks =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter), _mm_cmpeq_epi8(bytes, quote)),
                     _mm_cmpeq_epi8(bytes, line_end));
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(marks))) << (16 * i);
  }
  return mask;
#else
  uint64_t mask = 0;
  for (unsigned i = 0; i < 64; ++i) {
    const char c = block[i];
    if (c == delimiter_ || c == quote_ || c == '\n') mask |= uint64_t{1} << i;
  }
  return mask;
#endif
}

uint64_t CsvScanner::MaskOfByte(const char* block, char byte) const {
  uint64_t mask = 0;
  for (unsigned i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(block[i] == byte) << i;
  return mask;
}

void CsvScanner::LoadMask() {
  mask_ = MaskOf(block_);
  if (cr_ends_) [[unlikely]]
    mask_ |= MaskOfByte(block_, '\r');
  if (end_ - block_ < 64) mask_ &= (uint64_t{1} << (end_ - block_)) - 1;
}

void CsvScanner::Seek(const char* at, const char* end) {
  block_ = at;
  end_ = end;
  if (at == end) {
    mask_ = 0;
  } else {
    LoadMask();
  }
}

CsvRecord CsvScanner::Without(CsvRecord::Kind kind) {
  expected_ = nullptr;
  CsvRecord record;
  record.kind = kind;
  return record;
}

size_t CsvScanner::LineEndBytes(const char* at) const {
  if (at == end_) return 0;
  if (*at == '\n') return 1;
  if (at + 1 == end_) return complete_ ? 1 : std::string_view::npos;
  return at[1] == '\n' ? 2 : 1;
}

CsvRecord CsvScanner::Ended(const char* end_of_text, const char* line_end, size_t field_count) {
  if (line_end > bound_) return Without(CsvRecord::Kind::kTooLong);
  const size_t line_end_bytes = LineEndBytes(line_end);
  if (line_end_bytes == std::string_view::npos) return Without(CsvRecord::Kind::kMore);
  if (line_end_bytes == 2) NextMark();
  CsvRecord record;
  record.kind = CsvRecord::Kind::kRecord;
  record.length = static_cast<size_t>(end_of_text - begin_);
  record.used = static_cast<size_t>(line_end - begin_) + line_end_bytes;
  record.lines = lines_ + (line_end_bytes == 0 ? 0 : 1);
  if (cr_ends_) record.lines = CountLines({begin_, record.used}, LineEnds::kAny);
  record.field_count = field_count;
  expected_ = begin_ + record.used;
  return record;
}

CsvRecord CsvScanner::QuoteFault(const char* open, const char* why) {
  const LineEnds ends = cr_ends_ ? LineEnds::kAny : LineEnds::kLf;
  const std::string_view within(begin_, static_cast<size_t>(std::min(end_, bound_ + 1) - begin_));
  const size_t found = FindLineEnd(within, static_cast<size_t>(open - begin_), ends);
  if (found == std::string_view::npos) {
    if (end_ > bound_) return Without(CsvRecord::Kind::kTooLong);
    if (!complete_) return Without(CsvRecord::Kind::kMore);
  }
  const size_t length = std::min(found, within.size());
  const size_t line_end_bytes = LineEndBytes(begin_ + length);
  if (line_end_bytes == std::string_view::npos) return Without(CsvRecord::Kind::kMore);
  CsvRecord record = Without(CsvRecord::Kind::kQuote);
  record.length = length;
  record.used = length + line_end_bytes;
  if (!cr_ends_ && length != 0 && begin_[length - 1] == '\r') --record.length;
  record.lines = CountLines({begin_, record.used}, ends);
  record.why = why;
  return record;
}

CsvScanner::Quoted CsvScanner::ScanQuoted(const char* open) {
  Quoted quoted;
  uint64_t lines = 0;
  while (true) {
    const char* mark = NextMark();
    while (mark != end_ && *mark != quote_) {
      lines += *mark == '\n' ? 1 : 0;
      mark = NextMark();
    }
    if (mark > bound_ || mark == end_) {
      quoted.kind = mark > bound_ || complete_ ? Quoted::Kind::kFault : Quoted::Kind::kMore;
      quoted.why = "the field's closing quote is missing";
      return quoted;
    }
    if (mark + 1 == end_ && !complete_) {
      quoted.kind = Quoted::Kind::kMore;
      return quoted;
    }
    if (mark + 1 == end_ || mark[1] != quote_) {
      quoted.kind = Quoted::Kind::kClosed;
      quoted.close = mark;
      lines_ += lines;
      Keep(open + 1, mark, true, quoted.doubled);
      return quoted;
    }
    NextMark();  // The second of two.
    quoted.doubled = true;
  }
}

CsvRecord CsvScanner::Scan(std::string_view bytes, bool complete, size_t fields_kept) {
  begin_ = bytes.data();
  const char* const end = begin_ + bytes.size();
  if (bytes.empty()) return Without(complete ? CsvRecord::Kind::kEnd : CsvRecord::Kind::kMore);
  if (expected_ != begin_ || end_ != end) Seek(begin_, end);
  complete_ = complete;
  bound_ = bytes.size() > record_bytes_max_ ? begin_ + record_bytes_max_ : end;
  fields_.resize(fields_kept);
  kept_ = 0;
  lines_ = 0;
  const char* at = begin_;
  for (size_t index = 0;; ++index) {
    const bool quoted = quoting_ && at != end && *at == quote_;
    const char* mark;
    const char* text_end;
    if (quoted) {
      NextMark();  // The opening quote.
      const Quoted field = ScanQuoted(at);
      if (field.kind == Quoted::Kind::kMore) return Without(CsvRecord::Kind::kMore);
      if (field.kind == Quoted::Kind::kFault) return QuoteFault(at, field.why);
      text_end = field.close + 1;
      mark = text_end;
      if (!cr_ends_ && mark != end && *mark == '\r') {
        if (mark + 1 == end && !complete) return Without(CsvRecord::Kind::kMore);
        if (mark + 1 == end || mark[1] == '\n') ++mark;
      }
      if (mark != end) {
        if (*mark != delimiter_ && !IsLineEnd(*mark))
          return QuoteFault(at, "text follows the field's closing quote");
        NextMark();
      }
    } else {
      mark = NextMark();
      while (mark != end && *mark == quote_ && quoting_) mark = NextMark();
      if (mark == end && !complete)
        return Without(end - begin_ > static_cast<ptrdiff_t>(record_bytes_max_)
                           ? CsvRecord::Kind::kTooLong
                           : CsvRecord::Kind::kMore);
      text_end = mark;
      if ((mark == end || *mark == '\n') && mark != at && mark[-1] == '\r') --text_end;
      Keep(at, text_end, false, false);
    }
    if (mark > bound_) return Without(CsvRecord::Kind::kTooLong);
    if (mark != end && *mark == delimiter_) {
      at = mark + 1;
      continue;
    }
    CsvRecord record = Ended(text_end, mark, index + 1);
    if (index == 0 && record.kind == CsvRecord::Kind::kRecord && record.length == 0)
      record.kind = CsvRecord::Kind::kBlank;
    return record;
  }
}

std::string_view CsvScanner::TextOf(const CsvField& field, std::string& scratch) const {
  if (!field.doubled) return field.text();
  scratch.clear();
  const std::string_view text = field.text();
  size_t from = 0;
  while (true) {
    const size_t quote = text.find(quote_, from);
    if (quote == std::string_view::npos) break;
    scratch.append(text, from, quote + 1 - from);
    from = quote + 2;
  }
  scratch.append(text, from);
  return scratch;
}

}  // namespace weir::format

// CsvScanner cuts records and fields out of CSV text (RFC 4180, LF or CRLF, read leniently where
// that loses nothing).
//
//  - A field that begins with the quote is quoted: it ends at the next quote that is not doubled,
//    and a delimiter, a line end or the end of the input must follow. A quote elsewhere in a field
//    is text.
//  - Lines end as LineEnds says. By kLf a CR belongs to the line end it stands before (also before
//    the end of the input), else it is text.
//  - A line with nothing on it is no record.
//  - A record may have record_bytes_max bytes up to its line end. One that has more is kTooLong and
//    ends at the first line end at or behind that bound.
//
// Where quotes are wrong (text behind a closing quote; no closing quote within record_bytes_max
// bytes of the record's beginning, or before the end of the input), the record is cut short at the
// first line end behind the opening quote of the field at fault: that much is the dead letter, and
// the next record begins behind it. If there is no line end within record_bytes_max, the record is
// kTooLong. So what a stray quote costs is one line, and where reading goes on is a function of the
// bytes alone. Looking for closing quotes stays linear: where a search ran far, every quoted field
// within it closes at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/line_ends_internal.h"

namespace weir::format {

struct CsvField {
  const char* begin = nullptr;  // Within the quotes, if there are any.
  uint32_t length = 0;
  bool quoted = false;
  bool doubled = false;  // Quotes in it are doubled.

  std::string_view text() const { return {begin, length}; }
};

struct CsvRecord {
  enum class Kind : uint8_t {
    kRecord,
    kBlank,  // An empty line.
    kMore,   // The bytes end within it, and the input does not.
    kQuote,  // Its quotes are wrong; length and used are what to refuse.
    kTooLong,
    kEnd,  // There are no bytes, and there will be none.
  };
  Kind kind = Kind::kEnd;
  size_t length = 0;       // Without the line end.
  size_t used = 0;         // With it.
  uint64_t lines = 0;      // Line ends in `used`.
  size_t field_count = 0;  // Also of those that were not kept.
  const char* why = "";    // For kQuote.
};

class CsvScanner {
 public:
  // Keeps the first `fields_kept` fields of a record and counts the others. quote '\0': none.
  CsvScanner(char delimiter, char quote, LineEnds line_ends, size_t record_bytes_max);

  // The record that `bytes` begins with. 64 bytes behind them may be read. `complete`: the input
  // ends with them.
  CsvRecord Scan(std::string_view bytes, bool complete, size_t fields_kept);

  // Of the last record; valid as long as the bytes.
  std::span<const CsvField> fields() const { return {fields_.data(), kept_}; }

  // The field's text with doubled quotes made single, in `scratch` where there are any.
  std::string_view TextOf(const CsvField& field, std::string& scratch) const;

 private:
  // Delimiters, quotes and line ends of the 64 bytes at `block`, a bit each.
  uint64_t MaskOf(const char* block) const;
  uint64_t MaskOfByte(const char* block, char byte) const;
  void Seek(const char* at, const char* end);
  // The next of them, in order; end_ when there are no more.
  const char* NextMark() {
    while (mask_ == 0) {
      block_ += 64;
      if (block_ >= end_) {
        block_ = end_;
        return end_;
      }
      LoadMask();
    }
    const char* const mark = block_ + __builtin_ctzll(mask_);
    mask_ &= mask_ - 1;
    return mark;
  }
  void LoadMask();

  struct Quoted;
  Quoted ScanQuoted(const char* open);
  CsvRecord Ended(const char* end_of_text, const char* line_end, size_t field_count);
  CsvRecord QuoteFault(const char* open, const char* why);
  bool IsLineEnd(char c) const { return c == '\n' || (cr_ends_ && c == '\r'); }
  // Bytes of the line end at `at`; npos: the next ones decide, and they are not there yet.
  size_t LineEndBytes(const char* at) const;
  CsvRecord Without(CsvRecord::Kind kind);
  void Keep(const char* begin, const char* end, bool quoted, bool doubled) {
    if (kept_ == fields_.size()) return;
    fields_[kept_++] = {.begin = begin,
                        .length = static_cast<uint32_t>(end - begin),
                        .quoted = quoted,
                        .doubled = doubled};
  }

  char delimiter_;
  char quote_;
  bool quoting_;
  bool cr_ends_;
  size_t record_bytes_max_;
  std::vector<CsvField> fields_;  // The first kept_ of them are the record's.
  size_t kept_ = 0;

  const char* begin_ = nullptr;  // Of the record.
  const char* bound_ = nullptr;  // The last place its line end may stand.
  const char* end_ = nullptr;    // Of the bytes.
  bool complete_ = false;
  const char* block_ = nullptr;
  uint64_t mask_ = 0;
  const char* expected_ = nullptr;  // Where the mask stands; elsewhere it must be made anew.
  uint64_t lines_ = 0;
};

}  // namespace weir::format

#include <cstring>
#include <unordered_map>
#include <utility>

#include "format/chunk_decoder_internal.h"
#include "format/json_cursor_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using columnar::Reason;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Keys of objects, found by guessing: records of one source have the same keys in the same order,
// so the key behind the last one is tried first, byte for byte with its quotes, before any search.
class KeyTable {
 public:
  struct Slot {
    std::string quoted;
    int column = -1;  // In the contract; -1: unknown.
  };

  explicit KeyTable(const std::vector<ColumnSpec>& specs) {
    for (size_t i = 0; i < specs.size(); ++i) Add(specs[i].input_name(), static_cast<int>(i));
    known_ = slots_.size();
  }

  void StartRecord() { next_ = 0; }

  // The slot of a key that can be guessed, which the cursor then has passed; else null.
  const Slot* Guess(JsonCursor& cursor) {
    constexpr size_t kSkipped = 3;  // Keys that this record may leave out.
    const size_t stop = std::min(next_ + kSkipped, order_.size());
    for (size_t i = next_; i < stop; ++i) {
      const Slot& slot = slots_[order_[i]];
      if (!cursor.TakeBytes(slot.quoted)) continue;
      next_ = i + 1;
      return &slot;
    }
    return nullptr;
  }

  // The column of a key that was not guessed, or -1; the order is learned.
  int Find(std::string_view key) {
    const auto found = by_name_.find(key);
    size_t slot = slots_.size();
    if (found != by_name_.end()) {
      slot = found->second;
    } else {
      // Unknown keys are learned too, as long as there are few: objects used as maps have no end.
      if (slots_.size() - known_ >= kUnknownMax || key.size() > kKeyBytesMax) return -1;
      Add(std::string(key), -1);
    }
    Learn(slot);
    return slots_[slot].column;
  }

 private:
  static constexpr size_t kUnknownMax = 256;
  static constexpr size_t kKeyBytesMax = 256;

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void Add(std::string name, int column) {
    Slot slot{.quoted = {}, .column = column};
    AppendJsonString(slot.quoted, name);
    by_name_.emplace(std::move(name), slots_.size());
    slots_.push_back(std::move(slot));
    place_.push_back(kNoPlace);
  }

  // The first time a key is seen, it takes its place behind the key before it.
  void Learn(size_t slot) {
    if (place_[slot] == kNoPlace) {
      order_.insert(order_.begin() + static_cast<ptrdiff_t>(next_), slot);
      for (size_t i = next_; i < order_.size(); ++i) place_[order_[i]] = i;
    }
    next_ = place_[slot] + 1;
  }

  static constexpr size_t kNoPlace = static_cast<size_t>(-1);
  std::vector<Slot> slots_;
  std::vector<size_t> place_;  // Of each slot in order_.
  std::vector<size_t> order_;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> by_name_;
  size_t known_ = 0;
  size_t next_ = 0;
};

class NdjsonDecoder final : public ChunkDecoder {
 public:
  NdjsonDecoder(const FormatSpec& spec, RowBuilder rows, std::unique_ptr<env::ByteReader> reader,
                DecoderState start, DecoderOptions options)
      : ChunkDecoder(spec.compression, std::nullopt, std::move(rows), std::move(reader),
                     std::move(start), std::move(options)),
        keys_(this->rows().specs()),
        seen_(this->rows().column_count(), 0) {
    for (const ColumnSpec& column : this->rows().specs()) kinds_.push_back(column.type.kind);
  }

 private:
  Result<Stop> DecodeSome() override;
  void DecodeLine(std::string_view line, size_t used, uint64_t lines);
  // False: the line is to be refused for refusal_.
  bool DecodeObject(std::string_view line);
  bool DecodeMember(JsonCursor& cursor);
  // False: the cursor knows what is wrong.
  bool DecodeValue(JsonCursor& cursor, size_t column);
  bool DecodeString(JsonCursor& cursor, size_t column);
  bool DecodeNumber(JsonCursor& cursor, size_t column);
  bool DecodeLiteral(JsonCursor& cursor, size_t column);
  bool DecodeContainer(JsonCursor& cursor, size_t column);

  bool Refusal(std::string code, std::string detail) {
    refusal_ = {.code = std::move(code), .rule = {}, .column = {}, .detail = std::move(detail)};
    return false;
  }
  bool SyntaxRefusal(const JsonCursor& cursor) {
    return Refusal(cursor.too_deep() ? "json.depth" : "json.syntax",
                   std::string(cursor.fault()) + ", at byte " +
                       std::to_string(cursor.fault_at() + 1) + " of the record");
  }
  bool SyntaxRefusal(JsonCursor& cursor, const char* why) {
    cursor.SetFault(why);
    return SyntaxRefusal(cursor);
  }

  KeyTable keys_;
  std::vector<Kind> kinds_;     // By column.
  std::vector<uint64_t> seen_;  // By column: the last record that had it.
  uint64_t serial_ = 0;
  size_t filled_ = 0;
  Reason refusal_;
  std::string strings_;
  std::string scratch_;
  std::string rescued_;
};

Result<ChunkDecoder::Stop> NdjsonDecoder::DecodeSome() {
  if (window().offset() == 0) {
    const std::string_view rest = window().rest();
    if (rest.size() < kByteOrderMark.size() && !complete()) return Stop::kMore;
    if (rest.starts_with(kByteOrderMark)) Pass(kByteOrderMark.size(), 0);
  }
  while (true) {
    if (limit_reached()) return Stop::kLimit;
    const std::string_view rest = window().rest();
    const size_t line_end = rest.find('\n');
    const bool whole = line_end != std::string_view::npos;
    if (std::min(line_end, rest.size()) > options().record_bytes_max) return Stop::kTooLong;
    if (!whole && !complete()) return Stop::kMore;
    if (rest.empty()) return Stop::kEnd;
    std::string_view line = rest.substr(0, line_end);
    const size_t used = line.size() + (whole ? 1 : 0);
    if (line.ends_with('\r')) line.remove_suffix(1);
    DecodeLine(line, used, whole ? 1 : 0);
  }
}

void NdjsonDecoder::DecodeLine(std::string_view line, size_t used, uint64_t lines) {
  if ((line.empty() || line.front() != '{') &&
      line.find_first_not_of(" \t\r") == std::string_view::npos) {
    Pass(used, lines);
    return;
  }
  const bool good = TrustOf(line).utf8 || IsUtf8(line)
                        ? DecodeObject(line)
                        : Refusal("text.utf8", "the line is not UTF-8");
  if (good) [[likely]] {
    Accept(line.size(), used, lines);
  } else {
    Refuse(std::move(refusal_), line.size(), used, lines);
  }
}

bool NdjsonDecoder::DecodeObject(std::string_view line) {
  JsonCursor cursor(line, strings_);
  ++serial_;
  filled_ = 0;
  rescued_.clear();
  keys_.StartRecord();
  rows().BeginRow();
  cursor.SkipBlanks();
  if (!cursor.Take('{')) {
    if (cursor.ReadValue(0).empty()) return SyntaxRefusal(cursor);
    cursor.SkipBlanks();
    if (!cursor.done()) return SyntaxRefusal(cursor, "text follows the value");
    return Refusal("json.not_object", "'" + Shown(line) + "' is no object");
  }
  cursor.SkipBlanks();
  if (!cursor.Take('}')) {
    while (true) {
      if (!DecodeMember(cursor)) return false;
      cursor.SkipBlanks();
      if (cursor.Take('}')) break;
      if (!cursor.Take(',')) return SyntaxRefusal(cursor, "',' or '}' is missing here");
      cursor.SkipBlanks();
    }
  }
  cursor.SkipBlanks();
  if (!cursor.done()) return SyntaxRefusal(cursor, "text follows the object");
  if (filled_ != seen_.size()) {
    for (size_t column = 0; column < seen_.size(); ++column)
      if (seen_[column] != serial_) rows().SetDefault(column);
  }
  if (!rescued_.empty()) rescued_ += '}';
  rows().SetRescued(rescued_);
  return true;
}

bool NdjsonDecoder::DecodeMember(JsonCursor& cursor) {
  const char* const key_begin = cursor.position();
  int column = -1;
  if (const KeyTable::Slot* slot = keys_.Guess(cursor)) {
    column = slot->column;
  } else {
    if (cursor.peek() != '"') return SyntaxRefusal(cursor, "a key in quotes must stand here");
    const auto key = cursor.ReadString();
    if (!key) return SyntaxRefusal(cursor);
    const auto name = key->escaped ? cursor.Unescape(*key) : key->raw;
    if (!name) return SyntaxRefusal(cursor);
    column = keys_.Find(*name);
  }
  const std::string_view key(key_begin, static_cast<size_t>(cursor.position() - key_begin));
  if (!cursor.Take(':')) {
    cursor.SkipBlanks();
    if (!cursor.Take(':')) return SyntaxRefusal(cursor, "':' is missing here");
  }
  cursor.SkipBlanks();
  if (column < 0) {
    const std::string_view value = cursor.ReadValue(1);
    if (value.empty()) return SyntaxRefusal(cursor);
    rescued_ += rescued_.empty() ? '{' : ',';
    rescued_ += key;
    rescued_ += ':';
    rescued_ += value;
    return true;
  }
  uint64_t& seen = seen_[static_cast<size_t>(column)];
  if (seen == serial_)
    return Refusal("json.duplicate_key", "the key " + Shown(key) + " comes twice");
  seen = serial_;
  ++filled_;
  if (!DecodeValue(cursor, static_cast<size_t>(column))) return SyntaxRefusal(cursor);
  return true;
}

bool NdjsonDecoder::DecodeValue(JsonCursor& cursor, size_t column) {
  switch (cursor.peek()) {
    case '"':
      return DecodeString(cursor, column);
    case '{':
    case '[':
      return DecodeContainer(cursor, column);
    case 't':
    case 'f':
    case 'n':
      return DecodeLiteral(cursor, column);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
      return DecodeNumber(cursor, column);
    default:
      return !cursor.ReadValue(1).empty();
  }
}

bool NdjsonDecoder::DecodeString(JsonCursor& cursor, size_t column) {
  const auto text = cursor.ReadString();
  if (!text) return false;
  std::string_view value = text->raw;
  if (text->escaped) {
    const auto unescaped = cursor.Unescape(*text);
    if (!unescaped) return false;
    value = *unescaped;
  }
  const Kind kind = kinds_[column];
  if (kind == Kind::kJson || kind == Kind::kBool) [[unlikely]] {
    const std::string_view quoted(text->raw.data() - 1, text->raw.size() + 2);
    if (kind == Kind::kJson) {
      rows().SetJson(column, quoted);
    } else {
      rows().SetFault(column, ScalarFault::kJsonKind, quoted);
    }
    return true;
  }
  // A NUL can only have been written as an escape.
  rows().SetText(column, value, {.utf8 = true, .nul_free = !text->escaped});
  return true;
}

bool NdjsonDecoder::DecodeNumber(JsonCursor& cursor, size_t column) {
  const std::string_view number = cursor.ReadNumber();
  if (number.empty()) return false;
  switch (kinds_[column]) {
    case Kind::kJson:
      rows().SetJson(column, number);
      return true;
    case Kind::kInt:
    case Kind::kBigint:
    case Kind::kDouble:
    case Kind::kDecimal:
    case Kind::kVarchar:
      break;
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kTimestamp:
    case Kind::kTimestamptz:
      // A pattern may well ask for a number: %s, %Y%m%d.
      if (!rows().specs()[column].format.empty()) break;
      [[fallthrough]];
    default:
      rows().SetFault(column, ScalarFault::kJsonKind, number);
      return true;
  }
  rows().SetText(column, number, {.utf8 = true, .nul_free = true});
  return true;
}

bool NdjsonDecoder::DecodeLiteral(JsonCursor& cursor, size_t column) {
  const std::string_view word = cursor.ReadValue(1);
  if (word.empty()) return false;
  const Kind kind = kinds_[column];
  if (word == "null") {
    rows().SetNull(column);
  } else if (kind == Kind::kBool) {
    rows().SetBool(column, word == "true");
  } else if (kind == Kind::kJson) {
    rows().SetJson(column, word);
  } else if (kind == Kind::kVarchar) {
    rows().SetText(column, word, {.utf8 = true, .nul_free = true});
  } else {
    rows().SetFault(column, ScalarFault::kJsonKind, word);
  }
  return true;
}

bool NdjsonDecoder::DecodeContainer(JsonCursor& cursor, size_t column) {
  cursor.ClearBlanks();
  const std::string_view value = cursor.ReadValue(1);
  if (value.empty()) return false;
  if (kinds_[column] == Kind::kJson) {
    rows().SetJson(column, cursor.blanks() ? StripBlanks(value, scratch_) : value);
  } else {
    rows().SetFault(column, ScalarFault::kJsonKind, value);
  }
  return true;
}

}  // namespace

std::unique_ptr<Decoder> MakeNdjsonDecoder(const FormatSpec& spec, RowBuilder rows,
                                           std::unique_ptr<env::ByteReader> reader,
                                           DecoderState start, DecoderOptions options) {
  return std::make_unique<NdjsonDecoder>(spec, std::move(rows), std::move(reader), std::move(start),
                                         std::move(options));
}

}  // namespace weir::format

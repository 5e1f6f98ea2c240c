#include "format/json_record_internal.h"

namespace weir::format {

using columnar::Kind;

JsonRecordReader::JsonRecordReader(RowBuilder& rows)
    : rows_(rows), keys_(rows.specs()), seen_(rows.column_count(), 0) {
  for (const columnar::ColumnSpec& column : rows.specs()) kinds_.push_back(column.type.kind);
}

bool JsonRecordReader::ReadObject(JsonCursor& cursor) {
  ++serial_;
  filled_ = 0;
  rescued_.clear();
  unknown_ = 0;
  keys_.StartRecord();
  rows_.BeginRow();
  cursor.SkipBlanks();
  if (!cursor.Take('}')) {
    while (true) {
      if (!ReadMember(cursor)) return false;
      cursor.SkipBlanks();
      if (cursor.Take('}')) break;
      if (!cursor.Take(',')) return RefuseSyntax(cursor, "',' or '}' is missing here");
      cursor.SkipBlanks();
    }
  }
  if (filled_ != seen_.size()) {
    for (size_t column = 0; column < seen_.size(); ++column)
      if (seen_[column] != serial_) rows_.SetDefault(column);
  }
  if (!rescued_.empty()) rescued_ += '}';
  rows_.SetRescued(rescued_);
  return true;
}

bool JsonRecordReader::ReadMember(JsonCursor& cursor) {
  const char* const key_begin = cursor.position();
  int column = -1;
  if (const KeyTable::Slot* slot = keys_.Guess(cursor)) {
    column = slot->column;
  } else {
    if (cursor.peek() != '"') return RefuseSyntax(cursor, "a key in quotes must stand here");
    const auto key = cursor.ReadString();
    if (!key) return RefuseSyntax(cursor);
    const auto name = key->escaped ? cursor.Unescape(*key) : key->raw;
    if (!name) return RefuseSyntax(cursor);
    column = keys_.Find(*name);
  }
  const std::string_view key(key_begin, static_cast<size_t>(cursor.position() - key_begin));
  if (!cursor.Take(':')) {
    cursor.SkipBlanks();
    if (!cursor.Take(':')) return RefuseSyntax(cursor, "':' is missing here");
  }
  cursor.SkipBlanks();
  if (column < 0) {
    const std::string_view value = cursor.ReadValue(1);
    if (value.empty()) return RefuseSyntax(cursor);
    if (++unknown_ > kUnknownFieldsMax)
      return Refuse("json.fields", "it has more than " + std::to_string(kUnknownFieldsMax) +
                                       " fields that are no columns");
    rescued_ += rescued_.empty() ? '{' : ',';
    rescued_ += key;
    rescued_ += ':';
    rescued_ += value;
    return true;
  }
  uint64_t& seen = seen_[static_cast<size_t>(column)];
  if (seen == serial_)
    return Refuse("json.duplicate_key", "the key " + Shown(key) + " comes twice");
  seen = serial_;
  ++filled_;
  if (!ReadValue(cursor, static_cast<size_t>(column))) return RefuseSyntax(cursor);
  return true;
}

bool JsonRecordReader::ReadValue(JsonCursor& cursor, size_t column) {
  switch (cursor.peek()) {
    case '"':
      return ReadString(cursor, column);
    case '{':
    case '[':
      return ReadContainer(cursor, column);
    case 't':
    case 'f':
    case 'n':
      return ReadLiteral(cursor, column);
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
      return ReadNumber(cursor, column);
    default:
      return !cursor.ReadValue(1).empty();
  }
}

bool JsonRecordReader::ReadString(JsonCursor& cursor, size_t column) {
  const auto text = cursor.ReadString();
  if (!text) return false;
  std::string_view value = text->raw;
  if (text->escaped) {
    const auto unescaped = cursor.Unescape(*text);
    if (!unescaped) return false;
    value = *unescaped;
  }
  const Kind kind = kinds_[column];
  if (kind == Kind::kJson || kind == Kind::kBool || kind >= Kind::kList) [[unlikely]] {
    const std::string_view quoted(text->raw.data() - 1, text->raw.size() + 2);
    if (kind == Kind::kJson) {
      rows_.SetJson(column, quoted);
    } else {
      rows_.SetFault(column, ScalarFault::kJsonKind, quoted);
    }
    return true;
  }
  // A NUL can only have been written as an escape.
  rows_.SetText(column, value, {.utf8 = true, .nul_free = !text->escaped});
  return true;
}

bool JsonRecordReader::ReadNumber(JsonCursor& cursor, size_t column) {
  const std::string_view number = cursor.ReadNumber();
  if (number.empty()) return false;
  switch (kinds_[column]) {
    case Kind::kJson:
      rows_.SetJson(column, number);
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
      if (!rows_.specs()[column].format.empty()) break;
      [[fallthrough]];
    default:
      rows_.SetFault(column, ScalarFault::kJsonKind, number);
      return true;
  }
  rows_.SetText(column, number, {.utf8 = true, .nul_free = true});
  return true;
}

bool JsonRecordReader::ReadLiteral(JsonCursor& cursor, size_t column) {
  const std::string_view word = cursor.ReadValue(1);
  if (word.empty()) return false;
  const Kind kind = kinds_[column];
  if (word == "null") {
    rows_.SetNull(column);
  } else if (kind == Kind::kBool) {
    rows_.SetBool(column, word == "true");
  } else if (kind == Kind::kJson) {
    rows_.SetJson(column, word);
  } else if (kind == Kind::kVarchar) {
    rows_.SetText(column, word, {.utf8 = true, .nul_free = true});
  } else {
    rows_.SetFault(column, ScalarFault::kJsonKind, word);
  }
  return true;
}

bool JsonRecordReader::ReadContainer(JsonCursor& cursor, size_t column) {
  cursor.ClearBlanks();
  const std::string_view value = cursor.ReadValue(1);
  if (value.empty()) return false;
  const Kind kind = kinds_[column];
  if (kind == Kind::kJson) {
    rows_.SetJson(column, cursor.blanks() ? StripBlanks(value, scratch_) : value);
  } else if (kind == Kind::kList || kind == Kind::kStruct) {
    rows_.SetNested(column, value);
  } else {
    rows_.SetFault(column, ScalarFault::kJsonKind, value);
  }
  return true;
}

}  // namespace weir::format

// JsonRecordReader makes a row out of a JSON object: what NDJSON and JSON have in common. The
// object is walked once, strictly; cells go straight into the row builder.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "columnar/rejected_row.h"
#include "format/json_cursor_internal.h"
#include "format/row_builder_internal.h"

namespace weir::format {

// Keys of objects, found by guessing: records of one source have the same keys in the same order,
// so the key behind the last one is tried first, byte for byte with its quotes, before any search.
class KeyTable {
 public:
  struct Slot {
    std::string quoted;
    int column = -1;  // In the contract; -1: unknown.
  };

  explicit KeyTable(const std::vector<columnar::ColumnSpec>& specs) {
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

class JsonRecordReader {
 public:
  explicit JsonRecordReader(RowBuilder& rows);

  JsonCursor Open(std::string_view text) { return {text, strings_}; }
  // Reads the object whose '{' the cursor has passed, to behind its '}', into a row that it begins.
  // False: the row is to be dropped, for TakeRefusal().
  bool ReadObject(JsonCursor& cursor);

  bool Refuse(std::string code, std::string detail) {
    refusal_ = {.code = std::move(code), .rule = {}, .column = {}, .detail = std::move(detail)};
    return false;
  }
  // For what the cursor found wrong.
  bool RefuseSyntax(const JsonCursor& cursor) {
    return Refuse(cursor.too_deep() ? "json.depth" : "json.syntax",
                  std::string(cursor.fault()) + ", at byte " +
                      std::to_string(cursor.fault_at() + 1) + " of the record");
  }
  bool RefuseSyntax(JsonCursor& cursor, const char* why) {
    cursor.SetFault(why);
    return RefuseSyntax(cursor);
  }
  columnar::Reason TakeRefusal() { return std::move(refusal_); }

 private:
  bool ReadMember(JsonCursor& cursor);
  // False: the cursor knows what is wrong.
  bool ReadValue(JsonCursor& cursor, size_t column);
  bool ReadString(JsonCursor& cursor, size_t column);
  bool ReadNumber(JsonCursor& cursor, size_t column);
  bool ReadLiteral(JsonCursor& cursor, size_t column);
  bool ReadContainer(JsonCursor& cursor, size_t column);

  RowBuilder& rows_;
  KeyTable keys_;
  std::vector<columnar::Kind> kinds_;  // By column.
  std::vector<uint64_t> seen_;         // By column: the last record that had it.
  uint64_t serial_ = 0;
  size_t filled_ = 0;
  columnar::Reason refusal_;
  std::string strings_;
  std::string scratch_;
  static constexpr size_t kUnknownFieldsMax = 10 * kColumnsMax;

  std::string rescued_;
  size_t unknown_ = 0;  // Fields of this record in `rescued_`.
};

}  // namespace weir::format

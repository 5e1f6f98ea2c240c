// One value as text, of the types that the engine hands out (columnar::ToArrow).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"

namespace weir::query {

// Gathers text. Threads: one at a time.
class CellText {
 public:
  void Append(std::string_view text) { text_ += text; }
  // A value that is not null, for a person or CSV.
  void AppendPlain(const arrow::Array& column, int64_t row);
  // Any value, as JSON.
  void AppendJson(const arrow::Array& column, int64_t row);
  void AppendJsonText(std::string_view text);

  std::string_view text() const { return text_; }
  size_t size() const { return text_.size(); }
  void clear() { text_.clear(); }

 private:
  void AppendScalar(const arrow::Array& column, int64_t row);
  void AppendTimestamp(int64_t micros, bool utc);
  void AppendTime(int64_t micros);
  void AppendDate(int64_t days);
  void AppendBase64(std::string_view bytes);
  void AppendJsonItems(const arrow::Array& items, int64_t begin, int64_t end);
  void AppendJsonFields(const arrow::Array& column, int64_t row);

  std::string text_;
};

// Whether values of the type are numbers, which stand to the right.
bool IsNumber(const arrow::DataType& type);

bool IsUtf8(std::string_view bytes);

}  // namespace weir::query

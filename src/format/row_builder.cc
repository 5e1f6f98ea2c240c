#include "format/row_builder_internal.h"

#include <arrow/api.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "format/json_cursor_internal.h"
#include "format/nested_builder_internal.h"
#include "format/small_bytes_internal.h"
#include "format/utf8_internal.h"
#include "format/value_text_internal.h"

namespace weir::format {

using columnar::ColumnSpec;
using columnar::Kind;

namespace {

constexpr size_t kFirstRows = 256;
constexpr size_t kCellsOfBatch = 4 * 1024 * 1024;
constexpr size_t kFirstBytes = 4096;
constexpr size_t kHeavyColumnBytes = 64 * 1024 * 1024;  // Far below what 32-bit offsets count.

bool HasBytes(Kind kind) {
  return kind == Kind::kVarchar || kind == Kind::kJson || kind == Kind::kBinary;
}

using Buffer = std::shared_ptr<arrow::ResizableBuffer>;

// Memory that cannot be had ends the process, as it does everywhere else in C++ here.
void Resize(Buffer& buffer, size_t bytes) {
  if (buffer == nullptr) {
    auto made = arrow::AllocateResizableBuffer(static_cast<int64_t>(bytes));
    WEIR_CHECK(made.ok());
    buffer = std::move(made).ValueUnsafe();
  } else {
    WEIR_CHECK(buffer->Resize(static_cast<int64_t>(bytes), false).ok());
  }
}

bool IsNested(Kind kind) { return kind == Kind::kList || kind == Kind::kStruct; }

bool IsTimeKind(Kind kind) {
  return kind == Kind::kDate || kind == Kind::kTime || kind == Kind::kTimestamp ||
         kind == Kind::kTimestamptz;
}

}  // namespace

struct RowBuilder::Column {
  // What every cell needs stands together: raw faces of the buffers below among it.
  Kind kind = Kind::kVarchar;
  bool has_bytes = false;
  uint32_t length = 0;
  int32_t* offsets = nullptr;
  char* bytes = nullptr;
  size_t byte_capacity = 0;
  uint8_t* values = nullptr;
  uint8_t* validity = nullptr;
  int precision = 0;
  int scale = 0;
  std::unique_ptr<Zone> zone;

  size_t width = 0;
  std::unique_ptr<TimePattern> pattern;
  const std::string* default_text = nullptr;  // In specs_.
  std::shared_ptr<arrow::DataType> type;
  Buffer values_buffer;  // The offsets where has_bytes.
  Buffer validity_buffer;
  Buffer bytes_buffer;
  size_t bytes_expected = kFirstBytes;
  std::unique_ptr<NestedBuilder> nested;  // Of a list or struct, instead of all buffers above.
};

RowBuilder::RowBuilder() = default;
RowBuilder::~RowBuilder() = default;
RowBuilder::RowBuilder(RowBuilder&&) noexcept = default;
RowBuilder& RowBuilder::operator=(RowBuilder&&) noexcept = default;

Result<RowBuilder> RowBuilder::Make(std::vector<ColumnSpec> specs) {
  RowBuilder made;
  made.specs_ = std::move(specs);
  made.columns_.resize(made.specs_.size() + 1);
  std::set<std::string_view> names;
  arrow::FieldVector fields;
  for (size_t i = 0; i < made.specs_.size(); ++i) {
    const ColumnSpec& spec = made.specs_[i];
    const std::string place = "column " + spec.name;
    if (!names.insert(spec.input_name()).second)
      return Fail(ErrorKind::kInvalid, "format.column_twice",
                  place + ": another column reads the field '" + spec.input_name() + "' already");
    Column& column = made.columns_[i];
    column.kind = spec.type.kind;
    column.width = WidthOf(column.kind);
    column.has_bytes = HasBytes(column.kind);
    column.precision = spec.type.precision;
    column.scale = spec.type.scale;
    column.length = spec.type.length;
    column.type = columnar::ToArrow(spec.type);
    if (spec.default_text) column.default_text = &*spec.default_text;
    if (IsNested(column.kind)) column.nested = std::make_unique<NestedBuilder>(spec);
    if (!spec.zone.empty() && column.kind == Kind::kTimestamptz) {
      WEIR_ASSIGN(column.zone, Zone::Find(spec.zone));
    }
    if (!spec.format.empty() && IsTimeKind(column.kind)) {
      WEIR_ASSIGN(TimePattern pattern, TimePattern::Compile(spec.format, column.kind));
      column.pattern = std::make_unique<TimePattern>(std::move(pattern));
    }
    fields.push_back(arrow::field(spec.name, column.type));
  }
  Column& rescued = made.columns_.back();
  rescued.has_bytes = true;
  rescued.type = arrow::utf8();
  fields.push_back(arrow::field("_rescued", rescued.type));
  made.schema_ = arrow::schema(std::move(fields));
  made.rows_max_ = std::clamp(kCellsOfBatch / made.columns_.size(), kFirstRows, kDecodedRowsMax);

  made.Start();
  made.BeginRow();
  for (size_t i = 0; i < made.specs_.size(); ++i) {
    const ColumnSpec& spec = made.specs_[i];
    if (!spec.default_text) continue;
    const Parsed<void> put = made.Put(made.columns_[i], *spec.default_text, {});
    if (!put || !made.faults_.empty())
      return Fail(ErrorKind::kInvalid, "format.default",
                  "column " + spec.name + ": the default " +
                      (put ? made.faults_.front().reason.detail
                           : ExplainFault(spec, put.error(), *spec.default_text).detail));
  }
  made.DropRow();
  return made;
}

void RowBuilder::Start() {
  rows_ = 0;
  heavy_ = false;
  faults_.clear();
}

void RowBuilder::Grow() {
  const size_t old = capacity_;
  capacity_ = old == 0 ? std::max(kFirstRows, (expected_rows_ + 63) / 64 * 64) : 2 * old;
  for (Column& column : columns_) {
    if (column.nested != nullptr) continue;
    Resize(column.validity_buffer, (capacity_ + 7) / 8);
    column.validity = column.validity_buffer->mutable_data();
    std::memset(column.validity + old / 8, 0xFF, capacity_ / 8 - old / 8);
    if (column.has_bytes) {
      Resize(column.values_buffer, (capacity_ + 1) * sizeof(int32_t));
      column.offsets = reinterpret_cast<int32_t*>(column.values_buffer->mutable_data());
      if (old == 0) column.offsets[0] = 0;
      if (column.bytes_buffer == nullptr) {
        Resize(column.bytes_buffer, column.bytes_expected);
        column.bytes = reinterpret_cast<char*>(column.bytes_buffer->mutable_data());
        column.byte_capacity = column.bytes_expected;
      }
    } else {
      const size_t bytes = column.width == 0 ? capacity_ / 8 : capacity_ * column.width;
      Resize(column.values_buffer, bytes);
      column.values = column.values_buffer->mutable_data();
      if (column.width == 0) std::memset(column.values + old / 8, 0, capacity_ / 8 - old / 8);
    }
  }
}

void RowBuilder::DropRow() {
  if (rows_ == capacity_) return;  // None was begun.
  for (Column& column : columns_) {
    if (column.nested != nullptr) {
      column.nested->Truncate(rows_);
    } else {
      column.validity[rows_ / 8] =
          static_cast<uint8_t>(column.validity[rows_ / 8] | (1U << (rows_ % 8)));
    }
  }
  unknown_.clear();
  while (!faults_.empty() && faults_.back().row == rows_) faults_.pop_back();
}

void RowBuilder::GrowBytes(Column& column, size_t needed) {
  column.byte_capacity = std::max(needed, 2 * column.byte_capacity);
  Resize(column.bytes_buffer, column.byte_capacity);
  column.bytes = reinterpret_cast<char*>(column.bytes_buffer->mutable_data());
  if (needed > kHeavyColumnBytes) heavy_ = true;
}

inline char* RowBuilder::Reserve(Column& column, size_t bytes) {
  const auto used = static_cast<size_t>(column.offsets[rows_]);
  if (used + bytes > column.byte_capacity) [[unlikely]] {
    GrowBytes(column, used + bytes);
  }
  return column.bytes + used;
}

inline void RowBuilder::PutBytes(Column& column, std::string_view bytes) {
  CopyBytes(Reserve(column, bytes.size()), bytes.data(), bytes.size());
  column.offsets[rows_ + 1] = column.offsets[rows_] + static_cast<int32_t>(bytes.size());
}

inline Parsed<void> RowBuilder::PutText(Column& column, std::string_view text, TextTrust trust) {
  if (!trust.utf8 && !IsUtf8(text)) return std::unexpected(ScalarFault::kUtf8);
  if (!trust.nul_free && text.find('\0') != std::string_view::npos)
    return std::unexpected(ScalarFault::kNul);
  if (column.kind == Kind::kJson) {
    const auto value = NormaliseJson(text, scratch_, strings_);
    if (!value) return std::unexpected(ScalarFault::kMalformed);
    PutBytes(column, *value);
    return {};
  }
  if (column.length != 0 && text.size() > column.length && CountCodePoints(text) > column.length)
    return std::unexpected(ScalarFault::kTooLong);
  PutBytes(column, text);
  return {};
}

void RowBuilder::PutNull(Column& column) {
  if (IsNested(column.kind)) [[unlikely]] {
    column.nested->AppendNull();
    return;
  }
  column.validity[rows_ / 8] =
      static_cast<uint8_t>(column.validity[rows_ / 8] & ~(1U << (rows_ % 8)));
  if (column.has_bytes) {
    column.offsets[rows_ + 1] = column.offsets[rows_];
  } else if (column.width != 0) {
    std::memset(column.values + rows_ * column.width, 0, column.width);
  }
}

void RowBuilder::SetNull(size_t column) { PutNull(columns_[column]); }

void RowBuilder::SetDefault(size_t column) {
  if (specs_[column].outside && part_) {
    const auto value = part_().Value(specs_[column].name);
    return value ? SetText(column, *value, {}) : SetNull(column);
  }
  const std::string* text = columns_[column].default_text;
  if (text == nullptr) {
    PutNull(columns_[column]);
  } else {
    SetText(column, *text, {.utf8 = true, .nul_free = true});
  }
}

void RowBuilder::SetBool(size_t column, bool value) {
  uint8_t& byte = columns_[column].values[rows_ / 8];
  const unsigned bit = 1U << (rows_ % 8);
  byte = static_cast<uint8_t>(value ? byte | bit : byte & ~bit);
}

void RowBuilder::SetFixed(size_t column, const void* value) {
  Column& into = columns_[column];
  std::memcpy(into.values + rows_ * into.width, value, into.width);
}

void RowBuilder::SetBytes(size_t column, std::string_view bytes) {
  PutBytes(columns_[column], bytes);
}

void RowBuilder::SetFault(size_t column, ScalarFault fault, std::string_view text) {
  PutNull(columns_[column]);
  faults_.push_back({.row = static_cast<uint32_t>(rows_),
                     .column = static_cast<uint32_t>(column),
                     .reason = ExplainFault(specs_[column], fault, text)});
}

void RowBuilder::SetJson(size_t column, std::string_view value) {
  PutBytes(columns_[column], value);
}

void RowBuilder::SetNested(size_t column, std::string_view value) {
  NestedBuilder& nested = *columns_[column].nested;
  if (auto reason = nested.Append(value))
    faults_.push_back({.row = static_cast<uint32_t>(rows_),
                       .column = static_cast<uint32_t>(column),
                       .reason = std::move(*reason)});
  if (!nested.unknown().empty()) unknown_ += (unknown_.empty() ? "" : ",") + nested.unknown();
  if (nested.values() >= kNestedValuesMax) heavy_ = true;
}

// A cell that holds JSON as text. A fault within the value is told by SetNested.
Parsed<void> RowBuilder::PutNested(Column& column, std::string_view text, TextTrust trust) {
  if (!trust.utf8 && !IsUtf8(text)) return std::unexpected(ScalarFault::kUtf8);
  JsonCursor cursor(text, strings_);
  cursor.SkipBlanks();
  const std::string_view value = cursor.ReadValue(0);
  cursor.SkipBlanks();
  if (value.empty() || !cursor.done()) return std::unexpected(ScalarFault::kMalformed);
  SetNested(static_cast<size_t>(&column - columns_.data()), value);
  return {};
}

void RowBuilder::SetRescued(std::string_view json) {
  if (!unknown_.empty()) [[unlikely]] {
    const std::string_view before = json.empty() ? "" : json.substr(1, json.size() - 2);
    scratch_ = "{" + std::string(before) + (before.empty() ? "" : ",") + unknown_ + "}";
    unknown_.clear();
    PutBytes(columns_.back(), scratch_);
  } else if (json.empty()) {
    PutNull(columns_.back());
  } else {
    PutBytes(columns_.back(), json);
  }
}

void RowBuilder::SetText(size_t column, std::string_view text, TextTrust trust) {
  const Parsed<void> put = Put(columns_[column], text, trust);
  if (!put) [[unlikely]]
    SetFault(column, put.error(), text);
}

Parsed<void> RowBuilder::PutTime(Column& column, std::string_view text) {
  Parsed<int64_t> value = 0;
  if (column.pattern != nullptr) {
    value = column.pattern->Parse(text, column.zone.get());
  } else if (column.kind == Kind::kTimestamptz) {
    value = ParseTimestamptz(text, column.zone.get());
  } else if (column.kind == Kind::kTimestamp) {
    value = ParseTimestamp(text);
  } else if (column.kind == Kind::kTime) {
    value = ParseTime(text);
  } else {
    const Parsed<int32_t> day = ParseDate(text);
    value = day ? Parsed<int64_t>(*day) : std::unexpected(day.error());
  }
  if (!value) return std::unexpected(value.error());
  if (column.kind == Kind::kDate) {
    reinterpret_cast<int32_t*>(column.values)[rows_] = static_cast<int32_t>(*value);
  } else {
    reinterpret_cast<int64_t*>(column.values)[rows_] = *value;
  }
  return {};
}

Parsed<void> RowBuilder::Put(Column& column, std::string_view text, TextTrust trust) {
  const auto store = [&](const auto& value) -> Parsed<void> {
    if (!value) return std::unexpected(value.error());
    static_assert(std::is_trivially_copyable_v<std::remove_cvref_t<decltype(*value)>>);
    std::memcpy(column.values + rows_ * sizeof(*value), &*value, sizeof(*value));
    return {};
  };
  switch (column.kind) {
    case Kind::kVarchar:
    case Kind::kJson:
      return PutText(column, text, trust);
    case Kind::kBigint:
      return store(ParseBigint(text));
    case Kind::kInt:
      return store(ParseInt(text));
    case Kind::kDouble:
      if (const auto value = non_finite_texts_ ? NonFiniteOf(text) : std::nullopt)
        return store(Parsed<double>(*value));
      return store(ParseDouble(text));
    case Kind::kDecimal:
      return store(ParseDecimal(text, column.precision, column.scale));
    case Kind::kUuid:
      return store(ParseUuid(text));
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kTimestamp:
    case Kind::kTimestamptz:
      return PutTime(column, text);
    case Kind::kBool: {
      const Parsed<bool> value = ParseBool(text);
      if (!value) return std::unexpected(value.error());
      SetBool(static_cast<size_t>(&column - columns_.data()), *value);
      return {};
    }
    case Kind::kBinary: {
      const size_t most = text.size() / 4 * 3;
      const auto made = DecodeBase64(text, std::span(Reserve(column, most), most));
      if (!made) return std::unexpected(made.error());
      column.offsets[rows_ + 1] = column.offsets[rows_] + static_cast<int32_t>(*made);
      return {};
    }
    case Kind::kList:
    case Kind::kStruct:
      return PutNested(column, text, trust);
  }
  WEIR_CHECK(false);
}

std::shared_ptr<arrow::Array> RowBuilder::FinishColumn(Column& column) {
  if (column.nested != nullptr) return column.nested->Finish();
  const auto length = static_cast<int64_t>(rows_);
  std::vector<std::shared_ptr<arrow::Buffer>> buffers(column.has_bytes ? 3 : 2);
  const int64_t valid = arrow::internal::CountSetBits(column.validity, 0, length);
  if (valid != length) buffers[0] = std::move(column.validity_buffer);
  if (column.has_bytes) {
    const auto used = static_cast<size_t>(column.offsets[rows_]);
    // Some slack, so that the next batch of the same data does not grow at its very end.
    column.bytes_expected = std::max(kFirstBytes, used + used / 8);
    WEIR_CHECK(column.bytes_buffer->Resize(static_cast<int64_t>(used), false).ok());
    buffers[2] = std::move(column.bytes_buffer);
  }
  buffers[1] = std::move(column.values_buffer);
  column.validity_buffer.reset();
  column.values_buffer.reset();
  column.bytes_buffer.reset();
  column.byte_capacity = 0;
  return arrow::MakeArray(
      arrow::ArrayData::Make(column.type, length, std::move(buffers), length - valid));
}

std::shared_ptr<arrow::RecordBatch> RowBuilder::Finish() {
  if (capacity_ == 0) Grow();
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  arrays.reserve(columns_.size());
  for (Column& column : columns_) arrays.push_back(FinishColumn(column));
  auto batch = arrow::RecordBatch::Make(schema_, static_cast<int64_t>(rows_), std::move(arrays));
  expected_rows_ = rows_;
  capacity_ = 0;
  rows_ = 0;
  return batch;
}

}  // namespace weir::format

// Rows of Parquet and Arrow files. The columns are found by name, each once for the file, and how
// its values become cells is decided once too: bytes as they are where the types are the same, else
// through the value's text, under the rules of every other format.
#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "format/batch_input_internal.h"
#include "format/decoder.h"
#include "format/json_cursor_internal.h"
#include "format/row_builder_internal.h"
#include "format/utf8_internal.h"
#include "format/value_text_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using columnar::DecodedBatch;
using columnar::Kind;
using ArrowType = arrow::Type;

// How a value becomes a cell.
enum class Way : uint8_t {
  kDefault,  // The file has no such column.
  kSame,     // The bytes, as they are.
  kBool,
  kFloat,      // A float is a double.
  kText,       // A text is read as the column's type.
  kBytes,      // Bytes are bytes.
  kValueText,  // The value's text is read as the column's type.
  kJson,       // The value's JSON, for json.
  kNested,     // The value's JSON, for lists and structs.
  kNever,      // No value of this type is one of that.
};

bool IsText(ArrowType::type id) { return id == ArrowType::STRING || id == ArrowType::LARGE_STRING; }
bool IsBytes(ArrowType::type id) {
  return id == ArrowType::BINARY || id == ArrowType::LARGE_BINARY;
}
bool IsContainer(ArrowType::type id) {
  return id == ArrowType::LIST || id == ArrowType::LARGE_LIST || id == ArrowType::FIXED_SIZE_LIST ||
         id == ArrowType::STRUCT || id == ArrowType::MAP;
}
bool IsNumber(ArrowType::type id) {
  return arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id);
}
bool IsTime(ArrowType::type id) { return arrow::is_temporal(id) && id != ArrowType::DURATION; }

// Whether the values' bytes are those of `wanted`, the Arrow form of the column.
bool SameBytes(const arrow::DataType& has, const arrow::DataType& wanted) {
  if (has.id() == ArrowType::TIMESTAMP && wanted.id() == ArrowType::TIMESTAMP) {
    const auto& a = static_cast<const arrow::TimestampType&>(has);
    const auto& b = static_cast<const arrow::TimestampType&>(wanted);
    return a.unit() == b.unit() && a.timezone().empty() == b.timezone().empty();
  }
  return has.Equals(wanted);
}

Way WayOf(const arrow::DataType& has, const ColumnSpec& column) {
  const ArrowType::type id = has.id();
  const Kind kind = column.type.kind;
  if (IsText(id)) return Way::kText;
  if (kind == Kind::kJson) return Way::kJson;
  if (kind == Kind::kList || kind == Kind::kStruct)
    return IsContainer(id) ? Way::kNested : Way::kNever;
  if (IsContainer(id)) return Way::kNever;
  if (IsBytes(id)) {
    // Old writers leave the mark of a text out.
    return kind == Kind::kBinary ? Way::kBytes : kind == Kind::kVarchar ? Way::kText : Way::kNever;
  }
  if (id == ArrowType::FIXED_SIZE_BINARY) {
    const int width = static_cast<const arrow::FixedSizeBinaryType&>(has).byte_width();
    if (kind == Kind::kUuid && width == 16) return Way::kSame;
    return kind == Kind::kBinary ? Way::kBytes : Way::kNever;
  }
  if (id == ArrowType::BOOL && kind == Kind::kBool) return Way::kBool;
  if (kind != Kind::kVarchar && SameBytes(has, *columnar::ToArrow(column.type))) return Way::kSame;
  if (id == ArrowType::FLOAT && kind == Kind::kDouble) return Way::kFloat;
  if (!HasValueText(has) || kind == Kind::kBinary) return Way::kNever;
  const bool number = kind == Kind::kInt || kind == Kind::kBigint || kind == Kind::kDouble ||
                      kind == Kind::kDecimal;
  const bool time = kind == Kind::kDate || kind == Kind::kTime || kind == Kind::kTimestamp ||
                    kind == Kind::kTimestamptz;
  const bool fits = kind == Kind::kVarchar || (number && IsNumber(id)) || (time && IsTime(id)) ||
                    (time && IsNumber(id) && !column.format.empty());
  return fits ? Way::kValueText : Way::kNever;
}

// What a date64, which holds whole days in a file that is valid, is read as.
enum class Date64 : uint8_t { kDay, kMoment };

// The column in a form that the rest of this file knows: dictionaries and views as plain values.
std::shared_ptr<arrow::Array> Plain(std::shared_ptr<arrow::Array> column, Date64 date64) {
  std::shared_ptr<arrow::DataType> wanted;
  switch (column->type_id()) {
    case ArrowType::DICTIONARY:
      wanted = static_cast<const arrow::DictionaryType&>(*column->type()).value_type();
      break;
    case ArrowType::STRING_VIEW:
      wanted = arrow::utf8();
      break;
    case ArrowType::BINARY_VIEW:
      wanted = arrow::binary();
      break;
    case ArrowType::HALF_FLOAT:
      wanted = arrow::float32();
      break;
    case ArrowType::DATE64:
      wanted = date64 == Date64::kDay ? arrow::date32() : arrow::timestamp(arrow::TimeUnit::MILLI);
      break;
    case ArrowType::DECIMAL32:
    case ArrowType::DECIMAL64: {
      const auto& type = static_cast<const arrow::DecimalType&>(*column->type());
      wanted = arrow::decimal128(type.precision(), type.scale());
      break;
    }
    case ArrowType::EXTENSION:
      if (HasValueText(*column->type())) return column;  // uuid
      return Plain(static_cast<const arrow::ExtensionArray&>(*column).storage(), date64);
    default:
      return column;
  }
  const auto cast = arrow::compute::Cast(*column, wanted);
  return cast.ok() ? *cast : column;
}

// The value's bytes, for kSame.
const uint8_t* BytesOf(const arrow::Array& column, int64_t row) {
  const arrow::ArrayData* data = column.data().get();
  const arrow::DataType* type = column.type().get();
  if (type->id() == ArrowType::EXTENSION)
    type = static_cast<const arrow::ExtensionType&>(*type).storage_type().get();
  const int width = static_cast<const arrow::FixedWidthType&>(*type).bit_width() / 8;
  return data->buffers[1]->data() + (data->offset + row) * width;
}

std::string_view ViewOf(const arrow::Array& column, int64_t row) {
  switch (column.type_id()) {
    case ArrowType::BINARY:
      return static_cast<const arrow::BinaryArray&>(column).GetView(row);
    case ArrowType::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(column).GetView(row);
    case ArrowType::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row);
    default:
      return TextOf(column, row);
  }
}

// A row as the JSON object that a dead letter keeps.
std::string RowJson(const arrow::RecordBatch& rows, int64_t row) {
  std::string json = "{";
  for (int i = 0; i < rows.num_columns(); ++i) {
    if (i != 0) json += ',';
    AppendJsonString(json, rows.column_name(i));
    json += ':';
    AppendJsonValue(*rows.column(i), row, NonFinite::kText, json);
  }
  return json + "}";
}

class ColumnarDecoder final : public Decoder {
 public:
  ColumnarDecoder(const FormatSpec& spec, RowBuilder rows, const env::OpenFile& file, uint64_t size,
                  DecoderState start)
      : kind_(spec.kind),
        rows_(std::move(rows)),
        file_(file),
        size_(size),
        state_(std::move(start)) {
    state_.compression = Compression::kNone;
  }

  Result<std::optional<DecodedBatch>> Next(DecodeLimits limits) override {
    WEIR_CHECK(limits.rows > 0 && limits.bytes > 0);
    if (state_.ended) return std::nullopt;
    if (source_ == nullptr || at_ == source_->num_rows()) {
      auto loaded = Load();
      if (!loaded) {
        if (loaded.error().kind != ErrorKind::kCorrupt) return Fail(std::move(loaded).error());
        return RefuseRest(loaded.error().message);
      }
      if (source_ == nullptr) {
        state_.offset = size_;
        return std::nullopt;
      }
    }
    return DecodeRows(std::min<uint64_t>(limits.rows, kDecodedRowsMax));
  }

  DecoderState state() const override { return state_; }

 private:
  // How a column of the contract is filled.
  struct Target {
    int from = -1;  // Column of the file.
    Way way = Way::kDefault;
  };

  // The next batch into source_; null at the end.
  Result<void> Load() {
    if (input_ == nullptr) {
      WEIR_ASSIGN(input_, kind_ == FormatKind::kParquet ? OpenParquet(file_, size_, state_.row)
                                                        : OpenArrow(file_, size_, state_.row));
    }
    do {
      WEIR_ASSIGN(source_, input_->Next());
      if (source_ == nullptr) return {};
    } while (source_->num_rows() == 0);
    at_ = 0;
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    for (int i = 0; i < source_->num_columns(); ++i) {
      columns.push_back(Plain(source_->column(i), Date64For(i)));
      fields.push_back(arrow::field(source_->column_name(i), columns.back()->type()));
    }
    source_ = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), source_->num_rows(),
                                       std::move(columns));
    return FindColumns();
  }

  // A day where the contract wants a date, in a dead letter's record too.
  Date64 Date64For(int column) const {
    if (source_->column(column)->type_id() != ArrowType::DATE64) return Date64::kMoment;
    const bool wanted = std::ranges::any_of(rows_.specs(), [&](const ColumnSpec& one) {
      return one.type.kind == Kind::kDate && one.input_name() == source_->column_name(column);
    });
    return wanted ? Date64::kDay : Date64::kMoment;
  }

  Result<void> FindColumns() {
    const std::vector<ColumnSpec>& specs = rows_.specs();
    std::unordered_map<std::string_view, size_t> by_name;
    for (size_t i = 0; i < specs.size(); ++i) by_name.emplace(specs[i].input_name(), i);
    targets_.assign(specs.size(), {});
    unknown_.clear();
    for (int i = 0; i < source_->num_columns(); ++i) {
      const auto found = by_name.find(source_->column_name(i));
      if (found == by_name.end()) {
        unknown_.push_back(i);
        continue;
      }
      Target& target = targets_[found->second];
      if (target.from >= 0)
        return Fail(ErrorKind::kCorrupt, "object.corrupt",
                    "the file has two columns '" + Shown(source_->column_name(i)) + "'");
      target = {.from = i, .way = WayOf(*source_->column(i)->type(), specs[found->second])};
    }
    return {};
  }

  DecodedBatch DecodeRows(uint64_t most) {
    DecodedBatch batch;
    rows_.Start();
    const int64_t first = at_;
    while (at_ < source_->num_rows() && batch.positions.size() < most && !rows_.full()) {
      batch.positions.push_back({.offset = state_.row, .line = state_.row + 1, .length = 0});
      DecodeRow(at_++);
      ++state_.row;
    }
    batch.rows = rows_.Finish();
    batch.faults = rows_.TakeFaults();
    batch.raw_of = [source = source_, first](size_t row) {
      return RowJson(*source, first + static_cast<int64_t>(row));
    };
    if (at_ == source_->num_rows()) state_.offset = std::min(input_->bytes_read(), size_);
    return batch;
  }

  void DecodeRow(int64_t row) {
    rows_.BeginRow();
    for (size_t column = 0; column < targets_.size(); ++column) {
      const Target& target = targets_[column];
      if (target.way == Way::kDefault) {
        rows_.SetDefault(column);
      } else if (const arrow::Array& values = *source_->column(target.from); values.IsNull(row)) {
        rows_.SetNull(column);
      } else {
        DecodeCell(column, target.way, values, row);
      }
    }
    rescued_.clear();
    for (const int i : unknown_) {
      const arrow::Array& values = *source_->column(i);
      if (values.IsNull(row)) continue;
      rescued_ += rescued_.empty() ? '{' : ',';
      AppendJsonString(rescued_, source_->column_name(i));
      rescued_ += ':';
      AppendJsonValue(values, row, NonFinite::kText, rescued_);
    }
    if (!rescued_.empty()) rescued_ += '}';
    rows_.SetRescued(rescued_);
    rows_.EndRow();
  }

  void DecodeCell(size_t column, Way way, const arrow::Array& values, int64_t row) {
    switch (way) {
      case Way::kSame:
        return rows_.SetFixed(column, BytesOf(values, row));
      case Way::kBool:
        return rows_.SetBool(column, static_cast<const arrow::BooleanArray&>(values).Value(row));
      case Way::kFloat: {
        const double value = static_cast<const arrow::FloatArray&>(values).Value(row);
        return rows_.SetFixed(column, &value);
      }
      case Way::kText:
        return rows_.SetText(column, ViewOf(values, row), {});
      case Way::kBytes:
        return rows_.SetBytes(column, ViewOf(values, row));
      default:
        break;
    }
    text_.clear();
    if (way == Way::kValueText) {
      AppendValueText(values, row, text_);
      if (text_.empty()) text_ = NonFiniteText(values, row);
      return rows_.SetText(column, text_, {.utf8 = true, .nul_free = true});
    }
    AppendJsonValue(values, row, NonFinite::kText, text_);
    if (way == Way::kJson) return rows_.SetJson(column, text_);
    if (way == Way::kNested) return rows_.SetNested(column, text_);
    rows_.SetFault(column, ScalarFault::kMalformed, text_);
  }

  // What cannot be read any more is one dead letter.
  DecodedBatch RefuseRest(const std::string& why) {
    DecodedBatch batch;
    rows_.Start();
    batch.rows = rows_.Finish();
    columnar::RejectedRow row;
    row.kind = columnar::RejectedKind::kObject;
    row.offset = state_.row;
    row.line = state_.row + 1;
    row.reasons.push_back({.code = "object.corrupt",
                           .rule = {},
                           .column = {},
                           .detail = IsUtf8(why) ? why : Shown(why)});
    batch.broken.push_back(std::move(row));
    state_.ended = true;
    state_.offset = size_;
    return batch;
  }

  FormatKind kind_;
  RowBuilder rows_;
  const env::OpenFile& file_;
  uint64_t size_;
  DecoderState state_;
  std::unique_ptr<BatchInput> input_;
  std::shared_ptr<arrow::RecordBatch> source_;
  int64_t at_ = 0;  // The next row of source_.
  std::vector<Target> targets_;
  std::vector<int> unknown_;
  std::string text_;
  std::string rescued_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> MakeFileDecoder(const FormatSpec& spec,
                                                 std::vector<ColumnSpec> columns,
                                                 const env::OpenFile& file, uint64_t size,
                                                 DecoderState start) {
  WEIR_CHECK(ReadsByPosition(spec.kind));
  if (spec.compression == Compression::kGzip || spec.compression == Compression::kZstd)
    return Fail(ErrorKind::kInvalid, "format.compression",
                "a " + std::string(ToText(spec.kind)) + " file compresses its own pages",
                "unpack it, or leave the key compression out");
  WEIR_ASSIGN(RowBuilder rows, RowBuilder::Make(std::move(columns)));
  return std::make_unique<ColumnarDecoder>(spec, std::move(rows), file, size, std::move(start));
}

}  // namespace weir::format

#include "engine/arrow_out_internal.h"

#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_decimal.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/buffer_builder.h"
#include "arrow/extension/uuid.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"
#include "engine/arrow_status_internal.h"

namespace weir::engine {
namespace {

bool IsValid(const uint64_t* validity, idx_t row) {
  return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
}

std::unexpected<Error> NoColumnHolds(std::string what, std::string next) {
  return Fail(ErrorKind::kUnsupported, "engine.type", "no column holds " + std::move(what),
              std::move(next));
}

// Values that are the same in DuckDB and Arrow: copied as they stand. `Infinite`: the type's
// largest number and its negative stand for infinity.
template <class Builder, bool Infinite = false>
class SameOut final : public ColumnOut {
 public:
  explicit SameOut(std::shared_ptr<arrow::DataType> type)
      : builder_(std::move(type), arrow::default_memory_pool()) {}

  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    using Value = typename Builder::value_type;
    const auto* values = static_cast<const Value*>(duckdb_vector_get_data(vector)) + start;
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    if constexpr (Infinite) {
      constexpr Value kInfinity = std::numeric_limits<Value>::max();
      for (idx_t i = 0; i < count; ++i)
        if ((values[i] == kInfinity || values[i] == -kInfinity) && IsValid(validity, start + i))
          return NoColumnHolds("an infinite date or timestamp", "replace it, for example by null");
    }
    WEIR_ARROW(builder_.AppendValues(values, static_cast<int64_t>(count),
                                     reinterpret_cast<const uint8_t*>(validity),
                                     validity == nullptr ? 0 : static_cast<int64_t>(start)));
    return {};
  }
  Result<void> AppendNulls(idx_t count) override {
    WEIR_ARROW(builder_.AppendNulls(static_cast<int64_t>(count)));
    return {};
  }
  Result<std::shared_ptr<arrow::Array>> Finish() override {
    WEIR_ARROW_ASSIGN(auto array, builder_.Finish());
    return array;
  }
  std::shared_ptr<arrow::DataType> type() const override { return builder_.type(); }
  size_t bytes() const override {
    return static_cast<size_t>(builder_.length()) * sizeof(typename Builder::value_type);
  }

 private:
  Builder builder_;
};

// Values that `Convert` turns into Arrow's: Source -> Result<builder's value>.
template <class Source, class Builder, class Convert>
class ConvertedOut final : public ColumnOut {
 public:
  ConvertedOut(std::shared_ptr<arrow::DataType> type, Convert convert)
      : builder_(std::move(type), arrow::default_memory_pool()), convert_(std::move(convert)) {}

  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    const auto* values = static_cast<const Source*>(duckdb_vector_get_data(vector));
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    WEIR_ARROW(builder_.Reserve(static_cast<int64_t>(count)));
    for (idx_t row = start; row < start + count; ++row) {
      if (!IsValid(validity, row)) {
        builder_.UnsafeAppendNull();
        continue;
      }
      auto value = convert_(values[row]);
      if (!value) return Fail(std::move(value).error());
      builder_.UnsafeAppend(*value);
    }
    return {};
  }
  Result<void> AppendNulls(idx_t count) override {
    WEIR_ARROW(builder_.AppendNulls(static_cast<int64_t>(count)));
    return {};
  }
  Result<std::shared_ptr<arrow::Array>> Finish() override {
    WEIR_ARROW_ASSIGN(auto array, builder_.Finish());
    return array;
  }
  std::shared_ptr<arrow::DataType> type() const override { return builder_.type(); }
  size_t bytes() const override { return static_cast<size_t>(builder_.length()) * 16; }

 private:
  Builder builder_;
  Convert convert_;
};

template <class Source, class Builder, class Convert>
std::unique_ptr<ColumnOut> Converted(std::shared_ptr<arrow::DataType> type, Convert convert) {
  return std::make_unique<ConvertedOut<Source, Builder, Convert>>(std::move(type),
                                                                  std::move(convert));
}

template <class Source>
std::unique_ptr<ColumnOut> ToInt32() {
  return Converted<Source, arrow::Int32Builder>(
      arrow::int32(), [](Source value) -> Result<int32_t> { return value; });
}

template <class Source>
std::unique_ptr<ColumnOut> ToDecimal(int precision, int scale) {
  return Converted<Source, arrow::Decimal128Builder>(
      arrow::decimal128(precision, scale), [](Source value) -> Result<arrow::Decimal128> {
        if constexpr (std::is_same_v<Source, duckdb_hugeint>)
          return arrow::Decimal128(value.upper, value.lower);
        else
          return arrow::Decimal128(value);
      });
}

// Whole numbers of 128 bits; decimals hold 38 digits of their 39.
template <class Source>
std::unique_ptr<ColumnOut> HugeToDecimal() {
  return Converted<Source, arrow::Decimal128Builder>(
      arrow::decimal128(38, 0), [](Source value) -> Result<arrow::Decimal128> {
        const arrow::Decimal128 decimal(static_cast<int64_t>(value.upper), value.lower);
        const bool wrapped = std::is_same_v<Source, duckdb_uhugeint> && decimal.high_bits() < 0;
        if (wrapped || !decimal.FitsInPrecision(38))
          return NoColumnHolds("a number of more than 38 digits", "cast it to double or varchar");
        return decimal;
      });
}

// Numbers of microseconds from coarser or finer ones.
template <class Builder, class Source>
std::unique_ptr<ColumnOut> ToMicros(std::shared_ptr<arrow::DataType> type, int64_t times,
                                    int64_t divided_by) {
  return Converted<Source, Builder>(std::move(type), [=](Source source) -> Result<int64_t> {
    int64_t value = 0;
    std::memcpy(&value, &source, sizeof value);
    constexpr int64_t kInfinity = std::numeric_limits<int64_t>::max();
    int64_t micros = 0;
    if (value == kInfinity || value == -kInfinity || __builtin_mul_overflow(value, times, &micros))
      return NoColumnHolds("such a timestamp", "replace it, for example by null");
    const bool below = micros < 0 && micros % divided_by != 0;
    return micros / divided_by - (below ? 1 : 0);
  });
}

// Texts and blobs.
template <class Builder>
class BytesOut final : public ColumnOut {
 public:
  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    const auto* values = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    int64_t size = 0;
    for (idx_t row = start; row < start + count; ++row)
      if (IsValid(validity, row)) size += values[row].value.inlined.length;
    WEIR_ARROW(builder_.Reserve(static_cast<int64_t>(count)));
    WEIR_ARROW(builder_.ReserveData(size));
    for (idx_t row = start; row < start + count; ++row) {
      if (!IsValid(validity, row)) {
        builder_.UnsafeAppendNull();
        continue;
      }
      const duckdb_string_t& value = values[row];
      const uint32_t length = value.value.inlined.length;
      const char* data = length <= sizeof value.value.inlined.inlined ? value.value.inlined.inlined
                                                                      : value.value.pointer.ptr;
      builder_.UnsafeAppend(data, static_cast<int32_t>(length));
    }
    return {};
  }
  Result<void> AppendNulls(idx_t count) override {
    WEIR_ARROW(builder_.AppendNulls(static_cast<int64_t>(count)));
    return {};
  }
  Result<std::shared_ptr<arrow::Array>> Finish() override {
    WEIR_ARROW_ASSIGN(auto array, builder_.Finish());
    return array;
  }
  std::shared_ptr<arrow::DataType> type() const override { return builder_.type(); }
  size_t bytes() const override {
    return static_cast<size_t>(builder_.value_data_length() + builder_.length() * 4);
  }

 private:
  Builder builder_;
};

// DuckDB keeps a uuid as a signed 128 bit number in its order: the top bit is turned.
class UuidOut final : public ColumnOut {
 public:
  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    const auto* values = static_cast<const duckdb_hugeint*>(duckdb_vector_get_data(vector));
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    WEIR_ARROW(builder_.Reserve(static_cast<int64_t>(count)));
    for (idx_t row = start; row < start + count; ++row) {
      if (!IsValid(validity, row)) {
        builder_.UnsafeAppendNull();
        continue;
      }
      const uint64_t words[2] = {
          __builtin_bswap64(static_cast<uint64_t>(values[row].upper) ^ (1ULL << 63)),
          __builtin_bswap64(values[row].lower)};
      builder_.UnsafeAppend(reinterpret_cast<const uint8_t*>(words));
    }
    return {};
  }
  Result<void> AppendNulls(idx_t count) override {
    WEIR_ARROW(builder_.AppendNulls(static_cast<int64_t>(count)));
    return {};
  }
  Result<std::shared_ptr<arrow::Array>> Finish() override {
    WEIR_ARROW_ASSIGN(const auto storage, builder_.Finish());
    return arrow::ExtensionType::WrapArray(arrow::extension::uuid(), storage);
  }
  std::shared_ptr<arrow::DataType> type() const override { return arrow::extension::uuid(); }
  size_t bytes() const override { return static_cast<size_t>(builder_.length()) * 16; }

 private:
  arrow::FixedSizeBinaryBuilder builder_{arrow::fixed_size_binary(16)};
};

template <class Builder, bool Infinite = false>
std::unique_ptr<ColumnOut> Same(std::shared_ptr<arrow::DataType> type) {
  return std::make_unique<SameOut<Builder, Infinite>>(std::move(type));
}

std::unique_ptr<ColumnOut> MakeDecimalOut(duckdb_logical_type type) {
  const int precision = duckdb_decimal_width(type);
  const int scale = duckdb_decimal_scale(type);
  switch (duckdb_decimal_internal_type(type)) {
    case DUCKDB_TYPE_SMALLINT:
      return ToDecimal<int16_t>(precision, scale);
    case DUCKDB_TYPE_INTEGER:
      return ToDecimal<int32_t>(precision, scale);
    case DUCKDB_TYPE_BIGINT:
      return ToDecimal<int64_t>(precision, scale);
    default:
      return ToDecimal<duckdb_hugeint>(precision, scale);
  }
}

std::unique_ptr<ColumnOut> MakeNumberOut(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
      return ToInt32<int8_t>();
    case DUCKDB_TYPE_SMALLINT:
      return ToInt32<int16_t>();
    case DUCKDB_TYPE_UTINYINT:
      return ToInt32<uint8_t>();
    case DUCKDB_TYPE_USMALLINT:
      return ToInt32<uint16_t>();
    case DUCKDB_TYPE_INTEGER:
      return Same<arrow::Int32Builder>(arrow::int32());
    case DUCKDB_TYPE_BIGINT:
      return Same<arrow::Int64Builder>(arrow::int64());
    case DUCKDB_TYPE_UINTEGER:
      return Converted<uint32_t, arrow::Int64Builder>(
          arrow::int64(), [](uint32_t value) -> Result<int64_t> { return value; });
    case DUCKDB_TYPE_UBIGINT:
      return ToDecimal<uint64_t>(20, 0);
    case DUCKDB_TYPE_HUGEINT:
      return HugeToDecimal<duckdb_hugeint>();
    case DUCKDB_TYPE_UHUGEINT:
      return HugeToDecimal<duckdb_uhugeint>();
    case DUCKDB_TYPE_FLOAT:
      return Converted<float, arrow::DoubleBuilder>(
          arrow::float64(), [](float value) -> Result<double> { return value; });
    case DUCKDB_TYPE_DOUBLE:
      return Same<arrow::DoubleBuilder>(arrow::float64());
    default:
      return nullptr;
  }
}

std::unique_ptr<ColumnOut> MakeTimeOut(duckdb_type id) {
  const auto stamp = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto time = arrow::time64(arrow::TimeUnit::MICRO);
  switch (id) {
    case DUCKDB_TYPE_DATE:
      return Same<arrow::Date32Builder, true>(arrow::date32());
    case DUCKDB_TYPE_TIME:
      return Same<arrow::Time64Builder>(time);
    case DUCKDB_TYPE_TIME_NS:
      return ToMicros<arrow::Time64Builder, duckdb_time_ns>(time, 1, 1000);
    case DUCKDB_TYPE_TIMESTAMP:
      return Same<arrow::TimestampBuilder, true>(stamp);
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Same<arrow::TimestampBuilder, true>(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
    case DUCKDB_TYPE_TIMESTAMP_S:
      return ToMicros<arrow::TimestampBuilder, duckdb_timestamp_s>(stamp, 1'000'000, 1);
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return ToMicros<arrow::TimestampBuilder, duckdb_timestamp_ms>(stamp, 1000, 1);
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return ToMicros<arrow::TimestampBuilder, duckdb_timestamp_ns>(stamp, 1, 1000);
    default:
      return nullptr;
  }
}

}  // namespace

Result<std::unique_ptr<ColumnOut>> MakeColumnOut(duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  if (auto column = MakeNumberOut(id)) return column;
  if (auto column = MakeTimeOut(id)) return column;
  switch (id) {
    case DUCKDB_TYPE_BOOLEAN:
      return Converted<bool, arrow::BooleanBuilder>(
          arrow::boolean(), [](bool value) -> Result<bool> { return value; });
    case DUCKDB_TYPE_DECIMAL:
      return MakeDecimalOut(type);
    case DUCKDB_TYPE_VARCHAR:
      return std::make_unique<BytesOut<arrow::StringBuilder>>();
    case DUCKDB_TYPE_BLOB:
      return std::make_unique<BytesOut<arrow::BinaryBuilder>>();
    case DUCKDB_TYPE_UUID:
      return std::make_unique<UuidOut>();
    case DUCKDB_TYPE_ENUM:
    case DUCKDB_TYPE_INTERVAL:
    case DUCKDB_TYPE_BIT:
    case DUCKDB_TYPE_TIME_TZ:
    case DUCKDB_TYPE_SQLNULL:
      return MakeTextOut(type);
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_MAP:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_STRUCT:
      return MakeNestedOut(type);
    default:
      return NoColumnHolds("a value of this type", "cast it, for example to varchar");
  }
}

Result<BatchOut> BatchOut::Make(const std::vector<std::string>& names,
                                const std::vector<duckdb_logical_type>& types) {
  BatchOut batch;
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i) {
    auto column = MakeColumnOut(types[i]);
    if (!column) return Fail(WithContext(std::move(column).error(), "column " + names[i]));
    fields.push_back(arrow::field(names[i], (*column)->type()));
    batch.columns_.push_back(std::move(*column));
  }
  batch.schema_ = arrow::schema(std::move(fields));
  return batch;
}

size_t BatchOut::bytes() const {
  size_t sum = 0;
  for (const auto& column : columns_) sum += column->bytes();
  return sum;
}

Result<void> BatchOut::Append(duckdb_data_chunk chunk) {
  const idx_t count = duckdb_data_chunk_get_size(chunk);
  for (size_t i = 0; i < columns_.size(); ++i) {
    auto appended = columns_[i]->Append(duckdb_data_chunk_get_vector(chunk, i), 0, count);
    if (!appended)
      return Fail(WithContext(std::move(appended).error(),
                              "column " + schema_->field(static_cast<int>(i))->name()));
  }
  rows_ += static_cast<int64_t>(count);
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> BatchOut::Finish() {
  arrow::ArrayVector arrays;
  for (const auto& column : columns_) {
    WEIR_ASSIGN(auto array, column->Finish());
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema_, std::exchange(rows_, 0), std::move(arrays));
}

}  // namespace weir::engine

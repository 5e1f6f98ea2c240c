#include "iceberg/column_metrics_internal.h"

#include <arrow/array.h>
#include <arrow/util/bit_run_reader.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "iceberg/bounds.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

// Calls `run(begin, length)` for each run of rows that are not null.
template <class Run>
void ForEachValidRun(const arrow::Array& array, Run run) {
  if (array.null_count() == 0) {
    if (array.length() != 0) run(int64_t{0}, array.length());
    return;
  }
  arrow::internal::VisitSetBitRunsVoid(array.null_bitmap_data(), array.offset(), array.length(),
                                       run);
}

template <class ArrayType>
class WholeMetrics final : public ColumnMetrics {
 public:
  using Number = typename ArrayType::TypeClass::c_type;

  void Update(const arrow::Array& array) override {
    const Number* numbers = static_cast<const ArrayType&>(array).raw_values();
    // Plain minima and maxima: the compiler makes vector code of this.
    ForEachValidRun(array, [&](int64_t begin, int64_t length) {
      Number low = lowest_;
      Number high = highest_;
      for (const Number* at = numbers + begin; at != numbers + begin + length; ++at) {
        low = std::min(low, *at);
        high = std::max(high, *at);
      }
      lowest_ = low;
      highest_ = high;
    });
  }
  std::optional<std::string> Lower() const override { return Bound(lowest_); }
  std::optional<std::string> Upper() const override { return Bound(highest_); }

 private:
  std::optional<std::string> Bound(Number number) const {
    if (lowest_ > highest_) return std::nullopt;
    return LittleEndian(number);
  }
  Number lowest_ = std::numeric_limits<Number>::max();
  Number highest_ = std::numeric_limits<Number>::min();
};

template <class ArrayType>
class RealMetrics final : public ColumnMetrics {
 public:
  using Number = typename ArrayType::TypeClass::c_type;

  void Update(const arrow::Array& array) override {
    const Number* numbers = static_cast<const ArrayType&>(array).raw_values();
    ForEachValidRun(array, [&](int64_t begin, int64_t length) {
      Number low = lowest_;
      Number high = highest_;
      int64_t nans = 0;
      for (const Number* at = numbers + begin; at != numbers + begin + length; ++at) {
        nans += *at != *at ? 1 : 0;
        low = *at < low ? *at : low;  // False for NaN.
        high = *at > high ? *at : high;
      }
      lowest_ = low;
      highest_ = high;
      nans_ += nans;
      seen_ += length;
    });
  }
  // Zero has two signs, and the least is below and the greatest above both.
  std::optional<std::string> Lower() const override {
    return Bound(lowest_ == 0 ? Number{-0.0} : lowest_);
  }
  std::optional<std::string> Upper() const override {
    return Bound(highest_ == 0 ? Number{0.0} : highest_);
  }
  std::optional<int64_t> nan_count() const override { return nans_; }

 private:
  std::optional<std::string> Bound(Number number) const {
    if (seen_ == nans_) return std::nullopt;
    return LittleEndian(number);
  }
  Number lowest_ = std::numeric_limits<Number>::infinity();
  Number highest_ = -std::numeric_limits<Number>::infinity();
  int64_t nans_ = 0;
  int64_t seen_ = 0;
};

class FlagMetrics final : public ColumnMetrics {
 public:
  void Update(const arrow::Array& array) override {
    const auto& flags = static_cast<const arrow::BooleanArray&>(array);
    const int64_t valid = array.length() - array.null_count();
    const int64_t set = flags.true_count();
    any_true_ = any_true_ || set != 0;
    any_false_ = any_false_ || set != valid;
  }
  std::optional<std::string> Lower() const override {
    if (!any_true_ && !any_false_) return std::nullopt;
    return std::string(1, any_false_ ? '\0' : '\1');
  }
  std::optional<std::string> Upper() const override {
    if (!any_true_ && !any_false_) return std::nullopt;
    return std::string(1, any_true_ ? '\1' : '\0');
  }

 private:
  bool any_true_ = false;
  bool any_false_ = false;
};

class DecimalMetrics final : public ColumnMetrics {
 public:
  void Update(const arrow::Array& array) override {
    const auto* bytes = static_cast<const arrow::Decimal128Array&>(array).raw_values();
    ForEachValidRun(array, [&](int64_t begin, int64_t length) {
      for (int64_t row = begin; row < begin + length; ++row) {
        Int128 number;
        std::memcpy(&number, bytes + row * 16, 16);
        if (!seen_ || number < lowest_) lowest_ = number;
        if (!seen_ || number > highest_) highest_ = number;
        seen_ = true;
      }
    });
  }
  std::optional<std::string> Lower() const override { return Bound(lowest_); }
  std::optional<std::string> Upper() const override { return Bound(highest_); }

 private:
  std::optional<std::string> Bound(Int128 number) const {
    if (!seen_) return std::nullopt;
    return std::string(MinimalBytes(FromInt128(number)).view());
  }
  Int128 lowest_ = 0;
  Int128 highest_ = 0;
  bool seen_ = false;
};

enum class BytesKind : uint8_t { kText, kBytes, kExact };

template <class ArrayType, BytesKind kKind>
class BytesMetrics final : public ColumnMetrics {
 public:
  void Update(const arrow::Array& array) override {
    if (array.null_count() == array.length()) return;
    const auto& texts = static_cast<const ArrayType&>(array);
    // Views into the batch; copied once at its end. Their first bytes decide nearly every row.
    std::string_view low = lowest_;
    std::string_view high = highest_;
    uint64_t low_prefix = Prefix(low);
    uint64_t high_prefix = Prefix(high);
    bool seen = seen_;
    ForEachValidRun(array, [&](int64_t begin, int64_t length) {
      int64_t row = begin;
      if (!seen) {
        low = high = Head(texts.GetView(row++));
        low_prefix = high_prefix = Prefix(low);
        seen = true;
      }
      for (; row < begin + length; ++row) {
        const std::string_view text = Head(texts.GetView(row));
        const uint64_t prefix = Prefix(text);
        if (prefix > low_prefix && prefix < high_prefix) continue;
        if (prefix < low_prefix || (prefix == low_prefix && text < low)) {
          low = text;
          low_prefix = prefix;
        }
        if (prefix > high_prefix || (prefix == high_prefix && text > high)) {
          high = text;
          high_prefix = prefix;
        }
      }
    });
    // Through copies: either may be a view of the other's old bytes.
    std::string new_low(low);
    std::string new_high(high);
    lowest_ = std::move(new_low);
    highest_ = std::move(new_high);
    seen_ = seen;
  }
  std::optional<std::string> Lower() const override {
    if (!seen_) return std::nullopt;
    if constexpr (kKind == BytesKind::kText) return LowerBoundOfText(lowest_);
    if constexpr (kKind == BytesKind::kBytes) return LowerBoundOfBytes(lowest_);
    return lowest_;
  }
  std::optional<std::string> Upper() const override {
    if (!seen_) return std::nullopt;
    if constexpr (kKind == BytesKind::kText) return UpperBoundOfText(highest_);
    if constexpr (kKind == BytesKind::kBytes) return UpperBoundOfBytes(highest_);
    return highest_;
  }

 private:
  // Bounds are cut to 16 code points, 64 bytes at most. One code point more tells a text that ends
  // there from a longer one; nothing behind it can change a bound.
  static constexpr size_t kHead = (kBoundLength + 1) * 4;
  static std::string_view Head(std::string_view text) { return text.substr(0, kHead); }

  // The first eight bytes as a number that orders as they do; a shorter text ends in zeros.
  static uint64_t Prefix(std::string_view text) {
    uint64_t prefix = 0;
    if (text.size() >= 8) {
      std::memcpy(&prefix, text.data(), 8);
      return __builtin_bswap64(prefix);
    }
    for (const char c : text) prefix = (prefix << 8) | static_cast<unsigned char>(c);
    return text.empty() ? 0 : prefix << (8 * (8 - text.size()));
  }

  std::string lowest_;
  std::string highest_;
  bool seen_ = false;
};

}  // namespace

std::unique_ptr<ColumnMetrics> MakeColumnMetrics(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return std::make_unique<FlagMetrics>();
    case TypeKind::kInt:
      return std::make_unique<WholeMetrics<arrow::Int32Array>>();
    case TypeKind::kDate:
      return std::make_unique<WholeMetrics<arrow::Date32Array>>();
    case TypeKind::kLong:
      return std::make_unique<WholeMetrics<arrow::Int64Array>>();
    case TypeKind::kTime:
      return std::make_unique<WholeMetrics<arrow::Time64Array>>();
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return std::make_unique<WholeMetrics<arrow::TimestampArray>>();
    case TypeKind::kFloat:
      return std::make_unique<RealMetrics<arrow::FloatArray>>();
    case TypeKind::kDouble:
      return std::make_unique<RealMetrics<arrow::DoubleArray>>();
    case TypeKind::kDecimal:
      return std::make_unique<DecimalMetrics>();
    case TypeKind::kString:
      return std::make_unique<BytesMetrics<arrow::StringArray, BytesKind::kText>>();
    case TypeKind::kBinary:
      return std::make_unique<BytesMetrics<arrow::BinaryArray, BytesKind::kBytes>>();
    case TypeKind::kFixed:
      return std::make_unique<BytesMetrics<arrow::FixedSizeBinaryArray, BytesKind::kBytes>>();
    case TypeKind::kUuid:
      return std::make_unique<BytesMetrics<arrow::FixedSizeBinaryArray, BytesKind::kExact>>();
    default:
      return nullptr;
  }
}

}  // namespace weir::iceberg

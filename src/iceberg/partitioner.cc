// Partitioner: column by column, each row's value becomes a small code; then the codes of all
// fields are joined into one. Runs of equal values, which is what sorted and timely data has, cost
// a compare.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <array>
#include <cmath>
#include <string>
#include <type_traits>
#include <unordered_map>

#include "base/check.h"
#include "iceberg/calendar_internal.h"
#include "iceberg/column_access_internal.h"
#include "iceberg/partition_spec.h"
#include "iceberg/transform_internal.h"
#include "iceberg/value_internal.h"

namespace weir::iceberg {
namespace {

// One field's column: per row a code, per code a value.
struct Coded {
  std::vector<uint32_t> codes;
  std::vector<Value> values;
};

// Gives keys codes in order of first appearance. The last key costs a compare, a recent number a
// look into a small table, any other key a look into the map.
template <class Key>
class Coder {
 public:
  // `open(key)` is called for a new key, before it gets its code.
  template <class Open>
  uint32_t Code(const Key& key, Open open) {
    if (any_ && key == last_key_) return last_code_;
    any_ = true;
    last_key_ = key;
    if constexpr (std::is_integral_v<Key>) {
      Recent& recent = recent_[(static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15ULL) >> 56];
      if (!recent.filled || recent.key != key)
        recent = {.key = key, .code = Look(key, open), .filled = true};
      return last_code_ = recent.code;
    } else {
      return last_code_ = Look(key, open);
    }
  }
  // The next code, for what has no key.
  uint32_t Skip() { return static_cast<uint32_t>(codes_.size() + skipped_++); }

 private:
  template <class Open>
  uint32_t Look(const Key& key, Open open) {
    const auto [found, is_new] =
        codes_.try_emplace(key, static_cast<uint32_t>(codes_.size() + skipped_));
    if (is_new) open(key);
    return found->second;
  }

  struct Recent {
    Key key{};
    uint32_t code = 0;
    bool filled = false;
  };
  struct None {};
  std::unordered_map<Key, uint32_t> codes_;
  [[no_unique_address]] std::conditional_t<std::is_integral_v<Key>, std::array<Recent, 256>, None>
      recent_{};
  Key last_key_{};
  uint32_t last_code_ = 0;
  bool any_ = false;
  size_t skipped_ = 0;
};

// `key_at(row)` is called for rows that are not null.
template <class Key, class KeyAt, class MakeValue>
Coded CodeColumn(const arrow::Array& array, KeyAt key_at, MakeValue make_value) {
  Coded coded;
  coded.codes.resize(static_cast<size_t>(array.length()));
  Coder<Key> coder;
  constexpr uint32_t kNone = 0xffffffff;
  uint32_t null_code = kNone;
  const bool has_nulls = array.null_count() != 0;
  for (int64_t row = 0; row < array.length(); ++row) {
    uint32_t code = 0;
    if (has_nulls && array.IsNull(row)) {
      if (null_code == kNone) {
        null_code = coder.Skip();
        coded.values.emplace_back(std::monostate{});
      }
      code = null_code;
    } else {
      code =
          coder.Code(key_at(row), [&](const Key& key) { coded.values.push_back(make_value(key)); });
    }
    coded.codes[static_cast<size_t>(row)] = code;
  }
  return coded;
}

// Times to years, months, days or hours. Neighbouring rows mostly lie in the same hour or day,
// which is then known without a division.
class TimeUnits {
 public:
  TimeUnits(TransformKind transform, TypeKind source)
      : transform_(transform),
        source_(source),
        step_(source == TypeKind::kDate           ? 1
              : transform == TransformKind::kHour ? kMicrosPerHour
                                                  : kMicrosPerDay) {}

  int32_t Of(int64_t value) {
    // Unsigned, since the first step of all time begins before what 64 bits hold.
    const auto at = static_cast<uint64_t>(value);
    if (at - begin_ >= step_ || !any_) {
      begin_ = static_cast<uint64_t>(FloorDivide(value, static_cast<int64_t>(step_))) * step_;
      unit_ = TimeUnitOf(transform_, source_, value);
      any_ = true;
    }
    return unit_;
  }

 private:
  TransformKind transform_;
  TypeKind source_;
  uint64_t step_;
  uint64_t begin_ = 0;
  int32_t unit_ = 0;
  bool any_ = false;
};

Coded AllNull(const arrow::Array& array) {
  Coded coded;
  coded.codes.assign(static_cast<size_t>(array.length()), 0);
  coded.values.emplace_back(std::monostate{});
  return coded;
}

// Columns whose values are whole numbers in memory.
template <class ArrayType>
Coded CodeWhole(const Transform& transform, const Type& source, const arrow::Array& array) {
  const auto& typed = static_cast<const ArrayType&>(array);
  const auto narrow = [](int64_t key) { return Value(static_cast<int32_t>(key)); };
  switch (transform.kind) {
    case TransformKind::kBucket:
      return CodeColumn<int64_t>(
          array,
          [&](int64_t row) { return BucketOf(HashWhole(typed.Value(row)), transform.width); },
          narrow);
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      return CodeColumn<int64_t>(
          array,
          [&, units = TimeUnits(transform.kind, source.kind)](int64_t row) mutable {
            return units.Of(typed.Value(row));
          },
          narrow);
    default: {
      const bool cut = transform.kind == TransformKind::kTruncate;
      return CodeColumn<int64_t>(
          array,
          [&](int64_t row) {
            const int64_t value = typed.Value(row);
            return cut ? TruncateWhole(value, transform.width) : value;
          },
          [](int64_t key) {
            return Value(static_cast<typename ArrayType::TypeClass::c_type>(key));
          });
    }
  }
}

template <class ArrayType>
Coded CodeBytes(const Transform& transform, const Type& source, const arrow::Array& array) {
  const auto& typed = static_cast<const ArrayType&>(array);
  if (transform.kind == TransformKind::kBucket)
    return CodeColumn<int64_t>(
        array, [&](int64_t row) { return BucketOf(Murmur3(typed.GetView(row)), transform.width); },
        [](int64_t key) { return Value(static_cast<int32_t>(key)); });
  const auto width = static_cast<size_t>(transform.width);
  const bool cut = transform.kind == TransformKind::kTruncate;
  const bool text = source.kind == TypeKind::kString;
  return CodeColumn<std::string_view>(
      array,
      [&](int64_t row) {
        const std::string_view view = typed.GetView(row);
        if (!cut) return view;
        return text ? TruncateText(view, width) : view.substr(0, width);
      },
      [](std::string_view key) { return Value(std::string(key)); });
}

// Rare key types (decimals, reals): through Apply, keyed by the result's bytes.
template <class ValueAt>
Result<Coded> CodeRare(const Transform& transform, const Type& source, const arrow::Array& array,
                       ValueAt value_at) {
  WEIR_ASSIGN(const Type result, ResultType(transform, source));
  return CodeColumn<std::string>(
      array,
      [&](int64_t row) { return EncodeValue(result, Apply(transform, source, value_at(row))); },
      [&](const std::string& key) { return DecodeValue(result, key).value(); });
}

template <class Number>
Value CanonicalReal(Number number) {
  return std::isnan(number) ? Value(std::numeric_limits<Number>::quiet_NaN()) : Value(number);
}

Result<Coded> CodeField(const Transform& transform, const Type& source, const arrow::Array& array) {
  if (transform.kind == TransformKind::kVoid) return AllNull(array);
  switch (source.kind) {
    case TypeKind::kBoolean: {
      const auto& typed = static_cast<const arrow::BooleanArray&>(array);
      return CodeColumn<int64_t>(
          array, [&](int64_t row) { return int64_t{typed.Value(row)}; },
          [](int64_t key) { return Value(key != 0); });
    }
    case TypeKind::kInt:
      return CodeWhole<arrow::Int32Array>(transform, source, array);
    case TypeKind::kDate:
      return CodeWhole<arrow::Date32Array>(transform, source, array);
    case TypeKind::kLong:
      return CodeWhole<arrow::Int64Array>(transform, source, array);
    case TypeKind::kTime:
      return CodeWhole<arrow::Time64Array>(transform, source, array);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return CodeWhole<arrow::TimestampArray>(transform, source, array);
    case TypeKind::kString:
      return CodeBytes<arrow::StringArray>(transform, source, array);
    case TypeKind::kBinary:
      return CodeBytes<arrow::BinaryArray>(transform, source, array);
    case TypeKind::kUuid:
    case TypeKind::kFixed:
      return CodeBytes<arrow::FixedSizeBinaryArray>(transform, source, array);
    case TypeKind::kFloat: {
      const auto& typed = static_cast<const arrow::FloatArray&>(array);
      return CodeRare(transform, source, array,
                      [&](int64_t row) { return CanonicalReal(typed.Value(row)); });
    }
    case TypeKind::kDouble: {
      const auto& typed = static_cast<const arrow::DoubleArray&>(array);
      return CodeRare(transform, source, array,
                      [&](int64_t row) { return CanonicalReal(typed.Value(row)); });
    }
    case TypeKind::kDecimal: {
      const auto& typed = static_cast<const arrow::Decimal128Array&>(array);
      return CodeRare(transform, source, array, [&](int64_t row) {
        const std::string_view bytes(reinterpret_cast<const char*>(typed.GetValue(row)), 16);
        return Value(Unscaled{.high = FromLittleEndian<int64_t>(bytes.substr(8)),
                              .low = FromLittleEndian<uint64_t>(bytes)});
      });
    }
    default:
      break;
  }
  WEIR_CHECK(false);  // Make has refused every other type.
}

// Extends the tuples so far by one more field.
void Join(PartitionedRows& rows, const Coded& coded) {
  if (rows.row_tuple.empty() && rows.tuples.empty()) {
    rows.row_tuple = coded.codes;
    for (const Value& value : coded.values) rows.tuples.push_back({value});
    return;
  }
  std::vector<PartitionTuple> tuples;
  Coder<uint64_t> coder;
  for (size_t row = 0; row < rows.row_tuple.size(); ++row) {
    const uint64_t pair = (uint64_t{rows.row_tuple[row]} << 32) | coded.codes[row];
    rows.row_tuple[row] = coder.Code(pair, [&](uint64_t key) {
      tuples.push_back(rows.tuples[key >> 32]);
      tuples.back().push_back(coded.values[key & 0xffffffffU]);
    });
  }
  rows.tuples = std::move(tuples);
}

}  // namespace

Result<Partitioner> Partitioner::Make(const Schema& schema, const PartitionSpec& spec) {
  Partitioner made;
  made.spec_ = spec;
  WEIR_ASSIGN(made.types_, PartitionTypes(spec, schema));
  for (const PartitionField& field : spec.fields) {
    // Only top-level columns: a batch is looked up by column name.
    const Field* source = schema.FindById(field.source_id);
    const bool top_level = source != nullptr && schema.Find(source->name) == source;
    if (!top_level && field.transform.kind != TransformKind::kVoid)
      return Fail(ErrorKind::kUnsupported, "iceberg.partition_column",
                  "partition field '" + field.name + "' takes a column inside a struct");
    made.sources_.push_back(top_level ? *source : Field{});
  }
  return made;
}

bool Partitioner::reads(std::string_view column) const {
  return std::ranges::any_of(sources_, [&](const Field& source) { return source.name == column; });
}

Result<PartitionedRows> Partitioner::Split(const arrow::RecordBatch& batch) const {
  PartitionedRows rows;
  if (batch.num_rows() == 0) return rows;
  for (size_t i = 0; i < spec_.fields.size(); ++i) {
    const Field& source = sources_[i];
    const std::shared_ptr<arrow::Array> column =
        source.name.empty() ? batch.column(0) : batch.GetColumnByName(source.name);
    if (column == nullptr)
      return Fail(
          ErrorKind::kInvalid, "iceberg.column_type",
          "the batch has no column '" + source.name + "', which the table is partitioned by");
    std::shared_ptr<arrow::Array> storage = column;
    if (spec_.fields[i].transform.kind != TransformKind::kVoid) {
      WEIR_ASSIGN(storage, StorageOf(column, source.type, source.name));
    }
    WEIR_ASSIGN(const Coded coded, CodeField(spec_.fields[i].transform, source.type, *storage));
    Join(rows, coded);
  }
  if (rows.tuples.empty()) rows.tuples.emplace_back();
  if (rows.tuples.size() == 1) rows.row_tuple.clear();
  return rows;
}

}  // namespace weir::iceberg

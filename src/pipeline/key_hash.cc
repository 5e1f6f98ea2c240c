#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/util/decimal.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "env/hash.h"
#include "pipeline/key_hash_internal.h"

namespace weir::pipeline {
namespace {

template <class T>
void AppendFixed(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

void AppendText(std::string& bytes, std::string_view text) {
  AppendFixed(bytes, static_cast<uint64_t>(text.size()));
  bytes += text;
}

// The value at `row`, which is not null, as bytes that equal values share.
void AppendValue(std::string& bytes, const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return AppendFixed<uint8_t>(bytes, static_cast<const arrow::BooleanArray&>(array).Value(row));
    case arrow::Type::INT32:
      return AppendFixed<int64_t>(bytes, static_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::INT64:
      return AppendFixed<int64_t>(bytes, static_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE: {
      const double value = array.type_id() == arrow::Type::FLOAT
                               ? static_cast<const arrow::FloatArray&>(array).Value(row)
                               : static_cast<const arrow::DoubleArray&>(array).Value(row);
      return AppendFixed<double>(bytes, value == 0 ? 0.0 : value);
    }
    case arrow::Type::DATE32:
      return AppendFixed<int64_t>(bytes, static_cast<const arrow::Date32Array&>(array).Value(row));
    case arrow::Type::TIME64:
      return AppendFixed<int64_t>(bytes, static_cast<const arrow::Time64Array&>(array).Value(row));
    case arrow::Type::TIMESTAMP:
      return AppendFixed<int64_t>(bytes,
                                  static_cast<const arrow::TimestampArray&>(array).Value(row));
    case arrow::Type::DECIMAL128:
    case arrow::Type::FIXED_SIZE_BINARY:
      return AppendText(bytes, static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row));
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return AppendText(bytes, static_cast<const arrow::BinaryArray&>(array).GetView(row));
    case arrow::Type::EXTENSION:
      return AppendValue(bytes, *static_cast<const arrow::ExtensionArray&>(array).storage(), row);
    default:
      WEIR_CHECK(false);  // MayBeKey was asked.
  }
}

}  // namespace

bool MayBeKey(const columnar::Type& type) { return type.children.empty(); }

std::vector<std::optional<KeyHash>> HashKeys(std::span<const std::shared_ptr<arrow::Array>> columns,
                                             const std::string& secret) {
  WEIR_CHECK(!columns.empty());
  const int64_t rows = columns.front()->length();
  std::vector<std::optional<KeyHash>> hashes(static_cast<size_t>(rows));
  std::string bytes;
  for (int64_t row = 0; row < rows; ++row) {
    bytes = secret;
    bool null = false;
    for (const auto& column : columns) {
      null = null || column->IsNull(row);
      if (!null) AppendValue(bytes, *column, row);
    }
    if (null) continue;
    const env::Hash128 hash = env::ContentHash128(bytes);
    hashes[static_cast<size_t>(row)] = KeyHash{hash.high, hash.low};
  }
  return hashes;
}

}  // namespace weir::pipeline

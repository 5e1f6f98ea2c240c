#include "table/row_key.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/check.h"
#include "base/letter_case.h"

namespace weir::table {
namespace {

std::unexpected<Error> NoKey(const std::string& name, const std::string& why) {
  return Fail(ErrorKind::kConfig, "table.key_column", "column " + name + " " + why,
              "choose columns of plain types");
}

// Most significant byte first.
void AddUnsigned(uint64_t number, int bytes, std::string& key) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    key += static_cast<char>(number >> shift & 0xFF);
}

void AddSigned(int64_t number, std::string& key) {
  AddUnsigned(static_cast<uint64_t>(number) ^ (uint64_t{1} << 63), 8, key);
}

void AddDouble(double number, std::string& key) {
  const auto bits = std::bit_cast<uint64_t>(number == 0 ? 0.0 : number);
  AddUnsigned((bits >> 63) != 0 ? ~bits : bits ^ (uint64_t{1} << 63), 8, key);
}

// A zero byte within is doubled with 0xFF, so that two of them end the text.
void AddBytes(std::string_view bytes, std::string& key) {
  for (const char byte : bytes) {
    key += byte;
    if (byte == '\0') key += '\xFF';
  }
  key.append(2, '\0');
}

void AddDecimal(const arrow::Decimal128Array& column, int64_t row, std::string& key) {
  const arrow::Decimal128 value(column.GetValue(row));
  AddUnsigned(static_cast<uint64_t>(value.high_bits()) ^ (uint64_t{1} << 63), 8, key);
  AddUnsigned(value.low_bits(), 8, key);
}

using AddCell = void (*)(const arrow::Array&, int64_t, std::string&);

template <class Array>
void AddNumber(const arrow::Array& column, int64_t row, std::string& key) {
  AddSigned(static_cast<const Array&>(column).Value(row), key);
}

AddCell AdderOf(arrow::Type::type type) {
  using arrow::Array;
  switch (type) {
    case arrow::Type::BOOL:
      return AddNumber<arrow::BooleanArray>;
    case arrow::Type::INT32:
      return AddNumber<arrow::Int32Array>;
    case arrow::Type::INT64:
      return AddNumber<arrow::Int64Array>;
    case arrow::Type::DATE32:
      return AddNumber<arrow::Date32Array>;
    case arrow::Type::TIME64:
      return AddNumber<arrow::Time64Array>;
    case arrow::Type::TIMESTAMP:
      return AddNumber<arrow::TimestampArray>;
    case arrow::Type::DOUBLE:
      return [](const Array& column, int64_t row, std::string& key) {
        AddDouble(static_cast<const arrow::DoubleArray&>(column).Value(row), key);
      };
    case arrow::Type::DECIMAL128:
      return [](const Array& column, int64_t row, std::string& key) {
        AddDecimal(static_cast<const arrow::Decimal128Array&>(column), row, key);
      };
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return [](const Array& column, int64_t row, std::string& key) {
        AddBytes(static_cast<const arrow::BinaryArray&>(column).GetView(row), key);
      };
    case arrow::Type::FIXED_SIZE_BINARY:
      return [](const Array& column, int64_t row, std::string& key) {
        key += static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row);
      };
    default:
      return nullptr;
  }
}

Result<void> AddColumn(const arrow::RecordBatch& rows, const KeyColumn& wanted,
                       std::vector<std::string>& keys) {
  std::shared_ptr<arrow::Array> column = rows.GetColumnByName(wanted.name);
  if (column == nullptr) return NoKey(wanted.name, "is not there");
  if (column->type_id() == arrow::Type::EXTENSION)
    column = static_cast<const arrow::ExtensionArray&>(*column).storage();
  const AddCell add = AdderOf(column->type_id());
  if (add == nullptr) return NoKey(wanted.name, "has a type without an order");
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    std::string& key = keys[static_cast<size_t>(row)];
    const size_t begin = key.size();
    key += column->IsNull(row) ? '\0' : '\1';
    if (!column->IsNull(row)) add(*column, row, key);
    if (!wanted.descending) continue;
    for (size_t i = begin; i < key.size(); ++i) key[i] = static_cast<char>(~key[i]);
  }
  return {};
}

}  // namespace

Result<KeyColumn> ParseSortTerm(std::string_view text) {
  const size_t blank = text.find(' ');
  KeyColumn made{.name = std::string(text.substr(0, blank)), .descending = false};
  if (blank == std::string_view::npos) return made;
  const std::string order = Lower(text.substr(blank + 1));
  if (order == "asc") return made;
  made.descending = order == "desc";
  if (made.descending) return made;
  return Fail(ErrorKind::kConfig, "table.sort", "'" + std::string(text) + "' is no order",
              "write COLUMN or COLUMN desc");
}

Result<std::vector<std::string>> KeysOf(const arrow::RecordBatch& rows,
                                        const std::vector<KeyColumn>& columns) {
  std::vector<std::string> keys(static_cast<size_t>(rows.num_rows()));
  for (const KeyColumn& column : columns) WEIR_TRY(AddColumn(rows, column, keys));
  return keys;
}

Result<std::shared_ptr<arrow::RecordBatch>> Sorted(const std::shared_ptr<arrow::RecordBatch>& rows,
                                                   const std::vector<KeyColumn>& columns) {
  WEIR_ASSIGN(const std::vector<std::string> keys, KeysOf(*rows, columns));
  std::vector<int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, {}, [&keys](int64_t row) -> const std::string& {
    return keys[static_cast<size_t>(row)];
  });
  const auto count = static_cast<int64_t>(order.size());
  const auto indices =
      std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(order)));
  auto taken = arrow::compute::Take(arrow::Datum(rows), arrow::Datum(indices));
  if (!taken.ok())
    return Fail(ErrorKind::kInvalid, "table.column", "cannot sort: " + taken.status().message());
  WEIR_CHECK(taken->record_batch()->num_rows() == rows->num_rows());
  return taken->record_batch();
}

Result<std::shared_ptr<arrow::RecordBatch>> WithoutDictionaries(const arrow::RecordBatch& rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < rows.num_columns(); ++i) {
    std::shared_ptr<arrow::Array> column = rows.column(i);
    if (column->type_id() == arrow::Type::DICTIONARY) {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(*column);
      auto plain = arrow::compute::Take(*coded.dictionary(), *coded.indices());
      if (!plain.ok()) return Fail(ErrorKind::kInvalid, "table.column", plain.status().message());
      column = *plain;
    }
    fields.push_back(rows.schema()->field(i)->WithType(column->type()));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(),
                                  std::move(columns));
}

}  // namespace weir::table

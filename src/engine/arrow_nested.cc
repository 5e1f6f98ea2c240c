// Lists, maps, arrays and structs out of DuckDB, and values that only DuckDB can put into text.
#include <limits>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/builder_binary.h"
#include "arrow/buffer_builder.h"
#include "arrow/type.h"
#include "engine/arrow_out_internal.h"
#include "engine/arrow_status_internal.h"

namespace weir::engine {
namespace {

bool IsValid(const uint64_t* validity, idx_t row) {
  return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
}

// Which rows of a nested column are not null.
class Validity {
 public:
  Result<void> Append(bool valid) {
    WEIR_ARROW(bits_.Append(valid));
    if (!valid) ++nulls_;
    return {};
  }
  int64_t length() const { return bits_.length(); }
  int64_t nulls() const { return nulls_; }
  Result<std::shared_ptr<arrow::Buffer>> Finish() {
    if (std::exchange(nulls_, 0) == 0) {
      bits_.Reset();
      return nullptr;
    }
    WEIR_ARROW_ASSIGN(auto buffer, bits_.Finish());
    return buffer;
  }

 private:
  arrow::TypedBufferBuilder<bool> bits_;
  int64_t nulls_ = 0;
};

// Lists and maps (`array_size` 0: entries with offset and length) and arrays (of `array_size`
// each).
class ListOut final : public ColumnOut {
 public:
  ListOut(std::unique_ptr<ColumnOut> child, idx_t array_size)
      : child_(std::move(child)), array_size_(array_size) {}

  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    const auto* entries =
        array_size_ != 0 ? nullptr
                         : static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(vector));
    const duckdb_vector child = array_size_ != 0 ? duckdb_array_vector_get_child(vector)
                                                 : duckdb_list_vector_get_child(vector);
    // Neighbouring entries are mostly neighbours in the child too: one call for each such run.
    idx_t run_start = 0;
    idx_t run_length = 0;
    for (idx_t row = start; row < start + count; ++row) {
      WEIR_ARROW(offsets_.Append(static_cast<int32_t>(child_rows_)));
      WEIR_TRY(validity_.Append(IsValid(validity, row)));
      if (!IsValid(validity, row)) continue;
      const idx_t offset = entries != nullptr ? entries[row].offset : row * array_size_;
      const idx_t length = entries != nullptr ? entries[row].length : array_size_;
      if (length == 0) continue;
      if (run_length != 0 && offset != run_start + run_length) {
        WEIR_TRY(child_->Append(child, run_start, run_length));
        run_length = 0;
      }
      if (run_length == 0) run_start = offset;
      run_length += length;
      child_rows_ += length;
    }
    if (run_length != 0) WEIR_TRY(child_->Append(child, run_start, run_length));
    return {};
  }

  Result<void> AppendNulls(idx_t count) override {
    for (idx_t i = 0; i < count; ++i) {
      WEIR_ARROW(offsets_.Append(static_cast<int32_t>(child_rows_)));
      WEIR_TRY(validity_.Append(false));
    }
    return {};
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    if (child_rows_ > static_cast<idx_t>(std::numeric_limits<int32_t>::max()))
      return Fail(ErrorKind::kUnsupported, "engine.type", "a list column holds over 2^31 elements");
    WEIR_ARROW(offsets_.Append(static_cast<int32_t>(std::exchange(child_rows_, 0))));
    const int64_t length = validity_.length();
    const int64_t nulls = validity_.nulls();
    WEIR_ASSIGN(auto bits, validity_.Finish());
    WEIR_ARROW_ASSIGN(auto offsets, offsets_.Finish());
    WEIR_ASSIGN(auto values, child_->Finish());
    return std::make_shared<arrow::ListArray>(type(), length, std::move(offsets), std::move(values),
                                              std::move(bits), nulls);
  }

  std::shared_ptr<arrow::DataType> type() const override {
    return arrow::list(arrow::field("element", child_->type()));
  }
  size_t bytes() const override {
    return child_->bytes() + static_cast<size_t>(validity_.length()) * 4;
  }

 private:
  std::unique_ptr<ColumnOut> child_;
  idx_t array_size_;
  idx_t child_rows_ = 0;
  arrow::TypedBufferBuilder<int32_t> offsets_;
  Validity validity_;
};

class StructOut final : public ColumnOut {
 public:
  StructOut(std::vector<std::string> names, std::vector<std::unique_ptr<ColumnOut>> children)
      : names_(std::move(names)), children_(std::move(children)) {}

  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    for (idx_t row = start; row < start + count; ++row)
      WEIR_TRY(validity_.Append(IsValid(validity, row)));
    for (size_t i = 0; i < children_.size(); ++i)
      WEIR_TRY(children_[i]->Append(duckdb_struct_vector_get_child(vector, i), start, count));
    return {};
  }

  Result<void> AppendNulls(idx_t count) override {
    for (idx_t i = 0; i < count; ++i) WEIR_TRY(validity_.Append(false));
    for (const auto& child : children_) WEIR_TRY(child->AppendNulls(count));
    return {};
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    const int64_t length = validity_.length();
    const int64_t nulls = validity_.nulls();
    WEIR_ASSIGN(auto bits, validity_.Finish());
    arrow::ArrayVector arrays;
    for (const auto& child : children_) {
      WEIR_ASSIGN(auto array, child->Finish());
      arrays.push_back(std::move(array));
    }
    return std::make_shared<arrow::StructArray>(type(), length, std::move(arrays), std::move(bits),
                                                nulls);
  }

  std::shared_ptr<arrow::DataType> type() const override {
    arrow::FieldVector fields;
    for (size_t i = 0; i < children_.size(); ++i)
      fields.push_back(arrow::field(names_[i], children_[i]->type()));
    return arrow::struct_(std::move(fields));
  }
  size_t bytes() const override {
    size_t sum = static_cast<size_t>(validity_.length()) / 8;
    for (const auto& child : children_) sum += child->bytes();
    return sum;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<ColumnOut>> children_;
  Validity validity_;
};

// Asks DuckDB for the text of each value. Slow, for types that seldom leave.
class TextOut final : public ColumnOut {
 public:
  explicit TextOut(duckdb_logical_type type) : id_(duckdb_get_type_id(type)) {
    if (id_ != DUCKDB_TYPE_ENUM) return;
    code_type_ = duckdb_enum_internal_type(type);
    for (idx_t i = 0; i < duckdb_enum_dictionary_size(type); ++i)
      words_.emplace_back(OwnedText(duckdb_enum_dictionary_value(type, i)).get());
  }

  Result<void> Append(duckdb_vector vector, idx_t start, idx_t count) override {
    const uint64_t* validity = duckdb_vector_get_validity(vector);
    const void* data = duckdb_vector_get_data(vector);
    for (idx_t row = start; row < start + count; ++row) {
      if (id_ == DUCKDB_TYPE_SQLNULL || !IsValid(validity, row))
        WEIR_ARROW(builder_.AppendNull());
      else
        WEIR_ARROW(builder_.Append(id_ == DUCKDB_TYPE_ENUM ? Word(data, row) : Text(data, row)));
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
  std::shared_ptr<arrow::DataType> type() const override { return arrow::utf8(); }
  size_t bytes() const override {
    return static_cast<size_t>(builder_.value_data_length() + builder_.length() * 4);
  }

 private:
  const std::string& Word(const void* data, idx_t row) const {
    switch (code_type_) {
      case DUCKDB_TYPE_UTINYINT:
        return words_[static_cast<const uint8_t*>(data)[row]];
      case DUCKDB_TYPE_USMALLINT:
        return words_[static_cast<const uint16_t*>(data)[row]];
      default:
        return words_[static_cast<const uint32_t*>(data)[row]];
    }
  }

  std::string Text(const void* data, idx_t row) const {
    duckdb_value value = nullptr;
    if (id_ == DUCKDB_TYPE_INTERVAL) {
      value = duckdb_create_interval(static_cast<const duckdb_interval*>(data)[row]);
    } else if (id_ == DUCKDB_TYPE_TIME_TZ) {
      value = duckdb_create_time_tz_value(static_cast<const duckdb_time_tz*>(data)[row]);
    } else {
      duckdb_string_t bits = static_cast<const duckdb_string_t*>(data)[row];
      auto* bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(duckdb_string_t_data(&bits)));
      value = duckdb_create_bit({.data = bytes, .size = duckdb_string_t_length(bits)});
    }
    const OwnedText text(duckdb_get_varchar(value));
    duckdb_destroy_value(&value);
    return text.get();
  }

  duckdb_type id_;
  duckdb_type code_type_ = DUCKDB_TYPE_INVALID;
  std::vector<std::string> words_;
  arrow::StringBuilder builder_;
};

Result<std::unique_ptr<ColumnOut>> MakeStructOut(std::vector<std::string> names,
                                                 const std::vector<OwnedType>& types) {
  std::vector<std::unique_ptr<ColumnOut>> children;
  for (const OwnedType& type : types) {
    WEIR_ASSIGN(auto child, MakeColumnOut(type.get()));
    children.push_back(std::move(child));
  }
  return std::make_unique<StructOut>(std::move(names), std::move(children));
}

}  // namespace

Result<std::unique_ptr<ColumnOut>> MakeTextOut(duckdb_logical_type type) {
  return std::make_unique<TextOut>(type);
}

Result<std::unique_ptr<ColumnOut>> MakeNestedOut(duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  std::vector<std::string> names;
  std::vector<OwnedType> types;
  if (id == DUCKDB_TYPE_LIST || id == DUCKDB_TYPE_ARRAY) {
    const bool array = id == DUCKDB_TYPE_ARRAY;
    const OwnedType child_type(array ? duckdb_array_type_child_type(type)
                                     : duckdb_list_type_child_type(type));
    WEIR_ASSIGN(auto child, MakeColumnOut(child_type.get()));
    return std::make_unique<ListOut>(std::move(child),
                                     array ? duckdb_array_type_array_size(type) : 0);
  }
  if (id == DUCKDB_TYPE_MAP) {
    types.emplace_back(duckdb_map_type_key_type(type));
    types.emplace_back(duckdb_map_type_value_type(type));
    WEIR_ASSIGN(auto entry, MakeStructOut({"key", "value"}, types));
    return std::make_unique<ListOut>(std::move(entry), 0);
  }
  for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
    names.emplace_back(OwnedText(duckdb_struct_type_child_name(type, i)).get());
    types.emplace_back(duckdb_struct_type_child_type(type, i));
  }
  return MakeStructOut(std::move(names), types);
}

}  // namespace weir::engine

#include "iceberg/bounds.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <vector>

#include "iceberg/column_access_internal.h"
#include "iceberg/column_metrics_internal.h"
#include "iceberg/transform_internal.h"

namespace weir::iceberg {
namespace {

constexpr uint32_t kLastCodePoint = 0x10FFFF;

// The code point that begins at `at`, which must be well-formed; 0xFFFFFFFF if it is not.
uint32_t CodePointAt(std::string_view text, size_t at) {
  constexpr uint32_t kBroken = 0xFFFFFFFF;
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return first;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || at + length > text.size()) return kBroken;
  uint32_t code_point = first & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80) return kBroken;
    code_point = (code_point << 6) | (next & 0x3FU);
  }
  return code_point;
}

void AppendUtf8(std::string& text, uint32_t code_point) {
  const auto byte = [&](uint32_t bits) {
    text += static_cast<char>(static_cast<unsigned char>(bits));
  };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | (code_point >> 6));
    byte(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    byte(0xE0 | (code_point >> 12));
    byte(0x80 | ((code_point >> 6) & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  } else {
    byte(0xF0 | (code_point >> 18));
    byte(0x80 | ((code_point >> 12) & 0x3F));
    byte(0x80 | ((code_point >> 6) & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  }
}

// One leaf column and where it stands.
struct Leaf {
  Field field;
  std::unique_ptr<ColumnMetrics> metrics;  // Null for lists, maps and columns after the first 100.
  std::vector<Leaf> children;              // Of a struct.
};

}  // namespace

std::string LowerBoundOfText(std::string_view text, size_t length) {
  return std::string(TruncateText(text, length));
}

std::optional<std::string> UpperBoundOfText(std::string_view text, size_t length) {
  std::string_view cut = TruncateText(text, length);
  if (cut.size() == text.size()) return std::string(text);
  while (!cut.empty()) {
    size_t last = cut.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(cut[last]) & 0xC0) == 0x80) --last;
    uint32_t code_point = CodePointAt(cut, last);
    cut = cut.substr(0, last);
    if (code_point >= kLastCodePoint) continue;  // Also bytes that are no UTF-8.
    code_point = code_point == 0xD7FF ? 0xE000 : code_point + 1;
    std::string bound(cut);
    AppendUtf8(bound, code_point);
    return bound;
  }
  return std::nullopt;
}

std::string LowerBoundOfBytes(std::string_view bytes, size_t length) {
  return std::string(bytes.substr(0, length));
}

std::optional<std::string> UpperBoundOfBytes(std::string_view bytes, size_t length) {
  if (bytes.size() <= length) return std::string(bytes);
  std::string bound(bytes.substr(0, length));
  while (!bound.empty() && bound.back() == '\xff') bound.pop_back();
  if (bound.empty()) return std::nullopt;
  bound.back() = static_cast<char>(static_cast<unsigned char>(bound.back()) + 1);
  return bound;
}

struct MetricsAccumulator::State {
  std::vector<Leaf> leaves;
  size_t measured = 0;
  int64_t rows = 0;

  std::vector<Leaf> MakeLeaves(const std::vector<Field>& fields) {
    std::vector<Leaf> made;
    for (const Field& field : fields) {
      Leaf leaf;
      leaf.field = field;
      if (field.type.kind == TypeKind::kStruct) {
        leaf.children = MakeLeaves(field.type.children);
      } else if (field.type.primitive() && measured < kMetricsColumnsMax) {
        leaf.metrics = MakeColumnMetrics(field.type);
        ++measured;
      }
      made.push_back(std::move(leaf));
    }
    return made;
  }

  static Result<void> UpdateLeaf(Leaf& leaf, const std::shared_ptr<arrow::Array>& array) {
    if (array->type_id() == arrow::Type::DICTIONARY) {
      // Its values are the column's, each at least once.
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
      WEIR_ASSIGN(const std::shared_ptr<arrow::Array> values,
                  StorageOf(encoded.dictionary(), leaf.field.type, leaf.field.name));
      if (leaf.metrics == nullptr) return {};
      leaf.metrics->values += array->length();
      leaf.metrics->nulls += array->null_count();
      leaf.metrics->Update(*values);
      return {};
    }
    WEIR_ASSIGN(const std::shared_ptr<arrow::Array> storage,
                StorageOf(array, leaf.field.type, leaf.field.name));
    if (leaf.metrics != nullptr) {
      leaf.metrics->values += storage->length();
      leaf.metrics->nulls += storage->null_count();
      leaf.metrics->Update(*storage);
    }
    if (leaf.children.empty()) return {};
    const auto& parent = static_cast<const arrow::StructArray&>(*storage);
    // Flatten hides the values under a null struct; without such structs the children are as they
    // are.
    arrow::ArrayVector children = parent.fields();
    if (parent.null_count() != 0) {
      auto flat = parent.Flatten();
      if (!flat.ok())
        return Fail(ErrorKind::kInvalid, "iceberg.column_type",
                    "column '" + leaf.field.name + "': " + flat.status().ToString());
      children = std::move(flat).ValueUnsafe();
    }
    for (size_t i = 0; i < leaf.children.size(); ++i) {
      WEIR_TRY(UpdateLeaf(leaf.children[i], children[i]));
    }
    return {};
  }

  static void Collect(const std::vector<Leaf>& from, Metrics& metrics) {
    for (const Leaf& leaf : from) {
      Collect(leaf.children, metrics);
      if (leaf.metrics == nullptr) continue;
      const int32_t id = leaf.field.id;
      metrics.value_counts[id] = leaf.metrics->values;
      metrics.null_value_counts[id] = leaf.metrics->nulls;
      if (const auto nans = leaf.metrics->nan_count()) metrics.nan_value_counts[id] = *nans;
      if (auto lower = leaf.metrics->Lower()) metrics.lower_bounds[id] = std::move(*lower);
      if (auto upper = leaf.metrics->Upper()) metrics.upper_bounds[id] = std::move(*upper);
    }
  }
};

MetricsAccumulator::MetricsAccumulator(const Schema& schema) : state_(std::make_unique<State>()) {
  state_->leaves = state_->MakeLeaves(schema.fields);
}
MetricsAccumulator::~MetricsAccumulator() = default;
MetricsAccumulator::MetricsAccumulator(MetricsAccumulator&&) noexcept = default;
MetricsAccumulator& MetricsAccumulator::operator=(MetricsAccumulator&&) noexcept = default;

Result<void> MetricsAccumulator::Update(const arrow::RecordBatch& batch) {
  if (batch.num_columns() != static_cast<int>(state_->leaves.size()))
    return Fail(ErrorKind::kInvalid, "iceberg.column_type",
                "the batch has " + std::to_string(batch.num_columns()) + " columns, the table " +
                    std::to_string(state_->leaves.size()));
  for (int i = 0; i < batch.num_columns(); ++i) {
    WEIR_TRY(State::UpdateLeaf(state_->leaves[static_cast<size_t>(i)], batch.column(i)));
  }
  state_->rows += batch.num_rows();
  return {};
}

int64_t MetricsAccumulator::rows() const { return state_->rows; }

Metrics MetricsAccumulator::Finish() const {
  Metrics metrics;
  State::Collect(state_->leaves, metrics);
  return metrics;
}

}  // namespace weir::iceberg

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/limits.h"
#include "format/decoder.h"
#include "pipeline/evolve_internal.h"
#include "table/shape.h"

namespace weir::pipeline {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using nlohmann::ordered_json;
using table::kJsonDoc;

std::unexpected<Error> FromArrow(const arrow::Status& status) {
  return Fail(ErrorKind::kInvalid, "pipeline.memory", status.ToString());
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

columnar::Type TypeOf(Kind kind) {
  columnar::Type type;
  type.kind = kind;
  return type;
}

// Kinds of JSON values as bits, so that many records join into one answer.
enum Seen : uint8_t { kBool = 1, kWhole = 2, kFraction = 4, kText = 8, kNested = 16 };

uint8_t SeenIn(const ordered_json& value) {
  if (value.is_boolean()) return kBool;
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return kFraction;
  if (value.is_number_integer()) return kWhole;
  if (value.is_number_float()) return kFraction;
  if (value.is_string()) return kText;
  return value.is_structured() ? static_cast<uint8_t>(kNested) : uint8_t{0};
}

Kind KindFor(uint8_t seen) {
  if ((seen & kNested) != 0) return Kind::kJson;
  if (seen == kBool) return Kind::kBool;
  if (seen == kWhole) return Kind::kBigint;
  if ((seen & ~(kWhole | kFraction)) == 0) return Kind::kDouble;
  return Kind::kVarchar;
}

// A name that every reader of the table can write.
bool MayBeColumn(const std::string& name) {
  constexpr size_t kNameBytesMax = 128;
  const bool printable = std::ranges::all_of(
      name, [](unsigned char c) { return c >= 0x20 && c != 0x7F && c != '"' && c != '`'; });
  return !name.empty() && name.size() <= kNameBytesMax && printable && name.front() != '_' &&
         name.front() != ' ' && name.back() != ' ' && iceberg::CheckColumnName(name).has_value();
}

// One record per line; `{}` where nothing was rescued.
std::string Lines(const arrow::StringArray& rescued) {
  std::string text;
  text.reserve(static_cast<size_t>(rescued.total_values_length() + 3 * rescued.length()));
  for (int64_t row = 0; row < rescued.length(); ++row) {
    text += rescued.IsNull(row) ? std::string_view("{}") : rescued.GetView(row);
    text += '\n';
  }
  return text;
}

// The lines decoded as `columns`, and what they leave over: one row per line.
struct Lifted {
  arrow::ArrayVector columns;  // Then `_rescued`.
};

// Values that did not fit go back to where they came from.
class Leftovers {
 public:
  explicit Leftovers(const arrow::StringArray& before) : before_(before) {}

  void PutBack(int64_t row, const std::string& name) { names_[row].push_back(name); }

  Result<std::shared_ptr<arrow::Array>> Onto(const arrow::StringArray& after) const {
    arrow::StringBuilder builder;
    auto next = names_.begin();
    for (int64_t row = 0; row < after.length(); ++row) {
      arrow::Status appended;
      if (next != names_.end() && next->first == row) {
        appended = builder.Append(Joined(row, next->second, after));
        ++next;
      } else if (after.IsNull(row)) {
        appended = builder.AppendNull();
      } else {
        appended = builder.Append(after.GetView(row));
      }
      if (!appended.ok()) return FromArrow(appended);
    }
    auto made = builder.Finish();
    if (!made.ok()) return FromArrow(made.status());
    return *made;
  }
  bool empty() const { return names_.empty(); }

 private:
  std::string Joined(int64_t row, const std::vector<std::string>& names,
                     const arrow::StringArray& after) const {
    const auto whole = ordered_json::parse(before_.GetView(row), nullptr, false);
    auto left = after.IsNull(row) ? ordered_json::object()
                                  : ordered_json::parse(after.GetView(row), nullptr, false);
    for (const std::string& name : names)
      if (whole.is_object() && whole.contains(name)) left[name] = whole[name];
    return left.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }

  const arrow::StringArray& before_;
  std::map<int64_t, std::vector<std::string>> names_;
};

Result<Lifted> Decode(const std::vector<ColumnSpec>& columns, const arrow::StringArray& rescued) {
  const std::string text = Lines(rescued);
  WEIR_ASSIGN(const auto decoder,
              format::MakeDecoder({.kind = format::FormatKind::kNdjson,
                                   .compression = format::Compression::kNone,
                                   .csv = {}},
                                  columns, std::make_unique<env::MemoryReader>(text), {},
                                  {.input_name = "_rescued",
                                   .chunk_bytes = kDecodedBytesMax,
                                   .record_bytes_max = 8 * kRecordBytesMax}));
  std::vector<arrow::ArrayVector> parts(columns.size() + 1);
  Leftovers leftovers(rescued);
  int64_t rows = 0;
  while (true) {
    WEIR_ASSIGN(const auto decoded, decoder->Next({}));
    if (!decoded) break;
    // Each line was written by a decoder of ours. Should one not be read again, nothing is lifted.
    if (!decoded->broken.empty())
      return Lifted{{std::make_shared<arrow::StringArray>(rescued.data())}};
    for (const columnar::CellFault& fault : decoded->faults)
      leftovers.PutBack(rows + fault.row, columns[fault.column].name);
    for (size_t i = 0; i < parts.size(); ++i)
      parts[i].push_back(decoded->rows->column(static_cast<int>(i)));
    rows += decoded->rows->num_rows();
  }
  WEIR_CHECK(rows == rescued.length());
  Lifted lifted;
  for (const arrow::ArrayVector& part : parts) {
    auto whole = part.size() == 1 ? part.front() : arrow::Concatenate(part);
    if (!whole.ok()) return FromArrow(whole.status());
    lifted.columns.push_back(*whole);
  }
  if (!leftovers.empty()) {
    WEIR_ASSIGN(lifted.columns.back(),
                leftovers.Onto(static_cast<const arrow::StringArray&>(*lifted.columns.back())));
  }
  return lifted;
}

}  // namespace

Evolution::Evolution(const std::vector<ColumnSpec>& contract) {
  for (const ColumnSpec& column : contract) contract_.insert(Lower(column.name));
}

void Evolution::Begin(const iceberg::Schema* table) {
  columns_.clear();
  added_.clear();
  taken_ = contract_;
  if (table == nullptr) return;
  for (const iceberg::Field& field : table->fields) {
    taken_.insert(Lower(field.name));
    if (field.name.starts_with('_') || contract_.contains(Lower(field.name))) continue;
    iceberg::Schema one;
    one.fields = {field};
    const auto known = iceberg::ToColumnar(one);
    if (!known || !field.type.primitive()) continue;  // Of another program: rescued, as ever.
    ColumnSpec column;
    column.name = field.name;
    column.type = field.doc == kJsonDoc ? TypeOf(Kind::kJson) : known->fields.front().type;
    columns_.push_back(std::move(column));
  }
}

void Evolution::Learn(const arrow::StringArray& rescued) {
  std::vector<std::pair<std::string, uint8_t>> found;  // In the order of appearance.
  std::map<std::string, size_t> index;
  for (int64_t row = 0; row < rescued.length(); ++row) {
    if (rescued.IsNull(row)) continue;
    const auto record = ordered_json::parse(rescued.GetView(row), nullptr, false);
    if (!record.is_object()) continue;
    for (const auto& [name, value] : record.items()) {
      const uint8_t seen = SeenIn(value);
      if (seen == 0) continue;
      const auto [at, is_new] = index.emplace(name, found.size());
      if (is_new) found.emplace_back(name, uint8_t{0});
      found[at->second].second |= seen;
    }
  }
  for (const auto& [name, seen] : found) {
    if (columns_.size() >= kEvolvedColumnsMax || !MayBeColumn(name)) continue;
    if (!taken_.insert(Lower(name)).second) continue;
    ColumnSpec column;
    column.name = name;
    column.type = TypeOf(KindFor(seen));
    columns_.push_back(column);
    added_.push_back(std::move(column));
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> Evolution::Lift(
    const std::shared_ptr<arrow::RecordBatch>& rows) {
  const int last = rows->num_columns() - 1;
  const auto& rescued = static_cast<const arrow::StringArray&>(*rows->column(last));
  Lifted lifted{{rows->column(last)}};
  if (rescued.null_count() != rescued.length()) {
    const size_t known = columns_.size();
    WEIR_ASSIGN(lifted, Decode(columns_, rescued));
    Learn(static_cast<const arrow::StringArray&>(*lifted.columns.back()));
    if (columns_.size() != known) {
      WEIR_ASSIGN(lifted, Decode(columns_, rescued));
    }
  }
  arrow::FieldVector fields(rows->schema()->fields().begin(), rows->schema()->fields().end() - 1);
  arrow::ArrayVector arrays(rows->columns().begin(), rows->columns().end() - 1);
  for (size_t i = 0; i + 1 < lifted.columns.size(); ++i) {
    auto field = arrow::field(columns_[i].name, lifted.columns[i]->type());
    if (columns_[i].type.kind == Kind::kJson)
      field = field->WithMetadata(arrow::key_value_metadata({kJsonDoc}, {"true"}));
    fields.push_back(std::move(field));
    arrays.push_back(lifted.columns[i]);
  }
  fields.push_back(rows->schema()->field(last));
  arrays.push_back(lifted.columns.back());
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows->num_rows(),
                                  std::move(arrays));
}

}  // namespace weir::pipeline

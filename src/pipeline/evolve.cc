#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "base/check.h"
#include "base/letter_case.h"
#include "base/limits.h"
#include "format/decoder.h"
#include "format/json_members.h"
#include "pipeline/evolve_internal.h"
#include "table/shape.h"

namespace weir::pipeline {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using format::JsonMember;
using table::kJsonDoc;

std::unexpected<Error> FromArrow(const arrow::Status& status) {
  return Fail(ErrorKind::kInvalid, "pipeline.memory", status.ToString());
}

columnar::Type TypeOf(Kind kind) {
  columnar::Type type;
  type.kind = kind;
  return type;
}

// Kinds of JSON values as bits, so that many records join into one answer.
enum Seen : uint8_t {
  kBool = 1,
  kWhole = 2,     // In 64 bits.
  kFraction = 4,  // A number that a double holds without rounding.
  kText = 8,
  kNested = 16,
  kDigits = 32,  // A number that only its text holds.
};

// The same for all texts of one number: its digits from the first to the last that is not 0, and
// the power of ten behind them. `number` as JSON has it.
std::string DigitsOf(std::string_view number) {
  const std::string_view mantissa = number.substr(0, number.find_first_of("eE"));
  int64_t power = 0;
  if (mantissa.size() != number.size()) {
    std::string_view exponent = number.substr(mantissa.size() + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
  }
  if (const size_t point = mantissa.find('.'); point != std::string_view::npos)
    power -= static_cast<int64_t>(mantissa.size() - point - 1);
  std::string digits;
  for (const char c : mantissa)
    if (c >= (digits.empty() ? '1' : '0') && c <= '9') digits += c;
  for (; digits.ends_with('0'); ++power) digits.pop_back();
  return digits.empty() ? digits : digits + "e" + std::to_string(power);
}

Seen SeenInNumber(std::string_view number) {
  const char* const end = number.data() + number.size();
  int64_t whole = 0;
  if (const auto read = std::from_chars(number.data(), end, whole);
      read.ec == std::errc() && read.ptr == end)
    return kWhole;
  double fraction = 0;
  if (std::from_chars(number.data(), end, fraction).ec != std::errc()) return kDigits;
  return DigitsOf(fmt::format("{}", fraction)) == DigitsOf(number) ? kFraction : kDigits;
}

uint8_t SeenIn(std::string_view value) {
  switch (value.front()) {
    case 't':
    case 'f':
      return kBool;
    case '"':
      return kText;
    case '{':
    case '[':
      return kNested;
    case 'n':
      return 0;
    default:
      return SeenInNumber(value);
  }
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
    const std::string_view whole = before_.GetView(row);
    auto left = format::JsonMembers(after.IsNull(row) ? "{}" : after.GetView(row));
    const auto members = format::JsonMembers(whole);
    if (!left || !members) return std::string(whole);
    for (const JsonMember& member : *members)
      if (std::ranges::find(names, member.name) != names.end()) left->push_back(member);
    return format::JoinMembers(*left);
  }

  const arrow::StringArray& before_;
  std::map<int64_t, std::vector<std::string>> names_;
};

// Whether so many digits stand in a row that a double might round them.
bool HasLongNumber(std::string_view record) {
  int digits = 0;
  for (const char c : record) {
    if (c >= '0' && c <= '9') {
      if (++digits > std::numeric_limits<double>::digits10) return true;
    } else if (c != '.') {
      digits = 0;
    }
  }
  return false;
}

// One record per line; `{}` where nothing was rescued. Numbers that a double would round stay where
// they are.
std::string Lines(const std::vector<ColumnSpec>& columns, const arrow::StringArray& rescued,
                  Leftovers& leftovers) {
  std::set<std::string_view> doubles;
  for (const ColumnSpec& column : columns)
    if (column.type.kind == Kind::kDouble) doubles.insert(column.name);
  std::string text;
  text.reserve(static_cast<size_t>(rescued.total_values_length() + 3 * rescued.length()));
  for (int64_t row = 0; row < rescued.length(); ++row) {
    const std::string_view record = rescued.IsNull(row) ? "{}" : rescued.GetView(row);
    auto members =
        doubles.empty() || !HasLongNumber(record) ? std::nullopt : format::JsonMembers(record);
    if (!members) {
      text.append(record) += '\n';
      continue;
    }
    std::erase_if(*members, [&](const JsonMember& member) {
      if (!doubles.contains(member.name) || SeenIn(member.value) != kDigits) return false;
      leftovers.PutBack(row, member.name);
      return true;
    });
    text.append(format::JoinMembers(*members)) += '\n';
  }
  return text;
}

Result<Lifted> Decode(const std::vector<ColumnSpec>& columns, const arrow::StringArray& rescued) {
  Leftovers leftovers(rescued);
  const std::string text = Lines(columns, rescued, leftovers);
  WEIR_ASSIGN(const auto decoder,
              format::MakeDecoder({.kind = format::FormatKind::kNdjson,
                                   .compression = format::Compression::kNone,
                                   .csv = {}},
                                  columns, std::make_unique<env::MemoryReader>(text), {},
                                  {.input_name = "_rescued",
                                   .chunk_bytes = kDecodedBytesMax,
                                   .record_bytes_max = 8 * kRecordBytesMax}));
  std::vector<arrow::ArrayVector> parts(columns.size() + 1);
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
    const auto members = format::JsonMembers(rescued.GetView(row));
    if (!members) continue;
    for (const auto& [name, value] : *members) {
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

#include <algorithm>
#include <array>
#include <cmath>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/check.h"
#include "base/letter_case.h"
#include "engine/sql.h"
#include "source/generate/row_maker_internal.h"

namespace weir::source {
namespace {

constexpr const char* kTable = "_weir_rows";

// Functions that answer otherwise each time, or by the machine's clock.
constexpr std::array<std::string_view, 22> kNotSeeded = {"random",
                                                         "setseed",
                                                         "uuid",
                                                         "gen_random_uuid",
                                                         "uuidv4",
                                                         "uuidv7",
                                                         "nextval",
                                                         "currval",
                                                         "now",
                                                         "today",
                                                         "current_date",
                                                         "current_time",
                                                         "current_timestamp",
                                                         "get_current_time",
                                                         "get_current_timestamp",
                                                         "transaction_timestamp",
                                                         "current_localtime",
                                                         "current_localtimestamp",
                                                         "localtime",
                                                         "localtimestamp",
                                                         "txid_current",
                                                         "getenv"};

// Byte offset of a line and column, both from 1.
size_t OffsetIn(std::string_view text, uint64_t line, uint64_t column) {
  size_t at = 0;
  for (uint64_t l = 1; l < line; ++l) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return std::min(text.size(), at + (column > 0 ? column - 1 : 0));
}

std::shared_ptr<arrow::Array> Numbers(uint64_t seed, uint64_t first, size_t count) {
  auto buffer = arrow::AllocateBuffer(static_cast<int64_t>(count * sizeof(int64_t))).ValueOrDie();
  auto* values = reinterpret_cast<int64_t*>(buffer->mutable_data());
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<int64_t>(env::SplitMix64(seed, first + i) >> 1);
  return std::make_shared<arrow::Int64Array>(static_cast<int64_t>(count),
                                             std::shared_ptr<arrow::Buffer>(std::move(buffer)));
}

// Version 4, variant 1: 36 characters each.
std::shared_ptr<arrow::Array> Uuids(uint64_t seed, uint64_t first, size_t count) {
  static constexpr char kHex[] = "0123456789abcdef";
  constexpr size_t kLength = 36;
  auto offsets =
      arrow::AllocateBuffer(static_cast<int64_t>((count + 1) * sizeof(int32_t))).ValueOrDie();
  auto text = arrow::AllocateBuffer(static_cast<int64_t>(count * kLength)).ValueOrDie();
  auto* offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
  char* to = reinterpret_cast<char*>(text->mutable_data());
  for (size_t i = 0; i < count; ++i) {
    offset[i] = static_cast<int32_t>(i * kLength);
    uint64_t halves[2] = {env::SplitMix64(seed, 2 * (first + i)),
                          env::SplitMix64(seed, 2 * (first + i) + 1)};
    halves[0] = (halves[0] & ~0xF000ULL) | 0x4000ULL;
    halves[1] = (halves[1] & ~(3ULL << 62)) | (2ULL << 62);
    for (int digit = 0; digit < 32; ++digit) {
      if (digit == 8 || digit == 12 || digit == 16 || digit == 20) *to++ = '-';
      *to++ = kHex[(halves[digit / 16] >> (60 - 4 * (digit % 16))) & 15];
    }
  }
  offset[count] = static_cast<int32_t>(count * kLength);
  return std::make_shared<arrow::StringArray>(static_cast<int64_t>(count),
                                              std::shared_ptr<arrow::Buffer>(std::move(offsets)),
                                              std::shared_ptr<arrow::Buffer>(std::move(text)));
}

}  // namespace

EventTime::EventTime(Instant start, double rate) : start_(start), rate_(rate), whole_rate_(0) {
  WEIR_CHECK(rate > 0);
  if (rate <= 1e9 && rate == std::floor(rate)) whole_rate_ = static_cast<uint64_t>(rate);
}

int64_t EventTime::OffsetOf(uint64_t row) const {
  if (whole_rate_ == 0)
    return static_cast<int64_t>(std::floor(static_cast<double>(row) * 1e6 / rate_));
  return static_cast<int64_t>(row / whole_rate_ * 1'000'000 +
                              row % whole_rate_ * 1'000'000 / whole_rate_);
}

uint64_t EventTime::FirstRowFrom(int64_t micros) const {
  // Close by arithmetic, exact by OffsetOf.
  auto row = static_cast<uint64_t>(
      std::max(0.0, std::floor(static_cast<double>(micros) * rate_ / 1e6) - 2));
  while (OffsetOf(row) < micros) ++row;
  while (row > 0 && OffsetOf(row - 1) >= micros) --row;
  return row;
}

Result<std::unique_ptr<RowMaker>> RowMaker::Open(const GenerateSpec& spec, engine::Engine& engine,
                                                 uint64_t seed, EventTime time,
                                                 config::Faults& faults) {
  std::unique_ptr<RowMaker> maker(new RowMaker(seed, time));
  WEIR_ASSIGN(maker->session_, engine.NewSession());
  maker->Compile(spec, faults);
  if (!faults.empty()) return nullptr;
  WEIR_TRY(maker->AddTable());
  WEIR_TRY(maker->Prepare(faults));
  if (!faults.empty()) return nullptr;
  WEIR_TRY(maker->FindJson());
  return maker;
}

void RowMaker::Compile(const GenerateSpec& spec, config::Faults& faults) {
  for (const auto& field : spec.fields) {
    auto sql = SeedSql(field.name, field.value.text, columns_.size());
    if (!sql) {
      Error error = std::move(sql).error();
      error.place = field.value.PlaceAt(error.place.byte_offset.value_or(0));
      faults.Add(std::move(error));
      continue;
    }
    columns_.insert(columns_.end(), sql->columns.begin(), sql->columns.end());
    fields_.push_back({.field = &field, .sql = std::move(*sql), .offset = 0});
    CheckReferences(fields_.back(), faults);
  }
}

bool RowMaker::HasField(const std::string& name) const {
  return std::ranges::any_of(
      fields_, [&](const Compiled& each) { return Lower(each.field->name) == Lower(name); });
}

void RowMaker::CheckReferences(const Compiled& compiled, config::Faults& faults) {
  const auto& node = compiled.field->value;
  const std::string& sql = compiled.sql.sql;
  const auto references = engine::ReferencesOfExpression(*session_, sql);
  if (!references) {
    Error error = references.error();
    error.kind = ErrorKind::kConfig;
    error.place =
        node.PlaceAt(compiled.sql.OriginOf(OffsetIn(sql, error.place.line, error.place.column)));
    faults.Add(std::move(error));
    return;
  }
  std::vector<std::string> functions = references->functions;
  for (const auto& column : references->columns)  // current_date is written without brackets.
    if (column.size() == 1 && !HasField(column[0])) functions.push_back(Lower(column[0]));
  for (const std::string& function : functions)
    if (std::ranges::find(kNotSeeded, function) != kNotSeeded.end())
      faults.Add(
          "generate.not_seeded",
          "'" + function +
              "' answers otherwise each time, so the same seed would not give the same bytes",
          node.place, "use now(), uuid4(), int(a, b), decimal(a, b), pick(...) or choice(list)");
  if (references->window)
    faults.Add("generate.window", "a window function would see one batch of rows only", node.place,
               "use i, the row's number");
}

Result<void> RowMaker::AddTable() {
  arrow::FieldVector fields = {
      arrow::field("i", arrow::int64()),
      arrow::field("_weir_now", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))};
  for (const RandomColumn& column : columns_)
    fields.push_back(arrow::field(
        column.name, column.kind == RandomColumn::Kind::kUuid ? arrow::utf8() : arrow::int64()));
  input_ = arrow::schema(std::move(fields));
  WEIR_ASSIGN(table_, session_->AddTable(kTable, input_));
  return {};
}

// The SELECT of the first `count` fields, each on lines of its own.
std::string RowMaker::Select(size_t count) {
  std::string select = "SELECT";
  for (size_t k = 0; k < count; ++k) {
    select += "\n(";
    fields_[k].offset = select.size();
    select += fields_[k].sql.sql + ") AS " + engine::QuotedName(fields_[k].field->name) + ",";
  }
  return select + "\ni AS _weir_i FROM " + kTable;
}

Result<void> RowMaker::Prepare(config::Faults& faults) {
  select_ = Select(fields_.size());
  auto statement = session_->Prepare(select_);
  if (statement) {
    statement_ = std::move(*statement);
    arrow::FieldVector fields = statement_->schema()->fields();
    fields.pop_back();  // _weir_i
    schema_ = arrow::schema(std::move(fields));
    return {};
  }
  // Field by field, so that all faults come at once; a faulty one counts as null for those after
  // it.
  for (size_t k = 0; k < fields_.size(); ++k) {
    const std::string select = Select(k + 1);
    auto one = session_->Prepare(select);
    if (one) continue;
    faults.Add(Placed(one.error(), select), fields_[k].field->value.place);
    fields_[k].sql.sql = "NULL";
  }
  if (faults.empty()) return std::unexpected(Placed(statement.error(), select_));
  return {};
}

// The error with the place of the field's SQL in the YAML.
Error RowMaker::Placed(Error error, const std::string& select) const {
  if (error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kUnsupported)
    error.kind = ErrorKind::kConfig;
  if (error.place.line == 0) return error;
  const size_t offset = OffsetIn(select, error.place.line, error.place.column);
  error.place = {};
  for (const Compiled& field : fields_) {
    const size_t end = field.offset + field.sql.sql.size();
    if (offset >= field.offset && offset <= end)
      error.place = field.field->value.PlaceAt(field.sql.OriginOf(offset - field.offset));
  }
  return error;
}

Result<void> RowMaker::FindJson() {
  table_->Set({Randoms(0, 1)});
  std::string types;
  for (const Compiled& field : fields_)
    types +=
        (types.empty() ? "" : ", ") + ("typeof(" + engine::QuotedName(field.field->name) + ")");
  WEIR_ASSIGN(const auto stream, session_->Query("SELECT " + types + " FROM (" + select_ + ")"));
  auto batch = stream->Next();
  if (!batch || *batch == nullptr) return {};  // What is wrong comes up again with the first rows.
  for (size_t k = 0; k < fields_.size(); ++k) {
    const auto& type =
        static_cast<const arrow::StringArray&>(*(*batch)->column(static_cast<int>(k)));
    if (type.GetView(0) == "JSON") json_columns_.push_back(fields_[k].field->name);
  }
  return {};
}

std::shared_ptr<arrow::RecordBatch> RowMaker::Randoms(uint64_t first, size_t count) const {
  arrow::Int64Builder rows;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                arrow::default_memory_pool());
  const auto capacity = static_cast<int64_t>(count);
  WEIR_CHECK(rows.Reserve(capacity).ok() && times.Reserve(capacity).ok());
  for (uint64_t row = first; row < first + count; ++row) {
    rows.UnsafeAppend(static_cast<int64_t>(row));
    times.UnsafeAppend(time_.At(row).micros);
  }
  arrow::ArrayVector arrays = {rows.Finish().ValueOrDie(), times.Finish().ValueOrDie()};
  for (const RandomColumn& column : columns_) {
    const uint64_t stream = seed_ ^ column.salt;
    arrays.push_back(column.kind == RandomColumn::Kind::kUuid ? Uuids(stream, first, count)
                                                              : Numbers(stream, first, count));
  }
  return arrow::RecordBatch::Make(input_, capacity, std::move(arrays));
}

Result<std::shared_ptr<arrow::RecordBatch>> RowMaker::Make(uint64_t first, size_t count) {
  table_->Set({Randoms(first, count)});
  auto stream = statement_->Query();
  if (!stream) return std::unexpected(Placed(std::move(stream).error(), select_));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  uint64_t next = first;
  while (true) {
    auto batch = (*stream)->Next();
    if (!batch) return std::unexpected(Placed(std::move(batch).error(), select_));
    if (*batch == nullptr) break;
    const auto& rows =
        static_cast<const arrow::Int64Array&>(*(*batch)->column((*batch)->num_columns() - 1));
    for (int64_t i = 0; i < rows.length() && next < first + count + 1; ++i, ++next)
      if (rows.IsNull(i) || rows.Value(i) != static_cast<int64_t>(next))
        return Fail(ErrorKind::kConfig, "generate.row_count",
                    "the fields do not give one row for each i",
                    "leave out unnest() and aggregates");
    const auto without_row = (*batch)->RemoveColumn((*batch)->num_columns() - 1);
    WEIR_CHECK(without_row.ok());
    batches.push_back(*without_row);
  }
  if (next != first + count)
    return Fail(ErrorKind::kConfig, "generate.row_count",
                "the fields do not give one row for each i", "leave out unnest() and aggregates");
  if (batches.size() == 1) return batches[0];
  const auto table = arrow::Table::FromRecordBatches(schema_, batches);
  WEIR_CHECK(table.ok());
  const auto combined = (*table)->CombineChunksToBatch();
  WEIR_CHECK(combined.ok());
  return *combined;
}

}  // namespace weir::source

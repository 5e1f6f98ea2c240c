#include "pipeline/dead_letters.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "env/hash.h"
#include "source/dead_letter/letter.h"
#include "table/shape.h"

namespace weir::pipeline {
namespace {

constexpr size_t kHashHexBytes = 32;

// A part is an object of its own: its name says which, and its content never changes.
DeadLetterOrigin OriginOf(const DeadLetterOrigin& whole, const columnar::InputPart& part) {
  DeadLetterOrigin origin = whole;
  origin.parts = nullptr;
  origin.source = part.name;
  origin.version = part.name;
  if (!part.values.empty() && !origin.read_as.empty())
    origin.read_as = source::WithValues(origin.read_as, part.values);
  return origin;
}

// Builds the columns of the dead-letter table, in their order, of letters of one batch.
class Columns {
 public:
  explicit Columns(const BatchId& batch)
      : schema_(columnar::ToArrow(table::DeadLetterShape().schema)), batch_(batch.ToString()) {
    for (const auto& field : schema_->fields())
      builders_.push_back(arrow::MakeBuilder(field->type()).ValueOrDie());
  }

  // Room for `rows`, and for the bytes of columns that have some in each row.
  arrow::Status Reserve(const DeadLetterOrigin& origin,
                        std::span<const columnar::RejectedRow> rows) {
    const auto count = static_cast<int64_t>(rows.size());
    for (auto& builder : builders_) ARROW_RETURN_NOT_OK(builder->Reserve(count));
    int64_t raw = 0;
    for (const columnar::RejectedRow& row : rows) raw += static_cast<int64_t>(row.raw.size());
    ARROW_RETURN_NOT_OK(static_cast<arrow::BinaryBuilder&>(*builders_[5]).ReserveData(raw));
    const auto each = [&](size_t column, size_t bytes) {
      return static_cast<arrow::StringBuilder&>(*builders_[column])
          .ReserveData(count * static_cast<int64_t>(bytes));
    };
    ARROW_RETURN_NOT_OK(each(0, kHashHexBytes));
    ARROW_RETURN_NOT_OK(each(1, batch_.size()));
    ARROW_RETURN_NOT_OK(each(2, origin.source.size()));
    return each(7, kHashHexBytes);
  }

  arrow::Status Append(const DeadLetterOrigin& origin, const columnar::RejectedRow& row) {
    if (origin.parts != nullptr) {
      const columnar::InputPart& part = origin.parts->At(row.offset);
      columnar::RejectedRow within = row;
      within.offset -= part.offset;
      if (within.line != 0) within.line -= part.line - 1;
      return Append(OriginOf(origin, part), within);
    }
    ARROW_RETURN_NOT_OK(Text(0, DeadLetterId(origin, row.offset)));
    ARROW_RETURN_NOT_OK(Text(1, batch_));
    ARROW_RETURN_NOT_OK(Text(2, origin.source));
    ARROW_RETURN_NOT_OK(row.line == 0 ? builders_[3]->AppendNull() : Number(3, row.line));
    ARROW_RETURN_NOT_OK(Number(4, row.offset));
    ARROW_RETURN_NOT_OK(static_cast<arrow::BinaryBuilder&>(*builders_[5]).Append(row.raw));
    ARROW_RETURN_NOT_OK(Number(6, row.raw_length));
    ARROW_RETURN_NOT_OK(
        Text(7, row.raw_hash.empty() ? env::ContentHashHex(row.raw) : row.raw_hash));
    ARROW_RETURN_NOT_OK(Text(8, row.kind == columnar::RejectedKind::kRecord ? "record" : "object"));
    ARROW_RETURN_NOT_OK(origin.sink.empty() ? builders_[9]->AppendNull() : Text(9, origin.sink));
    ARROW_RETURN_NOT_OK(Reasons(row));
    ARROW_RETURN_NOT_OK(
        static_cast<arrow::TimestampBuilder&>(*builders_[11]).Append(origin.received_at.micros));
    return origin.read_as.empty() ? builders_[12]->AppendNull() : Text(12, origin.read_as);
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    arrow::ArrayVector arrays;
    for (auto& builder : builders_) {
      ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
      arrays.push_back(std::move(array));
    }
    const int64_t rows = arrays.front()->length();
    return arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
  }

 private:
  arrow::Status Text(size_t column, const std::string& text) {
    return static_cast<arrow::StringBuilder&>(*builders_[column]).Append(text);
  }
  arrow::Status Number(size_t column, uint64_t number) {
    return static_cast<arrow::Int64Builder&>(*builders_[column])
        .Append(static_cast<int64_t>(number));
  }
  arrow::Status Reasons(const columnar::RejectedRow& row) {
    auto& list = static_cast<arrow::ListBuilder&>(*builders_[10]);
    auto& one = static_cast<arrow::StructBuilder&>(*list.value_builder());
    ARROW_RETURN_NOT_OK(list.Append());
    for (const columnar::Reason& reason : row.reasons) {
      ARROW_RETURN_NOT_OK(one.Append());
      int child = 0;
      for (const std::string* text : {&reason.code, &reason.rule, &reason.column, &reason.detail}) {
        auto& builder = static_cast<arrow::StringBuilder&>(*one.field_builder(child++));
        ARROW_RETURN_NOT_OK(text->empty() ? builder.AppendNull() : builder.Append(*text));
      }
    }
    return arrow::Status::OK();
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::string batch_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
};

}  // namespace

std::string DeadLetterId(const DeadLetterOrigin& origin, uint64_t offset) {
  const std::string_view end("\0", 1);
  std::string named;
  named.reserve(256);
  for (const std::string* part :
       {&origin.project, &origin.batch.pipeline, &origin.version, &origin.sink})
    named.append(*part).append(end);
  return env::ContentHashHex(named.append(std::to_string(offset)));
}

Result<std::shared_ptr<arrow::RecordBatch>> ToDeadLetters(
    const DeadLetterOrigin& origin, std::span<const columnar::RejectedRow> rows) {
  const auto made = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    Columns columns(origin.batch);
    ARROW_RETURN_NOT_OK(columns.Reserve(origin, rows));
    for (const columnar::RejectedRow& row : rows) ARROW_RETURN_NOT_OK(columns.Append(origin, row));
    return columns.Finish();
  }();
  if (!made.ok())
    return Fail(ErrorKind::kInvalid, "pipeline.dead_letters", made.status().ToString());
  return *made;
}

Result<void> WriteDeadLetters(sink::Sink& sink, const DeadLetterOrigin& origin,
                              std::span<const columnar::RejectedRow> rows) {
  // More at once cost memory and save nothing that can be measured.
  constexpr size_t kPieceRows = 512;
  for (; !rows.empty(); rows = rows.subspan(std::min(kPieceRows, rows.size()))) {
    WEIR_ASSIGN(const auto piece,
                ToDeadLetters(origin, rows.first(std::min(kPieceRows, rows.size()))));
    WEIR_TRY(sink.Write(*piece));
  }
  return {};
}

}  // namespace weir::pipeline

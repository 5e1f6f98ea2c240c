#include "sink/table/table_sink.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <set>

#include "table/shape.h"
#include "table/shape_change.h"
#include "table/upsert.h"

namespace weir::sink {
namespace {

using table::TableState;
using table::TableStatePtr;

// The same table with other metadata, not committed yet.
TableStatePtr WithMetadata(const TableState& state, iceberg::TableMetadata metadata) {
  auto next = std::make_shared<TableState>(state);
  next->metadata = std::move(metadata);
  return next;
}

class TableSink final : public Sink {
 public:
  TableSink(table::Lake& lake, catalog::TableName name, table::TableShape shape,
            TableWriting writing)
      : lake_(lake),
        name_(std::move(name)),
        shape_(std::move(shape)),
        writing_(std::move(writing)) {}

  Result<void> Begin(const table::WriterIdentity& identity) override {
    writer_.reset();
    identity_ = identity;
    files_.clear();
    held_.clear();
    rows_ = 0;
    if (writing_.growth == TableGrowth::kFixed) {
      WEIR_ASSIGN(state_, lake_.LoadOrCreate(name_, shape_));
    } else {
      WEIR_ASSIGN(state_, LoadGrown());
    }
    WEIR_ASSIGN(writer_, table::DataWriter::Make(lake_.writes(), state_, identity));
    return {};
  }

  Result<void> Write(const arrow::RecordBatch& rows) override {
    if (writing_.growth == TableGrowth::kEvolves) WEIR_TRY(GrowFor(*rows.schema()));
    if (writing_.key.empty() && writing_.sort_by.empty()) return writer_->Write(rows);
    if (rows.num_rows() == 0) return {};
    WEIR_ASSIGN(auto plain, table::WithoutDictionaries(rows));
    held_.push_back(std::move(plain));
    return {};
  }

  Result<table::StagedTable> Stage() override {
    if (!held_.empty() && !writing_.sort_by.empty()) WEIR_TRY(SortHeld());
    if (!held_.empty() && !writing_.key.empty()) {
      WEIR_ASSIGN(const auto live, lake_.Files(*state_));
      auto staged = table::StageUpsert(lake_.store(), state_, live, held_, writing_.key, *writer_);
      writer_.reset();
      held_.clear();
      return staged;
    }
    for (const auto& rows : held_) WEIR_TRY(writer_->Write(*rows));
    held_.clear();
    WEIR_TRY(CloseWriter());
    const bool replaces = writing_.write == TableWrite::kReplace;
    return table::StagedTable{
        .base = state_,
        .operation = replaces ? iceberg::Operation::kReplaceAll : iceberg::Operation::kAppend,
        .files = std::move(files_),
        .rows = rows_,
        .removed = {},
        .total_rows = replaces || writing_.counts_total};
  }

 private:
  Result<TableStatePtr> LoadGrown() {
    auto state = lake_.Load(name_);
    if (!state && state.error().code == "table.not_found") return lake_.Create(name_, shape_);
    if (!state) return state;
    const auto changes = table::ChangesFor((*state)->metadata, shape_);
    if (!changes) return Fail(WithContext(changes.error(), "table " + name_.ToString()));
    if (std::ranges::any_of(*changes, &table::ShapeChange::breaking))
      WEIR_TRY(table::CheckUnchanged(name_, *changes));
    if (changes->empty()) return state;
    WEIR_ASSIGN(auto metadata, table::Changed((*state)->metadata, shape_, *changes));
    return WithMetadata(**state, std::move(metadata));
  }

  // Files that are open keep the columns they began with, which is right for any reader: a column
  // that a file lacks is null in its rows.
  Result<void> GrowFor(const arrow::Schema& rows) {
    columnar::Schema added;
    std::set<std::string> json;
    for (const auto& field : rows.fields()) {
      if (state_->metadata.schema().Find(field->name()) != nullptr) continue;
      WEIR_ASSIGN(auto type, columnar::FromArrow(*field->type()));
      added.fields.push_back({.name = field->name(), .type = std::move(type), .nullable = true});
      if (field->HasMetadata() && field->metadata()->Contains(table::kJsonDoc))
        json.insert(field->name());
    }
    if (added.fields.empty()) return {};
    WEIR_TRY(CloseWriter());
    WEIR_ASSIGN(auto metadata, table::WithNewColumns(state_->metadata, added, json));
    state_ = WithMetadata(*state_, std::move(metadata));
    WEIR_ASSIGN(writer_, table::DataWriter::Make(lake_.writes(), state_, identity_, files_.size()));
    return {};
  }

  // Held batches as one, in order. A column that came up in a later one is null in those before.
  Result<void> SortHeld() {
    std::vector<std::shared_ptr<arrow::Schema>> schemas;
    for (const auto& rows : held_) schemas.push_back(rows->schema());
    const auto sorted = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
      ARROW_ASSIGN_OR_RAISE(const auto schema, arrow::UnifySchemas(schemas));
      arrow::RecordBatchVector alike;
      for (const auto& rows : held_) {
        arrow::ArrayVector columns;
        for (const auto& field : schema->fields()) {
          auto column = rows->GetColumnByName(field->name());
          if (column == nullptr) {
            ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), rows->num_rows()));
          }
          columns.push_back(std::move(column));
        }
        alike.push_back(arrow::RecordBatch::Make(schema, rows->num_rows(), std::move(columns)));
      }
      return arrow::ConcatenateRecordBatches(alike);
    }();
    if (!sorted.ok())
      return Fail(ErrorKind::kInvalid, "table.column", "cannot sort: " + sorted.status().message());
    WEIR_ASSIGN(auto one, table::Sorted(*sorted, writing_.sort_by));
    held_ = {std::move(one)};
    return {};
  }

  Result<void> CloseWriter() {
    rows_ += writer_->rows();
    WEIR_ASSIGN(auto files, writer_->Finish());
    std::ranges::move(files, std::back_inserter(files_));
    writer_.reset();
    return {};
  }

  table::Lake& lake_;
  catalog::TableName name_;
  table::TableShape shape_;
  TableWriting writing_;
  table::WriterIdentity identity_;
  TableStatePtr state_;
  std::unique_ptr<table::DataWriter> writer_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> held_;
  std::vector<iceberg::DataFile> files_;  // Of the batch, closed.
  uint64_t rows_ = 0;                     // In them.
};

}  // namespace

std::unique_ptr<Sink> MakeTableSink(table::Lake& lake, catalog::TableName name,
                                    table::TableShape shape, TableWriting writing) {
  return std::make_unique<TableSink>(lake, std::move(name), std::move(shape), std::move(writing));
}

TableWriting WritingOf(const TableSinkSpec& spec, TableGrowth growth, RowsOf rows) {
  TableWriting writing{.growth = growth, .write = spec.write, .key = {}, .sort_by = spec.sort_by};
  for (const std::string& column : spec.key) writing.key.push_back({.name = column});
  if (rows == RowsOf::kReplay && spec.write == TableWrite::kReplace) {
    writing.write = TableWrite::kAppend;
    writing.counts_total = true;
  }
  return writing;
}

}  // namespace weir::sink

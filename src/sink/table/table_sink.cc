#include "sink/table/table_sink.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <set>

#include "table/shape.h"
#include "table/shape_change.h"

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
  TableSink(table::Lake& lake, catalog::TableName name, table::TableShape shape, TableGrowth growth)
      : lake_(lake), name_(std::move(name)), shape_(std::move(shape)), growth_(growth) {}

  Result<void> Begin(const table::WriterIdentity& identity) override {
    writer_.reset();
    identity_ = identity;
    files_.clear();
    rows_ = 0;
    if (growth_ == TableGrowth::kFixed) {
      WEIR_ASSIGN(state_, lake_.LoadOrCreate(name_, shape_));
    } else {
      WEIR_ASSIGN(state_, LoadGrown());
    }
    WEIR_ASSIGN(writer_, table::DataWriter::Make(lake_.writes(), state_, identity));
    return {};
  }

  Result<void> Write(const arrow::RecordBatch& rows) override {
    if (growth_ == TableGrowth::kEvolves) WEIR_TRY(GrowFor(*rows.schema()));
    return writer_->Write(rows);
  }

  Result<table::StagedTable> Stage() override {
    WEIR_TRY(CloseWriter());
    return table::StagedTable{.base = state_,
                              .operation = iceberg::Operation::kAppend,
                              .files = std::move(files_),
                              .rows = rows_};
  }

 private:
  Result<TableStatePtr> LoadGrown() {
    auto state = lake_.Load(name_);
    if (!state && state.error().code == "table.not_found") return lake_.Create(name_, shape_);
    if (!state) return state;
    WEIR_ASSIGN(const auto changes, table::ChangesFor((*state)->metadata, shape_));
    if (std::ranges::any_of(changes, &table::ShapeChange::breaking))
      WEIR_TRY(table::CheckUnchanged(name_, changes));
    if (changes.empty()) return state;
    WEIR_ASSIGN(auto metadata, table::Changed((*state)->metadata, shape_, changes));
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
  TableGrowth growth_;
  table::WriterIdentity identity_;
  TableStatePtr state_;
  std::unique_ptr<table::DataWriter> writer_;
  std::vector<iceberg::DataFile> files_;  // Of the batch, closed.
  uint64_t rows_ = 0;                     // In them.
};

}  // namespace

std::unique_ptr<Sink> MakeTableSink(table::Lake& lake, catalog::TableName name,
                                    table::TableShape shape, TableGrowth growth) {
  return std::make_unique<TableSink>(lake, std::move(name), std::move(shape), growth);
}

}  // namespace weir::sink

#include "sink/table/table_sink.h"

namespace weir::sink {
namespace {

class TableSink final : public Sink {
 public:
  TableSink(table::Lake& lake, catalog::TableName name, table::TableShape shape)
      : lake_(lake), name_(std::move(name)), shape_(std::move(shape)) {}

  Result<void> Begin(const table::WriterIdentity& identity) override {
    writer_.reset();
    WEIR_ASSIGN(state_, lake_.LoadOrCreate(name_, shape_));
    WEIR_ASSIGN(writer_, table::DataWriter::Make(lake_.writes(), state_, identity));
    return {};
  }

  Result<void> Write(const arrow::RecordBatch& rows) override { return writer_->Write(rows); }

  Result<table::StagedTable> Stage() override {
    table::StagedTable staged{.base = state_,
                              .operation = iceberg::Operation::kAppend,
                              .files = {},
                              .rows = writer_->rows()};
    WEIR_ASSIGN(staged.files, writer_->Finish());
    writer_.reset();
    return staged;
  }

 private:
  table::Lake& lake_;
  catalog::TableName name_;
  table::TableShape shape_;
  table::TableStatePtr state_;
  std::unique_ptr<table::DataWriter> writer_;
};

}  // namespace

std::unique_ptr<Sink> MakeTableSink(table::Lake& lake, catalog::TableName name,
                                    table::TableShape shape) {
  return std::make_unique<TableSink>(lake, std::move(name), std::move(shape));
}

}  // namespace weir::sink

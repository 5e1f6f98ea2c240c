#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/limits.h"
#include "table/parquet_file_internal.h"

namespace weir::table {
namespace {

Error FromArrow(const arrow::Status& status, const std::string& location) {
  return {.kind = status.IsInvalid() || status.IsTypeError() ? ErrorKind::kInvalid : ErrorKind::kIo,
          .code = status.IsInvalid() || status.IsTypeError() ? "table.column" : "table.parquet",
          .message = "cannot write Parquet: " + status.message(),
          .place = {.file = location, .line = 0, .column = 0, .byte_offset = {}},
          .next = {}};
}

// Arrow's face of our writer. Gathers small writes, of which Parquet makes two for each page.
// Remembers our own error, which says more than Arrow's.
class StoreStream final : public arrow::io::OutputStream {
 public:
  explicit StoreStream(std::unique_ptr<env::ByteWriter> writer) : writer_(std::move(writer)) {}
  arrow::Status Write(const void* data, int64_t count) override {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(count));
    if (gathered_.size() + bytes.size() <= kGatheredBytes) {
      gathered_ += bytes;
      return arrow::Status::OK();
    }
    ARROW_RETURN_NOT_OK(Flush());
    return Pass(bytes);
  }
  arrow::Status Flush() override {
    ARROW_RETURN_NOT_OK(Pass(gathered_));
    gathered_.clear();
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(position()); }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

  // Behind Flush.
  Result<void> Finish() { return writer_->Finish(); }
  uint64_t position() const { return writer_->position() + gathered_.size(); }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  static constexpr size_t kGatheredBytes = 64 * 1024;

  arrow::Status Pass(std::string_view bytes) {
    const auto written = writer_->Write(bytes);
    if (written) return arrow::Status::OK();
    failure_ = written.error();
    return arrow::Status::IOError(written.error().message);
  }

  std::unique_ptr<env::ByteWriter> writer_;
  std::string gathered_;
  std::optional<Error> failure_;
  bool closed_ = false;
};

std::shared_ptr<parquet::WriterProperties> Properties(const arrow::Schema& schema) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->compression_level(1);
  builder.max_row_group_length(1 << 20)->created_by("weir");
  builder.enable_store_decimal_as_integer();
  // A dictionary of values that hardly repeat costs time and space. In a table of dead letters, and
  // only there, their names tell which do not.
  static const std::set<std::string_view> named_by = {"id", "raw", "raw_hash"};
  const bool letters = std::ranges::all_of(named_by, [&schema](std::string_view name) {
    return schema.GetFieldIndex(std::string(name)) >= 0;
  });
  for (const auto& field : schema.fields()) {
    const auto id = field->type()->id();
    if (id == arrow::Type::DOUBLE || id == arrow::Type::EXTENSION || id == arrow::Type::TIMESTAMP ||
        field->name() == "_offset" || (letters && named_by.contains(field->name())))
      builder.disable_dictionary(field->name());
  }
  return builder.build();
}

}  // namespace

struct ParquetFile::State {
  std::string location;
  std::shared_ptr<arrow::Schema> schema;
  iceberg::MetricsAccumulator metrics;
  std::shared_ptr<StoreStream> stream;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  int64_t group_bytes = 0;

  // Runs a call of Arrow; our own error of the store goes before Arrow's version of it.
  template <class Call>
  Result<void> Run(Call&& call) {
    arrow::Status status;
    try {
      status = call();
    } catch (const parquet::ParquetException& cause) {
      status = arrow::Status::IOError(cause.what());
    }
    if (status.ok()) return {};
    if (stream->failure()) return Fail(*stream->failure());
    return Fail(FromArrow(status, location));
  }
};

ParquetFile::ParquetFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetFile::~ParquetFile() {
  // The Parquet writer writes its footer when dropped; into a stream that goes nowhere.
  if (state_->writer) (void)state_->Run([this] { return state_->writer->Close(); });
}

Result<std::unique_ptr<ParquetFile>> ParquetFile::Create(
    storage::WriteGroup& writes, std::string location, const iceberg::Schema& schema,
    std::shared_ptr<arrow::Schema> arrow_schema) {
  WEIR_ASSIGN(auto bytes, writes.Create(location));
  auto state =
      std::make_unique<State>(State{.location = std::move(location),
                                    .schema = arrow_schema,
                                    .metrics = iceberg::MetricsAccumulator(schema),
                                    .stream = std::make_shared<StoreStream>(std::move(bytes)),
                                    .writer = nullptr,
                                    .group_bytes = 0});
  State& opened = *state;
  WEIR_TRY(opened.Run([&opened]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(opened.writer, parquet::arrow::FileWriter::Open(
                                             *opened.schema, arrow::default_memory_pool(),
                                             opened.stream, Properties(*opened.schema)));
    return arrow::Status::OK();
  }));
  return std::unique_ptr<ParquetFile>(new ParquetFile(std::move(state)));
}

Result<void> ParquetFile::Write(const arrow::RecordBatch& rows) {
  WEIR_TRY(state_->metrics.Update(rows));
  WEIR_TRY(state_->Run([&] { return state_->writer->WriteRecordBatch(rows); }));
  state_->group_bytes += static_cast<int64_t>(rows.num_rows()) * 16 * rows.num_columns();
  if (state_->group_bytes < static_cast<int64_t>(kRowGroupBytesTarget) * 4) return {};
  state_->group_bytes = 0;
  return state_->Run([this] { return state_->writer->NewBufferedRowGroup(); });
}

Result<iceberg::DataFile> ParquetFile::Finish() {
  WEIR_TRY(state_->Run([this] {
    ARROW_RETURN_NOT_OK(state_->writer->Close());
    return state_->stream->Flush();
  }));
  const std::shared_ptr<parquet::FileMetaData> footer = state_->writer->metadata();
  state_->writer.reset();
  WEIR_TRY(state_->stream->Finish());
  iceberg::DataFile file;
  file.path = state_->location;
  file.record_count = footer->num_rows();
  file.file_size = static_cast<int64_t>(state_->stream->position());
  file.metrics = state_->metrics.Finish();
  file.sort_order_id = 0;
  for (int group = 0; group < footer->num_row_groups(); ++group) {
    const auto row_group = footer->RowGroup(group);
    if (row_group->num_rows() == 0) continue;
    const auto first = row_group->ColumnChunk(0);
    file.split_offsets.push_back(first->has_dictionary_page() ? first->dictionary_page_offset()
                                                              : first->data_page_offset());
    for (int column = 0; column < row_group->num_columns(); ++column) {
      const int id = footer->schema()->Column(column)->schema_node()->field_id();
      file.metrics.column_sizes[id] += row_group->ColumnChunk(column)->total_compressed_size();
    }
  }
  return file;
}

}  // namespace weir::table

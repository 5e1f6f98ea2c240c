#include <optional>

#include "arrow/io/interfaces.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "parquet/arrow/writer.h"
#include "parquet/exception.h"
#include "parquet/properties.h"
#include "query/output_internal.h"

namespace weir::query {
namespace {

constexpr int64_t kGroupRows = 128 * 1024;

// Arrow's face of a sink. Remembers the sink's own error, which says more than Arrow's.
class SinkStream final : public arrow::io::OutputStream {
 public:
  explicit SinkStream(const OutputSink& sink) : sink_(sink) {}
  arrow::Status Write(const void* data, int64_t count) override {
    position_ += count;
    if (discard_) return arrow::Status::OK();
    const auto written = sink_({static_cast<const char*>(data), static_cast<size_t>(count)});
    if (written) return arrow::Status::OK();
    failure_ = written.error();
    return arrow::Status::IOError(written.error().message);
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

  void Discard() { discard_ = true; }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const OutputSink& sink_;
  int64_t position_ = 0;
  std::optional<Error> failure_;
  bool closed_ = false;
  bool discard_ = false;
};

class ParquetForm final : public OutputForm {
 public:
  ParquetForm(const arrow::Schema& schema, const OutputSink& sink)
      : stream_(std::make_shared<SinkStream>(sink)) {
    const std::vector<std::string> names = UniqueNames(schema);
    arrow::FieldVector fields;
    for (int i = 0; i < schema.num_fields(); ++i)
      fields.push_back(schema.field(i)->WithName(names[static_cast<size_t>(i)]));
    schema_ = arrow::schema(std::move(fields));
  }

  // The writer writes a footer when dropped, which must not make half a result look whole.
  ~ParquetForm() override {
    stream_->Discard();
    if (writer_) (void)Run([this] { return writer_->Close(); });
  }

  Result<void> Begin() override {
    if (schema_->num_fields() == 0)
      return Fail(ErrorKind::kInvalid, "query.output", "a Parquet file needs a column");
    return Run([this]() -> arrow::Status {
      parquet::WriterProperties::Builder properties;
      properties.compression(parquet::Compression::ZSTD)
          ->created_by("weir")
          ->max_row_group_length(kGroupRows);
      ARROW_ASSIGN_OR_RAISE(
          writer_, parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), stream_,
                                                    properties.build()));
      return arrow::Status::OK();
    });
  }

  Result<void> Add(const arrow::RecordBatch& rows) override {
    return Run([&]() -> arrow::Status {
      const auto named = arrow::RecordBatch::Make(schema_, rows.num_rows(), rows.columns());
      return writer_->WriteRecordBatch(*named);
    });
  }

  Result<void> End() override {
    WEIR_TRY(Run([this] { return writer_->Close(); }));
    writer_.reset();
    return {};
  }

 private:
  template <class Call>
  Result<void> Run(Call&& call) {
    arrow::Status status;
    try {
      status = call();
    } catch (const parquet::ParquetException& cause) {
      status = arrow::Status::Invalid(cause.what());
    }
    if (status.ok()) return {};
    if (stream_->failure()) return Fail(*stream_->failure());
    return Fail(ErrorKind::kInvalid, "query.output",
                "cannot write the result as Parquet: " + status.message());
  }

  std::shared_ptr<SinkStream> stream_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

std::unique_ptr<OutputForm> MakeParquetForm(const arrow::Schema& schema, const OutputSink& sink) {
  return std::make_unique<ParquetForm>(schema, sink);
}

}  // namespace weir::query

#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <utility>

#include "format/arrow_file_internal.h"
#include "format/batch_input_internal.h"

namespace weir::format {
namespace {

class ParquetInput final : public BatchInput {
 public:
  ParquetInput(const env::OpenFile& file, uint64_t size)
      : size_(size), file_(std::make_shared<ArrowFile>(file, size)) {}

  Result<void> Open(uint64_t row) {
    row_ = row;
    return file_->Run([&]() -> arrow::Status {
      parquet::ReaderProperties properties(&InputMemory());
      properties.enable_buffered_stream();  // Pages one by one, not whole column chunks.
      auto reader = parquet::ParquetFileReader::Open(file_, properties);
      // A row group is entered at its beginning; rows before `row` are read and left.
      const auto metadata = reader->metadata();
      uint64_t first = 0;
      for (int group = 0; group < metadata->num_row_groups(); ++group) {
        const auto rows =
            static_cast<uint64_t>(std::max<int64_t>(metadata->RowGroup(group)->num_rows(), 0));
        rows_ += rows;
        if (group != group_ || rows_ > row) continue;
        first = rows_;
        ++group_;
      }
      skip_ = row - std::min(first, row);
      parquet::ArrowReaderProperties arrow_properties(false);
      arrow_properties.set_pre_buffer(false);
      arrow_properties.set_batch_size(RowsOfBatch(*metadata));
      ARROW_ASSIGN_OR_RAISE(reader_, parquet::arrow::FileReader::Make(
                                         &InputMemory(), std::move(reader), arrow_properties));
      return reader_->GetSchema(&schema_);
    });
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      WEIR_TRY(file_->Run([&]() -> arrow::Status {
        if (batches_ == nullptr) {
          if (group_ >= reader_->num_row_groups()) return arrow::Status::OK();
          ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader(std::vector<int>{group_}));
        }
        ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
        return batch == nullptr ? arrow::Status::OK() : batch->ValidateFull();
      }));
      if (batch == nullptr) {
        if (batches_ == nullptr) {
          row_ = rows_;
          return batch;
        }
        batches_.reset();
        ++group_;
        continue;
      }
      const auto count = static_cast<uint64_t>(batch->num_rows());
      if (skip_ >= count) {
        skip_ -= count;
        continue;
      }
      batch = batch->Slice(static_cast<int64_t>(std::exchange(skip_, 0)));
      row_ += static_cast<uint64_t>(batch->num_rows());
      return batch;
    }
  }

  uint64_t bytes_read() const override {
    if (row_ >= rows_) return size_;
    return static_cast<uint64_t>(static_cast<double>(size_) * static_cast<double>(row_) /
                                 static_cast<double>(rows_));
  }

 private:
  // So many that a batch is about kDecodedBytesMax, as far as the file tells.
  static int64_t RowsOfBatch(const parquet::FileMetaData& metadata) {
    int64_t bytes = 0;
    for (int i = 0; i < metadata.num_row_groups(); ++i)
      bytes += std::clamp<int64_t>(metadata.RowGroup(i)->total_byte_size(), 0, int64_t{1} << 40);
    const int64_t rows = std::max<int64_t>(metadata.num_rows(), 1);
    const int64_t row_bytes = std::max<int64_t>(bytes / rows, 1);
    return std::clamp<int64_t>(static_cast<int64_t>(kDecodedBytesMax) / row_bytes, 1,
                               static_cast<int64_t>(kDecodedRowsMax));
  }

  uint64_t size_;
  std::shared_ptr<ArrowFile> file_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // Of the row group.
  std::shared_ptr<arrow::Schema> schema_;
  int group_ = 0;
  uint64_t rows_ = 0;
  uint64_t row_ = 0;   // Behind the last batch.
  uint64_t skip_ = 0;  // Rows at the row group's front that were read before.
};

}  // namespace

Result<std::unique_ptr<BatchInput>> OpenParquet(const env::OpenFile& file, uint64_t size,
                                                uint64_t row) {
  auto input = std::make_unique<ParquetInput>(file, size);
  WEIR_TRY(input->Open(row));
  return input;
}

}  // namespace weir::format

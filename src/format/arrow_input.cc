#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>

#include <array>
#include <string_view>
#include <utility>

#include "format/arrow_file_internal.h"
#include "format/batch_input_internal.h"

namespace weir::format {
namespace {

constexpr std::string_view kFileMagic = "ARROW1";

class ArrowInput final : public BatchInput {
 public:
  ArrowInput(const env::OpenFile& file, uint64_t size)
      : size_(size), file_(std::make_shared<ArrowFile>(file, size)) {}

  Result<void> Open(uint64_t row) {
    skip_ = row;
    return file_->Run([&]() -> arrow::Status {
      arrow::ipc::IpcReadOptions options;
      options.memory_pool = &InputMemory();
      options.use_threads = false;
      std::array<char, kFileMagic.size()> magic = {};
      ARROW_ASSIGN_OR_RAISE(const int64_t got,
                            file_->ReadAt(0, static_cast<int64_t>(magic.size()), magic.data()));
      const bool is_file = std::string_view(magic.data(), static_cast<size_t>(got)) == kFileMagic;
      if (is_file) {
        ARROW_ASSIGN_OR_RAISE(by_position_,
                              arrow::ipc::RecordBatchFileReader::Open(file_, options));
        schema_ = by_position_->schema();
      } else {
        ARROW_ASSIGN_OR_RAISE(in_order_, arrow::ipc::RecordBatchStreamReader::Open(file_, options));
        schema_ = in_order_->schema();
      }
      return arrow::Status::OK();
    });
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      WEIR_TRY(file_->Run([&]() -> arrow::Status {
        ARROW_RETURN_NOT_OK(ReadNext(batch));
        return batch == nullptr ? arrow::Status::OK() : batch->ValidateFull();
      }));
      if (batch == nullptr) {
        ended_ = true;
        return batch;
      }
      const auto count = static_cast<uint64_t>(batch->num_rows());
      if (skip_ < count) return batch->Slice(static_cast<int64_t>(std::exchange(skip_, 0)));
      skip_ -= count;
    }
  }

  uint64_t bytes_read() const override {
    if (ended_ || size_ == 0) return size_;
    uint64_t at = 0;
    if (by_position_ != nullptr) {
      const auto batches = static_cast<uint64_t>(by_position_->num_record_batches());
      at = batches == 0 ? 0 : size_ / batches * static_cast<uint64_t>(next_);
    } else {
      at = static_cast<uint64_t>(file_->Tell().ValueOr(0));
    }
    return std::min(at, size_ - 1);
  }

 private:
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>& batch) {
    if (in_order_ != nullptr) return in_order_->ReadNext(&batch);
    if (next_ >= by_position_->num_record_batches()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(batch, by_position_->ReadRecordBatch(next_));
    ++next_;
    return arrow::Status::OK();
  }

  uint64_t size_;
  std::shared_ptr<ArrowFile> file_;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> by_position_;  // One of the two.
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> in_order_;
  std::shared_ptr<arrow::Schema> schema_;
  int next_ = 0;
  uint64_t skip_ = 0;  // Rows that were read before.
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<BatchInput>> OpenArrow(const env::OpenFile& file, uint64_t size,
                                              uint64_t row) {
  auto input = std::make_unique<ArrowInput>(file, size);
  WEIR_TRY(input->Open(row));
  return input;
}

}  // namespace weir::format

// An env file as Arrow sees one. Remembers our own error, which says more than Arrow's version of
// it and is no fault of the file's content.
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "base/limits.h"
#include "env/files.h"

namespace weir::format {

// A file that says it needs more is refused.
inline arrow::MemoryPool& InputMemory() {
  static arrow::CappedMemoryPool pool(arrow::default_memory_pool(), kColumnarInputBytesMax);
  return pool;
}

class ArrowFile final : public arrow::io::RandomAccessFile {
 public:
  ArrowFile(const env::OpenFile& file, uint64_t size)
      : file_(file), size_(static_cast<int64_t>(size)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Result<int64_t> GetSize() override { return size_; }
  arrow::Status Seek(int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t count, void* into) override {
    if (position < 0 || count < 0 || position > size_)
      return arrow::Status::Invalid("a place outside of the file");
    const int64_t wanted = std::min(count, size_ - position);
    const auto got = file_.ReadAt(static_cast<uint64_t>(position),
                                  {static_cast<char*>(into), static_cast<size_t>(wanted)});
    if (got) return static_cast<int64_t>(*got);
    failure_ = got.error();
    return arrow::Status::IOError(got.error().message);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t count) override {
    // Never more than there is, whatever the file claims.
    const int64_t wanted = std::clamp<int64_t>(count, 0, std::max<int64_t>(size_ - position, 0));
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(wanted, &InputMemory()));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t count, void* into) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(at_, count, into));
    at_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, count));
    at_ += buffer->size();
    return buffer;
  }

  // What `call`, which reads this file, came to: our own error where there is one. Arrow answers by
  // a Status; parquet throws, std::bad_alloc and others with it.
  template <class Call>
  Result<void> Run(Call&& call) {
    arrow::Status status;
    try {
      status = call();
    } catch (const std::exception& cause) {
      status = arrow::Status::Invalid(cause.what());
    }
    if (status.ok()) return {};
    if (failure_) return Fail(*failure_);
    return Fail(ErrorKind::kCorrupt, "object.corrupt",
                "the file cannot be read: " + status.message());
  }

 private:
  const env::OpenFile& file_;
  int64_t size_;
  int64_t at_ = 0;
  bool closed_ = false;
  std::optional<Error> failure_;
};

}  // namespace weir::format

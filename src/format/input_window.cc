#include "format/input_window_internal.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

constexpr size_t kFirstChunkBytes = 256 * 1024;

}  // namespace

// Chunks that no batch holds any more are filled again: the first touch of fresh memory costs more
// than reading it.
class InputWindow::Pool : public std::enable_shared_from_this<Pool> {
 public:
  std::shared_ptr<std::string> Take() {
    std::unique_ptr<std::string> chunk;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        chunk = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (chunk == nullptr) chunk = std::make_unique<std::string>();
    chunk->clear();
    return {chunk.release(),
            [pool = shared_from_this()](std::string* freed) { pool->Give(freed); }};
  }

 private:
  static constexpr size_t kKept = 2;
  static constexpr size_t kKeptBytes =
      2 * kDecodedBytesMax;  // What a long record took is given back.

  void Give(std::string* freed) {
    std::unique_ptr<std::string> chunk(freed);
    const std::lock_guard lock(mutex_);
    if (free_.size() < kKept && chunk->capacity() <= kKeptBytes) free_.push_back(std::move(chunk));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<std::string>> free_;
};

InputWindow::InputWindow(std::unique_ptr<env::ByteReader> reader, uint64_t offset,
                         size_t chunk_bytes)
    : reader_(std::move(reader)),
      pool_(std::make_shared<Pool>()),
      chunk_(std::make_shared<const std::string>()),
      chunk_offset_(offset),
      chunk_bytes_(std::max<size_t>(chunk_bytes, 1)),
      next_bytes_(std::min(chunk_bytes_, kFirstChunkBytes)) {}

InputWindow::~InputWindow() = default;

Result<void> InputWindow::Extend() {
  const std::string_view carried = rest();
  // Twice what is carried, so that looking for the end of a long record stays linear.
  const size_t wanted = std::max(next_bytes_, 2 * carried.size());
  next_bytes_ = std::min(chunk_bytes_, 4 * next_bytes_);
  std::shared_ptr<std::string> next = pool_->Take();
  std::optional<Error> failed;
  next->resize_and_overwrite(wanted + kPadding, [&](char* bytes, size_t) {
    size_t filled = carried.size();
    std::copy(carried.begin(), carried.end(), bytes);
    while (filled < wanted) {
      Result<size_t> read = reader_->Read(std::span(bytes + filled, wanted - filled));
      if (!read) {
        failed = std::move(read).error();
        break;
      }
      if (*read == 0) {
        at_end_ = true;
        break;
      }
      filled += *read;
    }
    std::memset(bytes + filled, 0, kPadding);
    return filled;
  });
  if (failed && failed->kind != ErrorKind::kCorrupt) return Fail(std::move(*failed));
  if (failed) {
    at_end_ = true;
    broken_ = std::move(failed);
  }
  chunk_offset_ += at_;
  at_ = 0;
  chunk_ = std::move(next);
  LookThrough();
  return {};
}

void InputWindow::LookThrough() {
  const std::string& bytes = *chunk_;
  // A record ends at a line end or at the end of the input, where no character can be cut.
  const size_t line_end = bytes.rfind('\n');
  const size_t length = at_end_ ? bytes.size() : line_end == std::string::npos ? 0 : line_end + 1;
  const bool good = IsUtf8(std::string_view(bytes).substr(0, length));
  utf8_until_ = bytes.data() + (good ? length : 0);
  nul_free_ = std::memchr(bytes.data(), 0, bytes.size()) == nullptr;
}

}  // namespace weir::format

#include <algorithm>
#include <cstring>
#include <utility>

#include "format/peek_internal.h"

namespace weir::format {
namespace {

// Bytes that were looked at, then the rest: one short read, which everything in this room takes.
class Rejoined final : public env::ByteReader {
 public:
  Rejoined(std::string front, std::unique_ptr<env::ByteReader> rest)
      : front_(std::move(front)), rest_(std::move(rest)) {}

  Result<size_t> Read(std::span<char> into) override {
    if (used_ == front_.size()) return rest_->Read(into);
    const size_t copied = std::min(into.size(), front_.size() - used_);
    std::memcpy(into.data(), front_.data() + used_, copied);
    used_ += copied;
    return copied;
  }

 private:
  std::string front_;
  size_t used_ = 0;
  std::unique_ptr<env::ByteReader> rest_;
};

}  // namespace

Result<Peeked> Peek(std::unique_ptr<env::ByteReader> reader, size_t bytes) {
  std::string front(bytes, '\0');
  size_t got = 0;
  while (got < bytes) {
    Result<size_t> more = reader->Read(std::span(front).subspan(got));
    if (!more && more.error().kind != ErrorKind::kCorrupt) return Fail(std::move(more).error());
    if (!more || *more == 0) break;
    got += *more;
  }
  front.resize(got);
  return Peeked{.front = front, .whole = std::make_unique<Rejoined>(front, std::move(reader))};
}

}  // namespace weir::format

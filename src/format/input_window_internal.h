// InputWindow: the part of an input that a decoder looks at. A chunk, once filled, never changes,
// so that batches may keep it; what a chunk leaves unread is carried over to the front of the next
// one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/bytes.h"

namespace weir::format {

class InputWindow {
 public:
  // The reader stands at `offset`.
  InputWindow(std::unique_ptr<env::ByteReader> reader, uint64_t offset, size_t chunk_bytes);
  ~InputWindow();

  // From the cursor to the end of the chunk; at least kPadding bytes behind it may be read.
  std::string_view rest() const { return std::string_view(*chunk_).substr(at_); }
  uint64_t offset() const { return chunk_offset_ + at_; }
  void Advance(size_t bytes) { at_ += bytes; }

  // No bytes will follow the chunk: it ends the input, or the input broke there.
  bool at_end() const { return at_end_; }
  // Set where the input broke (a corrupt compression).
  const std::optional<Error>& broken() const { return broken_; }

  // A new chunk: what is left of this one and more of the input. Sets at_end where there is none.
  // Errors: those of the reader other than kCorrupt.
  Result<void> Extend();

  std::shared_ptr<const std::string> chunk() const { return chunk_; }
  uint64_t chunk_offset() const { return chunk_offset_; }

  // Whether `bytes` (a part of rest() that ends with a record) are known to be UTF-8, or known to
  // hold no NUL: found out for a whole chunk at once.
  bool known_utf8(const char* end) const { return end <= utf8_until_; }
  bool known_nul_free() const { return nul_free_; }

  static constexpr size_t kPadding = 64;

 private:
  class Pool;
  void LookThrough();

  std::unique_ptr<env::ByteReader> reader_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<const std::string> chunk_;
  uint64_t chunk_offset_;
  size_t at_ = 0;
  size_t chunk_bytes_;  // Of a full chunk.
  size_t next_bytes_;   // Of the next one: small inputs shall not cost a full one.
  bool at_end_ = false;
  std::optional<Error> broken_;
  const char* utf8_until_ = nullptr;
  bool nul_free_ = false;
};

}  // namespace weir::format

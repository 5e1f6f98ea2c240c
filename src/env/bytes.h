// Bytes in order: what a decoder reads from and an encoder writes to.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace weir::env {

// A stream of bytes, read once from front to back. Threads: one at a time.
class ByteReader {
 public:
  virtual ~ByteReader() = default;
  // Fills the front of `into` and returns how many bytes it got; less than asked for only at the
  // end, 0 at and after the end. Errors: kIo (place: the file), kCorrupt (a broken compression).
  virtual Result<size_t> Read(std::span<char> into) = 0;
};

// A stream of bytes being written. Threads: one at a time.
// Dropping it without Finish leaves nothing that a reader could take for complete.
class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  virtual Result<void> Write(std::string_view bytes) = 0;
  // Bytes written so far.
  virtual uint64_t position() const = 0;
  // Makes everything durable (file, then folder) and visible under its name. Called once, last.
  // An error means: not to be relied on, never to be repeated for the same writer.
  virtual Result<void> Finish() = 0;
};

// Reads from memory that outlives the reader.
class MemoryReader final : public ByteReader {
 public:
  explicit MemoryReader(std::string_view bytes) : bytes_(bytes) {}
  Result<size_t> Read(std::span<char> into) override;

 private:
  std::string_view bytes_;
};

}  // namespace weir::env

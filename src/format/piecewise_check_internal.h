// For tests and fuzz targets alone: bytes as readers give them, and as text.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "env/bytes.h"
#include "format/transcode.h"

namespace weir::format {

// Gives bytes in small pieces.
class PiecewiseReader final : public env::ByteReader {
 public:
  PiecewiseReader(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  Result<size_t> Read(std::span<char> into) override {
    size_t count = std::min(bytes_.size(), into.size());
    if (piece_ != 0) count = std::min(count, piece_);
    std::copy_n(bytes_.begin(), count, into.begin());
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  size_t piece_;
};

// All of the text, as far as it can be read.
inline std::string AsUtf8(std::string_view bytes, Encoding encoding) {
  auto opened = OpenText(std::make_unique<PiecewiseReader>(bytes, 0), encoding);
  WEIR_CHECK(opened.has_value());
  std::string text;
  std::string piece(4096, '\0');
  while (true) {
    const auto got = opened->reader->Read(piece);
    if (!got || *got == 0) return text;
    text.append(piece, 0, *got);
  }
}

}  // namespace weir::format

#include "env/bytes.h"

#include <algorithm>
#include <cstring>

namespace weir::env {

Result<size_t> MemoryReader::Read(std::span<char> into) {
  const size_t count = std::min(into.size(), bytes_.size());
  if (count != 0) std::memcpy(into.data(), bytes_.data(), count);
  bytes_.remove_prefix(count);
  return count;
}

}  // namespace weir::env

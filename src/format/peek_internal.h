// The first bytes of an input, looked at without taking them.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "env/bytes.h"

namespace weir::format {

struct Peeked {
  std::string front;                       // As many as were asked for, if there are so many.
  std::unique_ptr<env::ByteReader> whole;  // All of the input; its first read may be short.
};

// Where the input breaks (kCorrupt) within them, `front` ends there, and `whole` meets the break
// again. Other errors are those of `reader`.
Result<Peeked> Peek(std::unique_ptr<env::ByteReader> reader, size_t bytes);

}  // namespace weir::format

// Any bytes as JSON: no crash, the invariants of decoder.h, and every cutting gives the same
// records.
#include <cstddef>
#include <cstdint>

#include "format/fuzz_input_internal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::format::FuzzDecoder(weir::format::FormatKind::kJson,
                            {reinterpret_cast<const char*>(data), size});
  return 0;
}

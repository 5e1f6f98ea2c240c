// Feeds arbitrary bytes to everything of this room that reads what others wrote. The first byte
// picks the reader. Whatever comes: a value or an error, no crash, no unbounded memory.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "iceberg/manifest.h"
#include "iceberg/metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::iceberg;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'm': {
      PartitionSpec spec;
      spec.fields = {{.source_id = 1, .field_id = 1000, .name = "p", .transform = {}}};
      ManifestFile listed;
      listed.sequence_number = 1;
      (void)DecodeManifest(bytes, listed, spec);
      break;
    }
    case 'l':
      (void)DecodeManifestList(bytes);
      break;
    default: {
      // What was read can be written and read again.
      const auto metadata = ParseMetadata(bytes);
      if (metadata) WEIR_CHECK(ParseMetadata(ToJson(*metadata)).has_value());
    }
  }
  return 0;
}

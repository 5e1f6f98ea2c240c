// The reader of the log's groups: any bytes at all are read without harm; what was written is read
// back; and with one bit changed it is refused.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wal/layout_internal.h"

namespace weir::wal {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// The input as a group: of entries whose lengths and streams are the first bytes of what is left.
struct Written {
  env::BlockString bytes;
  std::vector<std::string> bodies;
};

Written Write(std::string_view input) {
  Written made;
  made.bytes.resize(kGroupHeaderBytes);
  while (!input.empty()) {
    const size_t length = std::min<size_t>(static_cast<uint8_t>(input.front()), input.size() - 1);
    const std::string_view body = input.substr(1, length);
    const std::optional<Spool> spool =
        length % 3 == 0 ? std::optional(Spool{length, 7}) : std::nullopt;
    const size_t half = length / 2;
    AppendEntry(made.bytes, Sequence(10 + made.bodies.size()), StreamId(length),
                body.substr(0, half), body.substr(half), spool,
                EntryBodyCrc(body.substr(0, half), body.substr(half)));
    made.bodies.emplace_back(body);
    input.remove_prefix(1 + length);
  }
  const GroupHeader header{.salt = 5,
                           .first = Sequence(10),
                           .previous = Sequence(3),
                           .entries = static_cast<uint32_t>(made.bodies.size()),
                           .bytes = static_cast<uint32_t>(made.bytes.size() - kGroupHeaderBytes)};
  made.bytes.replace(0, kGroupHeaderBytes, EncodeGroupHeader(header));
  return made;
}

std::optional<std::vector<Entry>> Read(std::string_view bytes) {
  const auto header = DecodeGroupHeader(bytes, 5);
  if (!header) return std::nullopt;
  return DecodeEntries(*header, bytes.substr(kGroupHeaderBytes));
}

}  // namespace
}  // namespace weir::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wal;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)Read(input);
  (void)DecodeSegmentHeader(input);
  (void)DecodeEntries({.salt = 5,
                       .first = Sequence(1),
                       .previous = Sequence(),
                       .entries = 3,
                       .bytes = static_cast<uint32_t>(input.size())},
                      input);
  if (input.empty() || input.size() > 64 * 1024) return 0;
  const Written written = Write(input);
  const auto entries = Read(written.bytes);
  Require(entries && entries->size() == written.bodies.size());
  for (size_t i = 0; i < entries->size(); ++i) Require((*entries)[i].bytes == written.bodies[i]);
  weir::env::BlockString flipped = written.bytes;
  const size_t bit =
      (static_cast<uint8_t>(input.front()) * 8191 + input.size()) % (flipped.size() * 8);
  flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
  Require(!Read(flipped));
  return 0;
}

#include <array>
#include <cstring>
#include <string>

#include "wal/layout_internal.h"

namespace weir::wal {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, reflected.

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[i] = value;
  }
  return table;
}

uint32_t ByTable(uint32_t crc, std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = MakeTable();
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF];
  return crc;
}

#ifdef __x86_64__
// The instruction takes one cycle and gives its answer after three: three stretches at once.
constexpr size_t kStretchBytes = 1024;

// What kStretchBytes zeros make of a checksum. It is linear, so it is the sum of what they make of
// its bytes, and these of what they make of its bits.
class BehindStretch {
 public:
  BehindStretch() {
    const std::string zeros(kStretchBytes, '\0');
    for (size_t byte = 0; byte < 4; ++byte)
      for (uint32_t bit = 0; bit < 8; ++bit) {
        const uint32_t made = ByTable(1U << (8 * byte + bit), zeros);
        for (uint32_t value = 0; value < 256; ++value)
          if ((value >> bit & 1) != 0) made_of_[byte][value] ^= made;
      }
  }
  uint32_t operator()(uint32_t crc) const {
    return made_of_[0][crc & 0xFF] ^ made_of_[1][crc >> 8 & 0xFF] ^ made_of_[2][crc >> 16 & 0xFF] ^
           made_of_[3][crc >> 24];
  }

 private:
  std::array<std::array<uint32_t, 256>, 4> made_of_{};
};

__attribute__((target("sse4.2"))) inline uint64_t Step(uint64_t crc, const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return __builtin_ia32_crc32di(crc, word);
}

__attribute__((target("sse4.2"))) uint32_t ByInstruction(uint32_t crc, std::string_view bytes) {
  static const BehindStretch behind;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 3 * kStretchBytes; at += 3 * kStretchBytes, left -= 3 * kStretchBytes) {
    uint64_t first = crc;
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < kStretchBytes; i += 8) {
      first = Step(first, at + i);
      second = Step(second, at + kStretchBytes + i);
      third = Step(third, at + 2 * kStretchBytes + i);
    }
    crc = behind(behind(static_cast<uint32_t>(first)) ^ static_cast<uint32_t>(second)) ^
          static_cast<uint32_t>(third);
  }
  uint64_t wide = crc;
  for (; left >= 8; at += 8, left -= 8) wide = Step(wide, at);
  crc = static_cast<uint32_t>(wide);
  for (; left != 0; ++at, --left) crc = __builtin_ia32_crc32qi(crc, static_cast<uint8_t>(*at));
  return crc;
}
#endif

}  // namespace

uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) [[likely]]
    return ~ByInstruction(~crc, bytes);
#endif
  return ~ByTable(~crc, bytes);
}

uint32_t Crc32cByTable(std::string_view bytes) { return ~ByTable(~0U, bytes); }

}  // namespace weir::wal

#include "env/random.h"

#include <sys/random.h>

#include <array>
#include <cstdio>

#include "base/check.h"

namespace weir::env {
namespace {

class KernelRandom final : public Random {
 public:
  uint64_t Next() override {
    uint64_t number = 0;
    WEIR_CHECK(getrandom(&number, sizeof number, 0) == sizeof number);
    return number;
  }
};

}  // namespace

std::string Random::Uuid() {
  const uint64_t high = (Next() & ~0xF000ULL) | 0x4000ULL;
  const uint64_t low = (Next() & ~(3ULL << 62)) | (1ULL << 63);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xFFFF),
                static_cast<unsigned>(high & 0xFFFF), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFULL));
  return text.data();
}

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace weir::env

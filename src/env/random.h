// Randomness from outside, for names and ids. Everything reproducible uses SplitMix64 with a seed.
#pragma once

#include <cstdint>
#include <string>

namespace weir::env {

// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014): the
// `index`-th number of the stream `seed`. Stable for ever: seeded output rests on it.
constexpr uint64_t SplitMix64(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
  // A version 4 UUID in its 36 character text form.
  std::string Uuid();
};

// The kernel's randomness. Threads: any.
Random& SystemRandom();

// Reproducible, for tests. Threads: one at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : seed_(seed) {}
  uint64_t Next() override { return SplitMix64(seed_, index_++); }

 private:
  uint64_t seed_;
  uint64_t index_ = 0;
};

}  // namespace weir::env

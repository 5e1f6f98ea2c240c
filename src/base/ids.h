// Numbers that must not be mixed up, each its own type.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace weir {

template <class Tag>
struct StrongNumber {
  uint64_t value = 0;
  constexpr StrongNumber() = default;
  constexpr explicit StrongNumber(uint64_t number) : value(number) {}
  friend constexpr auto operator<=>(StrongNumber, StrongNumber) = default;
  constexpr StrongNumber next() const { return StrongNumber(value + 1); }
};

// A batch of one (pipeline, instance): 1, 2, 3, ... without gaps. 0: none yet.
using BatchNumber = StrongNumber<struct BatchNumberTag>;

// An ownership of a pipeline; a higher epoch fences every lower one. 0: none yet.
using Epoch = StrongNumber<struct EpochTag>;

// A try at executing one plan, counted from 1 within an epoch.
using Attempt = StrongNumber<struct AttemptTag>;

// Identifies a batch for ever: which pipeline, run by which instance, the how-manieth.
struct BatchId {
  std::string pipeline;
  std::string instance;  // 8 hex digits.
  BatchNumber number;

  // "uploads/3f2a9c1e/17": the value of the system column `_batch`.
  std::string ToString() const {
    return pipeline + "/" + instance + "/" + std::to_string(number.value);
  }
  friend bool operator==(const BatchId&, const BatchId&) = default;
};

}  // namespace weir

// Byte sizes, durations and instants as people write them and as code counts them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

// Microseconds since 1970-01-01T00:00:00Z: the resolution of Iceberg's timestamps.
struct Instant {
  int64_t micros = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  int64_t millis() const { return micros / 1000; }
};

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

// "64MiB" "1.5GiB" "100kB" "4096" -> bytes. Error unit.bytes.
Result<uint64_t> ParseBytes(std::string_view text);
// "500ms" "30s" "15m" "2h" "7d" -> duration, more than zero. Error unit.duration.
Result<std::chrono::microseconds> ParseDuration(std::string_view text);
// "5%" or "0.05" -> 0.05, within 0 and 1. Error unit.rate.
Result<double> ParseRate(std::string_view text);

// 1536 -> "1.5 KiB"; 12 -> "12 B".
std::string FormatBytes(uint64_t bytes);
// 1234567 -> "1,234,567".
std::string FormatCount(uint64_t count);
// 1 "batch" "batches" -> "1 batch"; 1200 -> "1,200 batches".
std::string FormatCount(uint64_t count, std::string_view one, std::string_view many);
// "850 ms", "12.3 s", "4 min 10 s".
std::string FormatDuration(std::chrono::microseconds duration);
// "2026-05-01T10:00:00.123456Z"; the fraction is left out when zero.
std::string FormatInstant(Instant instant);

}  // namespace weir

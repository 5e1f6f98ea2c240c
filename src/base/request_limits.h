// Bounds of what becomes of a request, with their units in their names; the others are in limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

inline constexpr size_t kRequestFaultsMax = 100;  // Refused records of a request that are told of,
inline constexpr size_t kFaultMessageBytesMax = 300;                  // each in so many words ...
inline constexpr size_t kBatchFaultBytesMax = 4 * 1024 * 1024;        // ... and of a batch, about.
inline constexpr uint64_t kStrictTextBytesMax = 64ULL * 1024 * 1024;  // All or nothing, inflated;
inline constexpr uint64_t kStrictRecordsMax = 1'000'000;              // of so many records.

}  // namespace weir

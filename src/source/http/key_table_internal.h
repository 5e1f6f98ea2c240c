// The Idempotency-Keys of requests that are in the log or committed within the horizon: about 90
// bytes each. Where there is no room for another one, it is refused; none is forgotten early for
// it. Private to source/http/. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "source/http/request_record_internal.h"

namespace weir::source {

enum class KeyState : uint8_t {
  kNew,      // It is being stored from now on: Stored or Dropped must follow.
  kStored,   // With this body, as `sequence`.
  kRunning,  // Being stored right now.
  kOther,    // With another body.
  kFull,     // No more keys can be known.
};

struct KeyAnswer {
  KeyState state = KeyState::kNew;
  wal::Sequence sequence;
};

class KeyTable {
 public:
  KeyTable(uint64_t keys_max, std::chrono::microseconds horizon)
      : keys_max_(keys_max), horizon_(horizon) {}

  KeyAnswer Begin(const KeyRecord& key, Instant now);
  // `at` is when it came.
  void Stored(const KeyRecord& key, wal::Sequence sequence, Instant at);
  void Dropped(const KeyRecord& key);
  // One that was stored earlier. Called in the order of `at`.
  void Restore(const KeyRecord& key, wal::Sequence sequence, Instant at);
  uint64_t size() const;

 private:
  struct Known {
    uint64_t fingerprint = 0;
    wal::Sequence sequence;  // 0: running.
  };
  struct HashOf {
    size_t operator()(const env::Hash128& key) const noexcept { return key.low; }
  };
  struct Aging {
    env::Hash128 key;
    Instant at;
  };
  void Expire(Instant now);

  mutable std::mutex mutex_;
  const uint64_t keys_max_;
  const std::chrono::microseconds horizon_;
  std::unordered_map<env::Hash128, Known, HashOf> known_;
  std::deque<Aging> oldest_;  // First; each that is stored, once.
};

}  // namespace weir::source

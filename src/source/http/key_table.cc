#include "source/http/key_table_internal.h"

namespace weir::source {

KeyAnswer KeyTable::Begin(const KeyRecord& key, Instant now) {
  const std::lock_guard lock(mutex_);
  Expire(now);
  const auto found = known_.find(key.key);
  if (found != known_.end()) {
    if (found->second.fingerprint != key.fingerprint) return {KeyState::kOther, {}};
    if (found->second.sequence.value == 0) return {KeyState::kRunning, {}};
    return {KeyState::kStored, found->second.sequence};
  }
  if (known_.size() >= keys_max_) return {KeyState::kFull, {}};
  known_.emplace(key.key, Known{key.fingerprint, wal::Sequence()});
  return {KeyState::kNew, {}};
}

void KeyTable::Stored(const KeyRecord& key, wal::Sequence sequence, Instant at) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key.key);
  if (found == known_.end()) return;
  found->second.sequence = sequence;
  oldest_.push_back({key.key, at});
}

void KeyTable::Dropped(const KeyRecord& key) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key.key);
  if (found != known_.end() && found->second.sequence.value == 0) known_.erase(found);
}

void KeyTable::Restore(const KeyRecord& key, wal::Sequence sequence, Instant at) {
  const std::lock_guard lock(mutex_);
  if (known_.insert_or_assign(key.key, Known{key.fingerprint, sequence}).second)
    oldest_.push_back({key.key, at});
}

uint64_t KeyTable::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

void KeyTable::Expire(Instant now) {
  while (!oldest_.empty() && oldest_.front().at.micros + horizon_.count() <= now.micros) {
    known_.erase(oldest_.front().key);
    oldest_.pop_front();
  }
}

}  // namespace weir::source

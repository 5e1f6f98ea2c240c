// What upkeep takes out of metadata in the course of a commit, and merging by tiers.
#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "iceberg/snapshot_update_internal.h"

namespace weir::iceberg {
namespace {

// floor(log_base(files)): how many times a manifest's entries have been merged.
int Tier(int64_t files, size_t base) {
  int tier = 0;
  for (auto left = static_cast<uint64_t>(files); left >= base; left /= base) ++tier;
  return tier;
}

std::unordered_set<int64_t> Retained(const TableMetadata& metadata,
                                     const std::set<int64_t>& protected_snapshots,
                                     size_t snapshots_kept) {
  std::unordered_set<int64_t> retained(protected_snapshots.begin(), protected_snapshots.end());
  int64_t oldest_kept_ms = std::numeric_limits<int64_t>::max();
  size_t depth = 0;
  std::unordered_map<int64_t, const Snapshot*> by_id;
  for (const Snapshot& snapshot : metadata.snapshots) by_id.emplace(snapshot.id, &snapshot);
  const auto parent_of = [&](const Snapshot& snapshot) -> const Snapshot* {
    const auto found = by_id.find(snapshot.parent_id.value_or(0));
    return snapshot.parent_id && found != by_id.end() ? found->second : nullptr;
  };
  std::vector<int64_t> waiting;  // Beyond the newest, kept only if a protected one lies behind.
  for (const Snapshot* at = metadata.current_snapshot(); at != nullptr; at = parent_of(*at)) {
    const bool is_protected = protected_snapshots.contains(at->id);
    if (depth++ < std::max<size_t>(snapshots_kept, 1) || is_protected) {
      retained.insert(waiting.begin(), waiting.end());
      waiting.clear();
      retained.insert(at->id);
      oldest_kept_ms = std::min(oldest_kept_ms, at->timestamp_ms);
    } else {
      waiting.push_back(at->id);
    }
    if (depth > metadata.snapshots.size()) break;  // A foreign table whose history is a circle.
  }
  for (const auto& [name, ref] : metadata.refs) {
    retained.insert(ref.snapshot_id);
    if (!ref.is_branch || name == "main") continue;
    // Other branches are not ours to shorten.
    size_t steps = 0;
    for (const Snapshot* at = metadata.FindSnapshot(ref.snapshot_id);
         at != nullptr && steps <= metadata.snapshots.size(); ++steps) {
      retained.insert(at->id);
      at = parent_of(*at);
    }
  }
  // Snapshots beside the history (staged, or rolled back) stay as long as their contemporaries.
  std::unordered_set<int64_t> history(waiting.begin(), waiting.end());
  for (const Snapshot& snapshot : metadata.snapshots)
    if (snapshot.timestamp_ms >= oldest_kept_ms && !history.contains(snapshot.id))
      retained.insert(snapshot.id);
  return retained;
}

}  // namespace

std::vector<std::vector<size_t>> MergeGroups(std::span<const ManifestFile> manifests,
                                             const std::set<size_t>& apart,
                                             const CommitPolicy& policy) {
  const size_t least = std::max<size_t>(policy.manifests_before_merge, 2);
  std::map<std::tuple<int32_t, ManifestContent, int>, std::vector<size_t>> tiers;
  for (size_t i = 0; i < manifests.size(); ++i) {
    const ManifestFile& manifest = manifests[i];
    if (apart.contains(i) || manifest.live_files() <= 0) continue;
    // Large enough for good. Half the target, so that the halves of a split merge never merge
    // again.
    if (manifest.length >= policy.manifest_bytes_target / 2) continue;
    tiers[{manifest.spec_id, manifest.content, Tier(manifest.live_files(), least)}].push_back(i);
  }
  std::vector<std::vector<size_t>> groups;
  for (auto& [key, members] : tiers)
    if (members.size() >= least) groups.push_back(std::move(members));
  return groups;
}

std::vector<Snapshot> Expire(TableMetadata& metadata, const std::set<int64_t>& protected_snapshots,
                             size_t snapshots_kept) {
  std::vector<Snapshot> expired;
  if (metadata.snapshots.size() <= snapshots_kept) return expired;
  const auto retained = Retained(metadata, protected_snapshots, snapshots_kept);
  const auto gone = [&](int64_t id) { return !retained.contains(id); };
  expired = metadata.snapshots.Take([&](const Snapshot& snapshot) { return gone(snapshot.id); });
  if (expired.empty()) return expired;
  // A log with a hole in it would tell a wrong history, so everything up to the last hole goes.
  auto& log = metadata.snapshot_log;
  const auto last_gone = std::find_if(log.rbegin(), log.rend(), [&](const SnapshotLogEntry& entry) {
    return gone(entry.snapshot_id);
  });
  log.erase(log.begin(), last_gone.base());
  const auto names_gone = [&](const StatisticsEntry& entry) { return gone(entry.snapshot_id); };
  std::erase_if(metadata.statistics, names_gone);
  std::erase_if(metadata.partition_statistics, names_gone);
  return expired;
}

std::vector<std::string> LogMetadata(TableMetadata& metadata, int64_t base_updated_ms,
                                     const std::string& base_location, size_t files_kept) {
  std::vector<std::string> old;
  auto& log = metadata.metadata_log;
  if (!base_location.empty())
    log.push_back({.timestamp_ms = base_updated_ms, .file = base_location});
  const size_t kept = std::max<size_t>(files_kept, 1);
  while (log.size() > kept) {
    old.push_back(std::move(log.front().file));
    log.erase(log.begin());
  }
  return old;
}

std::vector<ManifestFile> DeadManifests(std::span<const std::vector<ManifestFile>> expired,
                                        std::span<const std::vector<ManifestFile>> retained) {
  std::unordered_set<std::string_view> seen;
  for (const auto& list : retained)
    for (const ManifestFile& manifest : list) seen.insert(manifest.path);
  std::vector<ManifestFile> dead;
  for (const auto& list : expired)
    for (const ManifestFile& manifest : list)
      if (seen.insert(manifest.path).second) dead.push_back(manifest);
  return dead;
}

}  // namespace weir::iceberg

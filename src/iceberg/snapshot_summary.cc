#include <algorithm>
#include <charconv>
#include <optional>

#include "iceberg/snapshot_update_internal.h"

namespace weir::iceberg {
namespace {

void Put(StringMap& summary, const std::string& key, int64_t value) {
  if (value != 0) summary[key] = std::to_string(value);
}

// The previous total; 0 at the start, nothing if the parent does not say it.
std::optional<int64_t> Previous(const StringMap* previous, const std::string& key) {
  if (previous == nullptr) return 0;
  const auto found = previous->find(key);
  if (found == previous->end()) return std::nullopt;
  int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, ec] = std::from_chars(found->second.data(), end, value);
  if (ec != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string OperationText(Operation operation, const SummaryBuilder& counts) {
  if (operation == Operation::kCompact) return "replace";
  if (counts.removes()) return counts.adds_data() || counts.adds_deletes() ? "overwrite" : "delete";
  if (!counts.adds_deletes()) return "append";
  return counts.adds_data() ? "overwrite" : "delete";
}

}  // namespace

bool SummaryBuilder::PartitionLess::operator()(const Partition& left,
                                               const Partition& right) const {
  if (left.first != right.first) return left.first < right.first;
  return std::lexicographical_compare(
      left.second.begin(), left.second.end(), right.second.begin(), right.second.end(),
      [](const Value& a, const Value& b) { return CompareValues(a, b) < 0; });
}

void SummaryBuilder::Count(const DataFile& file, Tally& tally) {
  tally.bytes += file.file_size;
  partitions_.insert({file.spec_id, file.partition});
  switch (file.content) {
    case FileContent::kData:
      ++tally.data_files;
      tally.records += file.record_count;
      return;
    case FileContent::kPositionDeletes:
      ++tally.position_delete_files;
      tally.position_deletes += file.record_count;
      return;
    case FileContent::kEqualityDeletes:
      ++tally.equality_delete_files;
      tally.equality_deletes += file.record_count;
      return;
  }
}

void SummaryBuilder::Write(StringMap& summary, const Tally& tally, bool adding) {
  const std::string data = adding ? "added-" : "deleted-";
  const std::string other = adding ? "added-" : "removed-";
  Put(summary, data + "data-files", tally.data_files);
  Put(summary, data + "records", tally.records);
  Put(summary, other + "files-size", tally.bytes);
  Put(summary, other + "delete-files", tally.delete_files());
  Put(summary, other + "position-delete-files", tally.position_delete_files);
  Put(summary, other + "position-deletes", tally.position_deletes);
  Put(summary, other + "equality-delete-files", tally.equality_delete_files);
  Put(summary, other + "equality-deletes", tally.equality_deletes);
}

StringMap SummaryBuilder::Finish(Operation operation, const StringMap* previous,
                                 std::span<const ManifestFile> manifests) const {
  StringMap summary;
  summary["operation"] = OperationText(operation, *this);
  Write(summary, added_, true);
  Write(summary, removed_, false);
  Put(summary, "changed-partition-count", static_cast<int64_t>(partitions_.size()));
  summary["manifests-created"] = std::to_string(manifests_created);
  summary["manifests-kept"] = std::to_string(manifests_kept);
  summary["manifests-replaced"] = std::to_string(manifests_replaced);

  int64_t data_files = 0;
  int64_t records = 0;
  int64_t delete_files = 0;
  for (const ManifestFile& manifest : manifests) {
    if (manifest.content == ManifestContent::kDeletes) {
      delete_files += manifest.live_files();
      continue;
    }
    data_files += manifest.live_files();
    records += manifest.added_rows + manifest.existing_rows;
  }
  summary["total-data-files"] = std::to_string(data_files);
  summary["total-records"] = std::to_string(records);
  summary["total-delete-files"] = std::to_string(delete_files);
  const auto total = [&](const std::string& key, int64_t change) {
    if (const auto before = Previous(previous, key))
      summary[key] = std::to_string(*before + change);
  };
  total("total-files-size", added_.bytes - removed_.bytes);
  total("total-position-deletes", added_.position_deletes - removed_.position_deletes);
  total("total-equality-deletes", added_.equality_deletes - removed_.equality_deletes);
  return summary;
}

}  // namespace weir::iceberg

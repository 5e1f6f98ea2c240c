#include "iceberg/snapshot.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "iceberg/json_internal.h"

namespace weir::iceberg {
namespace {

std::string TextOf(const Snapshot& snapshot) {
  JsonWriter out;
  out.Begin('{').Key("sequence-number").Number(snapshot.sequence_number);
  out.Key("snapshot-id").Number(snapshot.id);
  if (snapshot.parent_id) out.Key("parent-snapshot-id").Number(*snapshot.parent_id);
  out.Key("timestamp-ms").Number(snapshot.timestamp_ms).Key("summary");
  WriteStrings(out, snapshot.summary);
  out.Key("manifest-list").Text(snapshot.manifest_list);
  if (snapshot.schema_id) out.Key("schema-id").Number(*snapshot.schema_id);
  return out.End('}').Finish();
}

}  // namespace

class SnapshotList::Kept {
 public:
  explicit Kept(Snapshot made) : snapshot(std::move(made)) {}

  const std::string& text() const {
    std::call_once(once_, [this] { text_ = TextOf(snapshot); });
    return text_;
  }

  const Snapshot snapshot;

 private:
  mutable std::once_flag once_;
  mutable std::string text_;
};

std::string_view Snapshot::operation() const {
  const auto found = summary.find("operation");
  return found == summary.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<uint64_t> Snapshot::number(const std::string& key) const {
  const auto found = summary.find(key);
  if (found == summary.end()) return std::nullopt;
  return std::strtoull(found->second.c_str(), nullptr, 10);
}

const Snapshot& SnapshotList::const_iterator::operator*() const { return (*at_)->snapshot; }

SnapshotList::const_iterator& SnapshotList::const_iterator::operator++() {
  ++at_;
  return *this;
}
SnapshotList::const_iterator SnapshotList::const_iterator::operator++(int) {
  return const_iterator(at_++);
}
SnapshotList::const_iterator& SnapshotList::const_iterator::operator--() {
  --at_;
  return *this;
}
SnapshotList::const_iterator SnapshotList::const_iterator::operator--(int) {
  return const_iterator(at_--);
}

SnapshotList::SnapshotList(std::initializer_list<Snapshot> snapshots) {
  for (const Snapshot& snapshot : snapshots) push_back(snapshot);
}

void SnapshotList::push_back(Snapshot snapshot) {
  nodes_.push_back(std::make_shared<const Kept>(std::move(snapshot)));
}

void SnapshotList::Sort() {
  std::stable_sort(nodes_.begin(), nodes_.end(), [](const auto& a, const auto& b) {
    return a->snapshot.sequence_number < b->snapshot.sequence_number;
  });
}

std::vector<Snapshot> SnapshotList::Take(const std::function<bool(const Snapshot&)>& gone) {
  const auto first_gone = std::stable_partition(
      nodes_.begin(), nodes_.end(), [&](const auto& node) { return !gone(node->snapshot); });
  std::vector<Snapshot> taken;
  for (auto at = first_gone; at != nodes_.end(); ++at) taken.push_back((*at)->snapshot);
  nodes_.erase(first_gone, nodes_.end());
  return taken;
}

std::string SnapshotList::ItemsAsJson() const {
  size_t size = 0;
  for (const auto& node : nodes_) size += node->text().size() + 1;
  std::string items;
  items.reserve(size);
  for (const auto& node : nodes_) {
    if (!items.empty()) items += ',';
    items += node->text();
  }
  return items;
}

bool operator==(const SnapshotList& a, const SnapshotList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace weir::iceberg

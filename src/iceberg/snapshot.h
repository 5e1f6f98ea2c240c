// Snapshots, and the list of them that a table's metadata holds. Threads: any.
//
// A snapshot never changes, and a commit adds one to a hundred: copies of a list share its
// snapshots, and the JSON of one is made once, however many metadata files repeat it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::iceberg {

using StringMap = std::map<std::string, std::string>;

struct Snapshot {
  int64_t id = 0;
  std::optional<int64_t> parent_id;  // May name an expired one.
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;
  std::string manifest_list;  // Full URI.
  StringMap summary;          // "operation" among others.
  std::optional<int32_t> schema_id;

  std::string_view operation() const;
  // Of the summary, such as "total-records"; nullopt: it does not say.
  std::optional<uint64_t> number(const std::string& key) const;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// Its snapshots are read as const Snapshot&; their addresses stay while any copy of the list has
// them.
class SnapshotList {
  class Kept;
  using Nodes = std::vector<std::shared_ptr<const Kept>>;

 public:
  class const_iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Snapshot;
    using difference_type = std::ptrdiff_t;
    using pointer = const Snapshot*;
    using reference = const Snapshot&;

    const_iterator() = default;
    reference operator*() const;
    pointer operator->() const { return &**this; }
    const_iterator& operator++();
    const_iterator operator++(int);
    const_iterator& operator--();
    const_iterator operator--(int);
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    friend class SnapshotList;
    explicit const_iterator(Nodes::const_iterator at) : at_(at) {}
    Nodes::const_iterator at_;
  };
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;
  using value_type = Snapshot;

  SnapshotList() = default;
  SnapshotList(std::initializer_list<Snapshot> snapshots);

  size_t size() const { return nodes_.size(); }
  bool empty() const { return nodes_.empty(); }
  const_iterator begin() const { return const_iterator(nodes_.begin()); }
  const_iterator end() const { return const_iterator(nodes_.end()); }
  const_reverse_iterator rbegin() const { return const_reverse_iterator(end()); }
  const_reverse_iterator rend() const { return const_reverse_iterator(begin()); }
  const Snapshot& back() const { return *rbegin(); }

  void push_back(Snapshot snapshot);
  // By sequence number; equal ones stay as they are.
  void Sort();
  // Takes out those that `gone` says and returns them, in order.
  std::vector<Snapshot> Take(const std::function<bool(const Snapshot&)>& gone);
  // The texts of all snapshots with commas between, as they stand in a JSON array.
  std::string ItemsAsJson() const;

  friend bool operator==(const SnapshotList& a, const SnapshotList& b);

 private:
  Nodes nodes_;
};

}  // namespace weir::iceberg

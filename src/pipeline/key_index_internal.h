// Which keys does a table hold, and since when? Exact, in bounded memory. Private to pipeline/.
//
//   Add* --(over kDedupeKeysInMemory)--> a run: keys in order, in one file of `folder`
//   NewestOf(keys): memory, then every run, each read once from front to back
//
// A run is written whole under its name or not at all, and never changed. It says which files of
// the table it covers, so that a later process need not read those again; it is a cache, which may
// be deleted at any time (docs/formats/keys.md). A run that holds keys of a file which the table
// has no more is removed, since they may be gone.
//
// Threads: one at a time. Borrows `files`.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "env/files.h"
#include "pipeline/key_hash_internal.h"

namespace weir::pipeline {

struct KeyHashHash {
  size_t operator()(const KeyHash& key) const { return key.low; }
};

// What the keys of an index are of: runs of anything else are of no use.
struct KeyIndexSubject {
  std::string table;  // Its uuid.
  std::string columns;
  friend bool operator==(const KeyIndexSubject&, const KeyIndexSubject&) = default;
};

class KeyIndex {
 public:
  // `keys_max`: kept in memory; more go to a run.
  KeyIndex(env::Files& files, std::string folder, size_t keys_max);

  // Takes up the runs in the folder that are of `subject` and cover only files of `live`; removes
  // the others. `fresh_secret` is used where no run is left. Forgets what it held before.
  Result<void> Open(const KeyIndexSubject& subject, const std::set<std::string>& live,
                    const std::string& fresh_secret);

  const std::string& secret() const { return secret_; }
  bool covers(const std::string& file) const { return covered_.contains(file); }
  const std::set<std::string>& covered() const { return covered_; }

  // Keys that rows of `files`, of one or another of them, have since `at`; the latest counts. More
  // may follow, until Cover.
  Result<void> Add(std::span<const std::string> files, std::span<const KeyHash> keys, Instant at);
  // All keys of `file` have been added.
  void Cover(const std::string& file);

  // Per key when the newest row with it came; none where there is no such row. `keys` is sorted.
  Result<std::vector<std::optional<Instant>>> NewestOf(std::span<const KeyHash> keys) const;

  size_t in_memory() const { return memory_.size(); }
  size_t runs() const { return runs_.size(); }

 private:
  struct Run {
    std::string path;
    std::shared_ptr<env::OpenFile> file;
    uint64_t begin = 0;  // Of the first key.
    uint64_t end = 0;
  };
  // A run's header: {subject, secret, files}; none where it cannot be used.
  struct Header {
    KeyIndexSubject subject;
    std::string secret;
    std::set<std::string> files;  // All their keys are in it.
    std::set<std::string> parts;  // Some of theirs.
    uint64_t bytes = 0;
    uint64_t keys = 0;
  };

  static Result<Header> ReadHeader(const env::OpenFile& file);
  Result<void> TakeUp(const std::string& name, const std::set<std::string>& live);
  Result<void> Spill();

  env::Files& files_;
  std::string folder_;
  size_t keys_max_;
  KeyIndexSubject subject_;
  std::string secret_;
  std::unordered_map<KeyHash, int64_t, KeyHashHash> memory_;  // To microseconds.
  std::set<std::string> covered_;
  std::set<std::string> files_in_memory_;  // Of these, with all their keys in memory_.
  std::set<std::string> parts_in_memory_;  // Files with some of their keys in memory_.
  std::set<std::string> split_;            // Not covered yet, and a run holds a part already.
  std::vector<Run> runs_;
  uint64_t next_run_ = 1;
};

}  // namespace weir::pipeline

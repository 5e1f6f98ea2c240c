// The Lake is all tables of a project: it reads a table's state, prepares its next one, and keeps
// metadata small while doing so. It never moves a pointer itself: that is one transaction of the
// catalog, made by commit/.
//
//   Load/Create -> DataWriter (data_writer.h) -> Prepare -> Sync -> catalog.Commit(move) -> Settle
//                                                   ^                      | catalog.conflict
//                                                   +-------- Load --------+
//
// Invariants:
//   (1) Prepare writes new files only; nothing a reader can reach changes before the pointer moves.
//   (2) What Settle removes was reachable only through snapshots and metadata that the committed
//       state no longer names. Data files are never removed here.
//   (3) The cost of Load, Prepare and Settle does not grow with the number of earlier commits.
//
// Threads: one at a time (it starts its own). Borrows everything it is made from.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "columnar/type.h"
#include "env/clock.h"
#include "env/random.h"
#include "iceberg/manifest.h"
#include "iceberg/metadata.h"
#include "iceberg/snapshot_update.h"
#include "storage/store.h"
#include "storage/write_group.h"

namespace weir::table {

// A table as one metadata file describes it. Immutable.
struct TableState {
  catalog::TableName name;
  std::string pointer;  // Location of the metadata file; empty: not in the catalog yet.
  iceberg::TableMetadata metadata;
  std::vector<iceberg::ManifestFile> manifests;  // Of the current snapshot.

  int64_t snapshot_id() const { return metadata.current_snapshot_id.value_or(0); }
};
using TableStatePtr = std::shared_ptr<const TableState>;

// What a table must look like, as a contract and a sink declare it.
struct TableShape {
  columnar::Schema schema;                // System columns included.
  std::vector<std::string> partition_by;  // "day(ts)", "region".
};

// What a commit does to one table.
struct TableChange {
  iceberg::Operation operation = iceberg::Operation::kAppend;
  std::vector<iceberg::DataFile> added;
  iceberg::StringMap summary;          // The marker of the batch.
  std::set<std::string> removed = {};  // Paths of live files; of kOverwrite and kCompact.
};

// A next state, durable after Sync; it counts once the catalog's pointer has moved.
struct PreparedTable {
  catalog::TableMove move;
  TableStatePtr next;
  std::vector<std::string> unreachable;  // Metadata that nothing names after the move.
};

class Lake {
 public:
  // `warehouse` is the location under which tables are made: "file:///project/lake".
  Lake(storage::Store& store, catalog::Catalog& catalog, const env::Clock& clock,
       env::Random& random, std::string warehouse);

  // The table as the catalog points at it now. Errors: table.not_found (kNotFound), table.lost
  // (kCorrupt: the catalog names metadata that is not there), those of iceberg/.
  Result<TableStatePtr> Load(const catalog::TableName& name);

  // A state for a table that does not exist yet; nothing is written. Errors of iceberg/ (kConfig).
  Result<TableStatePtr> Create(const catalog::TableName& name, const TableShape& shape);

  // The table, made from `shape` where there is none.
  // Error schema.drift (kConfig) where it exists with other columns or another partitioning.
  Result<TableStatePtr> LoadOrCreate(const catalog::TableName& name, const TableShape& shape);

  // Writes manifests, manifest list and metadata of the state after `change`. They and the data
  // files may still be on their way to the disk: call Sync before the catalog names them.
  Result<PreparedTable> Prepare(const TableState& base, const TableChange& change);

  // The same for a change of columns or partitioning alone: `changed` is the base with it made. No
  // snapshot is made, and no data file is touched.
  Result<PreparedTable> PrepareMetadata(const TableState& base, iceberg::TableMetadata changed);

  // Everything that was written through writes() is durable, or the first error since the last
  // Sync.
  Result<void> Sync() { return writes_.Sync(); }

  // After the pointer moved: remembers the state and starts to remove what it made unreachable; the
  // Lake's end waits for it. What cannot be removed stays.
  void Settle(const PreparedTable& prepared);

  // The data files of a snapshot (0: the current one; an empty table has none). Errors:
  // table.snapshot (kNotFound), table.deletes (kUnsupported: it has delete files, which this
  // version cannot apply).
  Result<std::vector<iceberg::DataFile>> Files(const TableState& state, int64_t snapshot_id = 0);

  storage::Store& store() { return store_; }
  storage::WriteGroup& writes() { return writes_; }
  const env::Clock& clock() const { return clock_; }
  env::Random& random() { return random_; }

 private:
  Result<std::vector<iceberg::ManifestFile>> ReadManifests(const iceberg::TableMetadata& metadata,
                                                           int64_t snapshot_id);
  Result<std::vector<iceberg::LoadedManifest>> ReadEntries(
      const iceberg::TableMetadata& metadata, const std::vector<iceberg::ManifestFile>& manifests);
  Result<std::vector<std::string>> Unreachable(const catalog::TableName& name,
                                               const iceberg::CommitPlan& plan);

  // The manifest list of the oldest snapshot that a table's last commit kept. Lists never change.
  struct OldestList {
    std::string location;
    std::vector<iceberg::ManifestFile> manifests;
  };

  storage::Store& store_;
  storage::WriteGroup writes_;
  catalog::Catalog& catalog_;
  const env::Clock& clock_;
  env::Random& random_;
  std::string warehouse_;
  std::map<catalog::TableName, TableStatePtr> known_;  // By the pointer they were read from.
  std::map<catalog::TableName, OldestList> oldest_;
  std::future<void> removing_;
  int attempt_ = 0;  // Of Prepare in this process: part of every name.
};

}  // namespace weir::table

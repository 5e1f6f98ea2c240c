#include "table/lake.h"

#include <algorithm>

#include "base/check.h"
#include "env/failpoint.h"
#include "table/shape_change.h"

namespace weir::table {
namespace {

Error Lost(Error error, const catalog::TableName& name) {
  if (error.kind != ErrorKind::kNotFound)
    return WithContext(std::move(error), "table " + name.ToString());
  error.kind = ErrorKind::kCorrupt;
  error.code = "table.lost";
  error.message = "table " + name.ToString() + " is in the catalog, but its file is gone";
  error.next = "put the lake back from a backup; weir verify lists what is missing";
  return error;
}

}  // namespace

Lake::Lake(storage::Store& store, catalog::Catalog& catalog, const env::Clock& clock,
           env::Random& random, std::string warehouse)
    : store_(store),
      writes_(store),
      catalog_(catalog),
      clock_(clock),
      random_(random),
      warehouse_(std::move(warehouse)) {}

Result<TableStatePtr> Lake::Load(const catalog::TableName& name) {
  WEIR_ASSIGN(const auto pointer, catalog_.Find(name));
  if (!pointer) {
    return Fail(ErrorKind::kNotFound, "table.not_found", "no table " + name.ToString(),
                "weir table ls");
  }
  if (const auto known = known_.find(name);
      known != known_.end() && known->second->pointer == *pointer)
    return known->second;
  const auto read = [&]() -> Result<TableStatePtr> {
    auto state = std::make_shared<TableState>();
    state->name = name;
    state->pointer = *pointer;
    WEIR_ASSIGN(const std::string json, store_.Read(*pointer));
    WEIR_ASSIGN(state->metadata, iceberg::ParseMetadata(json));
    WEIR_ASSIGN(state->manifests, ReadManifests(state->metadata, state->snapshot_id()));
    return state;
  };
  auto state = read();
  if (!state) return Fail(Lost(std::move(state).error(), name));
  known_[name] = *state;
  return *state;
}

Result<TableStatePtr> Lake::Create(const catalog::TableName& name, const TableShape& shape) {
  WEIR_ASSIGN(iceberg::Schema schema, iceberg::FromColumnar(shape.schema));
  WEIR_ASSIGN(iceberg::PartitionSpec spec, iceberg::ParsePartitionSpec(shape.partition_by, schema));
  auto state = std::make_shared<TableState>();
  state->name = name;
  state->metadata =
      iceberg::NewTable({.location = warehouse_ + "/" + name.space + "/" + name.name,
                         .table_uuid = random_.Uuid(),
                         .timestamp_ms = clock_.Now().millis(),
                         .schema = std::move(schema),
                         .spec = std::move(spec),
                         .properties = {{"write.parquet.compression-codec", "zstd"}}});
  return state;
}

Result<TableStatePtr> Lake::LoadOrCreate(const catalog::TableName& name, const TableShape& shape) {
  auto loaded = Load(name);
  if (!loaded) {
    if (loaded.error().code == "table.not_found") return Create(name, shape);
    return Fail(std::move(loaded).error());
  }
  const auto changes = ChangesFor((*loaded)->metadata, shape);
  if (!changes) return Fail(WithContext(changes.error(), "table " + name.ToString()));
  WEIR_TRY(CheckUnchanged(name, *changes));
  return *loaded;
}

Result<PreparedTable> Lake::Prepare(const TableState& base, const TableChange& change) {
  iceberg::CommitRequest request;
  request.operation = change.operation;
  request.added = change.added;
  request.summary = change.summary;
  request.removed = change.removed;
  // The rows keep their age: files that were deleted from since would delete from them too.
  if (change.operation == iceberg::Operation::kCompact && base.metadata.current_snapshot())
    request.added_sequence_number = base.metadata.current_snapshot()->sequence_number;
  do {
    request.snapshot_id = iceberg::SnapshotIdFrom(random_.Next());
  } while (base.metadata.FindSnapshot(request.snapshot_id) != nullptr);
  request.commit_uuid = random_.Uuid();
  request.metadata_uuid = random_.Uuid();
  request.attempt = ++attempt_;
  request.timestamp_ms = clock_.Now().millis();
  WEIR_ASSIGN(const auto loaded,
              ReadEntries(base.metadata, iceberg::NeededManifests(base.manifests, request)));
  WEIR_ASSIGN(iceberg::CommitPlan plan,
              iceberg::PlanCommit(base.metadata, base.pointer, base.manifests, loaded, request));
  for (const iceberg::PlannedFile& file : plan.files) {
    WEIR_TRY(env::ReachFailpoint("table.manifest"));
    WEIR_TRY(writes_.Put(file.location, file.bytes));
  }
  WEIR_TRY(env::ReachFailpoint("table.metadata"));
  WEIR_TRY(writes_.Put(plan.metadata.location, plan.metadata.bytes));
  PreparedTable prepared;
  WEIR_ASSIGN(prepared.unreachable, Unreachable(base.name, plan));
  prepared.move = {.table = base.name, .from = {}, .to = plan.metadata.location};
  if (!base.pointer.empty()) prepared.move.from = base.pointer;
  prepared.next = std::make_shared<TableState>(TableState{
      base.name, plan.metadata.location, std::move(plan.next), std::move(plan.manifests)});
  return prepared;
}

Result<PreparedTable> Lake::PrepareMetadata(const TableState& base,
                                            iceberg::TableMetadata changed) {
  iceberg::MetadataPlan plan =
      iceberg::PlanMetadata(changed, base.pointer, random_.Uuid(), clock_.Now().millis());
  WEIR_TRY(env::ReachFailpoint("table.metadata"));
  WEIR_TRY(writes_.Put(plan.metadata.location, plan.metadata.bytes));
  PreparedTable prepared;
  prepared.unreachable = std::move(plan.old_metadata);
  prepared.move = {.table = base.name, .from = {}, .to = plan.metadata.location};
  if (!base.pointer.empty()) prepared.move.from = base.pointer;
  prepared.next = std::make_shared<TableState>(
      TableState{base.name, plan.metadata.location, std::move(plan.next), base.manifests});
  return prepared;
}

void Lake::Settle(const PreparedTable& prepared) {
  known_[prepared.next->name] = prepared.next;
  if (prepared.unreachable.empty()) return;
  if (removing_.valid()) removing_.wait();
  removing_ = std::async(std::launch::async, [&store = store_, dead = prepared.unreachable] {
    for (const std::string& location : dead) {
      // A file that cannot be removed costs only space.
      if (auto removed = store.Remove(location); !removed) return;
    }
  });
}

Result<std::vector<iceberg::DataFile>> Lake::Files(const TableState& state, int64_t snapshot_id) {
  const int64_t wanted = snapshot_id == 0 ? state.snapshot_id() : snapshot_id;
  if (wanted != 0 && state.metadata.FindSnapshot(wanted) == nullptr) {
    return Fail(ErrorKind::kNotFound, "table.snapshot",
                "table " + state.name.ToString() + " has no snapshot " + std::to_string(wanted),
                "weir table show " + state.name.ToString());
  }
  std::vector<iceberg::ManifestFile> manifests = state.manifests;
  if (wanted != state.snapshot_id()) {
    WEIR_ASSIGN(manifests, ReadManifests(state.metadata, wanted));
  }
  std::vector<iceberg::DataFile> files;
  auto loaded = ReadEntries(state.metadata, manifests);
  if (!loaded) return Fail(Lost(std::move(loaded).error(), state.name));
  for (iceberg::LoadedManifest& manifest : *loaded) {
    for (iceberg::ManifestEntry& entry : manifest.entries) {
      if (!entry.live()) continue;
      if (entry.file.content != iceberg::FileContent::kData) {
        return Fail(
            ErrorKind::kUnsupported, "table.deletes",
            "table " + state.name.ToString() + " has delete files, which this version cannot apply",
            "rewrite it with the engine that deleted from it (copy-on-write)");
      }
      files.push_back(std::move(entry.file));
    }
  }
  return files;
}

Result<std::vector<iceberg::ManifestFile>> Lake::ReadManifests(
    const iceberg::TableMetadata& metadata, int64_t snapshot_id) {
  if (snapshot_id == 0) return std::vector<iceberg::ManifestFile>{};
  const iceberg::Snapshot* snapshot = metadata.FindSnapshot(snapshot_id);
  WEIR_CHECK(snapshot != nullptr);
  WEIR_ASSIGN(const std::string bytes, store_.Read(snapshot->manifest_list));
  return iceberg::DecodeManifestList(bytes);
}

Result<std::vector<iceberg::LoadedManifest>> Lake::ReadEntries(
    const iceberg::TableMetadata& metadata, const std::vector<iceberg::ManifestFile>& manifests) {
  std::vector<iceberg::LoadedManifest> loaded;
  for (const iceberg::ManifestFile& manifest : manifests) {
    const iceberg::PartitionSpec* spec = metadata.FindSpec(manifest.spec_id);
    if (spec == nullptr) {
      return Fail(ErrorKind::kCorrupt, "iceberg.metadata_invalid",
                  "a manifest names partition spec " + std::to_string(manifest.spec_id) +
                      ", which is unknown");
    }
    WEIR_ASSIGN(const std::string bytes, store_.Read(manifest.path));
    WEIR_ASSIGN(auto entries, iceberg::DecodeManifest(bytes, manifest, *spec));
    loaded.push_back({manifest, std::move(entries)});
  }
  return loaded;
}

// Only the lists of the few snapshots that expire now, and of the oldest one left, are read: a
// manifest that left the table before the oldest kept snapshot was made is in no later list. The
// oldest one left is what expires with the next commit: it is read once.
Result<std::vector<std::string>> Lake::Unreachable(const catalog::TableName& name,
                                                   const iceberg::CommitPlan& plan) {
  std::vector<std::string> dead = plan.old_metadata;
  if (plan.expired.empty()) return dead;
  OldestList& oldest = oldest_[name];
  std::vector<std::vector<iceberg::ManifestFile>> expired;
  for (const iceberg::Snapshot& snapshot : plan.expired) {
    dead.push_back(snapshot.manifest_list);
    if (snapshot.manifest_list == oldest.location) {
      expired.push_back(oldest.manifests);
      continue;
    }
    const auto bytes = store_.Read(snapshot.manifest_list);
    if (!bytes) {  // Removed by an earlier attempt of this commit, or by hand.
      dead.pop_back();
      continue;
    }
    WEIR_ASSIGN(auto list, iceberg::DecodeManifestList(*bytes));
    expired.push_back(std::move(list));
  }
  std::vector<std::vector<iceberg::ManifestFile>> retained = {plan.manifests};
  for (const iceberg::Snapshot& snapshot : plan.next.snapshots) {
    if (snapshot.id == plan.next.current_snapshot_id) continue;
    const auto bytes = store_.Read(snapshot.manifest_list);
    if (!bytes) return plan.old_metadata;  // Not sure what is left: remove nothing.
    WEIR_ASSIGN(auto list, iceberg::DecodeManifestList(*bytes));
    retained.push_back(std::move(list));
    // History is linear on one branch: what the oldest kept snapshot no longer lists never returns.
    if (plan.next.refs.size() <= 1) {
      oldest = {snapshot.manifest_list, retained.back()};
      break;
    }
  }
  for (const iceberg::ManifestFile& manifest : iceberg::DeadManifests(expired, retained))
    dead.push_back(manifest.path);
  return dead;
}

}  // namespace weir::table

#include "iceberg/snapshot_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/check.h"
#include "iceberg/snapshot_update_internal.h"

namespace weir::iceberg {
namespace {

bool Removes(Operation operation) { return operation != Operation::kAppend; }

// A live entry as a later manifest carries it.
ManifestEntry AsExisting(ManifestEntry entry) {
  entry.status = EntryStatus::kExisting;
  return entry;
}

// One commit being planned. Lists are built in the order of the new manifest list: what this commit
// writes, then what it keeps.
class Commit {
 public:
  Commit(const TableMetadata& base, std::span<const ManifestFile> manifests,
         std::span<const LoadedManifest> loaded, const CommitRequest& request,
         const CommitPolicy& policy)
      : base_(base),
        manifests_(manifests),
        request_(request),
        policy_(policy),
        sequence_number_(base.last_sequence_number + 1),
        folder_(MetadataFolder(base)) {
    for (const LoadedManifest& manifest : loaded) loaded_[manifest.file.path] = &manifest;
  }

  Result<CommitPlan> Run(const std::string& base_location) {
    WEIR_TRY(CheckRequest());
    WEIR_TRY(WriteAdded());
    if (Removes(request_.operation)) {
      WEIR_TRY(RemoveFiles());
    }
    WEIR_TRY(MergeTiers());
    KeepTheRest();
    if (request_.operation == Operation::kCompact &&
        counts_.added_records() > counts_.removed_records())
      return Fail(ErrorKind::kInvalid, "iceberg.added_file",
                  fmt::format("a compaction may not add rows: {} became {}",
                              counts_.removed_records(), counts_.added_records()));
    WriteList();
    Advance(base_location);
    return std::move(plan_);
  }

 private:
  Result<void> CheckRequest() const {
    if (base_.FindSnapshot(request_.snapshot_id) != nullptr)
      return Fail(ErrorKind::kInvalid, "iceberg.snapshot_exists",
                  fmt::format("the table has a snapshot {} already", request_.snapshot_id),
                  "draw another snapshot id");
    const size_t width = base_.spec().fields.size();
    for (const DataFile& file : request_.added) {
      if (file.path.find(":/") == std::string::npos)
        return Fail(ErrorKind::kInvalid, "iceberg.added_file",
                    "'" + file.path + "' is not a full URI");
      if (file.partition.size() != width)
        return Fail(ErrorKind::kInvalid, "iceberg.added_file",
                    fmt::format("'{}' has {} partition values, the table's spec has {}", file.path,
                                file.partition.size(), width));
    }
    return {};
  }

  Result<const LoadedManifest*> Loaded(const ManifestFile& manifest) const {
    const auto found = loaded_.find(manifest.path);
    if (found == loaded_.end())
      return Fail(ErrorKind::kInvalid, "iceberg.not_loaded",
                  "the entries of manifest " + manifest.path + " are needed and were not given");
    return found->second;
  }

  // A schema of the table that has every column of `spec`: a later one may have dropped some.
  const Schema& SchemaOf(const PartitionSpec& spec) const {
    const auto holds = [&](const Schema& schema) {
      return PartitionTypes(spec, schema).has_value();
    };
    if (holds(base_.schema())) return base_.schema();
    const auto older = std::find_if(base_.schemas.rbegin(), base_.schemas.rend(), holds);
    return older == base_.schemas.rend() ? base_.schema() : *older;
  }

  // Writes one manifest and lists it.
  Result<void> WriteManifest(int32_t spec_id, ManifestContent content,
                             std::span<const ManifestEntry> entries) {
    const PartitionSpec* spec = base_.FindSpec(spec_id);
    if (spec == nullptr)
      return Fail(
          ErrorKind::kCorrupt, "iceberg.metadata_invalid",
          fmt::format("a manifest names partition spec {}, which the table lacks", spec_id));
    const ManifestHeader header{.schema = SchemaOf(*spec),
                                .spec = *spec,
                                .content = content,
                                .snapshot_id = request_.snapshot_id,
                                .sequence_number = sequence_number_};
    WEIR_ASSIGN(EncodedManifest encoded, EncodeManifest(header, entries));
    encoded.file.path = fmt::format("{}/{}-{}-m{}.avro", folder_, request_.commit_uuid,
                                    request_.attempt, plan_.files.size());
    plan_.files.push_back({.location = encoded.file.path, .bytes = std::move(encoded.bytes)});
    plan_.manifests.push_back(std::move(encoded.file));
    ++counts_.manifests_created;
    return {};
  }

  // The same in pieces, so that none is much larger than `bytes_hint / pieces`.
  Result<void> WriteManifests(int32_t spec_id, ManifestContent content,
                              std::span<const ManifestEntry> entries, int64_t bytes_hint) {
    if (entries.empty()) return {};
    const auto pieces =
        static_cast<size_t>(bytes_hint / std::max<int64_t>(policy_.manifest_bytes_target, 1) + 1);
    const size_t step = std::max<size_t>(1, (entries.size() + pieces - 1) / pieces);
    for (size_t begin = 0; begin < entries.size(); begin += step) {
      WEIR_TRY(WriteManifest(spec_id, content,
                             entries.subspan(begin, std::min(step, entries.size() - begin))));
    }
    return {};
  }

  Result<void> WriteAdded() {
    constexpr int64_t kBytesOfEntry = 200;  // Compressed, a usual one.
    for (const ManifestContent content : {ManifestContent::kData, ManifestContent::kDeletes}) {
      std::vector<ManifestEntry> entries;
      for (const DataFile& file : request_.added) {
        if ((file.content == FileContent::kData) != (content == ManifestContent::kData)) continue;
        ManifestEntry entry;
        entry.status = EntryStatus::kAdded;
        entry.snapshot_id = request_.snapshot_id;
        entry.sequence_number = request_.added_sequence_number;
        entry.file = file;
        entry.file.spec_id = base_.default_spec_id;
        counts_.Add(entry.file);
        entries.push_back(std::move(entry));
      }
      WEIR_TRY(WriteManifests(base_.default_spec_id, content, entries,
                              kBytesOfEntry * static_cast<int64_t>(entries.size())));
    }
    return {};
  }

  bool IsRemoved(const DataFile& file) const {
    return request_.operation == Operation::kReplaceAll || request_.removed.contains(file.path);
  }

  struct Touched {
    std::vector<ManifestEntry> survivors;
    std::vector<ManifestEntry> deleted;
    int64_t bytes = 0;
  };

  // Rewrites every manifest that names a removed file. Deleted entries get manifests of their own,
  // which the next commit drops, so that they are never copied again.
  Result<void> RemoveFiles() {
    std::map<std::pair<int32_t, ManifestContent>, Touched> touched;
    size_t found = 0;
    for (size_t i = 0; i < manifests_.size(); ++i) {
      const ManifestFile& manifest = manifests_[i];
      if (manifest.live_files() == 0) continue;
      WEIR_ASSIGN(const LoadedManifest* loaded, Loaded(manifest));
      const auto hit = [&](const ManifestEntry& entry) {
        return entry.live() && IsRemoved(entry.file);
      };
      if (std::none_of(loaded->entries.begin(), loaded->entries.end(), hit)) continue;
      gone_.insert(i);
      Touched& group = touched[{manifest.spec_id, manifest.content}];
      group.bytes += manifest.length;
      for (const ManifestEntry& entry : loaded->entries) {
        if (!entry.live()) continue;
        if (!hit(entry)) {
          group.survivors.push_back(AsExisting(entry));
          continue;
        }
        ++found;
        counts_.Remove(entry.file);
        group.deleted.push_back(entry);
        group.deleted.back().status = EntryStatus::kDeleted;
        group.deleted.back().snapshot_id = request_.snapshot_id;
      }
    }
    if (request_.operation != Operation::kReplaceAll && found != request_.removed.size())
      return Fail(ErrorKind::kConflict, "iceberg.removed_file",
                  fmt::format("{} of {} files to replace are not in the table any more",
                              request_.removed.size() - std::min(found, request_.removed.size()),
                              request_.removed.size()),
                  "read the table again and repeat the change");
    for (const auto& [key, group] : touched) {
      WEIR_TRY(WriteManifests(key.first, key.second, group.survivors, group.bytes));
      WEIR_TRY(WriteManifests(key.first, key.second, group.deleted, group.bytes));
    }
    return {};
  }

  Result<void> MergeTiers() {
    for (const std::vector<size_t>& group : MergeGroups(manifests_, gone_, policy_)) {
      std::vector<ManifestEntry> entries;
      int64_t bytes = 0;
      for (const size_t i : group) {
        WEIR_ASSIGN(const LoadedManifest* loaded, Loaded(manifests_[i]));
        for (const ManifestEntry& entry : loaded->entries)
          if (entry.live()) entries.push_back(AsExisting(entry));
        bytes += manifests_[i].length;
        gone_.insert(i);
      }
      const ManifestFile& first = manifests_[group.front()];
      WEIR_TRY(WriteManifests(first.spec_id, first.content, entries, bytes));
    }
    return {};
  }

  void KeepTheRest() {
    for (size_t i = 0; i < manifests_.size(); ++i) {
      if (gone_.contains(i) || manifests_[i].live_files() == 0) {
        plan_.replaced_manifests.push_back(manifests_[i]);
        ++counts_.manifests_replaced;
      } else {
        plan_.manifests.push_back(manifests_[i]);
        ++counts_.manifests_kept;
      }
    }
  }

  void WriteList() {
    list_location_ = fmt::format("{}/snap-{}-{}-{}.avro", folder_, request_.snapshot_id,
                                 request_.attempt, request_.commit_uuid);
    plan_.files.push_back(
        {.location = list_location_,
         .bytes = EncodeManifestList({.snapshot_id = request_.snapshot_id,
                                      .parent_snapshot_id = base_.current_snapshot_id,
                                      .sequence_number = sequence_number_},
                                     plan_.manifests)});
  }

  void Advance(const std::string& base_location) {
    TableMetadata& next = plan_.next;
    next = base_;
    next.last_updated_ms = std::max(request_.timestamp_ms, base_.last_updated_ms);
    next.last_sequence_number = sequence_number_;
    for (const auto& [key, value] : request_.properties) next.properties[key] = value;
    const Snapshot* parent = base_.current_snapshot();
    Snapshot snapshot;
    snapshot.id = request_.snapshot_id;
    snapshot.parent_id = base_.current_snapshot_id;
    snapshot.sequence_number = sequence_number_;
    snapshot.timestamp_ms = next.last_updated_ms;
    snapshot.manifest_list = list_location_;
    snapshot.schema_id = base_.current_schema_id;
    snapshot.summary = counts_.Finish(
        request_.operation, parent == nullptr ? nullptr : &parent->summary, plan_.manifests);
    // Counted keys win: a caller's own may not contradict them.
    for (const auto& [key, value] : request_.summary) snapshot.summary.try_emplace(key, value);
    next.snapshots.push_back(std::move(snapshot));
    next.current_snapshot_id = request_.snapshot_id;
    next.refs["main"].snapshot_id = request_.snapshot_id;
    next.snapshot_log.push_back(
        {.timestamp_ms = next.last_updated_ms, .snapshot_id = request_.snapshot_id});
    plan_.expired = Expire(next, request_.protected_snapshots, policy_.snapshots_kept);
    plan_.old_metadata =
        LogMetadata(next, base_.last_updated_ms, base_location, policy_.metadata_files_kept);
    WEIR_CHECK(Validate(next).has_value());
    plan_.metadata = {
        .location = NextMetadataLocation(folder_, base_location, request_.metadata_uuid),
        .bytes = ToJson(next)};
  }

  const TableMetadata& base_;
  std::span<const ManifestFile> manifests_;
  const CommitRequest& request_;
  const CommitPolicy& policy_;
  const int64_t sequence_number_;
  const std::string folder_;
  std::unordered_map<std::string_view, const LoadedManifest*> loaded_;
  std::set<size_t> gone_;  // Positions of manifests whose entries now stand elsewhere.
  SummaryBuilder counts_;
  std::string list_location_;
  CommitPlan plan_;
};

}  // namespace

std::vector<ManifestFile> NeededManifests(std::span<const ManifestFile> manifests,
                                          const CommitRequest& request,
                                          const CommitPolicy& policy) {
  std::vector<ManifestFile> needed;
  if (Removes(request.operation)) {
    std::copy_if(manifests.begin(), manifests.end(), std::back_inserter(needed),
                 [](const ManifestFile& manifest) { return manifest.live_files() > 0; });
    return needed;
  }
  for (const std::vector<size_t>& group : MergeGroups(manifests, {}, policy))
    for (const size_t i : group) needed.push_back(manifests[i]);
  return needed;
}

Result<CommitPlan> PlanCommit(const TableMetadata& base, const std::string& base_location,
                              std::span<const ManifestFile> manifests,
                              std::span<const LoadedManifest> loaded, const CommitRequest& request,
                              const CommitPolicy& policy) {
  return Commit(base, manifests, loaded, request, policy).Run(base_location);
}

MetadataPlan PlanMetadata(const TableMetadata& changed, const std::string& base_location,
                          const std::string& metadata_uuid, int64_t timestamp_ms,
                          const CommitPolicy& policy) {
  MetadataPlan plan;
  plan.next = changed;
  plan.old_metadata =
      LogMetadata(plan.next, changed.last_updated_ms, base_location, policy.metadata_files_kept);
  plan.next.last_updated_ms = std::max(timestamp_ms, changed.last_updated_ms);
  plan.metadata = {
      .location = NextMetadataLocation(MetadataFolder(changed), base_location, metadata_uuid),
      .bytes = ToJson(plan.next)};
  return plan;
}

}  // namespace weir::iceberg

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/limits.h"
#include "pipeline/dedupe_internal.h"
#include "table/column_scan.h"

namespace weir::pipeline {
namespace {

constexpr const char* kIngestedAt = "_ingested_at";

// Rows of other programs may have no time: they count as if they were new.
constexpr Instant kNow{std::numeric_limits<int64_t>::max()};

// The latest _ingested_at of the file, where its statistics say so.
std::optional<int64_t> NewestIn(const iceberg::DataFile& file, const iceberg::Schema& schema) {
  const iceberg::Field* field = schema.Find(kIngestedAt);
  if (field == nullptr) return std::nullopt;
  const auto bound = file.metrics.upper_bounds.find(field->id);
  const auto nulls = file.metrics.null_value_counts.find(field->id);
  if (bound == file.metrics.upper_bounds.end() || bound->second.size() != sizeof(int64_t))
    return std::nullopt;
  if (nulls == file.metrics.null_value_counts.end() || nulls->second != 0) return std::nullopt;
  int64_t micros = 0;
  std::memcpy(&micros, bound->second.data(), sizeof(micros));
  return micros;
}

}  // namespace

Dedupe::Dedupe(const DedupeParts& parts, DedupeSpec spec)
    : parts_(parts),
      spec_(std::move(spec)),
      index_(parts.files, parts.folder, kDedupeKeysInMemory) {}

Result<void> Dedupe::Begin(const commit::OpenBatch& batch) {
  auto state = parts_.lake.Load(parts_.table);
  const bool missing = !state && state.error().code == "table.not_found";
  if (!state && !missing) return Fail(std::move(state).error());
  const Instant time = batch.plan.time;
  since_ = std::nullopt;
  if (spec_.within) since_ = Instant{time.micros - spec_.within->count()};
  if (missing) {
    subject_ = KeyIndexSubject{};
    WEIR_TRY(index_.Open(*subject_, {}, FreshSecret()));
  } else {
    WEIR_TRY(CatchUp(**state));
  }
  time_ = time;
  digest_ = batch.digest;
  id_ = std::to_string(batch.id.number.value);
  seen_.clear();
  staged_.clear();
  return {};
}

Result<void> Dedupe::CatchUp(const table::TableState& state) {
  const bool same = subject_ == SubjectOf(state);
  // A clock that was set back makes old files matter again.
  const bool reached = !skipped_ || (since_ && since_->micros > *skipped_);
  if (same && reached && state.snapshot_id() == snapshot_) return {};
  if (same && reached && IsMine(state)) {
    WEIR_TRY(JoinMine());
  } else {
    WEIR_TRY(ReadFiles(state));
  }
  snapshot_ = state.snapshot_id();
  return {};
}

// Whether the batch before this one made the snapshot, on top of what the index stands at.
bool Dedupe::IsMine(const table::TableState& state) const {
  const iceberg::Snapshot* snapshot = state.metadata.current_snapshot();
  if (snapshot == nullptr || snapshot->parent_id.value_or(0) != snapshot_) return false;
  const auto is = [snapshot](const char* key, const std::string& value) {
    const auto at = snapshot->summary.find(key);
    return at != snapshot->summary.end() && at->second == value;
  };
  return !digest_.empty() && is("weir.plan", digest_) && is("weir.batch", id_);
}

// Its rows may be in several files; they count as one, which every run that holds them names.
Result<void> Dedupe::JoinMine() {
  const std::vector<KeyHash> keys(seen_.begin(), seen_.end());
  if (staged_.empty()) return {};
  WEIR_TRY(index_.Add(staged_, keys, time_));
  for (const std::string& file : staged_) index_.Cover(file);
  return {};
}

Result<void> Dedupe::ReadFiles(const table::TableState& state) {
  WEIR_ASSIGN(const auto files, parts_.lake.Files(state));
  std::set<std::string> live;
  for (const iceberg::DataFile& file : files) live.insert(file.path);
  const KeyIndexSubject subject = SubjectOf(state);
  // Keys of files that are gone may be gone with them.
  if (subject_ != subject || !std::ranges::includes(live, index_.covered())) {
    WEIR_TRY(index_.Open(subject, live, FreshSecret()));
    subject_ = subject;
  }
  skipped_ = std::nullopt;
  for (const iceberg::DataFile& file : files) {
    if (index_.covers(file.path)) continue;
    const auto newest = NewestIn(file, state.metadata.schema());
    if (since_ && newest && *newest < since_->micros) {
      skipped_ = std::max(skipped_.value_or(*newest), *newest);
      continue;
    }
    WEIR_TRY(ReadFile(state, file));
  }
  return {};
}

Result<void> Dedupe::ReadFile(const table::TableState& state, const iceberg::DataFile& file) {
  const iceberg::Schema& schema = state.metadata.schema();
  std::vector<int32_t> ids;
  for (const auto& name : spec_.by)
    if (const iceberg::Field* field = schema.Find(name.value)) ids.push_back(field->id);
  const iceberg::Field* ingested_at = schema.Find(kIngestedAt);
  const size_t keys = ids.size();
  // A key column that the table does not have yet: no row of it has a key.
  if (keys == spec_.by.size()) {
    if (ingested_at != nullptr) ids.push_back(ingested_at->id);
    const auto take = [&](const arrow::RecordBatch& rows) -> Result<void> {
      const arrow::ArrayVector columns(rows.columns().begin(),
                                       rows.columns().begin() + static_cast<int64_t>(keys));
      const auto hashes = HashKeys(columns, index_.secret());
      const auto* times =
          ingested_at == nullptr ? nullptr : rows.column(rows.num_columns() - 1).get();
      for (size_t row = 0; row < hashes.size(); ++row) {
        if (!hashes[row]) continue;
        const auto at = static_cast<int64_t>(row);
        const Instant time =
            times == nullptr || times->IsNull(at)
                ? kNow
                : Instant{static_cast<const arrow::TimestampArray&>(*times).Value(at)};
        WEIR_TRY(index_.Add({&file.path, 1}, {&*hashes[row], 1}, time));
      }
      return {};
    };
    WEIR_TRY(table::ScanColumns(parts_.lake.store(), file, schema, ids, take));
  }
  index_.Cover(file.path);
  return {};
}

Result<std::vector<bool>> Dedupe::Mark(const arrow::RecordBatch& rows) {
  arrow::ArrayVector columns;
  for (const auto& name : spec_.by) {
    columns.push_back(rows.GetColumnByName(name.value));
    WEIR_CHECK(columns.back() != nullptr);
  }
  const auto hashes = HashKeys(columns, index_.secret());
  std::vector<KeyHash> asked;
  for (const auto& hash : hashes)
    if (hash && !seen_.contains(*hash)) asked.push_back(*hash);
  std::ranges::sort(asked);
  const auto repeated = std::ranges::unique(asked);
  asked.erase(repeated.begin(), repeated.end());
  WEIR_ASSIGN(const auto newest, index_.NewestOf(asked));
  std::vector<bool> duplicate(hashes.size());
  for (size_t row = 0; row < hashes.size(); ++row) {
    if (!hashes[row]) continue;
    if (seen_.contains(*hashes[row])) {
      duplicate[row] = true;
      continue;
    }
    const auto at = std::ranges::lower_bound(asked, *hashes[row]) - asked.begin();
    const auto& known = newest[static_cast<size_t>(at)];
    duplicate[row] = known && (!since_ || *known >= *since_);
    if (!duplicate[row]) seen_.insert(*hashes[row]);
  }
  return duplicate;
}

void Dedupe::Staged(const table::StagedTable& staged) {
  for (const iceberg::DataFile& file : staged.files) staged_.push_back(file.path);
}

KeyIndexSubject Dedupe::SubjectOf(const table::TableState& state) const {
  std::string columns;
  for (const auto& name : spec_.by) {
    const iceberg::Field* field = state.metadata.schema().Find(name.value);
    columns += (columns.empty() ? "" : ",") + (field ? std::to_string(field->id) : name.value);
  }
  return {.table = state.metadata.table_uuid, .columns = columns};
}

std::string Dedupe::FreshSecret() { return parts_.random.Uuid(); }

}  // namespace weir::pipeline

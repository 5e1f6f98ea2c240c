#include "table/upsert.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <unordered_map>

#include "base/check.h"
#include "columnar/keep_rows.h"
#include "table/data_reader.h"

namespace weir::table {
namespace {

// Where the row that counts for a key stands.
struct Place {
  size_t batch;
  size_t row;
};
using Places = std::unordered_map<std::string, Place>;

// The rows of `rows` for which `keep` is true.
template <class Keep>
Result<std::shared_ptr<arrow::RecordBatch>> Filtered(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<std::string>& keys,
    Keep keep) {
  std::vector<bool> marks(keys.size());
  for (size_t row = 0; row < keys.size(); ++row) marks[row] = keep(keys[row], row);
  return columnar::KeepRows(rows, marks);
}

// How many rows of the file have a key of `fresh`.
Result<uint64_t> CountHits(storage::Store& store, const iceberg::DataFile& file,
                           const iceberg::Schema& schema, const std::vector<KeyColumn>& key,
                           const Places& fresh) {
  uint64_t hits = 0;
  WEIR_TRY(ReadDataFile(store, file, schema, [&](const auto& rows) -> Result<void> {
    WEIR_ASSIGN(const auto keys, KeysOf(*rows, key));
    for (const std::string& one : keys) hits += fresh.contains(one) ? 1 : 0;
    return {};
  }));
  return hits;
}

}  // namespace

Result<StagedTable> StageUpsert(storage::Store& store, TableStatePtr state,
                                const std::vector<iceberg::DataFile>& live,
                                const std::vector<std::shared_ptr<arrow::RecordBatch>>& fresh,
                                const std::vector<KeyColumn>& key, DataWriter& writer) {
  StagedTable staged{.base = state,
                     .operation = iceberg::Operation::kOverwrite,
                     .files = {},
                     .rows = 0,
                     .removed = {},
                     .total_rows = true};
  Places places;
  std::vector<std::vector<std::string>> keys;
  for (size_t batch = 0; batch < fresh.size(); ++batch) {
    WEIR_ASSIGN(auto of_batch, KeysOf(*fresh[batch], key));
    for (size_t row = 0; row < of_batch.size(); ++row) places[of_batch[row]] = {batch, row};
    keys.push_back(std::move(of_batch));
  }
  const iceberg::Schema& schema = state->metadata.schema();
  uint64_t kept_rows = 0;
  for (const iceberg::DataFile& file : live) {
    WEIR_ASSIGN(const uint64_t hits, CountHits(store, file, schema, key, places));
    if (hits == 0) continue;
    staged.removed.insert(file.path);
    kept_rows += static_cast<uint64_t>(file.record_count) - hits;
    if (hits == static_cast<uint64_t>(file.record_count)) continue;
    WEIR_TRY(ReadDataFile(store, file, schema, [&](const auto& rows) -> Result<void> {
      WEIR_ASSIGN(const auto of_file, KeysOf(*rows, key));
      WEIR_ASSIGN(const auto kept, Filtered(rows, of_file, [&](const std::string& one, size_t) {
                    return !places.contains(one);
                  }));
      return writer.Write(*kept);
    }));
  }
  for (size_t batch = 0; batch < fresh.size(); ++batch) {
    WEIR_ASSIGN(const auto last,
                Filtered(fresh[batch], keys[batch], [&](const std::string& one, size_t row) {
                  const Place& place = places.at(one);
                  return place.batch == batch && place.row == row;
                }));
    staged.rows += static_cast<uint64_t>(last->num_rows());
    WEIR_TRY(writer.Write(*last));
  }
  // Nothing else in the product would miss a row that went astray here.
  WEIR_CHECK(staged.rows == places.size() && writer.rows() == staged.rows + kept_rows);
  WEIR_ASSIGN(staged.files, writer.Finish());
  return staged;
}

}  // namespace weir::table

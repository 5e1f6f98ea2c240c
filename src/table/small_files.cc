#include "table/small_files.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "table/data_reader.h"

namespace weir::table {

std::vector<iceberg::DataFile> PickSmallFiles(const std::vector<iceberg::DataFile>& files,
                                              int32_t spec_id, const SmallFileLimits& limits) {
  std::vector<std::pair<iceberg::PartitionTuple, std::vector<iceberg::DataFile>>> partitions;
  for (const iceberg::DataFile& file : files) {
    if (file.spec_id != spec_id || file.file_size >= limits.small_bytes) continue;
    auto at = std::ranges::find(partitions, file.partition,
                                [](const auto& partition) { return partition.first; });
    if (at == partitions.end()) at = partitions.insert(at, {file.partition, {}});
    at->second.push_back(file);
  }
  std::vector<iceberg::DataFile> picked;
  int64_t bytes = 0;
  for (auto& [tuple, small] : partitions) {
    if (small.size() < std::max<size_t>(limits.files_min, 2)) continue;
    std::ranges::stable_sort(small, {}, &iceberg::DataFile::file_size);
    const size_t before = picked.size();
    for (iceberg::DataFile& file : small) {
      if (bytes + file.file_size > limits.bytes_max) break;
      bytes += file.file_size;
      picked.push_back(std::move(file));
    }
    if (picked.size() - before == 1) picked.pop_back();  // One file alone gains nothing.
  }
  return picked;
}

Result<StagedTable> MergeFiles(Lake& lake, TableStatePtr state,
                               const std::vector<iceberg::DataFile>& files,
                               const WriterIdentity& identity) {
  StagedTable staged{.base = state,
                     .operation = iceberg::Operation::kCompact,
                     .files = {},
                     .rows = 0,
                     .removed = {},
                     .total_rows = false};
  WEIR_ASSIGN(const auto writer, DataWriter::Make(lake.writes(), state, identity));
  uint64_t rows = 0;
  for (const iceberg::DataFile& file : files) {
    WEIR_TRY(ReadDataFile(lake.store(), file, state->metadata.schema(),
                          [&writer](const auto& some) { return writer->Write(*some); }));
    staged.removed.insert(file.path);
    rows += static_cast<uint64_t>(file.record_count);
  }
  staged.rows = writer->rows();
  WEIR_CHECK(staged.rows == rows);
  WEIR_ASSIGN(staged.files, writer->Finish());
  return staged;
}

}  // namespace weir::table

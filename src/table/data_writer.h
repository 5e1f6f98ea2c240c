// Writes rows into Parquet data files of one table, one open file per partition.
//
//   Make -> Write* -> Finish -> DataFiles, durable after the group's Sync, named by nobody yet
//                `-> dropped: unfinished files vanish, finished ones stay, named by nobody
//
// Files are zstd-compressed, carry Iceberg's field ids, and are named after the batch, epoch and
// attempt that wrote them, so that no name is ever written twice. Threads: one at a time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/ids.h"
#include "base/result.h"
#include "iceberg/manifest.h"
#include "storage/write_group.h"
#include "table/lake.h"

namespace weir::table {

// Who writes, for the names of files.
struct WriterIdentity {
  BatchId batch;
  Epoch epoch;
  Attempt attempt;
};

// What a batch does to one table: files that are durable after Lake::Sync and named by nobody yet.
struct StagedTable {
  TableStatePtr base;  // That the files were written for.
  iceberg::Operation operation = iceberg::Operation::kAppend;
  std::vector<iceberg::DataFile> files;
  uint64_t rows = 0;
  std::set<std::string> removed = {};  // Paths of live files that go, where the operation removes.
  bool total_rows = false;  // `rows` says nothing of what the table then holds: its total counts.
};

class DataWriter {
 public:
  // Borrows `writes`; keeps `state` alive. `files_before`: that writers of the same identity have
  // made for the table, whose names go on from there. Errors of iceberg/ where the table cannot be
  // written.
  static Result<std::unique_ptr<DataWriter>> Make(storage::WriteGroup& writes, TableStatePtr state,
                                                  const WriterIdentity& identity,
                                                  uint64_t files_before = 0);
  virtual ~DataWriter() = default;

  // `rows` has columns of the table by name, in the types of columnar::ToArrow; a column of the
  // table that it lacks becomes null. A text column of few values may be a dictionary of them, all
  // used, in every batch of this writer: it is stored as one without looking at each row. Errors of
  // the store; table.column (kInvalid) for a null in a required column or a type that does not fit,
  // which is a mistake of the caller.
  virtual Result<void> Write(const arrow::RecordBatch& rows) = 0;
  virtual uint64_t rows() const = 0;
  virtual Result<std::vector<iceberg::DataFile>> Finish() = 0;
};

}  // namespace weir::table

#include "table/data_writer.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/limits.h"
#include "env/failpoint.h"
#include "iceberg/partition_spec.h"
#include "table/parquet_file_internal.h"

namespace weir::table {
namespace {

// Rows of partitions that wait for a writer, at most: with rows in no order each partition gets one
// file, where as many were opened again and again.
constexpr int64_t kPartitionBytesWaiting = 64LL * 1024 * 1024;

std::unexpected<Error> BadColumn(const std::string& message) {
  return Fail(ErrorKind::kInvalid, "table.column", message);
}

// The rows of `rows` whose tuple is `wanted`, as runs of slices put together.
Result<std::shared_ptr<arrow::RecordBatch>> Select(const arrow::RecordBatch& rows,
                                                   const std::vector<uint32_t>& row_tuple,
                                                   uint32_t wanted) {
  arrow::RecordBatchVector runs;
  for (size_t begin = 0; begin < row_tuple.size();) {
    if (row_tuple[begin] != wanted) {
      ++begin;
      continue;
    }
    size_t end = begin + 1;
    while (end < row_tuple.size() && row_tuple[end] == wanted) ++end;
    runs.push_back(rows.Slice(static_cast<int64_t>(begin), static_cast<int64_t>(end - begin)));
    begin = end;
  }
  if (runs.size() == 1) return runs.front();
  auto merged = arrow::ConcatenateRecordBatches(runs);
  if (!merged.ok()) return BadColumn(merged.status().message());
  return *merged;
}

class PartitionedWriter final : public DataWriter {
 public:
  PartitionedWriter(storage::WriteGroup& writes, TableStatePtr state,
                    std::shared_ptr<arrow::Schema> schema, iceberg::Partitioner partitioner,
                    std::string stem, uint64_t files_before)
      : writes_(writes),
        state_(std::move(state)),
        schema_(std::move(schema)),
        partitioner_(std::move(partitioner)),
        stem_(std::move(stem)),
        files_(files_before) {}

  Result<void> Write(const arrow::RecordBatch& rows) override {
    if (rows.num_rows() == 0) return {};
    WEIR_ASSIGN(const auto fitted, Fit(rows));
    rows_ += static_cast<uint64_t>(rows.num_rows());
    WEIR_ASSIGN(const iceberg::PartitionedRows split, partitioner_.Split(*fitted));
    for (uint32_t i = 0; i < split.tuples.size(); ++i) {
      auto part = fitted;
      if (!split.row_tuple.empty()) {
        WEIR_ASSIGN(part, Select(*fitted, split.row_tuple, i));
      }
      if (Open* open = FindOpen(split.tuples[i]); open != nullptr) {
        WEIR_TRY(open->file->Write(*part));
      } else if (open_.size() < kOpenPartitionsMax) {
        WEIR_ASSIGN(ParquetFile * file, OpenFile(split.tuples[i], fitted->schema()));
        WEIR_TRY(file->Write(*part));
      } else {
        WEIR_TRY(LetWait(split.tuples[i], std::move(part)));
      }
    }
    return {};
  }

  uint64_t rows() const override { return rows_; }

  Result<std::vector<iceberg::DataFile>> Finish() override {
    while (!open_.empty()) WEIR_TRY(Close(0));
    WEIR_TRY(WriteWaiting());
    return std::move(finished_);
  }

 private:
  struct Open {
    iceberg::PartitionTuple tuple;
    std::unique_ptr<ParquetFile> file;
  };

  // The batch in the table's column order and schema.
  Result<std::shared_ptr<arrow::RecordBatch>> Fit(const arrow::RecordBatch& rows) const {
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      std::shared_ptr<arrow::Array> column = rows.GetColumnByName(field->name());
      if (column == nullptr) {
        auto nulls = arrow::MakeArrayOfNull(field->type(), rows.num_rows());
        if (!nulls.ok()) return BadColumn(nulls.status().message());
        column = *nulls;
      }
      if (!field->nullable() && column->null_count() != 0)
        return BadColumn("null in the required column " + field->name());
      if (column->type_id() == arrow::Type::DICTIONARY) {
        WEIR_ASSIGN(column, FitDictionary(*field, column));
        fields.push_back(field->WithType(column->type()));
        columns.push_back(std::move(column));
        continue;
      }
      if (!column->type()->Equals(*field->type())) {
        // A contract may be narrower than its table: int in bigint, fewer digits, fewer fields.
        const auto cast = arrow::compute::Cast(arrow::Datum(column), field->type());
        if (!cast.ok())
          return BadColumn("column " + field->name() + " is " + column->type()->ToString() +
                           ", the table has " + field->type()->ToString());
        column = cast->make_array();
      }
      fields.push_back(field);
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(),
                                    std::move(columns));
  }

  // Partitions are made of plain values.
  Result<std::shared_ptr<arrow::Array>> FitDictionary(
      const arrow::Field& field, const std::shared_ptr<arrow::Array>& column) const {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(*column);
    if (!encoded.dictionary()->type()->Equals(field.type()))
      return BadColumn("column " + field.name() + " is " + column->type()->ToString() +
                       ", the table has " + field.type()->ToString());
    if (!partitioner_.reads(field.name())) return column;
    auto plain = arrow::compute::Take(*encoded.dictionary(), *encoded.indices());
    if (!plain.ok()) return BadColumn(plain.status().message());
    return *plain;
  }

  // Rows of a partition for which no writer is free.
  struct Waiting {
    iceberg::PartitionTuple tuple;
    arrow::RecordBatchVector rows;
  };

  std::string PathOf(const iceberg::PartitionTuple& tuple) const {
    return iceberg::PartitionPath(partitioner_.spec(), partitioner_.types(), tuple);
  }

  Open* FindOpen(const iceberg::PartitionTuple& tuple) {
    const auto found = std::ranges::find(open_, tuple, &Open::tuple);
    return found == open_.end() ? nullptr : &*found;
  }

  Result<void> LetWait(const iceberg::PartitionTuple& tuple,
                       std::shared_ptr<arrow::RecordBatch> rows) {
    const auto bytes = arrow::util::ReferencedBufferSize(*rows);
    if (!bytes.ok()) return BadColumn(bytes.status().message());
    // Several partitions may have one path: it is cut where it is long, and null is a text, too.
    std::vector<Waiting>& of_path = waiting_[PathOf(tuple)];
    auto waiting = std::ranges::find(of_path, tuple, &Waiting::tuple);
    if (waiting == of_path.end()) waiting = of_path.insert(waiting, {.tuple = tuple, .rows = {}});
    waiting->rows.push_back(std::move(rows));
    waiting_bytes_ += *bytes;
    return waiting_bytes_ > kPartitionBytesWaiting ? WriteWaiting() : Result<void>{};
  }

  // One file for each partition that waits, one after the other.
  Result<void> WriteWaiting() {
    for (auto& [path, of_path] : waiting_) {
      for (Waiting& waiting : of_path) {
        WEIR_ASSIGN(ParquetFile * file, OpenFile(waiting.tuple, waiting.rows.front()->schema()));
        for (const auto& rows : waiting.rows) WEIR_TRY(file->Write(*rows));
        waiting.rows.clear();
        WEIR_TRY(Close(open_.size() - 1));
      }
    }
    waiting_.clear();
    waiting_bytes_ = 0;
    return {};
  }

  Result<ParquetFile*> OpenFile(const iceberg::PartitionTuple& tuple,
                                const std::shared_ptr<arrow::Schema>& schema) {
    std::string location = iceberg::DataFolder(state_->metadata);
    const std::string path = PathOf(tuple);
    if (!path.empty()) location += "/" + path;
    location += "/" + stem_ + "-" + std::to_string(++files_) + ".parquet";
    WEIR_ASSIGN(auto file,
                ParquetFile::Create(writes_, location, state_->metadata.schema(), schema));
    open_.push_back({tuple, std::move(file)});
    return open_.back().file.get();
  }

  Result<void> Close(size_t at) {
    WEIR_TRY(env::ReachFailpoint("table.data_file"));
    WEIR_ASSIGN(iceberg::DataFile file, open_[at].file->Finish());
    file.spec_id = partitioner_.spec().id;
    file.partition = open_[at].tuple;
    finished_.push_back(std::move(file));
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    return {};
  }

  storage::WriteGroup& writes_;
  TableStatePtr state_;
  std::shared_ptr<arrow::Schema> schema_;
  iceberg::Partitioner partitioner_;
  std::string stem_;        // Of the names: PIPELINE-INSTANCE-BATCH-EPOCH-ATTEMPT.
  std::vector<Open> open_;  // At most kOpenPartitionsMax, and one for those that wait.
  std::map<std::string, std::vector<Waiting>> waiting_;  // By path.
  int64_t waiting_bytes_ = 0;
  std::vector<iceberg::DataFile> finished_;
  uint64_t rows_ = 0;
  uint64_t files_ = 0;
};

}  // namespace

Result<std::unique_ptr<DataWriter>> DataWriter::Make(storage::WriteGroup& writes,
                                                     TableStatePtr state,
                                                     const WriterIdentity& identity,
                                                     uint64_t files_before) {
  const iceberg::Schema& schema = state->metadata.schema();
  WEIR_ASSIGN(auto arrow_schema, iceberg::ToArrowForParquet(schema));
  WEIR_ASSIGN(auto partitioner, iceberg::Partitioner::Make(schema, state->metadata.spec()));
  std::string pipeline = identity.batch.pipeline;
  std::ranges::replace(pipeline, '/', '.');
  std::string stem =
      pipeline + "-" + identity.batch.instance + "-" + std::to_string(identity.batch.number.value) +
      "-" + std::to_string(identity.epoch.value) + "-" + std::to_string(identity.attempt.value);
  return std::make_unique<PartitionedWriter>(writes, std::move(state), std::move(arrow_schema),
                                             std::move(partitioner), std::move(stem), files_before);
}

}  // namespace weir::table

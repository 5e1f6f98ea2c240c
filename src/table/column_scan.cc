#include "table/column_scan.h"

#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include <algorithm>

#include "base/limits.h"

namespace weir::table {
namespace {

std::unexpected<Error> Broken(const std::string& location, const std::string& why) {
  return Fail(Error{.kind = ErrorKind::kCorrupt,
                    .code = "table.parquet",
                    .message = "a data file cannot be read: " + why,
                    .place = {.file = location, .line = 0, .column = 0, .byte_offset = {}},
                    .next = "weir verify"});
}

// Arrow's face of an object of the store.
class ObjectFile final : public arrow::io::RandomAccessFile {
 public:
  ObjectFile(std::unique_ptr<env::OpenFile> file, int64_t size)
      : file_(std::move(file)), size_(size) {}

  arrow::Result<int64_t> GetSize() override { return size_; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Seek(int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t count, void* into) override {
    const auto read = file_->ReadAt(static_cast<uint64_t>(position),
                                    {static_cast<char*>(into), static_cast<size_t>(count)});
    if (!read) return arrow::Status::IOError(read.error().message);
    return static_cast<int64_t>(*read);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(count));
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position, count, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t count, void* into) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(at_, count, into));
    at_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, count));
    at_ += buffer->size();
    return buffer;
  }

 private:
  std::unique_ptr<env::OpenFile> file_;
  int64_t size_;
  int64_t at_ = 0;
  bool closed_ = false;
};

Result<std::shared_ptr<arrow::io::RandomAccessFile>> Open(storage::Store& store,
                                                          const std::string& location) {
  WEIR_ASSIGN(auto file, store.Open(location));
  WEIR_ASSIGN(const env::FileStatus status, file->Status());
  return std::make_shared<ObjectFile>(std::move(file), static_cast<int64_t>(status.size));
}

// Where the columns stand in the file: -1 for one that it lacks.
std::vector<int> LeavesOf(const parquet::SchemaDescriptor& schema,
                          std::span<const int32_t> field_ids) {
  std::vector<int> leaves;
  for (const int32_t id : field_ids) {
    int leaf = -1;
    for (int i = 0; i < schema.group_node()->field_count(); ++i) {
      const auto& node = schema.group_node()->field(i);
      if (node->field_id() == id && node->is_primitive()) leaf = schema.ColumnIndex(*node);
    }
    leaves.push_back(leaf);
  }
  return leaves;
}

class Scan {
 public:
  Scan(const std::string& location, std::vector<std::shared_ptr<arrow::DataType>> types,
       std::vector<int> leaves)
      : location_(location), types_(std::move(types)), leaves_(std::move(leaves)) {
    for (const int leaf : leaves_)
      if (leaf >= 0) read_.push_back(leaf);
    std::ranges::sort(read_);
  }

  Result<void> Run(parquet::arrow::FileReader& reader,
                   const std::function<Result<void>(const arrow::RecordBatch&)>& take) {
    reader.set_batch_size(static_cast<int64_t>(kDecodedRowsMax));
    std::vector<int> groups(static_cast<size_t>(reader.num_row_groups()));
    for (size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
    auto opened = reader.GetRecordBatchReader(groups, read_);
    if (!opened.ok()) return Broken(location_, opened.status().message());
    const auto batches = std::move(*opened);
    while (true) {
      std::shared_ptr<arrow::RecordBatch> rows;
      if (const auto status = batches->ReadNext(&rows); !status.ok())
        return Broken(location_, status.message());
      if (rows == nullptr) return {};
      WEIR_ASSIGN(const auto fitted, Fit(*rows));
      WEIR_TRY(take(*fitted));
    }
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Fit(const arrow::RecordBatch& rows) const {
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      WEIR_ASSIGN(auto column, Column(rows, leaves_[i], types_[i]));
      fields.push_back(arrow::field(std::to_string(i), types_[i]));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(),
                                    std::move(columns));
  }

  Result<std::shared_ptr<arrow::Array>> Column(const arrow::RecordBatch& rows, int leaf,
                                               const std::shared_ptr<arrow::DataType>& type) const {
    if (leaf < 0) {
      auto nulls = arrow::MakeArrayOfNull(type, rows.num_rows());
      if (!nulls.ok()) return Broken(location_, nulls.status().message());
      return *nulls;
    }
    const auto at = std::ranges::find(read_, leaf) - read_.begin();
    std::shared_ptr<arrow::Array> column = rows.column(static_cast<int>(at));
    if (column->type_id() == arrow::Type::EXTENSION)
      column = static_cast<const arrow::ExtensionArray&>(*column).storage();
    if (column->type()->Equals(*type)) return column;
    const auto cast = arrow::compute::Cast(arrow::Datum(column), type);
    if (!cast.ok()) return Broken(location_, cast.status().message());
    return cast->make_array();
  }

  const std::string& location_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;  // A uuid's is that of its storage.
  std::vector<int> leaves_;
  std::vector<int> read_;  // Leaves, in the order of the file.
};

}  // namespace

Result<void> ScanColumns(storage::Store& store, const iceberg::DataFile& file,
                         const iceberg::Schema& schema, std::span<const int32_t> field_ids,
                         const std::function<Result<void>(const arrow::RecordBatch&)>& take) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const int32_t id : field_ids) {
    const iceberg::Field* field = schema.FindById(id);
    if (field == nullptr) return Broken(file.path, "its table has no column " + std::to_string(id));
    WEIR_ASSIGN(auto type, iceberg::ToArrowType(field->type));
    if (type->id() == arrow::Type::EXTENSION)
      type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
    types.push_back(std::move(type));
  }
  WEIR_ASSIGN(const auto input, Open(store, file.path));
  try {
    auto opened = parquet::ParquetFileReader::Open(input);
    std::vector<int> leaves = LeavesOf(*opened->metadata()->schema(), field_ids);
    auto made = parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(opened));
    if (!made.ok()) return Broken(file.path, made.status().message());
    return Scan(file.path, std::move(types), std::move(leaves)).Run(**made, take);
  } catch (const parquet::ParquetException& cause) {
    return Broken(file.path, cause.what());
  }
}

}  // namespace weir::table

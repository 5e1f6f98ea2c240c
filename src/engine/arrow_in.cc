// Arrow batches as a table of DuckDB: the table function weir_batches(id), and a view over it.
//
// A batch is handed over in slices of DuckDB's vector size; duckdb_data_chunk_from_arrow makes
// vectors that point into Arrow's buffers and keep them alive. Only the columns that a query reads
// are touched.
#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/c/bridge.h"
#include "arrow/extension_type.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/bitmap_ops.h"
#include "engine/arrow_status_internal.h"
#include "engine/engine_internal.h"
#include "engine/sql.h"

namespace weir::engine {

struct BatchSource {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<OwnedType> types;  // DuckDB's, one per column.
  // The session's own, of which conversions read the settings. It lives as long as the session's
  // statements; to own it here would be a circle, since a statement owns its scans.
  duckdb_connection connection = nullptr;

  std::mutex mutex;  // Guards what follows.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t rows_at_once = static_cast<int64_t>(duckdb_vector_size());
  NextBatch next;
  bool is_stream = false;
};

namespace {

struct DestroyConverted {
  void operator()(duckdb_arrow_converted_schema schema) const {
    duckdb_destroy_arrow_converted_schema(&schema);
  }
};
using OwnedConverted = std::unique_ptr<_duckdb_arrow_converted_schema, DestroyConverted>;

// Null where there is no error.
std::optional<Error> Taken(duckdb_error_data data) {
  std::optional<Error> error;
  if (data != nullptr && duckdb_error_data_has_error(data))
    error = ErrorFrom(duckdb_error_data_message(data), {});
  duckdb_destroy_error_data(&data);
  return error;
}

Result<OwnedConverted> Convert(duckdb_connection connection, const arrow::Schema& schema) {
  ArrowSchema exported = {};
  WEIR_ARROW(arrow::ExportSchema(schema, &exported));
  duckdb_arrow_converted_schema converted = nullptr;
  auto error = Taken(duckdb_schema_from_arrow(connection, &exported, &converted));
  if (exported.release != nullptr) exported.release(&exported);
  OwnedConverted owned(converted);
  if (error) return Fail(ErrorKind::kUnsupported, "engine.type", error->message);
  return owned;
}

Result<OwnedChunk> Convert(duckdb_connection connection, const arrow::RecordBatch& batch,
                           duckdb_arrow_converted_schema schema) {
  ArrowArray exported = {};
  WEIR_ARROW(arrow::ExportRecordBatch(batch, &exported));
  duckdb_data_chunk chunk = nullptr;
  auto error = Taken(duckdb_data_chunk_from_arrow(connection, &exported, schema, &chunk));
  if (exported.release != nullptr) exported.release(&exported);
  OwnedChunk owned(chunk);
  if (error) return Fail(std::move(*error));
  return owned;
}

// One bit per value, from bit `offset` on, as a buffer of its own that starts at its first bit.
Result<std::shared_ptr<arrow::Buffer>> RebasedBits(const std::shared_ptr<arrow::Buffer>& bits,
                                                   int64_t offset, int64_t length) {
  if (bits == nullptr) return nullptr;
  if (offset % 8 == 0) return arrow::SliceBuffer(bits, offset / 8, (length + 7) / 8);
  WEIR_ARROW_ASSIGN(auto copy, arrow::internal::CopyBitmap(arrow::default_memory_pool(),
                                                           bits->data(), offset, length));
  return copy;
}

Result<std::shared_ptr<arrow::ArrayData>> Rebased(const arrow::ArrayData& data, int64_t start,
                                                  int64_t length);

// Offsets from `at` on, counted from the first of them, and the child cut to what they span.
Result<void> RebaseList(const arrow::ArrayData& data, int64_t at, arrow::ArrayData& made) {
  const auto* offsets = data.GetValues<int32_t>(1, at);
  WEIR_ARROW_ASSIGN(std::shared_ptr<arrow::Buffer> counted,
                    arrow::AllocateBuffer((made.length + 1) * int64_t{sizeof(int32_t)}));
  auto* counts = counted->mutable_data_as<int32_t>();
  for (int64_t i = 0; i <= made.length; ++i) counts[i] = offsets[i] - offsets[0];
  made.buffers[1] = std::move(counted);
  WEIR_ASSIGN(auto child, Rebased(*data.child_data[0], offsets[0], counts[made.length]));
  made.child_data.push_back(std::move(child));
  return {};
}

// Rows [start, start + length) of an array with all offsets at 0, its own and its children's:
// DuckDB 1.5 reads structs within structs wrongly where there is an offset. Copies next to nothing.
Result<std::shared_ptr<arrow::ArrayData>> Rebased(const arrow::ArrayData& data, int64_t start,
                                                  int64_t length) {
  const arrow::DataType* type = data.type.get();
  if (type->id() == arrow::Type::EXTENSION)
    type = static_cast<const arrow::ExtensionType&>(*type).storage_type().get();
  const int64_t at = data.offset + start;
  auto made = std::make_shared<arrow::ArrayData>(data.type, length);
  made->buffers = data.buffers;
  made->dictionary = data.dictionary;
  WEIR_ASSIGN(made->buffers[0], RebasedBits(data.buffers[0], at, length));
  made->null_count = made->buffers[0] == nullptr
                         ? data.null_count == 0 ? 0 : arrow::kUnknownNullCount
                         : arrow::kUnknownNullCount;
  switch (type->id()) {
    case arrow::Type::BOOL: {
      WEIR_ASSIGN(made->buffers[1], RebasedBits(data.buffers[1], at, length));
      break;
    }
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      made->buffers[1] = arrow::SliceBuffer(data.buffers[1], at * int64_t{sizeof(int32_t)});
      break;
    case arrow::Type::LIST:
      WEIR_TRY(RebaseList(data, at, *made));
      break;
    case arrow::Type::STRUCT:
      for (const auto& child : data.child_data) {
        WEIR_ASSIGN(auto field, Rebased(*child, at, length));
        made->child_data.push_back(std::move(field));
      }
      break;
    default:
      made->buffers[1] = arrow::SliceBuffer(data.buffers[1], at * type->byte_width());
  }
  return made;
}

// One scan of a source by one statement.
struct Scan {
  std::shared_ptr<BatchSource> source;
  std::vector<int> columns;               // Of the source's schema, in the order of `outputs`.
  std::vector<idx_t> outputs;             // Where each goes in DuckDB's chunk.
  std::shared_ptr<arrow::Schema> schema;  // Of `columns`.
  OwnedConverted converted;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t rows_at_once = 0;
  size_t next_batch = 0;
  NextBatch next;
  std::shared_ptr<arrow::RecordBatch> batch;  // The one being read, projected to `columns`.
  int64_t row = 0;

  // Whether there are rows left, in `batch` from `row` on.
  Result<bool> Advance() {
    while (batch == nullptr || row >= batch->num_rows()) {
      std::shared_ptr<arrow::RecordBatch> found;
      if (next != nullptr) {
        WEIR_ASSIGN(found, next());
      } else if (next_batch < batches.size()) {
        found = std::move(batches[next_batch++]);
      }
      if (found == nullptr) return false;
      arrow::ArrayVector arrays;
      for (const int column : columns) arrays.push_back(found->column(column));
      batch = arrow::RecordBatch::Make(schema, found->num_rows(), std::move(arrays));
      row = 0;
    }
    return true;
  }
};

struct Bound {
  std::shared_ptr<BatchSource> source;
};

void Bind(duckdb_bind_info info) {
  auto* database = static_cast<Database*>(duckdb_bind_get_extra_info(info));
  duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
  const int64_t id = duckdb_get_int64(parameter);
  duckdb_destroy_value(&parameter);
  std::shared_ptr<BatchSource> source;
  {
    const std::lock_guard lock(database->mutex);
    const auto found = database->sources.find(id);
    if (found != database->sources.end()) source = found->second;
  }
  if (source == nullptr) {
    duckdb_bind_set_error(info, "no such table of batches");
    return;
  }
  for (int i = 0; i < source->schema->num_fields(); ++i)
    duckdb_bind_add_result_column(info, source->schema->field(i)->name().c_str(),
                                  source->types[static_cast<size_t>(i)].get());
  duckdb_bind_set_bind_data(info, new Bound{std::move(source)},
                            [](void* bound) { delete static_cast<Bound*>(bound); });
}

Result<std::unique_ptr<Scan>> StartScan(duckdb_init_info info) {
  auto scan = std::make_unique<Scan>();
  scan->source = static_cast<Bound*>(duckdb_init_get_bind_data(info))->source;
  arrow::FieldVector fields;
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    // Beyond the schema: a virtual column, which count(*) asks for and nobody reads.
    if (column >= static_cast<idx_t>(scan->source->schema->num_fields())) continue;
    scan->columns.push_back(static_cast<int>(column));
    scan->outputs.push_back(i);
    fields.push_back(scan->source->schema->field(static_cast<int>(column)));
  }
  scan->schema = arrow::schema(std::move(fields));
  WEIR_ASSIGN(scan->converted, Convert(scan->source->connection, *scan->schema));
  const std::lock_guard lock(scan->source->mutex);
  scan->batches = scan->source->batches;
  scan->rows_at_once = scan->source->rows_at_once;
  if (scan->source->is_stream) {
    if (scan->source->next == nullptr)
      return Fail(ErrorKind::kInvalid, "engine.runtime", "this stream has been read already");
    scan->next = std::exchange(scan->source->next, nullptr);
  }
  return scan;
}

void Init(duckdb_init_info info) {
  auto scan = StartScan(info);
  if (!scan) {
    duckdb_init_set_error(info, scan.error().message.c_str());
    return;
  }
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, scan->release(),
                            [](void* data) { delete static_cast<Scan*>(data); });
}

Result<void> FillChunk(Scan& scan, duckdb_data_chunk output) {
  WEIR_ASSIGN(const bool more, scan.Advance());
  if (!more) {
    duckdb_data_chunk_set_size(output, 0);
    return {};
  }
  const int64_t rows = std::min(scan.batch->num_rows() - scan.row, scan.rows_at_once);
  arrow::ArrayVector arrays;
  for (const auto& column : scan.batch->column_data()) {
    WEIR_ASSIGN(auto data, Rebased(*column, scan.row, rows));
    arrays.push_back(arrow::MakeArray(std::move(data)));
  }
  const auto slice = arrow::RecordBatch::Make(scan.schema, rows, std::move(arrays));
  scan.row += rows;
  if (!scan.columns.empty()) {
    WEIR_ASSIGN(const OwnedChunk chunk,
                Convert(scan.source->connection, *slice, scan.converted.get()));
    for (size_t i = 0; i < scan.outputs.size(); ++i)
      duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, scan.outputs[i]),
                                     duckdb_data_chunk_get_vector(chunk.get(), i));
  }
  duckdb_data_chunk_set_size(output, static_cast<idx_t>(slice->num_rows()));
  return {};
}

void Fill(duckdb_function_info info, duckdb_data_chunk output) {
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  if (const auto filled = FillChunk(scan, output); !filled)
    duckdb_function_set_error(info, filled.error().message.c_str());
}

class DuckBatchTable final : public BatchTable {
 public:
  DuckBatchTable(std::shared_ptr<Connection> connection, std::shared_ptr<BatchSource> source,
                 std::string name)
      : connection_(std::move(connection)), source_(std::move(source)), name_(std::move(name)) {}

  Result<void> Register() {
    Database& database = *connection_->database;
    {
      const std::lock_guard lock(database.mutex);
      id_ = database.next_source++;
      database.sources[id_] = source_;
    }
    return RunSql(*connection_, "CREATE OR REPLACE TEMP VIEW " + name_ +
                                    " AS SELECT * FROM weir_batches(" + std::to_string(id_) + ")");
  }

  ~DuckBatchTable() override {
    {
      const std::lock_guard lock(connection_->database->mutex);
      connection_->database->sources.erase(id_);
    }
    connection_->dropped.emplace_back(id_, name_);
  }

  void Set(std::vector<std::shared_ptr<arrow::RecordBatch>> batches, size_t rows_at_once) override {
    const size_t most = duckdb_vector_size();
    const std::lock_guard lock(source_->mutex);
    source_->batches = std::move(batches);
    source_->rows_at_once =
        static_cast<int64_t>(rows_at_once == 0 ? most : std::min(rows_at_once, most));
  }

 private:
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<BatchSource> source_;
  std::string name_;
  int64_t id_ = 0;
};

// The types that DuckDB makes of the columns, read off an empty chunk.
Result<void> ReadTypes(duckdb_connection connection, BatchSource& source) {
  WEIR_ASSIGN(const OwnedConverted converted, Convert(connection, *source.schema));
  arrow::ArrayVector arrays;
  for (const auto& field : source.schema->fields()) {
    WEIR_ARROW_ASSIGN(auto array, arrow::MakeArrayOfNull(field->type(), 0));
    arrays.push_back(std::move(array));
  }
  const auto empty = arrow::RecordBatch::Make(source.schema, 0, std::move(arrays));
  WEIR_ASSIGN(const OwnedChunk chunk, Convert(connection, *empty, converted.get()));
  for (int i = 0; i < source.schema->num_fields(); ++i)
    source.types.emplace_back(duckdb_vector_get_column_type(
        duckdb_data_chunk_get_vector(chunk.get(), static_cast<idx_t>(i))));
  return {};
}

}  // namespace

Result<std::unique_ptr<BatchTable>> MakeBatchTable(const std::shared_ptr<Connection>& connection,
                                                   std::string_view name,
                                                   std::shared_ptr<arrow::Schema> schema,
                                                   NextBatch next) {
  auto source = std::make_shared<BatchSource>();
  source->schema = std::move(schema);
  source->connection = connection->handle;
  source->is_stream = next != nullptr;
  source->next = std::move(next);
  WEIR_TRY(ReadTypes(connection->handle, *source));
  auto table = std::make_unique<DuckBatchTable>(connection, std::move(source), QuotedName(name));
  WEIR_TRY(table->Register());
  return table;
}

Result<void> AddBatchFunction(Database& database) {
  duckdb_connection connection = nullptr;
  duckdb_connect(database.handle, &connection);
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "weir_batches");
  const OwnedType id(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_add_parameter(function, id.get());
  duckdb_table_function_set_extra_info(function, &database, nullptr);
  duckdb_table_function_set_bind(function, Bind);
  duckdb_table_function_set_init(function, Init);
  duckdb_table_function_set_function(function, Fill);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const auto state = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  duckdb_disconnect(&connection);
  if (state != DuckDBSuccess)
    return Fail(ErrorKind::kInvalid, "engine.open", "DuckDB refuses the table function");
  return {};
}

}  // namespace weir::engine

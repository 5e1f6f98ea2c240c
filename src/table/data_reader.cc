#include "table/data_reader.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <charconv>
#include <map>

namespace weir::table {
namespace {

constexpr int64_t kRowsAtOnce = 8 * 1024;

std::unexpected<Error> Unreadable(const iceberg::DataFile& file, const std::string& why) {
  return Fail({.kind = ErrorKind::kCorrupt,
               .code = "table.parquet",
               .message = "cannot read Parquet: " + why,
               .place = {.file = file.path, .line = 0, .column = 0, .byte_offset = {}},
               .next = "weir verify"});
}

int32_t FieldId(const arrow::Field& field) {
  if (field.metadata() == nullptr) return -1;
  const auto text = field.metadata()->Get("PARQUET:field_id");
  int32_t id = -1;
  if (text.ok()) std::from_chars(text->data(), text->data() + text->size(), id);
  return id;
}

// The columns of `rows` as the table has them.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fit(
    const arrow::RecordBatch& rows, const std::shared_ptr<arrow::Schema>& wanted) {
  std::map<int32_t, int> places;
  for (int i = 0; i < rows.num_columns(); ++i) places[FieldId(*rows.schema()->field(i))] = i;
  arrow::ArrayVector columns;
  for (const auto& field : wanted->fields()) {
    const auto place = places.find(FieldId(*field));
    std::shared_ptr<arrow::Array> column;
    if (place == places.end()) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), rows.num_rows()));
    } else {
      column = rows.column(place->second);
      if (!column->type()->Equals(*field->type()) && field->type()->num_fields() == 0) {
        ARROW_ASSIGN_OR_RAISE(column, arrow::compute::Cast(*column, field->type()));
      }
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(wanted, rows.num_rows(), std::move(columns));
}

}  // namespace

Result<void> ReadDataFile(storage::Store& store, const iceberg::DataFile& file,
                          const iceberg::Schema& schema, const TakeRows& take) {
  WEIR_ASSIGN(const auto wanted, iceberg::ToArrowForParquet(schema));
  WEIR_ASSIGN(std::string bytes, store.Read(file.path));
  try {
    parquet::arrow::FileReaderBuilder builder;
    const auto input =
        std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes)));
    if (const auto opened = builder.Open(input); !opened.ok())
      return Unreadable(file, opened.message());
    std::unique_ptr<parquet::arrow::FileReader> reader;
    parquet::ArrowReaderProperties properties;
    properties.set_batch_size(kRowsAtOnce);
    properties.set_arrow_extensions_enabled(true);
    if (const auto built = builder.properties(properties)->Build(&reader); !built.ok())
      return Unreadable(file, built.message());
    auto batches = reader->GetRecordBatchReader();
    if (!batches.ok()) return Unreadable(file, batches.status().message());
    while (true) {
      auto rows = (*batches)->Next();
      if (!rows.ok()) return Unreadable(file, rows.status().message());
      if (*rows == nullptr) return {};
      auto fitted = Fit(**rows, wanted);
      if (!fitted.ok()) return Unreadable(file, fitted.status().message());
      WEIR_TRY(take(*fitted));
    }
  } catch (const parquet::ParquetException& cause) {
    return Unreadable(file, cause.what());
  }
}

}  // namespace weir::table

#include "columnar/keep_rows.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "base/check.h"

namespace weir::columnar {
namespace {

// Column by column: of a whole batch, Arrow makes a list of row numbers and takes them one by one.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Filtered(const arrow::RecordBatch& rows,
                                                            const std::vector<bool>& keep) {
  arrow::BooleanBuilder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(keep));
  ARROW_ASSIGN_OR_RAISE(const auto mask, builder.Finish());
  arrow::ArrayVector columns;
  for (const auto& column : rows.columns()) {
    ARROW_ASSIGN_OR_RAISE(const auto kept, arrow::compute::Filter(column, mask));
    columns.push_back(kept.make_array());
  }
  return arrow::RecordBatch::Make(rows.schema(), std::ranges::count(keep, true),
                                  std::move(columns));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> KeepRows(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<bool>& keep) {
  WEIR_CHECK(keep.size() == static_cast<size_t>(rows->num_rows()));
  if (std::ranges::find(keep, false) == keep.end()) return rows;
  auto made = Filtered(*rows, keep);
  if (!made.ok()) return Fail(ErrorKind::kInvalid, "columnar.memory", made.status().message());
  return std::move(made).ValueUnsafe();
}

}  // namespace weir::columnar

#include "format/file_schema.h"

#include <arrow/type.h>

#include "base/check.h"
#include "format/batch_input_internal.h"

namespace weir::format {

Result<std::vector<FileColumn>> ColumnsOfFile(FormatKind kind, const env::OpenFile& file,
                                              uint64_t size) {
  WEIR_CHECK(ReadsByPosition(kind));
  WEIR_ASSIGN(const auto input,
              kind == FormatKind::kParquet ? OpenParquet(file, size, 0) : OpenArrow(file, size, 0));
  std::vector<FileColumn> columns;
  for (const auto& field : input->schema()->fields()) {
    const auto type = columnar::FromArrow(*field->type());
    columns.push_back({.name = field->name(),
                       .type = type ? std::optional(*type) : std::nullopt,
                       .written = field->type()->ToString()});
  }
  return columns;
}

}  // namespace weir::format

#include "format/kept_rows.h"

#include <utility>

#include "format/chunk_decoder_internal.h"

namespace weir::format {

Result<std::unique_ptr<Decoder>> MakeKeptRowDecoder(std::vector<columnar::ColumnSpec> columns,
                                                    std::unique_ptr<env::ByteReader> reader,
                                                    DecoderState start, DecoderOptions options) {
  WEIR_ASSIGN(RowBuilder rows, RowBuilder::Make(std::move(columns)));
  rows.TakeNonFiniteTexts();
  return MakeNdjsonDecoder(
      {.kind = FormatKind::kNdjson, .compression = Compression::kNone, .csv = {}}, std::move(rows),
      std::move(reader), std::move(start), std::move(options));
}

}  // namespace weir::format

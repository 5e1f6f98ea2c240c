#include <algorithm>

#include "format/inflate.h"
#include "format/transcode.h"
#include "infer/input_internal.h"

namespace weir::infer {

Result<Input> Input::Open(env::Files& files, const std::string& path, const InferOptions& options) {
  Input input;
  input.path_ = path;
  input.options_ = options;
  WEIR_ASSIGN(input.file_, files.Open(path));
  WEIR_ASSIGN(const env::FileStatus status, input.file_->Status());
  if (status.is_directory)
    return Fail(ErrorKind::kInvalid, "infer.folder", path + " is a folder",
                "name one of its files: the others can be read by the same pipeline");
  input.size_ = status.size;
  return input;
}

Result<std::string> Input::Front(const format::FormatSpec& spec, size_t bytes) const {
  WEIR_ASSIGN(auto opened, format::OpenInput(env::ReadRange(*file_, 0, size_), spec.compression));
  WEIR_ASSIGN(auto text, format::OpenText(std::move(opened.reader), spec.csv.encoding));
  std::string front(bytes, '\0');
  size_t got = 0;
  while (got < bytes) {
    const auto more = text.reader->Read(std::span(front).subspan(got));
    if (!more && more.error().kind != ErrorKind::kCorrupt) return Fail(more.error());
    if (!more || *more == 0) break;
    got += *more;
  }
  front.resize(got);
  return front;
}

Result<LookedAt> Input::Look(const format::FormatSpec& spec,
                             const std::vector<columnar::ColumnSpec>& columns, uint64_t rows_max,
                             const OnBatch& on_batch) const {
  WEIR_ASSIGN(const auto decoder,
              format::ReadsByPosition(spec.kind)
                  ? format::MakeFileDecoder(spec, columns, *file_, size_)
                  : format::MakeDecoder(spec, columns, env::ReadRange(*file_, 0, size_)));
  rows_max = std::min(rows_max, options_.rows_max);
  LookedAt looked;
  while (true) {
    if (looked.rows >= rows_max || decoder->state().offset >= options_.bytes_max) {
      looked.whole = false;
      break;
    }
    format::DecodeLimits limits;
    limits.rows = std::min(limits.rows, rows_max - looked.rows);
    WEIR_ASSIGN(const auto batch, decoder->Next(limits));
    if (!batch) break;
    looked.rows += batch->read();
    looked.broken += batch->broken.size();
    for (const columnar::RejectedRow& row : batch->broken) {
      const columnar::Reason& reason = row.reasons.front();
      if (looked.why.empty()) looked.why = reason.code + ", " + reason.detail;
      looked.not_utf8 = looked.not_utf8 || reason.code == "text.utf8";
    }
    on_batch(*batch);
  }
  looked.state = decoder->state();
  return looked;
}

}  // namespace weir::infer

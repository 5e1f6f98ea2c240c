// A file whose records are decoded again and again while it is looked at. Private to infer/.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "columnar/column_spec.h"
#include "columnar/decoded_batch.h"
#include "env/files.h"
#include "format/decoder.h"
#include "infer/infer.h"

namespace weir::infer {

struct LookedAt {
  uint64_t rows = 0;      // Records, broken ones too.
  uint64_t broken = 0;    // Of them.
  std::string why;        // The first broken one's reason.
  bool not_utf8 = false;  // One of them is.
  bool whole = true;
  format::DecoderState state;  // Behind the last one.
};

class Input {
 public:
  static Result<Input> Open(env::Files& files, const std::string& path,
                            const InferOptions& options);

  const std::string& path() const { return path_; }
  const env::OpenFile& file() const { return *file_; }
  uint64_t size() const { return size_; }
  // The first bytes, decompressed and as UTF-8.
  Result<std::string> Front(const format::FormatSpec& spec, size_t bytes) const;

  using OnBatch = std::function<void(const columnar::DecodedBatch&)>;
  // Decodes records with `columns`, at most `rows_max` and what the options allow.
  Result<LookedAt> Look(const format::FormatSpec& spec,
                        const std::vector<columnar::ColumnSpec>& columns, uint64_t rows_max,
                        const OnBatch& on_batch) const;

 private:
  std::string path_;
  std::unique_ptr<env::OpenFile> file_;
  uint64_t size_ = 0;
  InferOptions options_;
};

}  // namespace weir::infer

#include "columnar/keep_rows.h"

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/bitmap_reader.h>
#include <arrow/util/bitmap_writer.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace weir::columnar {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;
using DataPtr = std::shared_ptr<arrow::ArrayData>;

// Neighbours that stay, copied in one piece. Arrow's own filter looks at each row.
struct Run {
  int64_t begin = 0;
  int64_t length = 0;
};

std::vector<Run> RunsOf(const std::vector<bool>& keep) {
  std::vector<Run> runs;
  for (auto begin = std::ranges::find(keep, true); begin != keep.end();) {
    const auto end = std::find(begin, keep.end(), false);
    runs.push_back({begin - keep.begin(), end - begin});
    begin = std::find(end, keep.end(), true);
  }
  return runs;
}

// What stays of arrays that have a row for each mark.
class Kept {
 public:
  explicit Kept(std::vector<Run> runs) : runs_(std::move(runs)) {
    for (const Run& run : runs_) rows_ += run.length;
  }

  int64_t rows() const { return rows_; }

  arrow::Result<DataPtr> Of(const arrow::ArrayData& from) const {
    auto made = std::make_shared<arrow::ArrayData>(from.type, rows_);
    made->buffers.resize(from.buffers.size());
    made->dictionary = from.dictionary;
    made->null_count = 0;
    if (from.GetNullCount() != 0) {
      ARROW_ASSIGN_OR_RAISE(made->buffers[0], Bits(from, 0));
      made->null_count = arrow::kUnknownNullCount;
    }
    const arrow::DataType* type = from.type.get();
    if (type->id() == arrow::Type::EXTENSION)
      type = static_cast<const arrow::ExtensionType&>(*type).storage_type().get();
    switch (type->id()) {
      case arrow::Type::BOOL: {
        ARROW_ASSIGN_OR_RAISE(made->buffers[1], Bits(from, 1));
        break;
      }
      case arrow::Type::STRING:
      case arrow::Type::BINARY: {
        const Kept bytes(Spanned(from));
        ARROW_ASSIGN_OR_RAISE(made->buffers[1], Offsets(from));
        ARROW_ASSIGN_OR_RAISE(made->buffers[2], bytes.Bytes(from.buffers[2], 0, 1));
        break;
      }
      case arrow::Type::LIST: {
        ARROW_ASSIGN_OR_RAISE(made->buffers[1], Offsets(from));
        ARROW_ASSIGN_OR_RAISE(auto items, Kept(Spanned(from)).Of(*from.child_data[0]));
        made->child_data.push_back(std::move(items));
        break;
      }
      case arrow::Type::STRUCT:
        for (const DataPtr& child : from.child_data) {
          ARROW_ASSIGN_OR_RAISE(auto field, Of(*child->Slice(from.offset, from.length)));
          made->child_data.push_back(std::move(field));
        }
        break;
      default: {
        // Values of one width: no other type of Arrow is one of columnar/type.h.
        WEIR_CHECK(made->buffers.size() == 2 && type->byte_width() > 0);
        ARROW_ASSIGN_OR_RAISE(made->buffers[1],
                              Bytes(from.buffers[1], from.offset, type->byte_width()));
      }
    }
    return made;
  }

 private:
  // Values of one width; the array's first is at `offset` of the buffer.
  arrow::Result<BufferPtr> Bytes(const BufferPtr& from, int64_t offset, int64_t width) const {
    ARROW_ASSIGN_OR_RAISE(BufferPtr made, arrow::AllocateBuffer(rows_ * width));
    uint8_t* into = made->mutable_data();
    for (const Run& run : runs_) {
      const auto length = static_cast<size_t>(run.length * width);
      if (length != 0) std::memcpy(into, from->data() + (offset + run.begin) * width, length);
      into += length;
    }
    return made;
  }

  // By words: Arrow's CopyBitmap is made for long runs, and takes several times as long for short
  // ones.
  arrow::Result<BufferPtr> Bits(const arrow::ArrayData& from, size_t buffer) const {
    constexpr int64_t kWordBits = 64;
    ARROW_ASSIGN_OR_RAISE(BufferPtr made, arrow::AllocateEmptyBitmap(rows_));
    arrow::internal::FirstTimeBitmapWriter into(made->mutable_data(), 0, rows_);
    for (const Run& run : runs_) {
      arrow::internal::BitmapUInt64Reader words(from.buffers[buffer]->data(),
                                                from.offset + run.begin, run.length);
      for (int64_t left = run.length; left > 0; left -= kWordBits)
        into.AppendWord(words.NextWord(), std::min(left, kWordBits));
    }
    into.Finish();
    return made;
  }

  // Where the rows' texts or items stand once what is left out is gone.
  arrow::Result<BufferPtr> Offsets(const arrow::ArrayData& from) const {
    const auto* offsets = from.GetValues<int32_t>(1);
    ARROW_ASSIGN_OR_RAISE(BufferPtr made,
                          arrow::AllocateBuffer((rows_ + 1) * int64_t{sizeof(int32_t)}));
    auto* into = made->mutable_data_as<int32_t>();
    int32_t end = 0;
    *into++ = 0;
    for (const Run& run : runs_) {
      const int32_t* row = offsets + run.begin;
      const int32_t moved = end - *row;
      for (int64_t i = 1; i <= run.length; ++i) *into++ = row[i] + moved;
      end = row[run.length] + moved;
    }
    return made;
  }

  // The runs' texts or items.
  std::vector<Run> Spanned(const arrow::ArrayData& from) const {
    const auto* offsets = from.GetValues<int32_t>(1);
    std::vector<Run> spans;
    for (const Run& run : runs_) {
      const int32_t begin = offsets[run.begin];
      spans.push_back({begin, offsets[run.begin + run.length] - begin});
    }
    return spans;
  }

  std::vector<Run> runs_;
  int64_t rows_ = 0;
};

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Copied(const arrow::RecordBatch& rows,
                                                          const Kept& kept) {
  arrow::ArrayVector columns;
  for (const DataPtr& column : rows.column_data()) {
    ARROW_ASSIGN_OR_RAISE(auto data, kept.Of(*column));
    columns.push_back(arrow::MakeArray(std::move(data)));
  }
  return arrow::RecordBatch::Make(rows.schema(), kept.rows(), std::move(columns));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> KeepRows(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<bool>& keep) {
  WEIR_CHECK(keep.size() == static_cast<size_t>(rows->num_rows()));
  const Kept kept(RunsOf(keep));
  if (kept.rows() == rows->num_rows()) return rows;
  auto made = Copied(*rows, kept);
  if (!made.ok()) return Fail(ErrorKind::kInvalid, "columnar.memory", made.status().message());
  return std::move(made).ValueUnsafe();
}

std::vector<uint32_t> NullRows(const arrow::Array& column) {
  std::vector<uint32_t> rows;
  if (column.null_count() == 0) return rows;
  uint32_t next = 0;
  const auto take_until = [&](int64_t end) {
    while (next < end) rows.push_back(next++);
  };
  arrow::internal::VisitSetBitRunsVoid(column.null_bitmap_data(), column.offset(), column.length(),
                                       [&](int64_t valid, int64_t count) {
                                         take_until(valid);
                                         next = static_cast<uint32_t>(valid + count);
                                       });
  take_until(column.length());
  return rows;
}

}  // namespace weir::columnar

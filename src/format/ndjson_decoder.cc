#include <utility>

#include "format/chunk_decoder_internal.h"
#include "format/json_record_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

class NdjsonDecoder final : public ChunkDecoder {
 public:
  NdjsonDecoder(const FormatSpec& spec, RowBuilder rows, std::unique_ptr<env::ByteReader> reader,
                DecoderState start, DecoderOptions options)
      : ChunkDecoder(spec.compression, Encoding::kUtf8, std::move(rows), std::move(reader),
                     std::move(start), std::move(options)),
        record_(this->rows()) {}

 private:
  Result<Stop> DecodeSome() override;
  void DecodeLine(std::string_view line, size_t used, uint64_t lines);
  // False: the line is to be refused.
  bool DecodeObject(std::string_view line);

  JsonRecordReader record_;
};

Result<ChunkDecoder::Stop> NdjsonDecoder::DecodeSome() {
  if (!PassByteOrderMark()) return Stop::kMore;
  while (true) {
    if (limit_reached()) return Stop::kLimit;
    const std::string_view rest = window().rest();
    const size_t line_end = rest.find('\n');
    const bool whole = line_end != std::string_view::npos;
    if (std::min(line_end, rest.size()) > options().record_bytes_max) return Stop::kTooLong;
    if (!whole && !complete()) return Stop::kMore;
    if (rest.empty()) return Stop::kEnd;
    std::string_view line = rest.substr(0, line_end);
    const size_t used = line.size() + (whole ? 1 : 0);
    if (line.ends_with('\r')) line.remove_suffix(1);
    DecodeLine(line, used, whole ? 1 : 0);
  }
}

void NdjsonDecoder::DecodeLine(std::string_view line, size_t used, uint64_t lines) {
  if ((line.empty() || line.front() != '{') &&
      line.find_first_not_of(" \t\r") == std::string_view::npos) {
    Pass(used, lines);
    return;
  }
  const bool good = TrustOf(line).utf8 || IsUtf8(line)
                        ? DecodeObject(line)
                        : record_.Refuse("text.utf8", "the line is not UTF-8");
  if (good) [[likely]] {
    Accept(line.size(), used, lines);
  } else {
    Refuse(record_.TakeRefusal(), line.size(), used, lines);
  }
}

bool NdjsonDecoder::DecodeObject(std::string_view line) {
  JsonCursor cursor = record_.Open(line);
  cursor.SkipBlanks();
  if (!cursor.Take('{')) {
    if (cursor.ReadValue(0).empty()) return record_.RefuseSyntax(cursor);
    cursor.SkipBlanks();
    if (!cursor.done()) return record_.RefuseSyntax(cursor, "text follows the value");
    return record_.Refuse("json.not_object", "'" + Shown(line) + "' is no object");
  }
  if (!record_.ReadObject(cursor)) return false;
  cursor.SkipBlanks();
  return cursor.done() || record_.RefuseSyntax(cursor, "text follows the object");
}

}  // namespace

std::unique_ptr<Decoder> MakeNdjsonDecoder(const FormatSpec& spec, RowBuilder rows,
                                           std::unique_ptr<env::ByteReader> reader,
                                           DecoderState start, DecoderOptions options) {
  return std::make_unique<NdjsonDecoder>(spec, std::move(rows), std::move(reader), std::move(start),
                                         std::move(options));
}

}  // namespace weir::format

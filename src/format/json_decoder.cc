#include <utility>

#include "format/chunk_decoder_internal.h"
#include "format/json_record_internal.h"
#include "format/json_scanner_internal.h"
#include "format/line_feeds.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

// `bytes` without the blanks and commas behind it, which stand between records.
std::string_view Trimmed(std::string_view bytes) {
  const size_t last = bytes.find_last_not_of(" \t\r\n,");
  return bytes.substr(0, last == std::string_view::npos ? 1 : last + 1);
}

// Objects of a JSON file: the elements of its arrays, and objects that stand alone, one behind the
// other. What stands where is a small state (JsonState), so that an array of any length is read in
// constant memory and from any of its elements on.
class JsonDecoder final : public ChunkDecoder {
 public:
  JsonDecoder(const FormatSpec& spec, RowBuilder rows, std::unique_ptr<env::ByteReader> reader,
              DecoderState start, DecoderOptions options)
      : ChunkDecoder(spec.compression, Encoding::kUtf8, std::move(rows), std::move(reader),
                     std::move(start), std::move(options)),
        record_(this->rows()) {}

 private:
  Result<Stop> DecodeSome() override;
  Result<void> SkipTooLong() override;

  JsonState& at() { return next_state().json; }
  bool in_array() { return at().place != JsonPlace::kTop; }

  // Passes blanks and separators that are right. Whether they lie in an unfinished array is in
  // at().
  void PassGap();
  bool PassSeparator(char c);
  // nullopt: the record was taken, one way or the other.
  std::optional<Stop> DecodeElement(std::string_view rest);
  std::optional<Stop> DecodeObject(std::string_view rest);
  std::optional<Stop> DecodeOther(std::string_view rest);
  std::optional<Stop> RefuseBroken(std::string_view rest);
  void RefuseElement(std::string_view record);
  void RefuseUnclosed();
  // Whether bytes that are still to come could change how `rest` is read.
  bool wants_more(std::string_view rest) {
    return !complete() && rest.size() <= options().record_bytes_max;
  }
  void Leave(JsonPlace place) { at() = {.place = place, .column = -1}; }

  JsonRecordReader record_;
};

Result<ChunkDecoder::Stop> JsonDecoder::DecodeSome() {
  if (!PassByteOrderMark()) return Stop::kMore;
  while (true) {
    if (limit_reached()) return Stop::kLimit;
    PassGap();
    const std::string_view rest = window().rest();
    if (rest.empty()) {
      if (!complete()) return Stop::kMore;
      if (!at().owes_an_end()) return Stop::kEnd;
      RefuseUnclosed();
      continue;
    }
    if (const auto stop = DecodeElement(rest)) return *stop;
  }
}

void JsonDecoder::PassGap() {
  const std::string_view rest = window().rest();
  uint64_t lines = 0;
  size_t used = 0;
  for (; used < rest.size(); ++used) {
    const char c = rest[used];
    int64_t& column = at().column;
    if (c == '\n') {
      ++lines;
      column = 0;
    } else if (c == ' ' || c == '\t' || c == '\r' || PassSeparator(c)) {
      if (column >= 0) ++column;
    } else {
      break;
    }
  }
  Pass(used, lines);
}

bool JsonDecoder::PassSeparator(char c) {
  JsonPlace& place = at().place;
  const bool behind_element =
      place == JsonPlace::kAfter || place == JsonPlace::kLoose || place == JsonPlace::kTorn;
  if (c == '[' && place == JsonPlace::kTop) {
    place = JsonPlace::kFirst;
  } else if (c == ',' && behind_element) {
    place = JsonPlace::kNext;
  } else if (c == ']' && (behind_element || place == JsonPlace::kFirst)) {
    place = JsonPlace::kTop;
  } else {
    return false;
  }
  return true;
}

std::optional<ChunkDecoder::Stop> JsonDecoder::DecodeElement(std::string_view rest) {
  const char c = rest.front();
  if (c == '{') return DecodeObject(rest);
  if (!in_array() || (c != ',' && c != ']')) return DecodeOther(rest);
  record_.Refuse("json.syntax", std::string("a value is missing before this '") + c + "'");
  Refuse(record_.TakeRefusal(), 1, 1, 0);
  Leave(c == ',' ? JsonPlace::kNext : JsonPlace::kTop);
  return std::nullopt;
}

std::optional<ChunkDecoder::Stop> JsonDecoder::DecodeObject(std::string_view rest) {
  JsonCursor cursor = record_.Open(rest.substr(0, options().record_bytes_max));
  cursor.Take('{');
  if (!record_.ReadObject(cursor)) {
    rows().DropRow();
    if (cursor.ran_out() && wants_more(rest)) return Stop::kMore;
    return RefuseBroken(rest);
  }
  const auto length = static_cast<size_t>(cursor.position() - rest.data());
  const std::string_view record = rest.substr(0, length);
  if (!TrustOf(record).utf8 && !IsUtf8(record)) {
    record_.Refuse("text.utf8", "the object is not UTF-8");
    RefuseElement(record);
  } else if (at().place == JsonPlace::kAfter) {
    record_.Refuse("json.syntax", "',' is missing before this object");
    RefuseElement(record);
  } else {
    Accept(length, length, CountLineFeeds(record));
    Leave(in_array() ? JsonPlace::kAfter : JsonPlace::kTop);
  }
  return std::nullopt;
}

std::optional<ChunkDecoder::Stop> JsonDecoder::DecodeOther(std::string_view rest) {
  JsonCursor cursor = record_.Open(rest.substr(0, options().record_bytes_max));
  const std::string_view value = cursor.ReadValue(0);
  // A number at the end may go on.
  const bool cut = value.empty() ? cursor.ran_out() : cursor.done();
  if (cut && wants_more(rest)) return Stop::kMore;
  if (value.empty()) {
    record_.RefuseSyntax(cursor);
    return RefuseBroken(rest);
  }
  record_.Refuse("json.not_object", "'" + Shown(value) + "' is no object");
  if (cut && rest.size() > value.size()) return RefuseBroken(rest);  // Over the bound, perhaps.
  RefuseElement(rest.substr(0, value.size()));
  return std::nullopt;
}

std::optional<ChunkDecoder::Stop> JsonDecoder::RefuseBroken(std::string_view rest) {
  const size_t most = options().record_bytes_max;
  JsonScanner scanner(at().column, in_array());
  const auto end = scanner.FindEnd(rest.substr(0, most + 1));
  if (end && *end <= most) {
    RefuseElement(Trimmed(rest.substr(0, *end)));
    return std::nullopt;
  }
  if (rest.size() > most) return Stop::kTooLong;
  if (!complete()) return Stop::kMore;
  RefuseElement(Trimmed(rest));
  return std::nullopt;
}

// A broken element may have swallowed the comma behind it, or be no element at all.
void JsonDecoder::RefuseElement(std::string_view record) {
  const bool array = in_array();
  Refuse(record_.TakeRefusal(), record.size(), record.size(), CountLineFeeds(record));
  Leave(array ? JsonPlace::kLoose : JsonPlace::kTop);
}

void JsonDecoder::RefuseUnclosed() {
  Taken nothing;
  nothing.row.kind = columnar::RejectedKind::kObject;
  Refuse(std::move(nothing), {{.code = "object.corrupt",
                               .rule = {},
                               .column = {},
                               .detail = "the input ends within an array: it was cut off"}});
  at().place = JsonPlace::kTorn;
}

Result<void> JsonDecoder::SkipTooLong() {
  JsonScanner scanner(at().column, in_array());
  Taken record;
  while (true) {
    const std::string_view rest = window().rest();
    const auto end = scanner.FindEnd(rest);
    Take(record, end.value_or(rest.size()));
    if (end || window().at_end()) break;
    WEIR_TRY(window().Extend());
  }
  RefuseTooLong(std::move(record));
  Leave(in_array() ? JsonPlace::kLoose : JsonPlace::kTop);
  at().column = scanner.next_column();
  return {};
}

}  // namespace

std::unique_ptr<Decoder> MakeJsonDecoder(const FormatSpec& spec, RowBuilder rows,
                                         std::unique_ptr<env::ByteReader> reader,
                                         DecoderState start, DecoderOptions options) {
  return std::make_unique<JsonDecoder>(spec, std::move(rows), std::move(reader), std::move(start),
                                       std::move(options));
}

}  // namespace weir::format

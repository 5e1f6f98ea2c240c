#include <algorithm>
#include <array>

#include "base/letter_case.h"
#include "base/limits.h"
#include "base/units.h"
#include "format/decoder.h"
#include "format/inflate.h"
#include "format/line_feeds.h"
#include "format/well_formed.h"
#include "source/http/front_checks_internal.h"

namespace weir::source {
namespace {

using format::Compression;
using format::FormatKind;

// "text/csv; charset=utf-8" -> "text/csv"
std::string_view MediaType(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type;
}

struct TypeName {
  std::string_view name;
  FormatKind format;
};
constexpr std::array<TypeName, 9> kTypes = {{{"application/json", FormatKind::kJson},
                                             {"text/json", FormatKind::kJson},
                                             {"application/x-ndjson", FormatKind::kNdjson},
                                             {"application/ndjson", FormatKind::kNdjson},
                                             {"application/jsonl", FormatKind::kNdjson},
                                             {"application/x-jsonlines", FormatKind::kNdjson},
                                             {"application/json-lines", FormatKind::kNdjson},
                                             {"text/csv", FormatKind::kCsv},
                                             {"application/csv", FormatKind::kCsv}}};

// What curl -d and browsers say when nobody said anything.
bool SaysNothing(std::string_view type) {
  constexpr std::array<std::string_view, 4> kNothing = {
      "", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain"};
  return std::ranges::find(kNothing, type) != kNothing.end();
}

std::optional<FormatKind> FormatByType(std::string_view type) {
  const auto found = std::ranges::find(kTypes, type, &TypeName::name);
  if (found == kTypes.end()) return std::nullopt;
  return found->format;
}

bool Accepts(const HttpSpec& spec, FormatKind format) {
  return std::ranges::find(spec.accept, format) != spec.accept.end();
}

std::string AcceptedTypes(const HttpSpec& spec) {
  std::string types;
  for (const FormatKind format : spec.accept)
    types += (types.empty() ? "" : ", ") +
             std::string(std::ranges::find(kTypes, format, &TypeName::format)->name);
  return types;
}

std::optional<FormatKind> FormatByContent(const HttpSpec& spec, std::string_view first_bytes) {
  if (spec.accept.size() == 1) return spec.accept.front();
  const size_t at = first_bytes.find_first_not_of(" \t\r\n");
  const char first = at == std::string_view::npos ? '\0' : first_bytes[at];
  if (first == '[' || (first == '{' && !Accepts(spec, FormatKind::kNdjson)))
    return FormatKind::kJson;
  if (first == '{') return FormatKind::kNdjson;  // An object alone is a line, too.
  return std::nullopt;
}

std::expected<Compression, Refusal> CompressionOf(std::string_view encoding) {
  const std::string name = Lower(encoding);
  if (name.empty() || name == "identity") return Compression::kNone;
  if (name == "gzip" || name == "x-gzip") return Compression::kGzip;
  if (name == "zstd") return Compression::kZstd;
  return Refuse(415, "request.encoding", "Content-Encoding '" + name.substr(0, 40) + "' is unknown",
                "send gzip, zstd, or none");
}

std::unexpected<Refusal> NotTaken(const HttpSpec& spec, std::string_view type) {
  return Refuse(415, "request.type",
                type.empty() ? "the body's type is not said"
                             : "this route does not take " + std::string(type.substr(0, 80)),
                "send one of: " + AcceptedTypes(spec));
}

bool NeedsToBeAlone(FormatKind format, std::string_view text) {
  if (format == FormatKind::kCsv) return true;
  for (const std::string_view mark : {"\xEF\xBB\xBF", "\xFE\xFF", "\xFF\xFE"})
    if (text.starts_with(mark)) return true;
  return false;
}

// How much text a body may become.
struct TextBound {
  uint64_t bytes = 0;
  std::string what;  // As it is said of a body that is beyond it.
  std::string next;
};

TextBound BoundOf(const HttpSpec& spec, uint64_t body_bytes) {
  const uint64_t of_ratio = std::max(kInflateFreeBytes, body_bytes * kInflateRatioMax);
  const uint64_t of_route = spec.max_body * kTextToBodyMax;
  if (of_route <= of_ratio)
    return {of_route, std::to_string(kTextToBodyMax) + " times max_body",
            "send it in smaller parts"};
  return {of_ratio, "more than " + std::to_string(kInflateRatioMax) + " times what was sent",
          "send it less compressed, or plain"};
}

// Counts what comes through, and stops a bomb.
class CountedText final : public env::ByteReader {
 public:
  CountedText(std::unique_ptr<env::ByteReader> text, const TextBound& bound, RequestRecord& record)
      : text_(std::move(text)), bound_(bound), record_(record) {}

  Result<size_t> Read(std::span<char> into) override {
    WEIR_ASSIGN(const size_t got, text_->Read(into));
    const std::string_view bytes(into.data(), got);
    if (record_.text_bytes == 0 && NeedsToBeAlone(record_.format, bytes))
      record_.joining = Joining::kAlone;
    record_.text_bytes += got;
    record_.text_lines += format::CountLineFeeds(bytes);
    if (got != 0) record_.ends_line = bytes.back() == '\n';
    if (record_.text_bytes > bound_.bytes)
      return Fail(ErrorKind::kInvalid, "request.inflates",
                  "inflated, the body is over " + FormatBytes(bound_.bytes) + ", " + bound_.what,
                  bound_.next);
    return got;
  }

 private:
  std::unique_ptr<env::ByteReader> text_;
  TextBound bound_;
  RequestRecord& record_;
};

std::unexpected<Refusal> RefuseFor(const Error& error) {
  if (error.code == "request.inflates") return Refuse(413, error.code, error.message, error.next);
  if (error.kind == ErrorKind::kCorrupt)
    return Refuse(422, "request.broken", "the body cannot be inflated: " + error.message);
  return std::unexpected(Refusal{503, error, std::chrono::seconds(1)});
}

// A JSON text that is too long to be looked at in one piece: read as its records are.
std::expected<void, Refusal> CheckJsonStream(std::unique_ptr<env::ByteReader> text) {
  const auto decoder =
      format::MakeDecoder({.kind = FormatKind::kJson, .compression = Compression::kNone, .csv = {}},
                          {}, std::move(text));
  if (!decoder) return RefuseFor(decoder.error());
  while (true) {
    const auto batch = (*decoder)->Next({});
    if (!batch) return RefuseFor(batch.error());
    if (!*batch) return {};
    for (const columnar::RejectedRow& row : (*batch)->broken)
      if (row.reasons.front().code == "json.syntax" || row.reasons.front().code == "object.corrupt")
        return Refuse(422, "request.json", "the body is no JSON: " + row.reasons.front().detail,
                      "send lines of objects as application/x-ndjson");
  }
}

std::expected<void, Refusal> CheckCsvHeader(const std::vector<columnar::ColumnSpec>& columns,
                                            std::unique_ptr<env::ByteReader> text) {
  if (columns.empty()) return {};
  const auto decoder = format::MakeDecoder({.kind = FormatKind::kCsv,
                                            .compression = Compression::kNone,
                                            .csv = format::CsvOptions::OfInput()},
                                           columns, std::move(text), {},
                                           {.input_name = "", .chunk_bytes = 64 * 1024});
  if (!decoder) return RefuseFor(decoder.error());
  const auto batch = (*decoder)->Next({.rows = 1});
  if (!batch) return RefuseFor(batch.error());
  if (*batch)
    for (const columnar::RejectedRow& row : (*batch)->broken)
      if (row.reasons.front().code == "csv.header")
        return Refuse(422, "request.csv_header", row.reasons.front().detail);
  const std::vector<std::string>& header = (*decoder)->state().csv_header;
  std::string missing;
  for (const columnar::ColumnSpec& column : columns)
    if (!column.nullable && !column.default_text && !column.outside &&
        std::ranges::find(header, column.input_name()) == header.end())
      missing += (missing.empty() ? "" : ", ") + column.input_name();
  if (missing.empty()) return {};
  return Refuse(422, "request.csv_header", "the header lacks " + missing,
                "name every column that must not be null");
}

// Reads what nobody has read yet, so that all of it is counted.
std::expected<void, Refusal> ReadToEnd(env::ByteReader& text) {
  std::string into(256 * 1024, '\0');
  while (true) {
    const auto got = text.Read(into);
    if (!got) return RefuseFor(got.error());
    if (*got == 0) return {};
  }
}

}  // namespace

std::unexpected<Refusal> Refuse(int status, std::string code, std::string message,
                                std::string next) {
  return std::unexpected(Refusal{status,
                                 {.kind = ErrorKind::kInvalid,
                                  .code = std::move(code),
                                  .message = std::move(message),
                                  .place = {},
                                  .next = std::move(next)},
                                 std::chrono::seconds(0)});
}

std::expected<void, Refusal> CheckKind(const HttpSpec& spec, const Request& head) {
  if (auto known = CompressionOf(head.content_encoding); !known)
    return std::unexpected(std::move(known).error());
  const std::string_view sent = MediaType(head.content_type);
  auto format = FormatByType(sent);  // As nearly everybody writes it.
  const std::string type = format ? std::string() : Lower(sent);
  if (!format) format = FormatByType(type);
  // Of a type that says nothing, the body's first byte may say more.
  if (format ? Accepts(spec, *format) : SaysNothing(type)) return {};
  return NotTaken(spec, sent);
}

std::expected<BodyKind, Refusal> KindOfBody(const HttpSpec& spec, const Request& request,
                                            std::string_view first_bytes) {
  BodyKind kind;
  const auto compression = CompressionOf(request.content_encoding);
  if (!compression) return std::unexpected(compression.error());
  kind.compression = *compression;
  const std::string_view sent = MediaType(request.content_type);
  std::optional<FormatKind> format = FormatByType(sent);  // As nearly everybody writes it.
  const std::string type = format ? std::string() : Lower(sent);
  if (!format) format = FormatByType(type);
  const auto named = format::FormatOfPath(request.name);
  if (named && named->compression != Compression::kAuto && kind.compression == Compression::kNone)
    kind.compression = named->compression;
  if (!format && SaysNothing(type)) {
    if (named) format = named->kind;
    // A format of the route that a name does not tell: data.json may be lines.
    if (!format) format = FormatByContent(spec, first_bytes);
  }
  if (format && *format == FormatKind::kJson && !Accepts(spec, *format) && named &&
      Accepts(spec, FormatKind::kNdjson))
    format = FormatKind::kNdjson;
  if (!format || !Accepts(spec, *format)) return NotTaken(spec, sent);
  kind.format = *format;
  return kind;
}

std::expected<void, Refusal> CheckText(const HttpSpec& spec,
                                       const std::vector<columnar::ColumnSpec>& columns,
                                       std::string_view body, uint64_t body_bytes,
                                       const OpenBody& open, RequestRecord& record) {
  const bool in_memory = open == nullptr;
  if (in_memory && record.compression == Compression::kNone && record.format != FormatKind::kCsv) {
    // The common case: nothing is copied or inflated.
    record.text_bytes = body.size();
    record.text_lines = format::CountLineFeeds(body);
    record.ends_line = body.ends_with('\n');
    if (NeedsToBeAlone(record.format, body)) record.joining = Joining::kAlone;
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos)
      return Refuse(422, "request.empty", "the body is empty");
    if (record.format != FormatKind::kJson) return {};
    if (const auto fault = format::JsonFault(body))
      return Refuse(422, "request.json", "the body is no JSON: " + *fault,
                    "send lines of objects as application/x-ndjson");
    return {};
  }
  const TextBound bound = BoundOf(spec, body_bytes);
  const auto open_text = [&]() -> Result<std::unique_ptr<env::ByteReader>> {
    std::unique_ptr<env::ByteReader> raw;
    if (in_memory) {
      raw = std::make_unique<env::MemoryReader>(body);
    } else {
      WEIR_ASSIGN(raw, open());
    }
    WEIR_ASSIGN(auto opened, format::OpenInput(std::move(raw), record.compression));
    record.text_bytes = record.text_lines = 0;
    return std::make_unique<CountedText>(std::move(opened.reader), bound, record);
  };
  auto counted = open_text();
  if (!counted) return RefuseFor(counted.error());
  if (auto read = ReadToEnd(**counted); !read) return read;
  if (record.text_bytes == 0) return Refuse(422, "request.empty", "the body is empty");
  if (record.format == FormatKind::kNdjson) return {};
  const RequestRecord whole = record;
  auto text = open_text();
  if (!text) return RefuseFor(text.error());
  auto checked = record.format == FormatKind::kCsv ? CheckCsvHeader(columns, std::move(*text))
                                                   : CheckJsonStream(std::move(*text));
  record = whole;
  return checked;
}

}  // namespace weir::source

#include "format/decoder.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "base/spelling.h"
#include "format/chunk_decoder_internal.h"

namespace weir::format {
namespace {

struct KindName {
  FormatKind kind;
  std::string_view text;
};
constexpr std::array<KindName, 5> kKinds = {{{FormatKind::kCsv, "csv"},
                                             {FormatKind::kNdjson, "ndjson"},
                                             {FormatKind::kJson, "json"},
                                             {FormatKind::kParquet, "parquet"},
                                             {FormatKind::kArrow, "arrow"}}};

// By JsonPlace, for DecoderState's JSON.
constexpr std::array<std::string_view, 6> kJsonPlaces = {"top",   "first", "next",
                                                         "after", "loose", "torn"};

struct CompressionName {
  Compression compression;
  std::string_view text;
};
constexpr std::array<CompressionName, 4> kCompressions = {{{Compression::kAuto, "auto"},
                                                           {Compression::kNone, "none"},
                                                           {Compression::kGzip, "gzip"},
                                                           {Compression::kZstd, "zstd"}}};

struct EncodingName {
  Encoding encoding;
  std::string_view text;
};
constexpr std::array<EncodingName, 6> kEncodings = {{{Encoding::kUtf8, "utf-8"},
                                                     {Encoding::kUtf16, "utf-16"},
                                                     {Encoding::kUtf16Le, "utf-16le"},
                                                     {Encoding::kUtf16Be, "utf-16be"},
                                                     {Encoding::kLatin1, "latin-1"},
                                                     {Encoding::kWindows1252, "windows-1252"}}};

}  // namespace

Result<void> CheckCsvOptions(const CsvOptions& csv) {
  const auto wrong = [](std::string why) {
    return Fail(ErrorKind::kInvalid, "format.csv_options", std::move(why),
                "a delimiter is one character such as , ; | or a tab");
  };
  const auto usable = [](char c) { return c != '\n' && c != '\r' && (c & 0x80) == 0; };
  if (!usable(csv.delimiter) || csv.delimiter == '\0')
    return wrong("this character cannot be the delimiter");
  if (!usable(csv.quote)) return wrong("this character cannot be the quote");
  if (csv.delimiter == csv.quote) return wrong("delimiter and quote are the same");
  return {};
}

bool ReadsByPosition(FormatKind kind) {
  return kind == FormatKind::kParquet || kind == FormatKind::kArrow;
}

std::optional<FormatSpec> FormatOfPath(std::string_view path) {
  FormatSpec spec;
  const auto take = [&path](std::string_view ending) {
    if (!path.ends_with(ending)) return false;
    path.remove_suffix(ending.size());
    return true;
  };
  if (take(".parquet")) {
    spec.kind = FormatKind::kParquet;
    return spec;
  }
  if (take(".arrow") || take(".feather")) {
    spec.kind = FormatKind::kArrow;
    return spec;
  }
  if (take(".gz"))
    spec.compression = Compression::kGzip;
  else if (take(".zst"))
    spec.compression = Compression::kZstd;
  if (take(".csv")) {
    spec.kind = FormatKind::kCsv;
    return spec;
  }
  if (take(".tsv")) {
    spec.kind = FormatKind::kCsv;
    spec.csv.delimiter = '\t';
    return spec;
  }
  if (take(".ndjson") || take(".jsonl")) return spec;
  if (take(".json")) {
    spec.kind = FormatKind::kJson;
    return spec;
  }
  return std::nullopt;
}

std::optional<FormatSpec> WrittenFormatOfPath(std::string_view path) {
  auto spec = FormatOfPath(path);
  if (spec && ReadsByPosition(spec->kind)) return std::nullopt;
  if (spec && spec->kind == FormatKind::kJson) spec->kind = FormatKind::kNdjson;
  return spec;
}

std::string_view ToText(FormatKind kind) { return kKinds[static_cast<size_t>(kind)].text; }

Result<FormatKind> ParseFormatKind(std::string_view text) {
  std::vector<std::string> names;
  for (const KindName& kind : kKinds) {
    if (kind.text == text) return kind.kind;
    names.emplace_back(kind.text);
  }
  const auto near = NearestWord(text, names);
  return Fail(
      ErrorKind::kInvalid, "format.unknown", "no format '" + std::string(text) + "'",
      near ? "did you mean '" + *near + "'?" : "formats are csv, ndjson, json, parquet and arrow");
}

std::string_view ToText(Compression compression) {
  return kCompressions[static_cast<size_t>(compression)].text;
}

Result<Compression> ParseCompression(std::string_view text) {
  for (const CompressionName& name : kCompressions)
    if (name.text == text) return name.compression;
  return Fail(ErrorKind::kInvalid, "format.compression",
              "no compression '" + std::string(text) + "'",
              "compressions are auto, none, gzip and zstd");
}

std::string_view ToText(Encoding encoding) {
  return kEncodings[static_cast<size_t>(encoding)].text;
}

Result<Encoding> ParseEncoding(std::string_view text) {
  for (const EncodingName& name : kEncodings)
    if (name.text == text) return name.encoding;
  return Fail(ErrorKind::kInvalid, "format.encoding", "no encoding '" + std::string(text) + "'",
              "encodings are utf-8, utf-16, utf-16le, utf-16be, latin-1 and windows-1252");
}

uint64_t DecoderState::reader_offset() const {
  const bool compressed = compression == Compression::kGzip || compression == Compression::kZstd;
  return compressed || encoding.value_or(Encoding::kUtf8) != Encoding::kUtf8 ? 0 : offset;
}

std::string DecoderState::ToJson() const {
  nlohmann::ordered_json made = {
      {"offset", offset}, {"line", line}, {"compression", ToText(compression)}};
  if (encoding) made["encoding"] = ToText(*encoding);
  if (csv_delimiter != '\0') made["csv_delimiter"] = std::string(1, csv_delimiter);
  if (csv_cr) made["csv_cr"] = true;
  if (!csv_header.empty()) made["csv_header"] = csv_header;
  if (json != JsonState{})
    made["json"] = {{"place", kJsonPlaces[static_cast<size_t>(json.place)]},
                    {"column", json.column}};
  if (row != 0) made["row"] = row;
  if (ended) made["ended"] = true;
  return made.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<DecoderState> DecoderState::FromJson(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return Fail(ErrorKind::kCorrupt, "decoder.state",
                "'" + Shown(text) + "' is no state of a decoder: " + why);
  };
  try {
    const auto json = nlohmann::json::parse(text);
    DecoderState state;
    if (!json.at("offset").is_number_unsigned() || !json.at("line").is_number_unsigned())
      return wrong("offset and line are whole numbers");
    state.offset = json.at("offset").get<uint64_t>();
    state.line = json.at("line").get<uint64_t>();
    const auto compression = ParseCompression(json.at("compression").get<std::string>());
    if (!compression) return wrong(compression.error().message);
    state.compression = *compression;
    if (json.contains("encoding")) {
      const auto encoding = ParseEncoding(json.at("encoding").get<std::string>());
      if (!encoding || *encoding == Encoding::kUtf16) return wrong("its encoding is unknown");
      state.encoding = *encoding;
    }
    if (json.contains("csv_delimiter")) {
      const auto delimiter = json.at("csv_delimiter").get<std::string>();
      if (delimiter.size() != 1) return wrong("a delimiter is one character");
      state.csv_delimiter = delimiter.front();
    }
    state.csv_cr = json.value("csv_cr", false);
    if (json.contains("csv_header"))
      state.csv_header = json.at("csv_header").get<std::vector<std::string>>();
    if (json.contains("json")) {
      const auto place =
          std::ranges::find(kJsonPlaces, json.at("json").at("place").get<std::string_view>());
      if (place == kJsonPlaces.end()) return wrong("no such place in a JSON file");
      state.json.place = static_cast<JsonPlace>(place - kJsonPlaces.begin());
      state.json.column = json.at("json").at("column").get<int64_t>();
    }
    if (json.contains("row")) state.row = json.at("row").get<uint64_t>();
    if (json.contains("ended")) state.ended = json.at("ended").get<bool>();
    return state;
  } catch (const nlohmann::json::exception& fault) {
    return wrong(fault.what());
  }
}

Result<void> CheckColumn(const columnar::ColumnSpec& column) {
  WEIR_TRY(RowBuilder::Make({column}));
  return {};
}

Result<std::unique_ptr<Decoder>> MakeDecoder(const FormatSpec& spec,
                                             std::vector<columnar::ColumnSpec> columns,
                                             std::unique_ptr<env::ByteReader> reader,
                                             DecoderState start, DecoderOptions options) {
  if (spec.kind == FormatKind::kCsv) {
    CsvOptions csv = spec.csv;
    if (csv.delimiter == kFoundDelimiter) csv.delimiter = csv.quote == ',' ? ';' : ',';
    WEIR_TRY(CheckCsvOptions(csv));
  }
  if (ReadsByPosition(spec.kind))
    return Fail(ErrorKind::kUnsupported, "format.by_position",
                std::string(ToText(spec.kind)) + " is read by position, which this source cannot",
                "read it as a file");
  WEIR_ASSIGN(RowBuilder rows, RowBuilder::Make(std::move(columns)));
  if (spec.kind == FormatKind::kCsv)
    return MakeCsvDecoder(spec, std::move(rows), std::move(reader), std::move(start),
                          std::move(options));
  if (spec.kind == FormatKind::kJson)
    return MakeJsonDecoder(spec, std::move(rows), std::move(reader), std::move(start),
                           std::move(options));
  return MakeNdjsonDecoder(spec, std::move(rows), std::move(reader), std::move(start),
                           std::move(options));
}

}  // namespace weir::format

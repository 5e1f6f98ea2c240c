#include "source/dead_letter/letter.h"

#include <nlohmann/json.hpp>

namespace weir::source {
namespace {

using nlohmann::json;

constexpr std::string_view kDigits = "0123456789abcdef";

std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(kDigits.find(hex[i]) << 4 | kDigits.find(hex[i + 1]));
  return bytes;
}

// JSON holds UTF-8 alone; other bytes are written in hex.
std::string Dump(const json& made) {
  try {
    return made.dump();
  } catch (const json::type_error&) {
    return {};
  }
}

std::unexpected<Error> Corrupt(const char* code, const std::string& why) {
  return Fail(ErrorKind::kCorrupt, code, "what is kept of a dead letter cannot be read: " + why);
}

char Character(const json& text) {
  const auto& characters = text.get_ref<const std::string&>();
  return characters.empty() ? '\0' : characters.front();
}

std::string Text(char character) {
  return character == '\0' ? std::string() : std::string(1, character);
}

}  // namespace

ReadAs MakeReadAs(const ledger::ObjectProgress& split, const format::FormatSpec& format,
                  const format::DecoderState& state) {
  ReadAs made{.format = format, .found = state, .object = split};
  made.found.offset = 0;
  made.found.line = 1;
  made.found.row = 0;
  made.found.json = {};
  made.found.ended = false;
  made.object.state.clear();
  made.object.done = false;
  return made;
}

std::string ReadAs::ToJson() const {
  json made = {{"weir.read_as", 1},
               {"format", format::ToText(format.kind)},
               {"compression", format::ToText(format.compression)},
               {"found", json::parse(found.ToJson())},
               {"version", object.version},
               {"size", object.size},
               {"mtime_ns", object.mtime_ns}};
  if (format.kind == format::FormatKind::kCsv) {
    made["csv"] = {{"delimiter", Text(format.csv.delimiter)},
                   {"quote", Text(format.csv.quote)},
                   {"null", format.csv.null_text},
                   {"has_header", format.csv.has_header},
                   {"encoding", format::ToText(format.csv.encoding)}};
  }
  for (const auto& [column, text] : values) made["values"].push_back({column, text});
  return Dump(made);
}

std::string WithValues(const std::string& read_as,
                       const std::vector<std::pair<std::string, std::string>>& values) {
  json made = json::parse(read_as);
  for (const auto& [column, text] : values) made["values"].push_back({column, text});
  std::string text = Dump(made);
  return text.empty() ? read_as : text;
}

Result<ReadAs> ReadAs::FromJson(std::string_view text, const std::string& source) {
  try {
    const json stored = json::parse(text);
    if (stored.at("weir.read_as") != 1)
      return Corrupt("letter.read_as", "it has a version that this Weir does not know");
    ReadAs made;
    WEIR_ASSIGN(made.format.kind, format::ParseFormatKind(stored.at("format").get<std::string>()));
    WEIR_ASSIGN(made.format.compression,
                format::ParseCompression(stored.at("compression").get<std::string>()));
    made.object = {.object = source,
                   .version = stored.at("version"),
                   .size = stored.at("size"),
                   .mtime_ns = stored.at("mtime_ns"),
                   .state = "",
                   .done = false};
    WEIR_ASSIGN(made.found, format::DecoderState::FromJson(stored.at("found").dump()));
    if (stored.contains("values"))
      for (const json& value : stored.at("values"))
        made.values.emplace_back(value.at(0).get<std::string>(), value.at(1).get<std::string>());
    if (stored.contains("csv")) {
      const json& csv = stored.at("csv");
      made.format.csv = {.delimiter = Character(csv.at("delimiter")),
                         .quote = Character(csv.at("quote")),
                         .has_header = csv.at("has_header"),
                         .null_text = csv.at("null"),
                         .encoding = format::Encoding::kUtf8};
      WEIR_ASSIGN(made.format.csv.encoding,
                  format::ParseEncoding(csv.at("encoding").get<std::string>()));
    }
    return made;
  } catch (const json::exception& cause) {
    return Corrupt("letter.read_as", cause.what());
  }
}

format::FormatSpec ReadAs::text_format() const {
  format::FormatSpec text = format;
  if (format::ReadsByPosition(format.kind)) text.kind = format::FormatKind::kNdjson;
  return text;
}

format::DecoderState ReadAs::within_text() const {
  format::DecoderState start = found;
  start.offset = 1;  // Not at the beginning of an input: a byte-order mark here is data.
  start.compression = format::Compression::kNone;
  start.encoding = format::Encoding::kUtf8;
  if (start.csv_delimiter == '\0')
    start.csv_delimiter =
        format.csv.delimiter == format::kFoundDelimiter ? ',' : format.csv.delimiter;
  return start;
}

std::string Fix::ToJson() const {
  json made = {{"weir.fix", 1}, {"raw", raw}, {"set", set}};
  if (!header.empty()) made["header"] = header;
  if (std::string text = Dump(made); !text.empty()) return text;
  made.erase("raw");
  made["raw_hex"] = ToHex(raw);
  return Dump(made);
}

Result<Fix> Fix::FromJson(std::string_view text) {
  try {
    const json stored = json::parse(text);
    if (stored.at("weir.fix") != 1)
      return Corrupt("letter.fix", "it has a version that this Weir does not know");
    Fix fix;
    fix.raw = stored.contains("raw") ? stored.at("raw").get<std::string>()
                                     : FromHex(stored.at("raw_hex").get<std::string>());
    fix.set = stored.at("set").get<std::map<std::string, std::string>>();
    if (stored.contains("header")) fix.header = stored.at("header").get<std::vector<std::string>>();
    return fix;
  } catch (const json::exception& cause) {
    return Corrupt("letter.fix", cause.what());
  }
}

}  // namespace weir::source

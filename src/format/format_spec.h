// How the bytes of an input are to be read, as the key `format` and its options say. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::format {

enum class FormatKind : uint8_t { kCsv, kNdjson };

enum class Compression : uint8_t {
  kAuto,  // By the first bytes of the input; nothing known there means kNone.
  kNone,
  kGzip,
  kZstd,
};

struct CsvOptions {
  char delimiter = ',';
  char quote = '"';        // '\0': quoting is off.
  bool has_header = true;  // Without one, fields are the contract's columns in their order.
  std::string null_text;   // An unquoted field that equals it is null, as an empty one always is.
  friend bool operator==(const CsvOptions&, const CsvOptions&) = default;
};

struct FormatSpec {
  FormatKind kind = FormatKind::kNdjson;
  Compression compression = Compression::kAuto;
  CsvOptions csv;  // Read where kind is kCsv.
  friend bool operator==(const FormatSpec&, const FormatSpec&) = default;
};

// Error format.csv_options (kInvalid): delimiter and quote must be different ASCII characters, no
// line ends.
Result<void> CheckCsvOptions(const CsvOptions& csv);

// By the ending: .csv .tsv, .ndjson .jsonl .json, each with .gz or .zst behind it. A compression in
// the name is binding; without one it is kAuto. nullopt: the ending says nothing.
std::optional<FormatSpec> FormatOfPath(std::string_view path);

// "csv" "ndjson", and back; error format.unknown (kInvalid).
std::string_view ToText(FormatKind kind);
Result<FormatKind> ParseFormatKind(std::string_view text);
// "auto" "none" "gzip" "zstd", and back; error format.compression (kInvalid).
std::string_view ToText(Compression compression);
Result<Compression> ParseCompression(std::string_view text);

}  // namespace weir::format

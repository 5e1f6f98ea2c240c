// How the bytes of an input are to be read, as the key `format` and its options say. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::format {

enum class FormatKind : uint8_t {
  kCsv,
  kNdjson,  // An object a line.
  kJson,    // Arrays of objects, and objects one behind the other, on any lines.
  kParquet,
  kArrow,  // IPC files and streams; Feather.
};

enum class Compression : uint8_t {
  kAuto,  // By the first bytes of the input; nothing known there means kNone.
  kNone,
  kGzip,
  kZstd,
};

// How a text's characters are written; a byte-order mark overrules it.
enum class Encoding : uint8_t {
  kUtf8,
  kUtf16,  // Of either byte order: by the mark, else by the first bytes.
  kUtf16Le,
  kUtf16Be,
  kLatin1,
  kWindows1252,
};

// The delimiter of an input to be read is the one of these by which its header fits the contract.
inline constexpr char kFoundDelimiter = '\0';

struct CsvOptions {
  // All by default, and the delimiter to be found.
  static CsvOptions OfInput() {
    CsvOptions csv;
    csv.delimiter = kFoundDelimiter;
    return csv;
  }

  char delimiter = ',';    // Or kFoundDelimiter.
  char quote = '"';        // '\0': quoting is off.
  bool has_header = true;  // Without one, fields are the contract's columns in their order.
  std::string null_text;   // An unquoted field that equals it is null, as an empty one always is.
  Encoding encoding = Encoding::kUtf8;
  friend bool operator==(const CsvOptions&, const CsvOptions&) = default;
};

struct FormatSpec {
  FormatKind kind = FormatKind::kNdjson;
  Compression compression = Compression::kAuto;
  CsvOptions csv;  // Read where kind is kCsv.
  friend bool operator==(const FormatSpec&, const FormatSpec&) = default;
};

// Error format.csv_options (kInvalid): delimiter and quote must be different ASCII characters, no
// line ends. kFoundDelimiter is for inputs alone, since what is written must be said.
Result<void> CheckCsvOptions(const CsvOptions& csv);

// Whether the format is read by position (MakeFileDecoder) and not as a stream.
bool ReadsByPosition(FormatKind kind);

// By the ending: .csv .tsv, .ndjson .jsonl .json, each with .gz or .zst behind it; .parquet .arrow
// .feather alone. A compression in
// the name is binding; without one it is kAuto. nullopt: the ending says nothing.
std::optional<FormatSpec> FormatOfPath(std::string_view path);
// The same for a file to be written: JSON is an object a line, and only text is written.
std::optional<FormatSpec> WrittenFormatOfPath(std::string_view path);

// "csv" "ndjson" "json" "parquet" "arrow", and back; error format.unknown (kInvalid).
std::string_view ToText(FormatKind kind);
Result<FormatKind> ParseFormatKind(std::string_view text);
// "auto" "none" "gzip" "zstd", and back; error format.compression (kInvalid).
std::string_view ToText(Compression compression);
Result<Compression> ParseCompression(std::string_view text);
// "utf-8" "utf-16" "utf-16le" "utf-16be" "latin-1" "windows-1252", and back; error format.encoding
// (kInvalid).
std::string_view ToText(Encoding encoding);
Result<Encoding> ParseEncoding(std::string_view text);

}  // namespace weir::format

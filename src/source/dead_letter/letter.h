// A dead letter, as a replay reads it: its bytes, and what is needed to make a record of them
// again. Pure values with their stored forms (docs/formats/dead-letters.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "format/decoder.h"
#include "format/format_spec.h"
#include "ledger/batch.h"

namespace weir::source {

// How the input was being read when it gave the record, and which version of it that was.
struct ReadAs {
  format::FormatSpec format;
  format::DecoderState found;     // What the input's beginning told; no position.
  ledger::ObjectProgress object;  // Path, version, size and mtime; the state is not kept.
  // Defaults that stood around the record: column -> text.
  std::vector<std::pair<std::string, std::string>> values = {};

  std::string ToJson() const;  // Without the path, which is the letter's source.
  // Error letter.read_as (kCorrupt).
  static Result<ReadAs> FromJson(std::string_view text, const std::string& source);

  // How text of the input that is kept is decoded: decompressed, in UTF-8, rows of Parquet as JSON.
  format::FormatSpec text_format() const;
  // Where a decoder starts within such text.
  format::DecoderState within_text() const;
  friend bool operator==(const ReadAs&, const ReadAs&) = default;
};

// Of a split that `decoder` reads, standing behind the record.
ReadAs MakeReadAs(const ledger::ObjectProgress& split, const format::FormatSpec& format,
                  const format::DecoderState& state);

// `read_as`, as JSON, of a record around which these stood.
std::string WithValues(const std::string& read_as,
                       const std::vector<std::pair<std::string, std::string>>& values);

// What stands in the place of a letter's bytes from now on.
struct Fix {
  std::string raw;
  std::vector<std::string> header;  // Of a CSV that got a column it did not have; else empty.
  std::map<std::string, std::string> set;  // What was changed, for a person: column to text.

  std::string ToJson() const;
  static Result<Fix> FromJson(std::string_view text);  // Error letter.fix (kCorrupt).
  friend bool operator==(const Fix&, const Fix&) = default;
};

struct Letter {
  std::string id;
  std::string source;
  std::string batch;  // That refused it.
  uint64_t line = 0;  // 0: lines make no sense.
  uint64_t offset = 0;
  std::string raw;  // The first kRawBytesKept bytes of it.
  uint64_t raw_length = 0;
  std::string raw_hash;
  bool whole_object = false;      // Kind object: not one record.
  std::string reason;             // Code of the first.
  std::optional<ReadAs> read_as;  // None: written by a version that did not keep it.
  std::optional<Fix> fix;

  bool cut() const { return raw_length > raw.size(); }
};

}  // namespace weir::source

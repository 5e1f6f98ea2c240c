// What both fuzz targets do with their bytes. The first four say how to cut, the rest is the input.
#pragma once

#include <array>

#include "format/decoder_check_internal.h"

namespace weir::format {

// A column of every scalar type.
inline std::vector<columnar::ColumnSpec> EveryColumn() {
  std::vector<columnar::ColumnSpec> columns;
  for (const char* type :
       {"varchar", "bigint", "int", "bool", "double", "decimal(10,2)", "varchar(5)", "uuid", "date",
        "time", "timestamp", "timestamptz", "json", "binary"}) {
    columnar::ColumnSpec spec;
    auto parsed = columnar::ParseType(type);
    WEIR_CHECK(parsed.has_value());
    spec.type = std::move(*parsed);
    spec.name = std::string(1, static_cast<char>('a' + columns.size()));
    columns.push_back(std::move(spec));
  }
  columns[1].default_text = "7";
  columns[11].zone = "Europe/London";
  return columns;
}

inline void FuzzDecoder(FormatKind kind, std::string_view bytes) {
  if (bytes.size() < 4) return;
  const auto knob = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[i]));
  };
  Cutting small;
  small.limits = {.rows = 1 + knob(0) % 8, .bytes = 1 + knob(1)};
  small.chunk_bytes = 1 + knob(2);
  small.read_bytes = knob(3) % 16;
  small.record_bytes_max = 64;
  FormatSpec spec;
  spec.kind = kind;
  spec.csv.has_header = (knob(3) & 16) == 0;
  if ((knob(3) & 32) != 0) spec.csv.delimiter = kFoundDelimiter;
  constexpr std::array kEncodings = {Encoding::kUtf8, Encoding::kUtf16, Encoding::kLatin1,
                                     Encoding::kWindows1252};
  spec.csv.encoding = kEncodings[knob(3) >> 6];
  spec.compression = Compression::kNone;
  bytes.remove_prefix(4);
  const std::string plain =
      AsUtf8(bytes, kind == FormatKind::kCsv ? spec.csv.encoding : Encoding::kUtf8);

  Cutting whole;
  whole.record_bytes_max = small.record_bytes_max;
  std::vector<columnar::ColumnSpec> columns = EveryColumn();
  columnar::ColumnSpec nested;
  nested.name = "o";
  nested.type = columnar::ParseType("list(struct(a int, b list(json)))").value();
  columns.push_back(std::move(nested));
  const SeenInput expected = ReadInput(spec, columns, bytes, plain, whole);
  WEIR_CHECK(ReadInput(spec, columns, bytes, plain, small) == expected);
  small.restart = true;
  WEIR_CHECK(ReadInput(spec, columns, bytes, plain, small) == expected);
  if (!expected.records.empty())
    CheckRecords(expected, plain, expected.records.front().offset,
                 kind == FormatKind::kJson ? " \t\r\n[,]" : " \t\r\n");
}

}  // namespace weir::format

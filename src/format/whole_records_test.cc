#include "format/whole_records.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::format {
namespace {

std::vector<columnar::ColumnSpec> Columns() {
  std::vector<columnar::ColumnSpec> columns(2);
  columns[0].name = "id";
  columns[1].name = "note";
  return columns;
}

TEST(WholeRecords, EndWhereNothingThatFollowsChangesThem) {
  const struct {
    FormatKind kind;
    std::string whole;
    std::string rest;
  } cases[] = {
      {FormatKind::kNdjson, "{\"a\":1}\n{\"a\":2}\n", "{\"a\":"},
      {FormatKind::kNdjson, "", "{\"a\":1}"},
      {FormatKind::kNdjson, "\n\n", ""},
      {FormatKind::kCsv, "id,note\n1,a\n", "2,"},
      {FormatKind::kCsv, "id,note\n", "1,\"two\nlines\n"},
      {FormatKind::kCsv, "id,note\n1,\"two\nlines\"\n", "2,\"a\"\"\n"},
      {FormatKind::kCsv, "id,note\r\n", "1,a\r"},
      {FormatKind::kCsv, "id,note\r1,a\r", "2,b\r"},  // LF may follow, and belongs to it then.
      {FormatKind::kCsv, "id;note\n1;a\n", "2;\"b\nc"},
      {FormatKind::kCsv, "\xEF\xBB\xBFid\n1\n", "2"},
      {FormatKind::kCsv, "", "other,names\n1,a\n"},  // It cannot be used: wait for all of it.
      {FormatKind::kCsv, "", "id,no"},
  };
  const std::vector<columnar::ColumnSpec> columns = Columns();
  for (const auto& c : cases) {
    FormatSpec spec;
    spec.kind = c.kind;
    const std::string input = c.whole + c.rest;
    env::MemoryReader reader(input);
    spec.csv = CsvOptions::OfInput();
    EXPECT_EQ(WholeRecordsEnd(spec, columns, {}, reader).value(), c.whole.size()) << input;
  }
}

TEST(WholeRecords, AreFoundThroughManyPieces) {
  std::string input = "id,note\n";
  while (input.size() < 3'000'000) input += "1,\"some\nnote\"\n";
  const size_t whole = input.size();
  input += "2,\"some\n";
  env::MemoryReader reader(input);
  FormatSpec spec;
  spec.kind = FormatKind::kCsv;
  const auto columns = Columns();
  EXPECT_EQ(WholeRecordsEnd(spec, columns, {}, reader).value(), whole);
}

TEST(WholeRecords, AreLookedForFromWhereReadingStopped) {
  FormatSpec spec;
  spec.kind = FormatKind::kCsv;
  spec.csv = CsvOptions::OfInput();
  DecoderState from;
  from.offset = 100;
  from.csv_delimiter = ';';
  from.csv_header = {"id", "note"};
  env::MemoryReader reader("7;\"a\nb\"\n8;\"c\n");
  EXPECT_EQ(WholeRecordsEnd(spec, Columns(), from, reader).value(), 108U);
}

}  // namespace
}  // namespace weir::format

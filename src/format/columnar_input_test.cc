// Parquet and Arrow files as input: what fits which column, rows that go on from any place, and
// files that break.
#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <algorithm>

#include "format/decoder_check_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;

class BytesFile final : public env::OpenFile {
 public:
  explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) const override {
    if (fails) return Fail(ErrorKind::kIo, "file.io", "the disk is gone");
    const size_t count = offset < bytes_.size() ? std::min(into.size(), bytes_.size() - offset) : 0;
    std::copy_n(bytes_.data() + offset, count, into.begin());
    return count;
  }
  Result<env::FileStatus> Status() const override { return env::FileStatus{}; }
  env::Writers writers() const override { return env::Writers::kNone; }
  uint64_t size() const { return bytes_.size(); }

  bool fails = false;

 private:
  std::string bytes_;
};

enum class Form { kParquet, kArrowFile, kArrowStream };

std::string Written(const arrow::Table& table, Form form, int64_t group_rows = 1000) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  if (form == Form::kParquet) {
    auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    EXPECT_TRUE(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, group_rows,
                                           parquet::default_writer_properties(), properties)
                    .ok());
  } else {
    auto writer = (form == Form::kArrowFile ? arrow::ipc::MakeFileWriter(sink, table.schema())
                                            : arrow::ipc::MakeStreamWriter(sink, table.schema()))
                      .ValueOrDie();
    EXPECT_TRUE(writer->WriteTable(table, group_rows).ok());
    EXPECT_TRUE(writer->Close().ok());
  }
  return sink->Finish().ValueOrDie()->ToString();
}

struct Seen {
  std::vector<std::string> rows;  // As NDJSON with faults; a dead letter as its code.
  std::vector<std::string> raw;
  std::string error;
  DecoderState state;
};

Seen Read(const BytesFile& file, Form form, const std::vector<ColumnSpec>& columns,
          uint64_t rows = 1000, bool restart = false) {
  FormatSpec spec;
  spec.kind = form == Form::kParquet ? FormatKind::kParquet : FormatKind::kArrow;
  Seen seen;
  std::unique_ptr<Decoder> decoder;
  while (true) {
    if (decoder == nullptr || restart) {
      const DecoderState state = DecoderState::FromJson(seen.state.ToJson()).value();
      decoder = MakeFileDecoder(spec, columns, file, file.size(), state).value();
    }
    auto batch = decoder->Next({.rows = rows});
    if (!batch) {
      seen.error = batch.error().code;
      return seen;
    }
    seen.state = decoder->state();
    if (!*batch) return seen;
    for (size_t row = 0; row < (*batch)->positions.size(); ++row) {
      EXPECT_EQ((*batch)->positions[row].offset, seen.rows.size() + row);
      seen.raw.push_back((*batch)->raw_of(row));
    }
    for (std::string& row : RowsAsText(**batch)) seen.rows.push_back(std::move(row));
    for (const columnar::RejectedRow& row : (*batch)->broken)
      seen.rows.push_back(row.reasons.at(0).code);
    EXPECT_EQ(seen.state.at_end(file.size()), seen.state.offset == file.size());
  }
}

// Values written as JSON, of any Arrow type that can be cast from text.
std::shared_ptr<arrow::Array> Values(const std::shared_ptr<arrow::DataType>& type,
                                     const std::string& text) {
  if (type->id() == arrow::Type::TIME64) {
    const auto moments = Values(arrow::timestamp(arrow::TimeUnit::MICRO), "1970-01-01 " + text);
    return arrow::compute::Cast(*moments, type).ValueOrDie();
  }
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.Append(text).ok());
  EXPECT_TRUE(builder.AppendNull().ok());
  auto array = builder.Finish().ValueOrDie();
  if (type->id() == arrow::Type::DICTIONARY)
    return arrow::compute::DictionaryEncode(array).ValueOrDie().make_array();
  return arrow::compute::Cast(*array, type).ValueOrDie();
}

struct CellCase {
  std::shared_ptr<arrow::DataType> type;
  std::string value;
  std::string column;
  std::string expected;  // JSON, or the code of the fault.
};

const std::vector<CellCase> kCells = {
    {arrow::int8(), "-7", "int", "-7"},
    {arrow::int32(), "7", "int", "7"},
    {arrow::int32(), "7", "bigint", "7"},
    {arrow::int32(), "7", "double", "7"},
    {arrow::int32(), "7", "decimal(4,2)", "7.00"},
    {arrow::int32(), "700", "decimal(4,2)", "type.decimal"},
    {arrow::int32(), "7", "varchar", "\"7\""},
    {arrow::int32(), "1", "bool", "type.bool"},
    {arrow::int32(), "1", "json", "\"1\""},
    {arrow::int32(), "1", "list(int)", "type.list"},
    {arrow::int32(), "1", "binary", "type.binary"},
    {arrow::int64(), "2147483648", "int", "type.int"},
    {arrow::int64(), "9223372036854775807", "bigint", "9223372036854775807"},
    {arrow::uint64(), "9223372036854775808", "bigint", "type.bigint"},
    {arrow::uint64(), "18446744073709551615", "decimal(20,0)", "18446744073709551615"},
    {arrow::float64(), "1", "int", "1"},
    {arrow::float64(), "1.5", "int", "type.int"},
    {arrow::float64(), "0.1", "double", "0.1"},
    {arrow::float64(), "0.1", "decimal(4,1)", "0.1"},
    {arrow::float64(), "0.125", "decimal(4,1)", "type.decimal"},
    {arrow::float64(), "nan", "decimal(4,1)", "type.decimal"},
    {arrow::float64(), "inf", "varchar", "\"Infinity\""},
    {arrow::float32(), "0.5", "double", "0.5"},
    {arrow::boolean(), "true", "bool", "true"},
    {arrow::boolean(), "true", "int", "type.int"},
    {arrow::boolean(), "true", "varchar", "\"true\""},
    {arrow::decimal128(10, 2), "1.50", "decimal(10,2)", "1.50"},
    {arrow::decimal128(10, 2), "1.50", "decimal(10,1)", "1.5"},
    {arrow::decimal128(10, 2), "1.55", "decimal(10,1)", "type.decimal"},
    {arrow::utf8(), "x", "varchar", "\"x\""},
    {arrow::utf8(), "xyz", "varchar(2)", "type.varchar"},
    {arrow::utf8(), "7", "int", "7"},
    {arrow::utf8(), "x", "int", "type.int"},
    {arrow::utf8(), "[1, 2]", "json", "\"[1,2]\""},
    {arrow::utf8(), "[1,2]", "list(int)", "[1,2]"},
    {arrow::utf8(), "Zm9v", "binary", "\"Zm9v\""},
    {arrow::utf8(), "2026-05-01", "date", "\"2026-05-01\""},
    {arrow::large_utf8(), "x", "varchar", "\"x\""},
    {arrow::dictionary(arrow::int32(), arrow::utf8()), "x", "varchar", "\"x\""},
    {arrow::binary(), "foo", "binary", "\"Zm9v\""},
    {arrow::binary(), "foo", "varchar", "\"foo\""},
    {arrow::binary(), "foo", "int", "type.int"},
    {arrow::date32(), "2026-05-01", "date", "\"2026-05-01\""},
    {arrow::date32(), "2026-05-01", "timestamp", "type.timestamp"},
    {arrow::date32(), "2026-05-01", "varchar", "\"2026-05-01\""},
    {arrow::date32(), "2026-05-01", "int", "type.int"},
    {arrow::date64(), "2026-05-01", "date", "\"2026-05-01\""},
    {arrow::date64(), "1969-12-31", "date", "\"1969-12-31\""},
    {arrow::date64(), "2026-05-01", "int", "type.int"},
    {arrow::time64(arrow::TimeUnit::MICRO), "10:00:00.5", "time", "\"10:00:00.500\""},
    {arrow::timestamp(arrow::TimeUnit::MICRO), "2026-05-01 10:00:00", "timestamp",
     "\"2026-05-01T10:00:00\""},
    {arrow::timestamp(arrow::TimeUnit::MICRO), "2026-05-01 10:00:00", "timestamptz",
     "type.timestamptz"},
    {arrow::timestamp(arrow::TimeUnit::MICRO), "2026-05-01 10:00:00", "date", "type.date"},
    {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "2026-05-01 10:00:00Z", "timestamptz",
     "\"2026-05-01T10:00:00Z\""},
    {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "2026-05-01 10:00:00Z", "timestamp",
     "type.timestamp"},
    {arrow::timestamp(arrow::TimeUnit::MILLI), "2026-05-01 10:00:00.123", "timestamp",
     "\"2026-05-01T10:00:00.123\""},
    {arrow::timestamp(arrow::TimeUnit::NANO), "2026-05-01 10:00:00.123456", "timestamp",
     "\"2026-05-01T10:00:00.123456\""},
    {arrow::timestamp(arrow::TimeUnit::NANO), "2026-05-01 10:00:00.1234567", "timestamp",
     "type.timestamp"},
};

TEST(ColumnarInput, ValuesFitTheirColumnsExactlyOrAreFaults) {
  for (const CellCase& c : kCells) {
    const auto table =
        arrow::Table::Make(arrow::schema({arrow::field("v", c.type)}), {Values(c.type, c.value)});
    for (const Form form : {Form::kParquet, Form::kArrowFile, Form::kArrowStream}) {
      const Seen seen = Read(BytesFile(Written(*table, form)), form, {Column("v", c.column)});
      ASSERT_EQ(seen.rows.size(), 2U) << c.type->ToString();
      const std::string expected = c.expected.starts_with("type.")
                                       ? R"({"v":null,"_rescued":null} )" + c.expected + "[v] "
                                       : R"({"v":)" + c.expected + R"(,"_rescued":null})";
      EXPECT_THAT(seen.rows[0], testing::StartsWith(expected))
          << c.type->ToString() << " " << c.value << " as " << c.column;
      EXPECT_EQ(seen.rows[1], R"({"v":null,"_rescued":null})");
    }
  }
}

TEST(ColumnarInput, ADate64IsADateForADateAndAMomentForAllElse) {
  const auto file_of = [](const std::vector<int64_t>& millis) {
    arrow::Date64Builder days;
    EXPECT_TRUE(days.AppendValues(millis).ok());
    return BytesFile(
        Written(*arrow::Table::Make(arrow::schema({arrow::field("d", arrow::date64())}),
                                    {days.Finish().ValueOrDie()}),
                Form::kArrowFile));
  };
  const BytesFile file = file_of({0, -86'400'000});
  const Seen dates = Read(file, Form::kArrowFile, {Column("d", "date")});
  EXPECT_THAT(dates.rows, testing::ElementsAre(R"({"d":"1970-01-01","_rescued":null})",
                                               R"({"d":"1969-12-31","_rescued":null})"));
  EXPECT_THAT(dates.raw, testing::ElementsAre(R"({"d":"1970-01-01"})", R"({"d":"1969-12-31"})"));
  EXPECT_EQ(Read(file, Form::kArrowFile, {Column("d", "timestamp")}).rows.at(1),
            R"({"d":"1969-12-31T00:00:00","_rescued":null})");
  // A time of day in it is against the format.
  EXPECT_THAT(Read(file_of({86'400'001}), Form::kArrowFile, {Column("d", "date")}).rows,
              testing::ElementsAre("object.corrupt"));
}

std::shared_ptr<arrow::Table> Sample(int64_t rows) {
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  auto item = std::make_shared<arrow::Int32Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), item);
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 3 == 0 ? names.AppendNull() : names.Append("n" + std::to_string(i))).ok());
    EXPECT_TRUE(lists.Append().ok());
    for (int64_t k = 0; k < i % 3; ++k) EXPECT_TRUE(item->Append(static_cast<int>(k)).ok());
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("name", arrow::utf8()), arrow::field("id", arrow::int64()),
                     arrow::field("extra", arrow::list(arrow::int32()))}),
      {names.Finish().ValueOrDie(), ids.Finish().ValueOrDie(), lists.Finish().ValueOrDie()});
}

TEST(ColumnarInput, ColumnsAreFoundByNameAndUnknownOnesAreRescued) {
  for (const Form form : {Form::kParquet, Form::kArrowFile, Form::kArrowStream}) {
    ColumnSpec missing = Column("more", "varchar");
    missing.default_text = "d";
    const Seen seen = Read(BytesFile(Written(*Sample(3), form)), form,
                           {Column("id", "int"), missing, Column("name", "varchar")});
    EXPECT_THAT(
        seen.rows,
        testing::ElementsAre(R"({"id":0,"more":"d","name":null,"_rescued":"{\"extra\":[]}"})",
                             R"({"id":1,"more":"d","name":"n1","_rescued":"{\"extra\":[0]}"})",
                             R"({"id":2,"more":"d","name":"n2","_rescued":"{\"extra\":[0,1]}"})"));
    EXPECT_EQ(seen.raw.at(1), R"({"name":"n1","id":1,"extra":[0]})");
  }
}

TEST(ColumnarInput, NestedColumnsAreReadElementByElement) {
  for (const Form form : {Form::kParquet, Form::kArrowFile}) {
    const BytesFile file(Written(*Sample(3), form));
    EXPECT_EQ(Read(file, form, {Column("extra", "list(bigint)")}).rows.at(2),
              R"({"extra":[0,1],"_rescued":"{\"name\":\"n2\",\"id\":2}"})");
    EXPECT_THAT(Read(file, form, {Column("extra", "list(date)")}).rows.at(2),
                testing::HasSubstr("type.date[extra] extra[0]: the JSON value 0 is not a date"));
  }
}

TEST(ColumnarInput, AnyCuttingAndAnyRestartGiveTheSameRows) {
  const std::vector<ColumnSpec> columns = {Column("id", "bigint"), Column("name", "varchar")};
  for (const Form form : {Form::kParquet, Form::kArrowFile, Form::kArrowStream}) {
    for (const int64_t rows : {0, 1, 100}) {
      const BytesFile file(Written(*Sample(rows), form, 17));
      const Seen whole = Read(file, form, columns);
      EXPECT_EQ(whole.rows.size(), static_cast<size_t>(rows));
      EXPECT_EQ(whole.state.offset, file.size());
      for (const uint64_t most : {1, 5, 17, 1000})
        for (const bool restart : {false, true}) {
          const Seen seen = Read(file, form, columns, most, restart);
          EXPECT_EQ(seen.rows, whole.rows);
          EXPECT_EQ(seen.state, whole.state);
        }
    }
  }
}

TEST(ColumnarInput, AFileThatBreaksIsOneDeadLetterBehindItsReadableRows) {
  const std::vector<ColumnSpec> columns = {Column("id", "bigint"), Column("name", "varchar")};
  for (const Form form : {Form::kParquet, Form::kArrowFile, Form::kArrowStream}) {
    const std::string good = Written(*Sample(100), form, 10);
    for (const size_t length :
         {size_t{0}, size_t{3}, size_t{11}, good.size() / 2, good.size() - 9}) {
      const BytesFile torn(good.substr(0, length));
      const Seen seen = Read(torn, form, columns);
      EXPECT_EQ(seen.error, "");
      // A stream that ends between two batches looks whole.
      if (form == Form::kArrowStream && length == good.size() - 9) continue;
      ASSERT_FALSE(seen.rows.empty());
      EXPECT_EQ(seen.rows.back(), "object.corrupt");
      EXPECT_EQ(std::ranges::count(seen.rows, "object.corrupt"), 1);
      EXPECT_TRUE(seen.state.at_end(torn.size()));
    }
    // A byte anywhere: rows or a dead letter, never a crash, never more than one of the latter.
    for (size_t at = 0; at < good.size(); at += 7) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
      const Seen seen = Read(BytesFile(bytes), form, columns);
      EXPECT_EQ(seen.error, "");
      EXPECT_LE(std::ranges::count(seen.rows, "object.corrupt"), 1);
    }
  }
}

TEST(ColumnarInput, AnErrorOfTheDiskIsNoFaultOfTheFile) {
  for (const Form form : {Form::kParquet, Form::kArrowFile, Form::kArrowStream}) {
    BytesFile file(Written(*Sample(100), form));
    file.fails = true;
    const Seen seen = Read(file, form, {Column("id", "bigint")});
    EXPECT_EQ(seen.error, "file.io");
    EXPECT_TRUE(seen.rows.empty());
  }
}

TEST(ColumnarInput, WhatCannotBeReadIsSaidAtOnce) {
  const BytesFile file("");
  FormatSpec spec;
  spec.kind = FormatKind::kParquet;
  spec.compression = Compression::kGzip;
  EXPECT_EQ(MakeFileDecoder(spec, {Column("a", "int")}, file, 0).error().code,
            "format.compression");
  EXPECT_EQ(
      MakeDecoder(spec, {Column("a", "int")}, std::make_unique<env::MemoryReader>("")).error().code,
      "format.by_position");
}

}  // namespace
}  // namespace weir::format

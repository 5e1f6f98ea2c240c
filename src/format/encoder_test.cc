#include "format/encoder.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "format/decoder_check_internal.h"
#include "format/fuzz_input_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;

std::string Encode(const FormatSpec& spec, const arrow::RecordBatch& batch,
                   std::vector<std::string> json_columns = {}) {
  auto encoder = MakeEncoder(spec, batch.schema(), std::move(json_columns));
  EXPECT_TRUE(encoder.has_value());
  std::string text = (*encoder)->Header();
  (*encoder)->Append(batch, text);
  return text;
}

FormatSpec Spec(FormatKind kind) {
  FormatSpec spec;
  spec.kind = kind;
  return spec;
}

// Two full rows, a row of nulls and a row of odd values of every scalar type.
constexpr std::string_view kRows =
    R"({"a":"x","b":-1,"c":2,"d":true,"e":0.1,"f":"12.30","g":"é","h":"123e4567-e89b-12d3-a456-426614174000","i":"2026-05-01","j":"10:00:00","k":"2026-05-01T10:00:00","l":"2026-05-01T10:00:00Z","m":{"x":[1,"y"]},"n":"Zm9v"}
{"a":"","b":9223372036854775807,"c":-2147483648,"d":false,"e":-1.7976931348623157e308,"f":-99999999.99,"g":"","h":"00000000-0000-0000-0000-000000000000","i":"0001-01-01","j":"23:59:59.999999","k":"9999-12-31T23:59:59.999999","l":"1969-12-31T23:59:59.5Z","m":"text","n":""}
{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null,"g":null,"h":null,"i":null,"j":null,"k":null,"l":null,"m":null,"n":null}
{"a":"q\" , \r\n \\ \t;é😀","b":0,"c":0,"d":true,"e":4.9e-324,"f":0,"g":"a,b","h":"ffffffff-ffff-ffff-ffff-ffffffffffff","i":"9999-12-31","j":"00:00:00","k":"0001-01-01T00:00:00","l":"2026-05-01T10:00:00.001Z","m":[" , "],"n":"AA=="}
)";

std::shared_ptr<arrow::RecordBatch> Decoded(FormatKind kind, std::string_view text) {
  auto decoder = MakeDecoder(Spec(kind), EveryColumn(), std::make_unique<env::MemoryReader>(text));
  auto batch = (*decoder)->Next({});
  WEIR_CHECK(batch.has_value() && batch->has_value());
  EXPECT_TRUE((*batch)->faults.empty());
  EXPECT_TRUE((*batch)->broken.empty());
  auto rows = (*batch)->rows;
  return rows->RemoveColumn(rows->num_columns() - 1).ValueOrDie();
}

TEST(Encoder, ADecoderReadsTheSameValuesBack) {
  const auto rows = Decoded(FormatKind::kNdjson, kRows);
  ASSERT_EQ(rows->num_rows(), 4);
  for (const FormatKind kind : {FormatKind::kNdjson, FormatKind::kCsv}) {
    const std::string text = Encode(Spec(kind), *rows, {"m"});
    const auto again = Decoded(kind, text);
    EXPECT_TRUE(again->Equals(*rows)) << text;
    EXPECT_EQ(Encode(Spec(kind), *again, {"m"}), text);
  }
}

TEST(Encoder, CsvLooksAsPeopleWriteIt) {
  const auto rows = Decoded(FormatKind::kNdjson, kRows)->Slice(0, 3);
  EXPECT_EQ(
      Encode(Spec(FormatKind::kCsv), *rows),
      "a,b,c,d,e,f,g,h,i,j,k,l,m,n\n"
      "x,-1,2,true,0.1,12.30,é,123e4567-e89b-12d3-a456-426614174000,2026-05-01,10:00:00,"
      "2026-05-01T10:00:00,2026-05-01T10:00:00Z,\"{\"\"x\"\":[1,\"\"y\"\"]}\",Zm9v\n"
      "\"\",9223372036854775807,-2147483648,false,-1.7976931348623157e+308,-99999999.99,\"\","
      "00000000-0000-0000-0000-000000000000,0001-01-01,23:59:59.999999,9999-12-31T23:59:59.999999,"
      "1969-12-31T23:59:59.500Z,\"\"\"text\"\"\",\"\"\n"
      ",,,,,,,,,,,,,\n");
}

TEST(Encoder, NdjsonHoldsJsonColumnsAsValues) {
  const auto rows = Decoded(FormatKind::kNdjson, kRows);
  const auto one = rows->Slice(0, 1)->SelectColumns({5, 12}).ValueOrDie();
  EXPECT_EQ(Encode(Spec(FormatKind::kNdjson), *one, {"m"}),
            "{\"f\":12.30,\"m\":{\"x\":[1,\"y\"]}}\n");
  EXPECT_EQ(Encode(Spec(FormatKind::kNdjson), *one),
            "{\"f\":12.30,\"m\":\"{\\\"x\\\":[1,\\\"y\\\"]}\"}\n");
}

TEST(Encoder, OneNullFieldIsNoEmptyLine) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::utf8())}), 1,
                                              {builder.Finish().ValueOrDie()});
  EXPECT_EQ(Encode(Spec(FormatKind::kCsv), *batch), "a\n\"\"\n");
  FormatSpec spec = Spec(FormatKind::kCsv);
  spec.csv.null_text = "NULL";
  spec.csv.has_header = false;
  EXPECT_EQ(Encode(spec, *batch), "NULL\n");
}

TEST(Encoder, ATextThatLooksLikeNullIsQuoted) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("NULL").ok());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::utf8())}), 1,
                                              {builder.Finish().ValueOrDie()});
  FormatSpec spec = Spec(FormatKind::kCsv);
  spec.csv.null_text = "NULL";
  EXPECT_EQ(Encode(spec, *batch), "a\n\"NULL\"\n");
}

TEST(Encoder, NestedColumnsAreJson) {
  auto pool = arrow::default_memory_pool();
  auto values = std::make_shared<arrow::Int32Builder>(pool);
  arrow::ListBuilder list(pool, values);
  ASSERT_TRUE(list.Append().ok() && values->Append(1).ok() && values->AppendNull().ok() &&
              list.Append().ok());
  const auto array = list.Finish().ValueOrDie();
  const auto fields =
      arrow::StructArray::Make({array}, std::vector<std::string>{"l\""}).ValueOrDie();
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("s", fields->type())}), 2, {fields});
  EXPECT_EQ(Encode(Spec(FormatKind::kNdjson), *batch),
            "{\"s\":{\"l\\\"\":[1,null]}}\n{\"s\":{\"l\\\"\":[]}}\n");
  EXPECT_EQ(Encode(Spec(FormatKind::kCsv), *batch),
            "s\n\"{\"\"l\\\"\"\"\":[1,null]}\"\n\"{\"\"l\\\"\"\"\":[]}\"\n");
}

TEST(Encoder, WhatHasNoTextIsRefused) {
  const auto schema = arrow::schema({arrow::field("a", arrow::duration(arrow::TimeUnit::MICRO))});
  EXPECT_EQ(MakeEncoder(Spec(FormatKind::kCsv), schema).error().code, "type.unsupported");
  FormatSpec spec = Spec(FormatKind::kCsv);
  spec.csv.quote = '\0';
  EXPECT_EQ(MakeEncoder(spec, arrow::schema({})).error().code, "format.csv_options");
}

TEST(Encoder, InfinityIsNull) {
  arrow::DoubleBuilder builder;
  ASSERT_TRUE(builder.AppendValues({1.0 / 0.0, 5.0}).ok());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::float64())}),
                                              2, {builder.Finish().ValueOrDie()});
  EXPECT_EQ(Encode(Spec(FormatKind::kNdjson), *batch), "{\"a\":null}\n{\"a\":5}\n");
}

}  // namespace
}  // namespace weir::format

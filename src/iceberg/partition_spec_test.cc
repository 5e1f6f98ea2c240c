#include "iceberg/partition_spec.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <limits>

#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

using enum TransformKind;

Transform Of(TransformKind kind, int32_t width = 0) {
  return {.kind = kind, .width = width, .name = {}};
}

TEST(PartitionTerm, ReadsWhatUsersWrite) {
  const struct {
    const char* text;
    PartitionTerm term;
  } cases[] = {
      {"region", {"region", Of(kIdentity)}},
      {" identity( region ) ", {"region", Of(kIdentity)}},
      {"day(ts)", {"ts", Of(kDay)}},
      {"MONTH(ts)", {"ts", Of(kMonth)}},
      {"year(ts)", {"ts", Of(kYear)}},
      {"hour(ts)", {"ts", Of(kHour)}},
      {"bucket(16, id)", {"id", Of(kBucket, 16)}},
      {"truncate( 4 ,code)", {"code", Of(kTruncate, 4)}},
  };
  for (const auto& c : cases) {
    const auto term = ParsePartitionTerm(c.text);
    ASSERT_TRUE(term) << c.text;
    EXPECT_EQ(*term, c.term) << c.text;
  }
}

TEST(PartitionTerm, SaysWhatIsWrong) {
  const struct {
    const char* text;
    const char* message;
    const char* next;
  } cases[] = {
      {"", "partition_by '': a column is missing", "write for example day(ts)"},
      {"days(ts)", "partition_by 'days(ts)': no transform 'days'", "did you mean 'day'?"},
      {"day(ts", "partition_by 'day(ts': ')' is missing at the end", "write for example day(ts)"},
      {"day()", "partition_by 'day()': a column is missing", "write for example day(ts)"},
      {"bucket(id, 16)", "partition_by 'bucket(id, 16)': a whole number above zero comes first",
       "write for example bucket(16, id)"},
      {"bucket(0, id)", "partition_by 'bucket(0, id)': a whole number above zero comes first",
       "write for example bucket(16, id)"},
  };
  for (const auto& c : cases) {
    const auto term = ParsePartitionTerm(c.text);
    ASSERT_FALSE(term) << c.text;
    EXPECT_EQ(term.error().code, "iceberg.partition_text");
    EXPECT_EQ(term.error().message, c.message);
    EXPECT_EQ(term.error().next, c.next) << c.text;
  }
}

TEST(PartitionSpec, BindsToColumnsAndNamesFieldsAsIcebergDoes) {
  const PartitionSpec spec = SpecOf({"day(ts)", "region", "bucket(16, id)", "truncate(3, region)"});
  ASSERT_EQ(spec.fields.size(), 4U);
  EXPECT_EQ(spec.fields[0].name, "ts_day");
  EXPECT_EQ(spec.fields[0].source_id, 2);
  EXPECT_EQ(spec.fields[0].field_id, 1000);
  EXPECT_EQ(spec.fields[1].name, "region");
  EXPECT_EQ(spec.fields[2].name, "id_bucket_16");
  EXPECT_EQ(spec.fields[3].name, "region_trunc_3");
  EXPECT_EQ(spec.fields[3].field_id, 1003);
  EXPECT_EQ(FieldsToJson(SpecOf({"day(ts)"})),
            R"([{"name":"ts_day","transform":"day","source-id":2,"field-id":1000}])");
  EXPECT_EQ(ParseSpec(ToJson(spec)).value(), spec);
}

TEST(PartitionSpec, RefusesColumnsThatDoNotFit) {
  const struct {
    const char* text;
    const char* code;
    const char* next;
  } cases[] = {
      {"day(tz)", "iceberg.partition_column", "did you mean 'ts'?"},
      {"day(region)", "iceberg.partition_type", ""},
      {"hour(id)", "iceberg.partition_type", ""},
      {"truncate(4, ts)", "iceberg.partition_type", ""},
  };
  for (const auto& c : cases) {
    const auto spec = ParsePartitionSpec(std::vector<std::string>{c.text}, EventSchema());
    ASSERT_FALSE(spec) << c.text;
    EXPECT_EQ(spec.error().code, c.code) << c.text;
    EXPECT_EQ(spec.error().next, c.next) << c.text;
  }
  EXPECT_EQ(
      ParsePartitionSpec(std::vector<std::string>{"region", "region"}, EventSchema()).error().code,
      "iceberg.partition_duplicate");
}

TEST(PartitionSpec, ReadsTransformsThatItDoesNotKnow) {
  const auto spec = ParseSpec(
      R"({"spec-id":1,"fields":[{"source-id":1,"field-id":1000,"name":"x","transform":"zorder[2]"}]})");
  ASSERT_TRUE(spec);
  EXPECT_EQ(ToText(spec->fields[0].transform), "zorder[2]");
  EXPECT_FALSE(PartitionTypes(*spec, EventSchema()));
}

TEST(Murmur3, AgreesWithTheSpecificationsVectors) {
  const auto hash = [](const Type& type, const Value& value) {
    // 2^31 - 1 buckets show all bits but the sign.
    return std::get<int32_t>(Apply(Of(kBucket, std::numeric_limits<int32_t>::max()), type, value));
  };
  const auto expect = [](int32_t value) {
    return static_cast<int32_t>((static_cast<uint32_t>(value) & 0x7fffffffU) % 0x7fffffffU);
  };
  EXPECT_EQ(hash(Primitive(TypeKind::kInt), int32_t{34}), expect(2017239379));
  EXPECT_EQ(hash(Primitive(TypeKind::kLong), int64_t{34}), expect(2017239379));
  EXPECT_EQ(hash(Decimal(9, 2), Unscaled{.high = 0, .low = 1420}), expect(-500754589));
  EXPECT_EQ(hash(Primitive(TypeKind::kDate), int32_t{17486}), expect(-653330422));
  EXPECT_EQ(hash(Primitive(TypeKind::kTime), int64_t{81068000000}), expect(-662762989));
  EXPECT_EQ(hash(Primitive(TypeKind::kTimestamp), int64_t{1510871468000000}), expect(-2047944441));
  EXPECT_EQ(hash(Primitive(TypeKind::kTimestamptz), int64_t{1510871468000001}),
            expect(-1207196810));
  EXPECT_EQ(hash(Primitive(TypeKind::kString), std::string("iceberg")), expect(1210000089));
  EXPECT_EQ(hash(Primitive(TypeKind::kBinary), std::string("\0\1\2\3", 4)), expect(-188683207));
  EXPECT_EQ(
      hash(Primitive(TypeKind::kUuid),
           std::string("\xf7\x9c\x3e\x09\x67\x7c\x4b\xbd\xa4\x79\x3f\x34\x9c\xb7\x85\xe7", 16)),
      expect(1488055340));
  const std::pair<int64_t, int32_t> buckets[] = {{-1, 8}, {0, 12}, {1, 4}, {34, 3}};
  for (const auto& [value, bucket] : buckets)
    EXPECT_EQ(Apply(Of(kBucket, 16), Primitive(TypeKind::kLong), value), Value(bucket)) << value;
  EXPECT_EQ(Apply(Of(kBucket, 16), Primitive(TypeKind::kString), std::string("iceberg")),
            Value(int32_t{9}));
}

TEST(Transform, FloorsAndCuts) {
  const Type ts = Primitive(TypeKind::kTimestamptz);
  const Type date = Primitive(TypeKind::kDate);
  const Type whole = Primitive(TypeKind::kLong);
  const Type text = Primitive(TypeKind::kString);
  const struct {
    const char* name;
    Transform transform;
    Type source;
    Value value;
    Value expected;
  } cases[] = {
      {"a microsecond before 1970 is day -1", Of(kDay), ts, int64_t{-1}, int32_t{-1}},
      {"hour -1", Of(kHour), ts, int64_t{-1}, int32_t{-1}},
      {"month -1", Of(kMonth), ts, int64_t{-1}, int32_t{-1}},
      {"year -1", Of(kYear), ts, int64_t{-1}, int32_t{-1}},
      {"2017-11-16 is month 574", Of(kMonth), ts, int64_t{1510871468000000}, int32_t{574}},
      {"and day 17486", Of(kDay), ts, int64_t{1510871468000000}, int32_t{17486}},
      {"and hour 419686", Of(kHour), ts, int64_t{1510871468000000}, int32_t{419686}},
      {"and year 47", Of(kYear), date, int32_t{17486}, int32_t{47}},
      {"the earliest timestamp", Of(kYear), ts, std::numeric_limits<int64_t>::min(),
       int32_t{-292278}},
      {"truncate goes down", Of(kTruncate, 10), whole, int64_t{-1}, int64_t{-10}},
      {"truncate of a multiple", Of(kTruncate, 10), whole, int64_t{20}, int64_t{20}},
      {"truncate wraps at the end, as Java does", Of(kTruncate, 10), whole,
       std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max() - 1},
      {"truncate of an int", Of(kTruncate, 10), Primitive(TypeKind::kInt), int32_t{-11},
       int32_t{-20}},
      {"truncate of a decimal", Of(kTruncate, 50), Decimal(9, 2),
       Unscaled{.high = -1, .low = ~uint64_t{0}},
       Unscaled{.high = -1, .low = static_cast<uint64_t>(-50)}},
      {"a text is cut by code points", Of(kTruncate, 2), text, std::string("\xc3\xa9\xe2\x82\xacz"),
       std::string("\xc3\xa9\xe2\x82\xac")},
      {"bytes by bytes", Of(kTruncate, 2), Primitive(TypeKind::kBinary), std::string("abc"),
       std::string("ab")},
      {"void is null", Of(kVoid), text, std::string("a"), std::monostate{}},
      {"null stays null", Of(kDay), ts, std::monostate{}, std::monostate{}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(Apply(c.transform, c.source, c.value), c.expected) << c.name;
}

TEST(PartitionPath, IsEncodedAsJavaDoes) {
  const PartitionSpec spec = SpecOf({"day(ts)", "region"});
  const auto types = PartitionTypes(spec, EventSchema()).value();
  const auto path = [&](Value day, Value region) {
    return PartitionPath(spec, types, {std::move(day), std::move(region)});
  };
  EXPECT_EQ(path(int32_t{20574}, std::string("a/b c=\xc3\xa9~*")),
            "ts_day=2026-05-01/region=a%2Fb+c%3D%C3%A9%7E*");
  EXPECT_EQ(path(std::monostate{}, std::string("..")), "ts_day=null/region=..");
  EXPECT_LE(path(int32_t{0}, std::string(1000, '/')).size(), 230U);
  EXPECT_EQ(PartitionPath({}, {}, {}), "");
  const PartitionSpec times = SpecOf({"year(ts)", "month(ts)", "hour(ts)"});
  EXPECT_EQ(PartitionPath(times, PartitionTypes(times, EventSchema()).value(),
                          {int32_t{-1}, int32_t{-1}, int32_t{25}}),
            "ts_year=1969/ts_month=1969-12/ts_hour=1970-01-02-01");
}

template <class Builder, class Number>
std::shared_ptr<arrow::Array> ArrayOf(Builder builder,
                                      const std::vector<std::optional<Number>>& values) {
  for (const auto& value : values)
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> Events(const std::vector<std::optional<int64_t>>& ids,
                                           const std::vector<std::optional<int64_t>>& micros,
                                           const std::vector<std::optional<std::string>>& regions) {
  return arrow::RecordBatch::Make(
      ToArrowForParquet(EventSchema()).value(), static_cast<int64_t>(ids.size()),
      {ArrayOf(arrow::Int64Builder(), ids),
       ArrayOf(arrow::TimestampBuilder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                       arrow::default_memory_pool()),
               micros),
       ArrayOf(arrow::StringBuilder(), regions)});
}

TEST(Partitioner, GivesEveryRowThePartitionThatApplyGives) {
  std::vector<std::optional<int64_t>> ids;
  std::vector<std::optional<int64_t>> micros;
  std::vector<std::optional<std::string>> regions;
  for (int64_t i = 0; i < 500; ++i) {
    ids.emplace_back(i * 7919 - 100);
    micros.push_back(i % 11 == 0 ? std::nullopt
                                 : std::optional(i * 7'200'000'000 - 90'000'000'000));
    regions.push_back(i % 7 == 0 ? std::nullopt : std::optional("r" + std::to_string(i / 100)));
  }
  const Schema schema = EventSchema();
  // A slice: arrays may begin inside their buffers.
  const auto batch = Events(ids, micros, regions)->Slice(3, 480);
  for (const std::vector<std::string>& texts :
       std::vector<std::vector<std::string>>{{"day(ts)"},
                                             {"region"},
                                             {"bucket(4, id)"},
                                             {"truncate(1, region)"},
                                             {"id"},
                                             {"hour(ts)", "region"},
                                             {"truncate(100, id)", "month(ts)", "region"},
                                             {"bucket(3, region)", "year(ts)"},
                                             {}}) {
    const PartitionSpec spec = SpecOf(texts);
    const auto rows = Partitioner::Make(EventSchema(), spec).value().Split(*batch);
    ASSERT_TRUE(rows);
    for (size_t row = 0; row < 480; ++row) {
      const size_t at = row + 3;
      PartitionTuple expected;
      for (const PartitionField& field : spec.fields) {
        const Field& source = *schema.FindById(field.source_id);
        Value value;
        if (source.name == "id") value = *ids[at];
        if (source.name == "ts" && micros[at]) value = *micros[at];
        if (source.name == "region" && regions[at]) value = *regions[at];
        expected.push_back(Apply(field.transform, source.type, value));
      }
      const size_t tuple = rows->row_tuple.empty() ? 0 : rows->row_tuple[row];
      ASSERT_EQ(rows->tuples.at(tuple), expected) << row;
    }
  }
}

TEST(Partitioner, ABatchOfOnePartitionNeedsNoRowNumbers) {
  const auto partitioner = Partitioner::Make(EventSchema(), SpecOf({"day(ts)"})).value();
  const auto rows = partitioner.Split(*Events({1, 2}, {5, 6}, {"a", "b"})).value();
  EXPECT_EQ(rows.tuples, std::vector<PartitionTuple>{{int32_t{0}}});
  EXPECT_TRUE(rows.row_tuple.empty());
  EXPECT_TRUE(partitioner.Split(*Events({}, {}, {})).value().tuples.empty());
}

TEST(Partitioner, RealsAndDecimalsAndUuidsPartitionToo) {
  Schema schema;
  schema.fields = {{.id = 1,
                    .name = "d",
                    .required = false,
                    .type = Decimal(9, 2),
                    .doc = {},
                    .initial_default = {},
                    .write_default = {}},
                   {.id = 2,
                    .name = "x",
                    .required = false,
                    .type = Primitive(TypeKind::kDouble),
                    .doc = {},
                    .initial_default = {},
                    .write_default = {}}};
  const PartitionSpec spec =
      ParsePartitionSpec(std::vector<std::string>{"truncate(100, d)", "x"}, schema).value();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto batch = arrow::RecordBatch::Make(
      ToArrowForParquet(schema).value(), 4,
      {ArrayOf<arrow::Decimal128Builder, arrow::Decimal128>(
           arrow::Decimal128Builder(arrow::decimal128(9, 2)),
           {arrow::Decimal128(150), arrow::Decimal128(199), std::nullopt, std::nullopt}),
       ArrayOf<arrow::DoubleBuilder, double>(arrow::DoubleBuilder(), {1.5, 1.5, nan, -nan})});
  const auto rows = Partitioner::Make(schema, spec).value().Split(*batch).value();
  ASSERT_EQ(rows.tuples.size(), 2U);
  EXPECT_EQ(rows.tuples[0], (PartitionTuple{Unscaled{.high = 0, .low = 100}, 1.5}));
  EXPECT_EQ(rows.row_tuple, (std::vector<uint32_t>{0, 0, 1, 1}));
}

TEST(Partitioner, AColumnOfAnotherTypeIsAnError) {
  const auto partitioner = Partitioner::Make(EventSchema(), SpecOf({"region"})).value();
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("region", arrow::int64())}), 1,
                               {ArrayOf<arrow::Int64Builder, int64_t>(arrow::Int64Builder(), {1})});
  EXPECT_EQ(partitioner.Split(*batch).error().code, "iceberg.column_type");
  const auto none = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector{});
  EXPECT_EQ(partitioner.Split(*none).error().code, "iceberg.column_type");
}

}  // namespace
}  // namespace weir::iceberg

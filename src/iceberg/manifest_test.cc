#include "iceberg/manifest.h"

#include <gtest/gtest.h>

#include "iceberg/avro_internal.h"
#include "iceberg/manifest_schema_internal.h"
#include "iceberg/rejections_internal.h"
#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

ManifestHeader HeaderOf(const PartitionSpec& spec,
                        ManifestContent content = ManifestContent::kData) {
  return {.schema = EventSchema(),
          .spec = spec,
          .content = content,
          .snapshot_id = 77,
          .sequence_number = 5};
}

ManifestEntry Added(DataFile file) {
  ManifestEntry entry;
  entry.file = std::move(file);
  return entry;
}

ManifestEntry Old(DataFile file, EntryStatus status, int64_t sequence_number) {
  ManifestEntry entry;
  entry.status = status;
  entry.snapshot_id = status == EntryStatus::kDeleted ? 77 : 11;
  entry.sequence_number = sequence_number;
  entry.file_sequence_number = sequence_number;
  entry.file = std::move(file);
  return entry;
}

TEST(Manifest, EntriesComeBackWithTheirInheritedNumbers) {
  const PartitionSpec spec = SpecOf({"day(ts)", "region"});
  const std::vector<ManifestEntry> entries = {
      Added(FileOf("new", 10, {int32_t{20574}, std::string("eu")})),
      Old(FileOf("kept", 20, {std::monostate{}, std::string("us")}), EntryStatus::kExisting, 2),
      Old(FileOf("gone", 40, {int32_t{20570}, std::monostate{}}), EntryStatus::kDeleted, 1)};
  const EncodedManifest encoded = EncodeManifest(HeaderOf(spec), entries).value();

  EXPECT_EQ(encoded.file.added_files, 1);
  EXPECT_EQ(encoded.file.existing_rows, 20);
  EXPECT_EQ(encoded.file.deleted_rows, 40);
  EXPECT_EQ(encoded.file.sequence_number, 5);
  EXPECT_EQ(encoded.file.min_sequence_number, 2);  // A deleted entry does not count.
  EXPECT_EQ(encoded.file.added_snapshot_id, 77);
  ASSERT_EQ(encoded.file.partitions.size(), 2U);
  EXPECT_TRUE(encoded.file.partitions[0].contains_null);
  EXPECT_EQ(encoded.file.partitions[0].lower_bound,
            EncodeValue(Primitive(TypeKind::kDate), int32_t{20570}));
  EXPECT_EQ(encoded.file.partitions[1].upper_bound, "us");

  const auto decoded = DecodeManifest(encoded.bytes, encoded.file, spec).value();
  std::vector<ManifestEntry> expected = entries;
  expected[0].snapshot_id = 77;
  expected[0].sequence_number = 5;
  expected[0].file_sequence_number = 5;
  EXPECT_EQ(decoded, expected);
  EXPECT_EQ(Rejections(encoded, spec), std::vector<std::string>{});
}

TEST(Manifest, ACompactedFileKeepsTheNumberOfItsRows) {
  ManifestEntry entry = Added(FileOf("compacted", 10));
  entry.sequence_number = 3;
  const EncodedManifest encoded = EncodeManifest(HeaderOf({}), std::vector{entry}).value();
  EXPECT_EQ(encoded.file.min_sequence_number, 3);
  const auto decoded = DecodeManifest(encoded.bytes, encoded.file, {}).value();
  EXPECT_EQ(decoded[0].sequence_number, 3);
  EXPECT_EQ(decoded[0].file_sequence_number, 5);
}

TEST(Manifest, EveryPartitionTypeSurvives) {
  const struct {
    const char* name;
    Type type;
    Value value;
  } cases[] = {
      {"bool", Primitive(TypeKind::kBoolean), true},
      {"int", Primitive(TypeKind::kInt), int32_t{-5}},
      {"long", Primitive(TypeKind::kLong), int64_t{-5}},
      {"long from int", Primitive(TypeKind::kLong), int32_t{-5}},
      {"float", Primitive(TypeKind::kFloat), 1.5F},
      {"double", Primitive(TypeKind::kDouble), -0.0},
      {"decimal", Decimal(9, 2), Unscaled{.high = -1, .low = static_cast<uint64_t>(-12345)}},
      {"decimal(38)", Decimal(38, 2), Unscaled{.high = 5, .low = 7}},
      {"date", Primitive(TypeKind::kDate), int32_t{20000}},
      {"time", Primitive(TypeKind::kTime), int64_t{1}},
      {"timestamp", Primitive(TypeKind::kTimestamp), int64_t{-1}},
      {"timestamptz", Primitive(TypeKind::kTimestamptz), int64_t{1}},
      {"text", Primitive(TypeKind::kString), std::string("\xc3\xa9")},
      {"uuid", Primitive(TypeKind::kUuid), std::string("0123456789abcdef")},
      {"binary", Primitive(TypeKind::kBinary), std::string("\0\xff", 2)},
      {"null", Primitive(TypeKind::kUuid), std::monostate{}},
  };
  for (const auto& c : cases) {
    ManifestHeader header = HeaderOf({});
    header.schema.fields[0].type = c.type;
    header.spec.fields = {{.source_id = 1, .field_id = 1000, .name = "p", .transform = {}},
                          {.source_id = 1, .field_id = 1001, .name = "q-1", .transform = {}}};
    const auto encoded =
        EncodeManifest(header, std::vector{Added(FileOf("f", 1, {c.value, c.value}))});
    ASSERT_TRUE(encoded) << c.name;
    const auto decoded = DecodeManifest(encoded->bytes, encoded->file, header.spec);
    ASSERT_TRUE(decoded) << c.name << " " << decoded.error().ToString();
    EXPECT_EQ(CompareValues(decoded->at(0).file.partition.at(0), c.value),
              std::strong_ordering::equal)
        << c.name;
    EXPECT_EQ(Rejections(*encoded, header.spec), std::vector<std::string>{}) << c.name;
  }
}

TEST(Manifest, DeleteFilesKeepWhatTheyReferTo) {
  DataFile file = FileOf("deletes", 3);
  file.content = FileContent::kPositionDeletes;
  file.referenced_data_file = "file:///lake/raw/events/data/a.parquet";
  file.sort_order_id.reset();
  const auto encoded =
      EncodeManifest(HeaderOf({}, ManifestContent::kDeletes), std::vector{Added(file)}).value();
  EXPECT_EQ(encoded.file.content, ManifestContent::kDeletes);
  EXPECT_EQ(DecodeManifest(encoded.bytes, encoded.file, {}).value()[0].file, file);
}

TEST(Manifest, TheSchemaIsTheSpecificationsByNameNumberAndNullability) {
  // (name, id, optional) in the order of the file.
  const char* expected =
      "status 0, snapshot_id 1?, sequence_number 3?, file_sequence_number 4?, data_file 2, content "
      "134, "
      "file_path 100, file_format 101, partition 102, ts_day 1000?, record_count 103, "
      "file_size_in_bytes 104, column_sizes 108?, value_counts 109?, null_value_counts 110?, "
      "nan_value_counts 137?, lower_bounds 125?, upper_bounds 128?, key_metadata 131?, "
      "split_offsets 132?, equality_ids 135?, sort_order_id 140?, referenced_data_file 143?";
  const PartitionSpec spec = SpecOf({"day(ts)"});
  EXPECT_EQ(
      FieldsOfAvroSchema(ManifestAvroSchema(spec, PartitionTypes(spec, EventSchema()).value())),
      expected);
  EXPECT_EQ(
      FieldsOfAvroSchema(ManifestListAvroSchema()),
      "manifest_path 500, manifest_length 501, partition_spec_id 502, content 517, "
      "sequence_number 515, min_sequence_number 516, added_snapshot_id 503, added_files_count 504, "
      "existing_files_count 505, deleted_files_count 506, added_rows_count 512, "
      "existing_rows_count 513, deleted_rows_count 514, partitions 507?, key_metadata 519?");
}

TEST(Manifest, PartitionNamesAreMadeFitForAvro) {
  EXPECT_EQ(AvroName("plain_1"), "plain_1");
  EXPECT_EQ(AvroName("1st"), "_1st");
  EXPECT_EQ(AvroName("a-b c"), "a_x2Db_x20c");
  EXPECT_EQ(AvroName(""), "_");
}

TEST(ManifestList, LinesComeBackAsTheyWere) {
  ManifestFile file;
  file.path = "file:///lake/m.avro";
  file.length = 1234;
  file.spec_id = 2;
  file.sequence_number = 9;
  file.min_sequence_number = 3;
  file.added_snapshot_id = 77;
  file.added_files = 1;
  file.existing_files = 2;
  file.deleted_files = 3;
  file.added_rows = 4;
  file.existing_rows = 5;
  file.deleted_rows = 6;
  file.partitions = {
      {.contains_null = true, .contains_nan = false, .lower_bound = "a", .upper_bound = "b"},
      {.contains_null = false, .contains_nan = {}, .lower_bound = {}, .upper_bound = {}}};
  ManifestFile deletes = file;
  deletes.content = ManifestContent::kDeletes;
  deletes.partitions.clear();
  deletes.key_metadata = "key";
  const std::vector<ManifestFile> lines = {file, deletes};
  const std::string bytes = EncodeManifestList(
      {.snapshot_id = 77, .parent_snapshot_id = 76, .sequence_number = 9}, lines);
  EXPECT_EQ(DecodeManifestList(bytes).value(), lines);
  const auto container = avro::Open(bytes).value();
  EXPECT_EQ(container.header.at("snapshot-id"), "77");
  EXPECT_EQ(container.header.at("parent-snapshot-id"), "76");
  EXPECT_EQ(container.header.at("sequence-number"), "9");
  EXPECT_EQ(container.header.at("format-version"), "2");
  EXPECT_EQ(container.header.at("avro.codec"), "deflate");
  EXPECT_EQ(avro::Open(EncodeManifestList(
                           {.snapshot_id = 1, .parent_snapshot_id = {}, .sequence_number = 1}, {}))
                ->header.at("parent-snapshot-id"),
            "null");
}

TEST(ManifestList, FieldsAreFoundByNumberWhateverTheirNameAndOrder) {
  // As an old writer had it: other names, counts optional, no content, one unknown field.
  avro::ContainerWriter writer(
      R"({"type":"record","name":"manifest_file","fields":[
        {"name":"unknown","type":{"type":"map","values":"string"},"field-id":9999},
        {"name":"added_data_files_count","type":["null","int"],"default":null,"field-id":504},
        {"name":"manifest_length","type":"long","field-id":501},
        {"name":"manifest_path","type":"string","field-id":500},
        {"name":"partition_spec_id","type":"int","field-id":502},
        {"name":"added_snapshot_id","type":["null","long"],"default":null,"field-id":503}]})",
      {});
  auto& out = writer.encoder();
  out.BeginArray(1);
  out.Bytes("k");
  out.Bytes("v");
  out.EndArray();
  out.Value();
  out.Whole(3);
  out.Whole(100);
  out.Bytes("s3://bucket/m.avro");
  out.Whole(0);
  out.Null();
  writer.EndRecord();
  const auto lines = DecodeManifestList(writer.Finish()).value();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].path, "s3://bucket/m.avro");
  EXPECT_EQ(lines[0].length, 100);
  EXPECT_EQ(lines[0].added_files, 3);
  EXPECT_EQ(lines[0].sequence_number, 0);
}

TEST(Manifest, BytesThatAreNoManifestAreAnErrorThatNamesIt) {
  ManifestFile listed;
  listed.path = "file:///lake/m.avro";
  const auto entries = DecodeManifest("not avro", listed, {});
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, "iceberg.avro_corrupt");
  EXPECT_EQ(entries.error().message, "manifest file:///lake/m.avro: not an Avro container file");
  EXPECT_EQ(DecodeManifestList("").error().code, "iceberg.avro_corrupt");
}

TEST(Manifest, DamageAnywhereEndsInAnErrorOrInEntries) {
  const PartitionSpec spec = SpecOf({"day(ts)", "region"});
  const EncodedManifest encoded =
      EncodeManifest(HeaderOf(spec),
                     std::vector{Added(FileOf("a", 1, {int32_t{1}, std::string("eu")}))})
          .value();
  for (size_t at = 0; at < encoded.bytes.size(); at += 13) {
    std::string broken = encoded.bytes;
    broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ 0x55);
    const auto entries = DecodeManifest(broken, encoded.file, spec);
    if (!entries) {
      EXPECT_NE(entries.error().code.find("iceberg.avro_"), std::string::npos);
    }
    EXPECT_FALSE(DecodeManifest(broken.substr(0, at), encoded.file, spec).has_value() && at < 4);
  }
}

}  // namespace
}  // namespace weir::iceberg

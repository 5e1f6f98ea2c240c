#include "iceberg/metadata.h"

#include <gtest/gtest.h>

#include <functional>

#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

TableMetadata Full() {
  TableMetadata metadata = EventTable({"day(ts)"});
  metadata.last_sequence_number = 2;
  metadata.snapshots = {{.id = 10,
                         .parent_id = {},
                         .sequence_number = 1,
                         .timestamp_ms = 1'700'000'000'100,
                         .manifest_list = "file:///lake/raw/events/metadata/snap-10.avro",
                         .summary = {{"operation", "append"}, {"total-records", "5"}},
                         .schema_id = 0},
                        {.id = 11,
                         .parent_id = 10,
                         .sequence_number = 2,
                         .timestamp_ms = 1'700'000'000'200,
                         .manifest_list = "file:///lake/raw/events/metadata/snap-11.avro",
                         .summary = {{"operation", "append"}},
                         .schema_id = {}}};
  metadata.current_snapshot_id = 11;
  metadata.refs["main"].snapshot_id = 11;
  metadata.refs["release"] = {.snapshot_id = 10,
                              .is_branch = false,
                              .min_snapshots_to_keep = {},
                              .max_snapshot_age_ms = {},
                              .max_ref_age_ms = 1000};
  metadata.snapshot_log = {{.timestamp_ms = 1'700'000'000'100, .snapshot_id = 10},
                           {.timestamp_ms = 1'700'000'000'200, .snapshot_id = 11}};
  metadata.metadata_log = {
      {.timestamp_ms = 1'700'000'000'000, .file = "file:///lake/raw/events/metadata/a"}};
  metadata.last_updated_ms = 1'700'000'000'200;
  metadata.statistics = {
      {.snapshot_id = 10, .json = R"({"snapshot-id":10,"statistics-path":"s"})"}};
  metadata.properties["owner"] = "a \"quoted\" name";
  metadata.unknown["x-later"] = R"({"a":[1,null]})";
  return metadata;
}

TEST(Metadata, SurvivesJson) {
  for (const TableMetadata& metadata :
       {EventTable(), EventTable({"bucket(4, id)", "region"}), Full()})
    EXPECT_EQ(ParseMetadata(ToJson(metadata)).value(), metadata);
}

TEST(Metadata, ANewTableSaysWhatReadersWant) {
  const std::string json = ToJson(EventTable({"day(ts)"}));
  for (
      const char* part :
      {R"("format-version":2)", R"("last-column-id":3)", R"("last-partition-id":1000)",
       R"("current-snapshot-id":-1)", R"("sort-orders":[{"order-id":0,"fields":[]}])",
       R"("snapshots":[])", R"("last-sequence-number":0)",
       R"("write.parquet.compression-codec":"zstd")",
       R"("partition-specs":[{"spec-id":0,"fields":[{"name":"ts_day","transform":"day","source-id":2,"field-id":1000}]}])"})
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  EXPECT_EQ(EventTable().last_partition_id, 999);
}

TEST(Metadata, ASchemaIsUsedAgainOrAddedUnderTheNextId) {
  const TableMetadata base = EventTable();
  Schema wider = base.schema();
  wider.id = 40;
  wider.fields.push_back(wider.fields.back());
  wider.fields.back().id = 4;
  wider.fields.back().name = "extra";
  const TableMetadata changed = WithSchema(base, wider);
  EXPECT_EQ(changed.current_schema_id, 1);
  EXPECT_EQ(changed.last_column_id, 4);
  EXPECT_EQ(changed.schemas.size(), 2U);
  const TableMetadata back = WithSchema(changed, base.schema());
  EXPECT_EQ(back.current_schema_id, 0);
  EXPECT_EQ(back.last_column_id, 4);
  EXPECT_EQ(back.schemas.size(), 2U);
}

TEST(Metadata, ChecksOnLoadNameTheFault) {
  const struct {
    const char* message;
    std::function<void(TableMetadata&)> damage;
  } cases[] = {
      {"the table has no uuid", [](TableMetadata& m) { m.table_uuid.clear(); }},
      {"the current schema 9 is not listed", [](TableMetadata& m) { m.current_schema_id = 9; }},
      {"the default partition spec 9 is not listed",
       [](TableMetadata& m) { m.default_spec_id = 9; }},
      {"schema 0 has a column above last-column-id 2",
       [](TableMetadata& m) { m.last_column_id = 2; }},
      {"the current snapshot 9 is not listed", [](TableMetadata& m) { m.current_snapshot_id = 9; }},
      {"the branch main does not point at the current snapshot",
       [](TableMetadata& m) { m.refs["main"].snapshot_id = 10; }},
      {"the branch main points at a snapshot but there is no current one",
       [](TableMetadata& m) { m.current_snapshot_id.reset(); }},
      {"the ref 'x' points at snapshot 9, which is not listed",
       [](TableMetadata& m) { m.refs["x"].snapshot_id = 9; }},
      {"snapshot 11 has sequence number 2, above the table's 1",
       [](TableMetadata& m) { m.last_sequence_number = 1; }},
      {"the snapshot log is not in order of time",
       [](TableMetadata& m) { m.snapshot_log[0].timestamp_ms += 61'000; }},
      {"the table was last updated before its newest snapshot",
       [](TableMetadata& m) { m.last_updated_ms -= 61'000; }},
  };
  for (const auto& c : cases) {
    TableMetadata metadata = Full();
    c.damage(metadata);
    const auto checked = Validate(metadata);
    ASSERT_FALSE(checked) << c.message;
    EXPECT_EQ(checked.error().code, "iceberg.metadata_invalid");
    EXPECT_EQ(checked.error().message, c.message);
  }
  TableMetadata skewed = Full();
  skewed.last_updated_ms -= 59'000;
  EXPECT_TRUE(Validate(skewed));
}

TEST(Metadata, ReadsWhatOtherWritersLeaveOut) {
  std::string json = ToJson(Full());
  const auto erase = [&](const std::string& from, const std::string& to) {
    const size_t begin = json.find(from);
    ASSERT_NE(begin, std::string::npos) << from;
    json.erase(begin, json.find(to, begin) - begin);
  };
  erase(R"("refs":)", R"("snapshots":)");
  erase(R"("statistics":)", R"("snapshot-log":)");
  const TableMetadata metadata = ParseMetadata(json).value();
  EXPECT_EQ(metadata.refs.at("main").snapshot_id, 11);
  for (const char* none : {"null", "-1"}) {
    std::string empty = ToJson(EventTable());
    const std::string member = R"("current-snapshot-id":)";
    empty.replace(empty.find(member) + member.size(), 2, none);
    EXPECT_FALSE(ParseMetadata(empty).value().current_snapshot_id) << none;
  }
}

TEST(Metadata, RefusesWhatItCannotKeep) {
  const struct {
    std::string json;
    const char* code;
  } cases[] = {
      {"", "iceberg.metadata_corrupt"},
      {"[]", "iceberg.metadata_corrupt"},
      {"{}", "iceberg.metadata_corrupt"},
      {R"({"format-version":1})", "iceberg.format_version"},
      {R"({"format-version":3})", "iceberg.format_version"},
      {R"({"format-version":2})", "iceberg.metadata_corrupt"},
      {R"({"format-version":"2"})", "iceberg.metadata_corrupt"},
      {"{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}",
       "iceberg.metadata_corrupt"},
  };
  for (const auto& c : cases) {
    const auto metadata = ParseMetadata(c.json);
    ASSERT_FALSE(metadata) << c.json;
    EXPECT_EQ(metadata.error().code, c.code) << c.json;
  }
}

TEST(Metadata, FileNamesCountOn) {
  const struct {
    const char* previous;
    const char* next;
  } cases[] = {
      {"", "f/00000-u.metadata.json"},
      {"file:///a/metadata/00000-x.metadata.json", "f/00001-u.metadata.json"},
      {"file:/a/metadata/00041-x.gz.metadata.json", "f/00042-u.metadata.json"},
      {"/a/metadata/v7.metadata.json", "f/00008-u.metadata.json"},
      {"/a/metadata/123456-x.metadata.json", "f/123457-u.metadata.json"},
  };
  for (const auto& c : cases) EXPECT_EQ(NextMetadataLocation("f", c.previous, "u"), c.next);
  TableMetadata metadata = EventTable();
  EXPECT_EQ(MetadataFolder(metadata), "file:///lake/raw/events/metadata");
  EXPECT_EQ(DataFolder(metadata), "file:///lake/raw/events/data");
  metadata.properties["write.data.path"] = "file:///fast/events/";
  EXPECT_EQ(DataFolder(metadata), "file:///fast/events");
}

TEST(Metadata, LocalPathsAreTakenByteForByte) {
  const std::pair<const char*, const char*> cases[] = {{"file:///a/b%2Fc d", "/a/b%2Fc d"},
                                                       {"file:/a/b", "/a/b"},
                                                       {"/a/b", "/a/b"},
                                                       {"file://localhost/a", "/a"}};
  for (const auto& [uri, path] : cases) EXPECT_EQ(LocalPath(uri).value(), path);
  for (const char* uri : {"s3://bucket/a", "a/b", "file://host/a", ""}) {
    const auto path = LocalPath(uri);
    ASSERT_FALSE(path) << uri;
    EXPECT_EQ(path.error().code, "iceberg.not_local");
  }
  EXPECT_EQ(LocalPath(FileUri("/lake/x y")).value(), "/lake/x y");
}

TEST(Metadata, SnapshotIdsArePositive) {
  for (const uint64_t random : {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63})
    EXPECT_GT(SnapshotIdFrom(random), 0);
}

}  // namespace
}  // namespace weir::iceberg

// Reads what other writers wrote: testdata/<writer>/README.md says how each was made.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "iceberg/rejections_internal.h"
#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

std::string Fixture(const std::string& name) {
  std::ifstream file(std::string(WEIR_TESTDATA) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

struct PyIcebergTable {
  TableMetadata metadata = ParseMetadata(Fixture("pyiceberg/table.metadata.json")).value();
  std::vector<ManifestFile> list =
      DecodeManifestList(Fixture("pyiceberg/manifest-list.avro")).value();

  std::vector<LoadedManifest> Load() const {
    std::vector<LoadedManifest> loaded;
    for (const auto& [position, name] :
         {std::pair<size_t, const char*>{0, "pyiceberg/manifest-deleted.avro"},
          {1, "pyiceberg/manifest-added.avro"}})
      loaded.push_back(
          {.file = list.at(position),
           .entries = DecodeManifest(Fixture(name), list.at(position), metadata.spec()).value()});
    return loaded;
  }
};

TEST(PyIceberg, ItsMetadataIsRead) {
  const TableMetadata metadata = PyIcebergTable().metadata;
  EXPECT_EQ(metadata.location, "file:///lake/raw/events");
  EXPECT_EQ(metadata.last_sequence_number, 3);
  EXPECT_EQ(metadata.snapshots.size(), 3U);
  EXPECT_EQ(metadata.current_snapshot()->operation(), "delete");
  EXPECT_EQ(metadata.current_snapshot()->parent_id, 6809798495673424869);
  EXPECT_EQ(metadata.refs.at("main").snapshot_id, 6542826448735182232);
  EXPECT_EQ(metadata.metadata_log.size(), 4U);
  EXPECT_EQ(ToText(metadata.schema().Find("attrs")->type), "map<string, long>");
  EXPECT_EQ(ToText(metadata.schema().Find("extra")->type), "uuid");
  EXPECT_EQ(metadata.schema().identifier_field_ids, std::vector<int32_t>{1});
  EXPECT_EQ(metadata.schema().Find("region")->doc, "where");
  EXPECT_EQ(ToText(metadata.spec().fields.at(0).transform), "day");
  EXPECT_EQ(ParseMetadata(ToJson(metadata)).value(), metadata);
}

TEST(PyIceberg, ItsManifestListIsRead) {
  const std::vector<ManifestFile> list = PyIcebergTable().list;
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].sequence_number, 3);
  EXPECT_EQ(list[0].deleted_files, 1);
  EXPECT_EQ(list[0].live_files(), 0);
  EXPECT_EQ(list[1].added_rows, 2);
  EXPECT_EQ(list[1].length, static_cast<int64_t>(Fixture("pyiceberg/manifest-added.avro").size()));
  ASSERT_EQ(list[1].partitions.size(), 2U);
  EXPECT_TRUE(list[1].partitions[1].contains_null);
  EXPECT_EQ(list[1].partitions[0].lower_bound,
            EncodeValue(Primitive(TypeKind::kDate), int32_t{20574}));
}

TEST(PyIceberg, ItsManifestsAreRead) {
  const std::vector<LoadedManifest> loaded = PyIcebergTable().Load();
  ASSERT_EQ(loaded[0].entries.size(), 1U);
  EXPECT_EQ(loaded[0].entries[0].status, EntryStatus::kDeleted);
  EXPECT_EQ(loaded[0].entries[0].sequence_number, 2);
  ASSERT_EQ(loaded[1].entries.size(), 2U);
  const ManifestEntry& entry = loaded[1].entries[0];
  EXPECT_EQ(entry.snapshot_id, 1702564035310446824);
  EXPECT_EQ(entry.sequence_number, 1);
  EXPECT_EQ(entry.file.file_size, 3618);
  EXPECT_EQ(entry.file.partition, (PartitionTuple{int32_t{20575}, Unscaled{.high = 0, .low = 25}}));
  EXPECT_EQ(loaded[1].entries[1].file.partition,
            (PartitionTuple{int32_t{20574}, std::monostate{}}));
  EXPECT_EQ(entry.file.metrics.column_sizes.at(3), 125);
  EXPECT_EQ(entry.file.metrics.lower_bounds.at(3), "rxxxxxxxxxxxxxxx");
  EXPECT_EQ(entry.file.metrics.upper_bounds.at(3), "rxxxxxxxxxxxxxxy");
  EXPECT_EQ(DecodeValue(Primitive(TypeKind::kLong), entry.file.metrics.lower_bounds.at(1)).value(),
            Value(int64_t{1}));
  EXPECT_EQ(entry.file.split_offsets, std::vector<int64_t>{4});
}

TEST(PyIceberg, ItsTableCanBeWrittenOn) {
  const PyIcebergTable table;
  CommitRequest request;
  request.operation = Operation::kOverwrite;
  DataFile added = FileOf("new", 4, {int32_t{20576}, Unscaled{.high = 0, .low = 5}});
  request.added = {added};
  request.removed = {table.Load()[1].entries[1].file.path};
  request.snapshot_id = 5;
  request.commit_uuid = "c";
  request.metadata_uuid = "m";
  request.timestamp_ms = table.metadata.last_updated_ms + 1;
  const auto plan =
      PlanCommit(table.metadata, "file:/lake/raw/events/metadata/00004-x.metadata.json", table.list,
                 table.Load(), request);
  ASSERT_TRUE(plan) << plan.error().ToString();
  EXPECT_EQ(Rejections(*plan), std::vector<std::string>{});
  const StringMap& summary = plan->next.current_snapshot()->summary;
  EXPECT_EQ(summary.at("total-records"), "5");
  EXPECT_EQ(summary.at("total-files-size"), std::to_string(7176 - 3558 + 400));
  EXPECT_EQ(plan->metadata.location, "file:///lake/raw/events/metadata/00005-m.metadata.json");
}

}  // namespace
}  // namespace weir::iceberg

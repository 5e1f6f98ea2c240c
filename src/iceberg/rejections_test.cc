// The self-validator, and tests that it sees the faults it is there for.
#include "iceberg/rejections_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "iceberg/avro_internal.h"
#include "iceberg/testing_internal.h"

namespace weir::iceberg {
namespace {

using Json = nlohmann::ordered_json;

class SchemaInspector {
 public:
  explicit SchemaInspector(std::vector<std::string>& faults) : faults_(faults) {}

  void Type(const Json& type) {
    if (type.is_array()) {
      if (type.size() != 2 || type[0] != "null")
        Fault("a union is not null and one type, in that order");
      for (const Json& branch : type) Type(branch);
      return;
    }
    if (!type.is_object()) {
      static const std::set<std::string> kPlain = {"null",  "boolean", "int",    "long",
                                                   "float", "double",  "string", "bytes"};
      if (!kPlain.contains(type.get<std::string>())) Fault("a type is referred to by name");
      return;
    }
    const std::string kind = type.at("type");
    if (type.contains("name") && !names_.insert(type.at("name")).second)
      Fault("a named type is defined twice");
    if (kind == "record") {
      for (const Json& field : type.at("fields")) {
        if (!field.contains("field-id"))
          Fault("field " + field.at("name").dump() + " has no field-id");
        if (field.at("type").is_array() && !field.contains("default"))
          Fault("optional field " + field.at("name").dump() + " has no default");
        Type(field.at("type"));
      }
    } else if (kind == "array") {
      const bool is_map = type.contains("logicalType") && type.at("logicalType") == "map";
      const bool of_pairs =
          type.at("items").is_object() && type.at("items").value("name", "").starts_with("k");
      if (of_pairs != is_map) Fault("a map is not marked as one");
      if (!is_map && !type.contains("element-id")) Fault("an array has no element-id");
      Type(type.at("items"));
    } else if (kind == "map") {
      Fault("an Avro map is used");
    }
  }

 private:
  void Fault(const std::string& what) { faults_.push_back(what); }
  std::vector<std::string>& faults_;
  std::set<std::string> names_;
};

void InspectContainer(const std::string& bytes, const std::string& record_name,
                      const std::vector<std::string>& keys, std::vector<std::string>& faults) {
  const auto container = avro::Open(bytes);
  if (!container) {
    faults.push_back(container.error().message);
    return;
  }
  const Json schema = Json::parse(container->header.at("avro.schema"));
  if (schema.at("name") != record_name) faults.push_back("the record is not called " + record_name);
  SchemaInspector(faults).Type(schema);
  for (const std::string& key : keys)
    if (!container->header.contains(key)) faults.push_back("the header has no " + key);
}

bool IsUri(const std::string& path) { return path.find(":/") != std::string::npos; }

}  // namespace

std::string FieldsOfAvroSchema(const std::string& schema_json) {
  std::string text;
  const auto walk = [&](const auto& self, const Json& record) -> void {
    for (const Json& field : record.at("fields")) {
      const Json& type = field.at("type");
      text += (text.empty() ? "" : ", ") + field.at("name").get<std::string>() + " " +
              field.at("field-id").dump() + (type.is_array() ? "?" : "");
      if (type.is_object() && type.at("type") == "record") self(self, type);
    }
  };
  walk(walk, Json::parse(schema_json));
  return text;
}

std::vector<std::string> Rejections(const EncodedManifest& manifest, const PartitionSpec& spec) {
  std::vector<std::string> faults;
  InspectContainer(manifest.bytes, "manifest_entry",
                   {"schema", "schema-id", "partition-spec", "partition-spec-id", "format-version",
                    "content", "avro.codec"},
                   faults);
  if (!faults.empty()) return faults;
  const auto header = avro::Open(manifest.bytes)->header;
  if (!Json::parse(header.at("partition-spec")).is_array())
    faults.emplace_back("partition-spec in the header is not the array of fields");
  if (!Json::parse(header.at("schema")).contains("schema-id"))
    faults.emplace_back("schema in the header is not the table's");
  if (manifest.file.length != static_cast<int64_t>(manifest.bytes.size()))
    faults.emplace_back("manifest_length is wrong");
  const auto entries = DecodeManifest(manifest.bytes, manifest.file, spec);
  if (!entries) {
    faults.push_back(entries.error().message);
    return faults;
  }
  const auto count = [&](EntryStatus status) {
    return std::count_if(entries->begin(), entries->end(),
                         [&](const ManifestEntry& entry) { return entry.status == status; });
  };
  if (count(EntryStatus::kAdded) != manifest.file.added_files ||
      count(EntryStatus::kExisting) != manifest.file.existing_files ||
      count(EntryStatus::kDeleted) != manifest.file.deleted_files)
    faults.emplace_back("the list does not count the manifest's entries");
  for (const ManifestEntry& entry : *entries) {
    if (!IsUri(entry.file.path))
      faults.push_back("file_path " + entry.file.path + " has no scheme");
    // Carried entries of another writer stay as that writer made them.
    if (entry.status == EntryStatus::kAdded && entry.file.content == FileContent::kData &&
        !entry.file.sort_order_id)
      faults.emplace_back("sort_order_id of a data file is null");
    if (!std::is_sorted(entry.file.split_offsets.begin(), entry.file.split_offsets.end()))
      faults.emplace_back("split_offsets are not ascending");
  }
  return faults;
}

std::vector<std::string> Rejections(const CommitPlan& plan) {
  std::vector<std::string> faults;
  std::map<std::string, std::string> written;
  for (const PlannedFile& file : plan.files) {
    if (!IsUri(file.location)) faults.push_back(file.location + " has no scheme");
    if (!written.emplace(file.location, file.bytes).second)
      faults.push_back(file.location + " is written twice");
  }
  const Snapshot& snapshot = *plan.next.current_snapshot();
  if (plan.files.empty() || plan.files.back().location != snapshot.manifest_list) {
    faults.emplace_back("the manifest list is not the last file");
    return faults;
  }
  InspectContainer(
      plan.files.back().bytes, "manifest_file",
      {"snapshot-id", "parent-snapshot-id", "sequence-number", "format-version", "avro.codec"},
      faults);
  const auto listed = DecodeManifestList(plan.files.back().bytes);
  if (!listed || *listed != plan.manifests)
    faults.emplace_back("the list is not what the plan says");
  for (const ManifestFile& file : plan.manifests) {
    const PartitionSpec* spec = plan.next.FindSpec(file.spec_id);
    if (spec == nullptr) {
      faults.push_back("the spec of " + file.path + " is not in metadata");
      continue;
    }
    if (file.added_snapshot_id == snapshot.id && !written.contains(file.path))
      faults.push_back(file.path + " is listed and not written");
    if (!written.contains(file.path)) continue;
    for (const std::string& fault :
         Rejections(EncodedManifest{.bytes = written[file.path], .file = file}, *spec))
      faults.push_back(fault);
  }
  const Json metadata = Json::parse(plan.metadata.bytes);
  for (const auto& [name, value] : metadata.items())
    if (value.is_null()) faults.push_back("metadata member " + name + " is null");
  for (const Json& each : metadata.at("snapshots")) {
    if (!each.at("summary").contains("operation"))
      faults.emplace_back("a summary has no operation");
    for (const auto& [key, value] : each.at("summary").items())
      if (!value.is_string()) faults.push_back("summary value " + key + " is not a string");
  }
  for (const auto& [key, value] : metadata.at("properties").items())
    if (!value.is_string()) faults.push_back("property " + key + " is not a string");
  const auto parsed = ParseMetadata(plan.metadata.bytes);
  if (!parsed)
    faults.push_back(parsed.error().message);
  else if (*parsed != plan.next)
    faults.emplace_back("the metadata's bytes are not what the plan says");
  return faults;
}

namespace {

std::vector<std::string> FaultsOfSchema(const char* schema) {
  std::vector<std::string> faults;
  SchemaInspector(faults).Type(Json::parse(schema));
  return faults;
}

TEST(Rejections, SeesEachMistakeThatReadersStumbleOver) {
  const struct {
    const char* schema;
    const char* fault;
  } cases[] = {
      {R"({"type":"record","name":"a","fields":[{"name":"x","type":"int"}]})",
       "field \"x\" has no field-id"},
      {R"(["int","null"])", "a union is not null and one type, in that order"},
      {R"({"type":"array","items":"int"})", "an array has no element-id"},
      {R"({"type":"map","values":"int"})", "an Avro map is used"},
      {R"({"type":"array","items":{"type":"record","name":"k1_v2","fields":[]}})",
       "a map is not marked as one"},
      {R"(["null",{"type":"record","name":"a","fields":[{"name":"x","field-id":1,"type":"a"}]}])",
       "a type is referred to by name"},
      {R"({"type":"record","name":"a","fields":[
          {"name":"x","field-id":1,"type":{"type":"fixed","name":"f","size":1}},
          {"name":"y","field-id":2,"type":{"type":"fixed","name":"f","size":1}}]})",
       "a named type is defined twice"},
      {R"({"type":"record","name":"a","fields":[{"name":"x","field-id":1,"type":["null","int"]}]})",
       "optional field \"x\" has no default"},
  };
  for (const auto& c : cases) {
    const auto faults = FaultsOfSchema(c.schema);
    EXPECT_NE(std::find(faults.begin(), faults.end(), c.fault), faults.end()) << c.fault;
  }
}

TEST(Rejections, SeesWrongCountsAndLengthsAndPaths) {
  ManifestEntry entry;
  entry.file = FileOf("a", 1);
  entry.file.path = "relative/a.parquet";
  entry.file.sort_order_id.reset();
  EncodedManifest encoded = EncodeManifest({.schema = EventSchema(),
                                            .spec = {},
                                            .content = ManifestContent::kData,
                                            .snapshot_id = 1,
                                            .sequence_number = 1},
                                           std::vector{entry})
                                .value();
  encoded.file.length += 1;
  encoded.file.added_files = 2;
  EXPECT_EQ(
      Rejections(encoded, {}),
      (std::vector<std::string>{
          "manifest_length is wrong", "the list does not count the manifest's entries",
          "file_path relative/a.parquet has no scheme", "sort_order_id of a data file is null"}));
}

}  // namespace
}  // namespace weir::iceberg

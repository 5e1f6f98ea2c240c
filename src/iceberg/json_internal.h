// JSON in and out. Reading (simdjson) checks every access and says what is wrong where: others
// wrote the text. Writing appends to one string: metadata of a hundred snapshots is written by
// every commit.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iceberg/metadata.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"

namespace weir::iceberg {

// A value inside a JsonText, which must outlive it.
using Json = simdjson::dom::element;

inline std::unexpected<Error> CorruptMetadata(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "iceberg.metadata_corrupt", why);
}

// A parsed document. Nesting is bounded, since those who walk it recurse.
class JsonText {
 public:
  static Result<JsonText> Parse(std::string_view text);
  Json root() const { return root_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  Json root_;
};

// The value again, compact.
std::string Print(Json json);

// Each is empty where the value is of another kind, or no whole number of that size.
std::optional<std::string_view> AsText(Json json);
std::optional<int64_t> AsWhole(Json json);
std::optional<int32_t> AsInt32(Json json);
std::optional<bool> AsFlag(Json json);

// The member `key`; empty where it is missing, an explicit null, or `object` is none.
std::optional<Json> FindMember(Json object, const char* key);

Result<simdjson::dom::array> ArrayMember(Json object, const char* key);
Result<std::string> StringMember(Json object, const char* key);
Result<int64_t> IntMember(Json object, const char* key);
Result<int32_t> Int32Member(Json object, const char* key);
Result<bool> FlagMember(Json object, const char* key);
Result<std::optional<int64_t>> OptionalInt(Json object, const char* key);
// {} where the member is missing. Numbers and booleans are taken as their text, nulls left out.
Result<StringMap> OptionalStrings(Json object, const char* key);

// Appends JSON. The caller keeps Begin and End in pairs; commas come by themselves.
class JsonWriter {
 public:
  JsonWriter& Begin(char bracket);  // '{' or '['
  JsonWriter& End(char bracket);
  JsonWriter& Key(std::string_view key);
  JsonWriter& Text(std::string_view text);
  JsonWriter& Number(int64_t number);
  JsonWriter& Flag(bool flag);
  JsonWriter& Raw(std::string_view json);  // A value that is JSON already, or an array's items.
  void Reserve(size_t more) { out_.reserve(out_.size() + more); }  // Before much is written.
  std::string Finish() { return std::move(out_); }

 private:
  void Separate();
  void Quote(std::string_view text);

  std::string out_;
  bool first_ = true;  // No comma before what comes next.
};

void WriteStrings(JsonWriter& out, const StringMap& map);

void WriteSchema(JsonWriter& out, const Schema& schema);
Result<Schema> SchemaFromJson(Json json);

void WriteSpecFields(JsonWriter& out, const PartitionSpec& spec);
void WriteSpec(JsonWriter& out, const PartitionSpec& spec);
Result<PartitionSpec> SpecFromJson(Json json);

}  // namespace weir::iceberg

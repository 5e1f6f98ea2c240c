// Reading JSON that others wrote: every access is checked and says what is wrong where.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iceberg/metadata.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"

namespace weir::iceberg {

using Json = nlohmann::ordered_json;

inline std::unexpected<Error> CorruptMetadata(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "iceberg.metadata_corrupt", why);
}

// One JSON value; nesting is bounded, since printing a value again recurses.
Result<Json> ParseJson(std::string_view text);
// Compact; invalid UTF-8 is replaced, never thrown at.
std::string Print(const Json& json);

// The member `key`, or null where it is missing or an explicit null.
const Json* FindMember(const Json& object, const char* key);

Result<const Json*> ObjectMember(const Json& object, const char* key);
Result<const Json*> ArrayMember(const Json& object, const char* key);
Result<std::string> StringMember(const Json& object, const char* key);
Result<int64_t> IntMember(const Json& object, const char* key);
Result<int32_t> Int32Member(const Json& object, const char* key);
Result<std::optional<int64_t>> OptionalInt(const Json& object, const char* key);
// {} where the member is missing. Numbers and booleans are taken as their text, nulls left out.
Result<StringMap> OptionalStrings(const Json& object, const char* key);

Json SchemaJson(const Schema& schema);
Result<Schema> SchemaFromJson(const Json& json);

Json SpecFieldsJson(const PartitionSpec& spec);
Json SpecJson(const PartitionSpec& spec);
Result<PartitionSpec> SpecFromJson(const Json& json);

}  // namespace weir::iceberg

#include "iceberg/json_internal.h"

namespace weir::iceberg {
namespace {

constexpr int kNestingMax = 200;

bool NestsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kNestingMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

std::string Named(const char* key) { return std::string("member '") + key + "' "; }

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  if (NestsTooDeep(text)) return CorruptMetadata("JSON is nested too deep");
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return CorruptMetadata("not valid JSON");
  return json;
}

std::string Print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* FindMember(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<const Json*> ObjectMember(const Json& object, const char* key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr || !member->is_object())
    return CorruptMetadata(Named(key) + "is not an object");
  return member;
}

Result<const Json*> ArrayMember(const Json& object, const char* key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr || !member->is_array()) return CorruptMetadata(Named(key) + "is not an array");
  return member;
}

Result<std::string> StringMember(const Json& object, const char* key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr || !member->is_string())
    return CorruptMetadata(Named(key) + "is not a string");
  return member->get<std::string>();
}

Result<std::optional<int64_t>> OptionalInt(const Json& object, const char* key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr) return std::nullopt;
  const bool fits = member->is_number_integer() &&
                    (!member->is_number_unsigned() ||
                     member->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
  if (!fits) return CorruptMetadata(Named(key) + "is not a whole number of 64 bits");
  return member->get<int64_t>();
}

Result<int64_t> IntMember(const Json& object, const char* key) {
  WEIR_ASSIGN(const std::optional<int64_t> number, OptionalInt(object, key));
  if (!number) return CorruptMetadata(Named(key) + "is missing");
  return *number;
}

Result<int32_t> Int32Member(const Json& object, const char* key) {
  WEIR_ASSIGN(const int64_t number, IntMember(object, key));
  if (number < std::numeric_limits<int32_t>::min() || number > std::numeric_limits<int32_t>::max())
    return CorruptMetadata(Named(key) + "does not fit 32 bits");
  return static_cast<int32_t>(number);
}

Result<StringMap> OptionalStrings(const Json& object, const char* key) {
  StringMap map;
  const Json* member = FindMember(object, key);
  if (member == nullptr) return map;
  if (!member->is_object()) return CorruptMetadata(Named(key) + "is not an object");
  for (const auto& [name, value] : member->items()) {
    if (value.is_null()) continue;
    map[name] = value.is_string() ? value.get<std::string>() : Print(value);
  }
  return map;
}

}  // namespace weir::iceberg

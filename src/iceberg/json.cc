#include "iceberg/json_internal.h"

#include <fmt/format.h>

#include <limits>

namespace weir::iceberg {
namespace {

constexpr size_t kNestingMax = 200;

std::string Named(const char* key) { return std::string("member '") + key + "' "; }

}  // namespace

Result<JsonText> JsonText::Parse(std::string_view text) {
  JsonText made;
  made.parser_ = std::make_unique<simdjson::dom::parser>();
  if (made.parser_->allocate(std::max<size_t>(text.size(), 64), kNestingMax) != simdjson::SUCCESS)
    return CorruptMetadata("the JSON is too large");
  const auto error = made.parser_->parse(text.data(), text.size()).get(made.root_);
  if (error == simdjson::DEPTH_ERROR) return CorruptMetadata("JSON is nested too deep");
  if (error != simdjson::SUCCESS) return CorruptMetadata("not valid JSON");
  return made;
}

std::string Print(Json json) { return simdjson::minify(json); }

std::optional<std::string_view> AsText(Json json) {
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<int64_t> AsWhole(Json json) {
  if (!json.is_int64()) return std::nullopt;
  int64_t number = 0;
  if (json.get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::optional<int32_t> AsInt32(Json json) {
  const auto number = AsWhole(json);
  if (!number || *number < std::numeric_limits<int32_t>::min() ||
      *number > std::numeric_limits<int32_t>::max())
    return std::nullopt;
  return static_cast<int32_t>(*number);
}

std::optional<bool> AsFlag(Json json) {
  bool flag = false;
  if (json.get(flag) != simdjson::SUCCESS) return std::nullopt;
  return flag;
}

std::optional<Json> FindMember(Json object, const char* key) {
  simdjson::dom::object members;
  Json value;
  if (object.get(members) != simdjson::SUCCESS) return std::nullopt;
  if (members.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

Result<simdjson::dom::array> ArrayMember(Json object, const char* key) {
  const auto member = FindMember(object, key);
  simdjson::dom::array array;
  if (!member || member->get(array) != simdjson::SUCCESS)
    return CorruptMetadata(Named(key) + "is not an array");
  return array;
}

Result<std::string> StringMember(Json object, const char* key) {
  const auto member = FindMember(object, key);
  const auto text = member ? AsText(*member) : std::nullopt;
  if (!text) return CorruptMetadata(Named(key) + "is not a string");
  return std::string(*text);
}

Result<std::optional<int64_t>> OptionalInt(Json object, const char* key) {
  const auto member = FindMember(object, key);
  if (!member) return std::nullopt;
  const auto number = AsWhole(*member);
  if (!number) return CorruptMetadata(Named(key) + "is not a whole number of 64 bits");
  return number;
}

Result<int64_t> IntMember(Json object, const char* key) {
  WEIR_ASSIGN(const std::optional<int64_t> number, OptionalInt(object, key));
  if (!number) return CorruptMetadata(Named(key) + "is missing");
  return *number;
}

Result<int32_t> Int32Member(Json object, const char* key) {
  WEIR_ASSIGN(const int64_t number, IntMember(object, key));
  if (number < std::numeric_limits<int32_t>::min() || number > std::numeric_limits<int32_t>::max())
    return CorruptMetadata(Named(key) + "does not fit 32 bits");
  return static_cast<int32_t>(number);
}

Result<bool> FlagMember(Json object, const char* key) {
  const auto member = FindMember(object, key);
  const auto flag = member ? AsFlag(*member) : std::nullopt;
  if (!flag) return CorruptMetadata(Named(key) + "is neither true nor false");
  return *flag;
}

Result<StringMap> OptionalStrings(Json object, const char* key) {
  StringMap map;
  const auto member = FindMember(object, key);
  if (!member) return map;
  simdjson::dom::object members;
  if (member->get(members) != simdjson::SUCCESS)
    return CorruptMetadata(Named(key) + "is not an object");
  for (const auto& [name, value] : members) {
    if (value.is_null()) continue;
    const auto text = AsText(value);
    map.insert_or_assign(std::string(name), text ? std::string(*text) : Print(value));
  }
  return map;
}

JsonWriter& JsonWriter::Begin(char bracket) {
  Separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::End(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  Quote(key);
  out_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Separate();
  Quote(text);
  return *this;
}

JsonWriter& JsonWriter::Number(int64_t number) {
  Separate();
  const fmt::format_int digits(number);
  out_.append(digits.data(), digits.size());
  return *this;
}

JsonWriter& JsonWriter::Flag(bool flag) {
  Separate();
  out_ += flag ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

void JsonWriter::Separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonWriter::Quote(std::string_view text) {
  // A text that is no UTF-8 would make a file that nobody reads.
  const bool valid = simdjson::validate_utf8(text.data(), text.size());
  out_ += '"';
  size_t plain = 0;  // What is written as it stands goes in whole stretches.
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool broken = !valid && (c & 0x80) != 0;
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (!broken && !control && c != '"' && c != '\\') continue;
    out_ += text.substr(plain, at - plain);
    plain = at + 1;
    if (broken) {
      out_ += "\\ufffd";
    } else if (control) {
      out_ += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out_ += '\\';
      out_ += c;
    }
  }
  out_ += text.substr(plain);
  out_ += '"';
}

void WriteStrings(JsonWriter& out, const StringMap& map) {
  out.Begin('{');
  for (const auto& [key, value] : map) out.Key(key).Text(value);
  out.End('}');
}

}  // namespace weir::iceberg

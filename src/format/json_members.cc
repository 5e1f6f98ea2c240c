#include "format/json_members.h"

#include "base/check.h"
#include "format/json_cursor_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

// Of a string that is known to be right.
std::string Resolved(JsonCursor& cursor, const JsonCursor::String& text) {
  if (!text.escaped) return std::string(text.raw);
  const auto resolved = cursor.Unescape(text);
  WEIR_CHECK(resolved.has_value());
  return std::string(*resolved);
}

}  // namespace

std::optional<std::vector<JsonMember>> JsonMembers(std::string_view object) {
  if (!IsUtf8(object)) return std::nullopt;
  std::string compact;
  std::string strings;
  const auto whole = NormaliseJson(object, compact, strings);
  if (!whole || whole->front() != '{') return std::nullopt;
  JsonCursor cursor(*whole, strings);  // Of what is right and has no blanks.
  std::vector<JsonMember> members;
  cursor.Take('{');
  while (cursor.peek() == '"') {
    JsonMember& member = members.emplace_back();
    member.name = Resolved(cursor, *cursor.ReadString());
    cursor.Take(':');
    member.value = cursor.ReadValue(1);
    cursor.Take(',');
  }
  return members;
}

std::string JoinMembers(const std::vector<JsonMember>& members) {
  std::string json = "{";
  for (const JsonMember& member : members) {
    if (json.size() > 1) json += ',';
    AppendJsonString(json, member.name);
    json += ':';
    json += member.value;
  }
  return json + '}';
}

std::optional<std::string> CompactJson(std::string_view text) {
  if (!IsUtf8(text)) return std::nullopt;
  std::string compact;
  std::string strings;
  const auto value = NormaliseJson(text, compact, strings);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

std::string TextOfJsonString(std::string_view value) {
  std::string strings;
  JsonCursor cursor(value, strings);
  const auto text = cursor.ReadString();
  WEIR_CHECK(text.has_value());
  return Resolved(cursor, *text);
}

std::string ToJsonString(std::string_view text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

}  // namespace weir::format

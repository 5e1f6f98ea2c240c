// The members of a JSON object as they are written. A reader that makes numbers of them loses
// digits that a decimal holds and refuses those that no double is: here a number stays its text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::format {

struct JsonMember {
  std::string name;   // Its escapes resolved.
  std::string value;  // JSON: 12.50, "a\n", {"b":1}. Without blanks between tokens.
};

// In the order of the text, a name that comes twice twice. nullopt: the text is not one JSON object
// in UTF-8. Threads: any.
std::optional<std::vector<JsonMember>> JsonMembers(std::string_view object);

// The object of such members.
std::string JoinMembers(const std::vector<JsonMember>& members);

// A text that is one JSON value (RFC 8259) and nothing else, without blanks between tokens.
// nullopt: it is none.
std::optional<std::string> CompactJson(std::string_view text);

// The characters of a JSON string, and back. `value` is one, as JsonMembers gives it.
std::string TextOfJsonString(std::string_view value);
std::string ToJsonString(std::string_view text);

}  // namespace weir::format

// Whether a whole text is one JSON object or array, however long it takes to read it as records.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::format {

// Why it is not, with the byte's place: "a ',' or ']' is missing (byte 17)". nullopt: it is. What
// stands in an array need not be an object: that is for the records to say. Threads: any.
std::optional<std::string> JsonFault(std::string_view text);

}  // namespace weir::format

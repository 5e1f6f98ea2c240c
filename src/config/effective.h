// A configuration as it counts: what was written, and the defaults of what was left out.
#pragma once

#include <string>

#include "config/document.h"
#include "config/reference.h"

namespace weir::config {

inline constexpr std::string_view kDefaultFile = "default";  // Place::file of what nobody wrote.

// The map `node`, whose keys are those of `table`, with the defaults of the keys that it leaves
// out: in the order of the table, at the place "default". Maps within get theirs; a map that was
// left out altogether comes where all of its keys have a default or may be left out, and one has.
Node WithDefaults(const Node& node, const TableDoc& table);

}  // namespace weir::config

// `raw.events@123` and `raw.events@'2026-05-01 10:00'`: a table as of a snapshot. SQL has no such
// names, so they are put in quotes before the engine sees them. Pure; threads: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace weir::query {

// `sql` with "events@123" in the place of events@123. Texts, quoted names and comments stay as they
// are.
std::string QuoteSnapshots(std::string_view sql);

// "events@123" -> {"events", "123"}; the second is empty where there is no such part.
std::pair<std::string, std::string> SplitSnapshot(const std::string& name);

}  // namespace weir::query

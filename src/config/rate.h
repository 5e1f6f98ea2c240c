// Rates as people write them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::config {

// "200/s", "5/m", "1/h" -> per second, more than zero. Error unit.per_second.
Result<double> ParsePerSecond(std::string_view text);
// The other way: 200 -> "200/s", 5.0 / 60 -> "5/m".
std::string FormatPerSecond(double rate);

}  // namespace weir::config

#include "config/rate.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace weir::config {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
    {{"/s", 1}, {"/m", 60}, {"/h", 3600}}};

}  // namespace

Result<double> ParsePerSecond(std::string_view text) {
  double number = 0;
  const auto [end, ec] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (ec == std::errc() && number > 0 && number <= 1e12)
    for (const auto& [name, seconds] : kUnits)
      if (unit == name) return number / seconds;
  return Fail(ErrorKind::kInvalid, "unit.per_second", "not a rate: '" + std::string(text) + "'",
              "write a number and a unit, such as 200/s or 5/m");
}

std::string FormatPerSecond(double rate) {
  std::array<char, 64> text{};
  for (const auto& [name, seconds] : kUnits) {
    const double number = rate * seconds;
    if (number < 1 || std::abs(number - std::round(number)) > 1e-9 * number) continue;
    std::snprintf(text.data(), text.size(), "%.0f%s", number, name.data());
    return text.data();
  }
  std::snprintf(text.data(), text.size(), "%g/s", rate);
  return text.data();
}

}  // namespace weir::config

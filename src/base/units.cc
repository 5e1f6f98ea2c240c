#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace weir {
namespace {

struct Quantity {
  double number;
  std::string_view unit;
};

// Splits "1.5GiB" into 1.5 and "GiB"; a blank between them is allowed.
bool Split(std::string_view text, Quantity& quantity) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), quantity.number,
                                         std::chars_format::fixed);
  if (ec != std::errc() || !std::isfinite(quantity.number) || quantity.number < 0) return false;
  quantity.unit = text.substr(static_cast<size_t>(end - text.data()));
  while (!quantity.unit.empty() && quantity.unit.front() == ' ') quantity.unit.remove_prefix(1);
  return true;
}

template <size_t N>
const double* Scale(const std::array<std::pair<std::string_view, double>, N>& units,
                    std::string_view unit) {
  for (const auto& [name, scale] : units)
    if (name == unit) return &scale;
  return nullptr;
}

constexpr std::array<std::pair<std::string_view, double>, 9> kByteUnits = {
    {{"", 1},
     {"B", 1},
     {"KiB", 1024.0},
     {"MiB", 1048576.0},
     {"GiB", 1073741824.0},
     {"TiB", 1099511627776.0},
     {"kB", 1e3},
     {"MB", 1e6},
     {"GB", 1e9}}};
constexpr std::array<std::pair<std::string_view, double>, 6> kTimeUnits = {
    {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 6e7}, {"h", 3.6e9}, {"d", 8.64e10}}};

std::string Rounded(double number, int decimals, const char* unit) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f %s", decimals, number, unit);
  return buffer.data();
}

}  // namespace

Result<uint64_t> ParseBytes(std::string_view text) {
  Quantity quantity{};
  const double* scale = Split(text, quantity) ? Scale(kByteUnits, quantity.unit) : nullptr;
  if (scale == nullptr || quantity.number * *scale > 9e18) {
    return Fail(ErrorKind::kInvalid, "unit.bytes", "not a size: '" + std::string(text) + "'",
                "write a number and a unit, such as 64MiB or 1GB");
  }
  return static_cast<uint64_t>(quantity.number * *scale);
}

Result<std::chrono::microseconds> ParseDuration(std::string_view text) {
  Quantity quantity{};
  const double* scale = Split(text, quantity) ? Scale(kTimeUnits, quantity.unit) : nullptr;
  if (scale == nullptr || quantity.number * *scale > 9e18 || quantity.number * *scale < 1) {
    return Fail(ErrorKind::kInvalid, "unit.duration", "not a duration: '" + std::string(text) + "'",
                "write a number and a unit, such as 500ms, 30s, 15m, 2h or 7d");
  }
  return std::chrono::microseconds(static_cast<int64_t>(quantity.number * *scale));
}

Result<double> ParseRate(std::string_view text) {
  Quantity quantity{};
  const bool split = Split(text, quantity);
  const double rate = quantity.unit == "%" ? quantity.number / 100 : quantity.number;
  if (!split || (quantity.unit != "%" && !quantity.unit.empty()) || rate > 1) {
    return Fail(ErrorKind::kInvalid, "unit.rate", "not a rate: '" + std::string(text) + "'",
                "write a percentage such as 0.5%, or a number from 0 to 1");
  }
  return rate;
}

std::string FormatBytes(uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < kKiB) return std::to_string(bytes) + " B";
  if (bytes < kMiB) return Rounded(number / static_cast<double>(kKiB), 1, "KiB");
  if (bytes < kGiB) return Rounded(number / static_cast<double>(kMiB), 1, "MiB");
  return Rounded(number / static_cast<double>(kGiB), 2, "GiB");
}

std::string FormatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string FormatCount(uint64_t count, std::string_view one, std::string_view many) {
  return FormatCount(count) + " " + std::string(count == 1 ? one : many);
}

std::string FormatDuration(std::chrono::microseconds duration) {
  const auto micros = static_cast<double>(duration.count());
  if (micros < 1e6) return Rounded(micros / 1e3, 0, "ms");
  if (micros < 6e7) return Rounded(micros / 1e6, 1, "s");
  const int64_t seconds = duration.count() / 1'000'000;
  if (seconds < 3600)
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string FormatInstant(Instant instant) {
  using std::chrono::microseconds;
  const std::chrono::sys_time<microseconds> time{microseconds(instant.micros)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string text = buffer.data();
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%06d", static_cast<int>(fraction));
    text += buffer.data();
  }
  return text + "Z";
}

}  // namespace weir

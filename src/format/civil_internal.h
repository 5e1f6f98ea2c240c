// The calendar in numbers.
#pragma once

#include <cstdint>

namespace weir::format {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
inline constexpr int32_t kFirstDay = -719'162;  // 0001-01-01.
inline constexpr int32_t kLastDay = 2'932'896;  // 9999-12-31.

constexpr bool IsLeapYear(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int DaysOfMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

// Days since 1970-01-01 of a date of year 1 or later: whole 4-, 100- and 400-year cycles, with the
// year beginning in March so that the leap day comes last.
constexpr int32_t DaysOfCivil(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int march_month = month <= 2 ? month + 9 : month - 3;
  const int day_of_year = (153 * march_month + 2) / 5 + day - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719'468;
}

struct Civil {
  int year = 1970;
  int month = 1;
  int day = 1;
};

// The inverse, of any day.
constexpr Civil CivilOfDays(int32_t days) {
  const int64_t z = int64_t{days} + 719'468;  // Since 0000-03-01.
  const auto era = static_cast<int32_t>((z >= 0 ? z : z - 146'096) / 146'097);
  const auto day_of_era = static_cast<int32_t>(z - int64_t{era} * 146'097);
  const int32_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int32_t march_month = (5 * day_of_year + 2) / 153;
  const int month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
          .month = month,
          .day = day_of_year - (153 * march_month + 2) / 5 + 1};
}

static_assert(DaysOfCivil(1970, 1, 1) == 0);
static_assert(DaysOfCivil(1, 1, 1) == kFirstDay);
static_assert(DaysOfCivil(9999, 12, 31) == kLastDay);
static_assert(CivilOfDays(kFirstDay).year == 1 && CivilOfDays(kLastDay).day == 31);

}  // namespace weir::format

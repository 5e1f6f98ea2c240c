#include "format/times.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/units.h"
#include "format/civil_internal.h"

namespace weir::format {
namespace {

using columnar::Kind;
using F = ScalarFault;

std::string NameOf(ScalarFault fault) {
  switch (fault) {
    case F::kMalformed:
      return "malformed";
    case F::kRange:
      return "range";
    case F::kLosesDigits:
      return "loses";
    case F::kNoSuchTime:
      return "none";
    case F::kNoZone:
      return "no zone";
    case F::kHasZone:
      return "has zone";
    default:
      return "?";
  }
}

// Microseconds as a UTC text, which FormatInstant writes by other means than ours.
std::string Utc(const Parsed<int64_t>& micros) {
  return micros ? FormatInstant({*micros}) : NameOf(micros.error());
}

struct TextCase {
  std::string text;
  std::string expected;
};

TEST(Times, DaysAndCivilDatesAreInverse) {
  int32_t expected = kFirstDay;
  for (int year = 1; year <= 9999; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= DaysOfMonth(year, month); ++day, ++expected) {
        ASSERT_EQ(DaysOfCivil(year, month, day), expected);
        const Civil civil = CivilOfDays(expected);
        ASSERT_TRUE(civil.year == year && civil.month == month && civil.day == day);
      }
    }
  }
  EXPECT_EQ(expected, kLastDay + 1);
}

TEST(Times, ADateIsADayOfTheCalendar) {
  const std::vector<TextCase> cases = {{"2026-05-01", "20574"},
                                       {"1970-01-01", "0"},
                                       {"1969-12-31", "-1"},
                                       {"0001-01-01", "-719162"},
                                       {"9999-12-31", "2932896"},
                                       {"2024-02-29", "19782"},
                                       {"2000-02-29", "11016"},
                                       {"2026-02-29", "none"},
                                       {"1900-02-29", "none"},
                                       {"2026-02-30", "none"},
                                       {"2026-04-31", "none"},
                                       {"2026-13-01", "none"},
                                       {"2026-00-01", "none"},
                                       {"2026-01-00", "none"},
                                       {"0000-01-01", "none"},
                                       {"10000-01-01", "malformed"},
                                       {"-001-01-01", "malformed"},
                                       {"2026-5-1", "malformed"},
                                       {"2026/05/01", "malformed"},
                                       {"20260501", "malformed"},
                                       {"01-05-2026", "malformed"},
                                       {"2026-05-01 ", "malformed"},
                                       {" 2026-05-01", "malformed"},
                                       {"2026-05-01T00:00:00", "malformed"},
                                       {"", "malformed"},
                                       {"2026-05-0x", "malformed"},
                                       {"2o26-05-01", "malformed"}};
  for (const TextCase& c : cases) {
    const auto day = ParseDate(c.text);
    EXPECT_EQ(day ? std::to_string(*day) : NameOf(day.error()), c.expected) << c.text;
  }
}

TEST(Times, ATimeIsWithinADay) {
  const std::vector<TextCase> cases = {{"00:00:00", "0"},
                                       {"10:00:00", "36000000000"},
                                       {"23:59:59.999999", "86399999999"},
                                       {"10:00:00.5", "36000500000"},
                                       {"10:00:00.123456000", "36000123456"},
                                       {"10:00:00.1234561", "loses"},
                                       {"10:00:00.1234560001", "malformed"},
                                       {"24:00:00", "none"},
                                       {"23:60:00", "none"},
                                       {"23:59:60", "none"},
                                       {"10:00", "malformed"},
                                       {"10:00:00.", "malformed"},
                                       {"1:00:00", "malformed"},
                                       {"10:00:00Z", "malformed"},
                                       {"10-00-00", "malformed"},
                                       {"", "malformed"},
                                       {"10:00:0x", "malformed"},
                                       {"10:00:00,5", "malformed"}};
  for (const TextCase& c : cases) {
    const auto time = ParseTime(c.text);
    EXPECT_EQ(time ? std::to_string(*time) : NameOf(time.error()), c.expected) << c.text;
  }
}

TEST(Times, ATimestampHasNoZone) {
  const std::vector<TextCase> cases = {{"2026-05-01T10:00:00", "2026-05-01T10:00:00Z"},
                                       {"2026-05-01 10:00:00", "2026-05-01T10:00:00Z"},
                                       {"2026-05-01T10:00:00.123", "2026-05-01T10:00:00.123000Z"},
                                       {"2026-05-01T10:00:00.123456789", "loses"},
                                       {"2026-05-01T10:00:00Z", "has zone"},
                                       {"2026-05-01T10:00:00+02:00", "has zone"},
                                       {"2026-05-01T10:00:00+0x:00", "malformed"},
                                       {"2026-05-01", "malformed"},
                                       {"2026-05-01T10:00", "malformed"},
                                       {"2026-05-01  10:00:00", "malformed"},
                                       {"2026-05-01t10:00:00", "malformed"},
                                       {"2026-05-01T24:00:00", "none"},
                                       {"2026-05-01T23:59:60", "none"},
                                       {"2026-02-30T10:00:00", "none"},
                                       {"", "malformed"}};
  for (const TextCase& c : cases) EXPECT_EQ(Utc(ParseTimestamp(c.text)), c.expected) << c.text;
}

TEST(Times, ATimestamptzNeedsAZone) {
  const std::vector<TextCase> cases = {
      {"2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"},
      {"2026-05-01 10:00:00Z", "2026-05-01T10:00:00Z"},
      {"2026-05-01T10:00:00+02:00", "2026-05-01T08:00:00Z"},
      {"2026-05-01T10:00:00+0200", "2026-05-01T08:00:00Z"},
      {"2026-05-01T10:00:00+02", "2026-05-01T08:00:00Z"},
      {"2026-05-01T10:00:00-05:30", "2026-05-01T15:30:00Z"},
      {"2026-05-01T10:00:00.25-00:00", "2026-05-01T10:00:00.250000Z"},
      {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"},
      {"2026-05-01T10:00:00", "no zone"},
      {"2026-05-01T10:00:00+19:00", "range"},
      {"2026-05-01T10:00:00+02:60", "range"},
      {"2026-05-01T10:00:00+2", "malformed"},
      {"2026-05-01T10:00:00+020", "malformed"},
      {"2026-05-01T10:00:00+02.00", "malformed"},
      {"2026-05-01T10:00:00z", "malformed"},
      {"2026-05-01T10:00:00 Z", "malformed"},
      {"2026-05-01T10:00:00+02:000", "malformed"},
      {"2026-05-01T10:00:00 Europe/London", "malformed"},
      {"0001-01-01T00:00:00+01:00", "range"},
      {"9999-12-31T23:59:59-01:00", "range"},
      {"2026-05-01T10:00:00.Z", "malformed"},
      {"2026-05-01T10:00:00.1234567Z", "loses"}};
  for (const TextCase& c : cases)
    EXPECT_EQ(Utc(ParseTimestamptz(c.text, nullptr)), c.expected) << c.text;
}

TEST(Times, AZoneRulesWhereTheTextHasNone) {
  const auto zone = Zone::Find("Europe/London");
  ASSERT_TRUE(zone.has_value()) << zone.error().ToString();
  const std::vector<TextCase> cases = {
      {"2026-01-15T10:00:00", "2026-01-15T10:00:00Z"},
      {"2026-07-15T10:00:00", "2026-07-15T09:00:00Z"},
      {"2026-07-15T10:00:00.5", "2026-07-15T09:00:00.500000Z"},
      {"2026-07-15T10:00:00Z", "2026-07-15T10:00:00Z"},
      // Skipped on 29 March 2026, twice on 25 October 2026 (the first of the two is meant).
      {"2026-03-29T00:59:59", "2026-03-29T00:59:59Z"},
      {"2026-03-29T01:00:00", "none"},
      {"2026-03-29T01:59:59", "none"},
      {"2026-03-29T02:00:00", "2026-03-29T01:00:00Z"},
      {"2026-10-25T00:59:59", "2026-10-24T23:59:59Z"},
      {"2026-10-25T01:30:00", "2026-10-25T00:30:00Z"},
      {"2026-10-25T02:00:00", "2026-10-25T02:00:00Z"}};
  for (int pass = 0; pass < 2; ++pass)  // The second with a warm cache.
    for (const TextCase& c : cases)
      EXPECT_EQ(Utc(ParseTimestamptz(c.text, zone->get())), c.expected) << c.text;
  EXPECT_EQ(Zone::Find("Europe/Atlantis").error().code, "format.zone");
  EXPECT_TRUE(Zone::Find("UTC").has_value());
}

struct PatternCase {
  std::string pattern;
  Kind kind;
  std::string text;
  std::string expected;
};

TEST(TimePattern, ReadsWhatItDescribesAndNothingElse) {
  const std::vector<PatternCase> cases = {
      {"%d/%m/%Y", Kind::kDate, "01/05/2026", "20574"},
      {"%d/%m/%Y", Kind::kDate, "1/5/2026", "20574"},
      {"%d/%m/%Y", Kind::kDate, "31/02/2026", "none"},
      {"%d/%m/%Y", Kind::kDate, "2026-05-01", "malformed"},
      {"%d/%m/%Y", Kind::kDate, "1/5/26", "malformed"},
      {"%d/%m/%Y", Kind::kDate, "01/05/2026 ", "malformed"},
      {"%d/%m/%Y", Kind::kDate, " 1/05/2026", "malformed"},
      {"%d/%m/%Y", Kind::kDate, "", "malformed"},
      {"%d/%m/%y", Kind::kDate, "01/05/26", "20574"},
      {"%y%m%d", Kind::kDate, "690101", "-365"},
      {"%y%m%d", Kind::kDate, "680101", "35794"},
      {"%Y%m%d", Kind::kDate, "20260501", "20574"},
      {"%Y%m%d", Kind::kDate, "2026501", "none"},
      {"%Y%m%d", Kind::kDate, "202605", "malformed"},
      {"%F", Kind::kDate, "2026-05-01", "20574"},
      {"%D", Kind::kDate, "05/01/26", "20574"},
      {"%Y-%j", Kind::kDate, "2026-121", "20574"},
      {"%Y-%j", Kind::kDate, "2026-366", "none"},
      {"%Y-%j", Kind::kDate, "2024-366", "20088"},
      {"%d %b %Y", Kind::kDate, "1 May 2026", "20574"},
      {"%d %b %Y", Kind::kDate, "1 MAY 2026", "20574"},
      {"%d %B %Y", Kind::kDate, "01 december 2026", "20788"},
      {"%d %B %Y", Kind::kDate, "1 Dec 2026", "malformed"},
      {"%a, %d %b %Y", Kind::kDate, "Fri, 1 May 2026", "20574"},
      {"%a, %d %b %Y", Kind::kDate, "Thu, 1 May 2026", "none"},
      {"%A %d.%m.%Y", Kind::kDate, "Thursday 01.01.1970", "0"},
      {"%A %d.%m.%Y", Kind::kDate, "Wednesday 31.12.1969", "-1"},
      {"%Y%%%m%%%d", Kind::kDate, "2026%05%01", "20574"},
      {"%s", Kind::kDate, "1777593600", "20574"},
      {"%s", Kind::kDate, "-1", "-1"},
      {"%H:%M", Kind::kTime, "10:30", "37800000000"},
      {"%I:%M %p", Kind::kTime, "12:05 am", "300000000"},
      {"%I:%M %p", Kind::kTime, "12:05 PM", "43500000000"},
      {"%I:%M %p", Kind::kTime, "1:05 pm", "47100000000"},
      {"%I:%M %p", Kind::kTime, "13:05 pm", "none"},
      {"%I:%M %p", Kind::kTime, "0:05 pm", "none"},
      {"%H%M%S", Kind::kTime, "103000", "37800000000"},
      {"%T", Kind::kTime, "23:59:60", "none"},
      {"%T.%f", Kind::kTime, "00:00:00.25", "250000"},
      {"%T.%f", Kind::kTime, "00:00:00.1234567", "loses"}};
  for (const PatternCase& c : cases) {
    const auto pattern = TimePattern::Compile(c.pattern, c.kind);
    ASSERT_TRUE(pattern.has_value()) << pattern.error().ToString();
    const auto value = pattern->Parse(c.text, nullptr);
    EXPECT_EQ(value ? std::to_string(*value) : NameOf(value.error()), c.expected)
        << c.pattern << " on '" << c.text << "'";
  }
}

TEST(TimePattern, MakesTimestampsWithTheirZone) {
  const auto zone = Zone::Find("Europe/London");
  ASSERT_TRUE(zone.has_value());
  struct ZoneCase {
    std::string pattern;
    Kind kind;
    bool has_zone;
    std::string text;
    std::string expected;
  };
  const std::vector<ZoneCase> cases = {
      {"%d/%m/%Y %H:%M", Kind::kTimestamp, false, "01/05/2026 10:00", "2026-05-01T10:00:00Z"},
      {"%d/%m/%Y %H:%M", Kind::kTimestamptz, false, "01/05/2026 10:00", "no zone"},
      {"%d/%m/%Y %H:%M", Kind::kTimestamptz, true, "01/05/2026 10:00", "2026-05-01T09:00:00Z"},
      {"%d/%b/%Y:%T %z", Kind::kTimestamptz, false, "01/May/2026:10:00:00 +0200",
       "2026-05-01T08:00:00Z"},
      {"%FT%T%z", Kind::kTimestamptz, true, "2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"},
      {"%FT%T%z", Kind::kTimestamptz, true, "2026-05-01T10:00:00+02:00", "2026-05-01T08:00:00Z"},
      {"%FT%T%z", Kind::kTimestamptz, true, "2026-05-01T10:00:00", "malformed"},
      {"%FT%T.%fZ", Kind::kTimestamp, false, "2026-05-01T10:00:00.5Z",
       "2026-05-01T10:00:00.500000Z"},
      {"%s", Kind::kTimestamptz, true, "1777593600", "2026-05-01T00:00:00Z"},
      {"%s.%f", Kind::kTimestamptz, false, "1777593600.25", "2026-05-01T00:00:00.250000Z"},
      {"%s", Kind::kTimestamptz, false, "99999999999999", "range"},
      {"%F", Kind::kTimestamp, false, "2026-05-01", "2026-05-01T00:00:00Z"}};
  for (const ZoneCase& c : cases) {
    const auto pattern = TimePattern::Compile(c.pattern, c.kind);
    ASSERT_TRUE(pattern.has_value()) << pattern.error().ToString();
    EXPECT_EQ(Utc(pattern->Parse(c.text, c.has_zone ? zone->get() : nullptr)), c.expected)
        << c.pattern << " on '" << c.text << "'";
  }
}

TEST(TimePattern, RefusesPatternsThatCannotMakeAValue) {
  struct WrongCase {
    std::string pattern;
    Kind kind;
  };
  for (const WrongCase& c : std::vector<WrongCase>{{"%d/%m", Kind::kDate},
                                                   {"%Y", Kind::kDate},
                                                   {"%H:%M", Kind::kTimestamp},
                                                   {"%F", Kind::kTime},
                                                   {"%Q", Kind::kDate},
                                                   {"%F %", Kind::kDate},
                                                   {"%F %F", Kind::kDate},
                                                   {"%F %I:%M", Kind::kTimestamp},
                                                   {"%F %H %p", Kind::kTimestamp},
                                                   {"%F %z", Kind::kTimestamp},
                                                   {"%s %H", Kind::kTimestamp},
                                                   {"", Kind::kDate},
                                                   {"nothing", Kind::kDate}})
    EXPECT_FALSE(TimePattern::Compile(c.pattern, c.kind).has_value()) << c.pattern;
}

}  // namespace
}  // namespace weir::format

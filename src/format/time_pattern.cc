#include <algorithm>
#include <array>
#include <optional>

#include "format/civil_internal.h"
#include "format/times.h"
#include "format/times_internal.h"

namespace weir::format {
namespace {

using columnar::Kind;

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

// What a text says, piece by piece.
struct Pieces {
  std::optional<int> year, month, day, day_of_year, weekday, hour, minute, second;
  std::optional<bool> afternoon;
  bool twelve_hours = false;
  int64_t fraction = 0;
  std::optional<int64_t> offset;
  std::optional<int64_t> epoch_seconds;
};

constexpr std::string_view kDirectives = "YymdjbBaAHIpMSfzs";

// How many digits a directive of a plain number has; 0: it is no such one.
constexpr size_t DigitsOf(char directive) {
  switch (directive) {
    case 'Y':
      return 4;
    case 'j':
      return 3;
    case 'y':
    case 'm':
    case 'd':
    case 'H':
    case 'I':
    case 'M':
    case 'S':
      return 2;
    default:
      return 0;
  }
}

std::string Expanded(std::string_view pattern) {
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    std::string_view means;
    if (pattern[i] == '%') {
      if (next == 'F') means = "%Y-%m-%d";
      if (next == 'T') means = "%H:%M:%S";
      if (next == 'R') means = "%H:%M";
      if (next == 'D') means = "%m/%d/%y";
      if (next == 'h') means = "%b";
    }
    if (!means.empty()) {
      text += means;
      ++i;
    } else {
      text += pattern[i];
      // A doubled % must not be taken for the beginning of the next directive.
      if (pattern[i] == '%' && next != '\0') text += pattern[++i];
    }
  }
  return text;
}

// The number of the name that `text` begins with, and the characters of it.
struct Name {
  int number = 0;
  size_t length = 0;
};

template <size_t N>
std::optional<Name> ReadName(std::string_view text, const std::array<std::string_view, N>& names,
                             bool full) {
  for (size_t i = 0; i < N; ++i) {
    const std::string_view name = full ? names[i] : names[i].substr(0, 3);
    if (text.size() < name.size()) continue;
    const bool same = std::equal(name.begin(), name.end(), text.begin(),
                                 [](char a, char b) { return a == (b | 0x20); });
    if (same) return Name{.number = static_cast<int>(i), .length = name.size()};
  }
  return std::nullopt;
}

std::optional<Name> ReadNumber(std::string_view text, size_t digits, bool exact) {
  Name number;
  while (number.length < digits && number.length < text.size() && text[number.length] >= '0' &&
         text[number.length] <= '9')
    number.number = number.number * 10 + (text[number.length++] - '0');
  if (number.length == 0 || (exact && number.length < digits)) return std::nullopt;
  return number;
}

std::optional<size_t> OffsetLength(std::string_view text) {
  if (text.starts_with('Z')) return 1;
  size_t length = 1;
  while (length < text.size() && length < 6 &&
         ((text[length] >= '0' && text[length] <= '9') || (text[length] == ':' && length == 3)))
    ++length;
  return length;
}

void Store(Pieces& pieces, char directive, int number) {
  switch (directive) {
    case 'Y':
      pieces.year = number;
      break;
    case 'y':
      pieces.year = number >= 69 ? 1900 + number : 2000 + number;
      break;
    case 'm':
      pieces.month = number;
      break;
    case 'd':
      pieces.day = number;
      break;
    case 'j':
      pieces.day_of_year = number;
      break;
    case 'H':
      pieces.hour = number;
      break;
    case 'I':
      pieces.hour = number;
      pieces.twelve_hours = true;
      break;
    case 'M':
      pieces.minute = number;
      break;
    default:
      pieces.second = number;
      break;
  }
}

// Reads what `directive` asks for at the front of `text`; how many characters, or the fault.
Parsed<size_t> ReadPiece(Pieces& pieces, char directive, bool exact, std::string_view text) {
  constexpr auto kNo = std::unexpected(ScalarFault::kMalformed);
  if (const size_t digits = DigitsOf(directive); digits != 0) {
    const auto number = ReadNumber(text, digits, exact);
    if (!number) return kNo;
    Store(pieces, directive, number->number);
    return number->length;
  }
  switch (directive) {
    case 'b':
    case 'B': {
      const auto name = ReadName(text, kMonths, directive == 'B');
      if (!name) return kNo;
      pieces.month = name->number + 1;
      return name->length;
    }
    case 'a':
    case 'A': {
      const auto name = ReadName(text, kWeekdays, directive == 'A');
      if (!name) return kNo;
      pieces.weekday = name->number;
      return name->length;
    }
    case 'p':
      if (text.size() < 2 || (text[1] | 0x20) != 'm') return kNo;
      if ((text[0] | 0x20) != 'a' && (text[0] | 0x20) != 'p') return kNo;
      pieces.afternoon = (text[0] | 0x20) == 'p';
      return 2;
    case 'f': {
      const auto fraction = ReadFraction(text);
      if (!fraction) return std::unexpected(fraction.error());
      pieces.fraction = fraction->micros;
      return fraction->length;
    }
    case 'z': {
      const size_t length = OffsetLength(text).value_or(0);
      const auto offset = ReadOffset(text.substr(0, length));
      if (!offset) return std::unexpected(offset.error());
      pieces.offset = *offset;
      return length;
    }
    default: {  // 's'
      size_t length = text.starts_with('-') ? 1 : 0;
      while (length < text.size() && text[length] >= '0' && text[length] <= '9') ++length;
      const auto seconds = ParseBigint(text.substr(0, length));
      if (!seconds) return std::unexpected(seconds.error());
      if (*seconds < kFirstDay * int64_t{86'400} || *seconds >= (kLastDay + 1) * int64_t{86'400})
        return std::unexpected(ScalarFault::kRange);
      pieces.epoch_seconds = *seconds;
      return length;
    }
  }
}

Parsed<int32_t> DayOf(const Pieces& pieces) {
  constexpr auto kNo = std::unexpected(ScalarFault::kNoSuchTime);
  const int year = pieces.year.value_or(0);
  Parsed<int32_t> day = MakeDay(year, pieces.month.value_or(1), pieces.day.value_or(1));
  if (pieces.day_of_year) {
    if (year < 1 || *pieces.day_of_year < 1 || *pieces.day_of_year > (IsLeapYear(year) ? 366 : 365))
      return kNo;
    const int32_t counted = DaysOfCivil(year, 1, 1) + *pieces.day_of_year - 1;
    if (pieces.month && (!day || *day != counted)) return kNo;
    day = counted;
  }
  // 1970-01-01 was a Thursday.
  if (day && pieces.weekday && ((*day % 7) + 7 + 4) % 7 != *pieces.weekday) return kNo;
  return day;
}

Parsed<int64_t> ClockOf(const Pieces& pieces) {
  constexpr auto kNo = std::unexpected(ScalarFault::kNoSuchTime);
  int hour = pieces.hour.value_or(0);
  if (pieces.twelve_hours) {
    if (hour < 1 || hour > 12) return kNo;
    hour = hour % 12 + (*pieces.afternoon ? 12 : 0);
  }
  const int minute = pieces.minute.value_or(0);
  const int second = pieces.second.value_or(0);
  if (hour > 23 || minute > 59 || second > 59) return kNo;
  return (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + pieces.fraction;
}

}  // namespace

Result<TimePattern> TimePattern::Compile(std::string_view pattern, Kind kind) {
  const auto wrong = [&](const std::string& why) {
    return Fail(ErrorKind::kInvalid, "format.pattern", "'" + std::string(pattern) + "': " + why,
                "directives are %Y %y %m %d %j %b %B %a %A %H %I %p %M %S %f %z %s %F %T %R %D %%");
  };
  TimePattern made;
  made.kind_ = kind;
  const std::string text = Expanded(pattern);
  std::string seen;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      made.steps_.push_back({.directive = 0, .literal = text[i], .exact = false});
      continue;
    }
    const char directive = i + 1 < text.size() ? text[++i] : '\0';
    if (directive == '%') {
      made.steps_.push_back({.directive = 0, .literal = '%', .exact = false});
      continue;
    }
    if (directive == '\0' || kDirectives.find(directive) == std::string_view::npos)
      return wrong(directive == '\0' ? "ends with a lone %"
                                     : std::string("no directive %") + directive);
    if (seen.find(directive) != std::string::npos)
      return wrong(std::string("%") + directive + " comes twice");
    seen += directive;
    made.steps_.push_back(
        {.directive = directive, .literal = 0, .exact = directive == 'Y' || directive == 'y'});
  }
  for (size_t i = 0; i + 1 < made.steps_.size(); ++i) {
    const Step& next = made.steps_[i + 1];
    const bool digit_next =
        next.directive == 0
            ? next.literal >= '0' && next.literal <= '9'
            : DigitsOf(next.directive) != 0 || next.directive == 'f' || next.directive == 's';
    if (digit_next) made.steps_[i].exact = true;
  }
  const auto has = [&](std::string_view any) {
    return seen.find_first_of(any) != std::string::npos;
  };
  const bool day = has("s") || (has("Yy") && (has("j") || (has("mbB") && has("d"))));
  if (kind == Kind::kTime ? !has("HI") : !day)
    return wrong("does not make a " + std::string(kind == Kind::kTime ? "time" : "date"));
  if (has("I") != has("p")) return wrong("%I and %p go together");
  if (has("s") && seen.find_first_not_of("sf") != std::string::npos)
    return wrong("%s goes with nothing but %f");
  if (has("z") && kind != Kind::kTimestamptz) return wrong("%z is for timestamptz");
  return made;
}

Parsed<int64_t> TimePattern::Parse(std::string_view text, Zone* zone) const {
  Pieces pieces;
  for (const Step& step : steps_) {
    if (step.directive == 0) {
      if (!text.starts_with(step.literal)) return std::unexpected(ScalarFault::kMalformed);
      text.remove_prefix(1);
      continue;
    }
    const Parsed<size_t> length = ReadPiece(pieces, step.directive, step.exact, text);
    if (!length) return std::unexpected(length.error());
    text.remove_prefix(*length);
  }
  if (!text.empty()) return std::unexpected(ScalarFault::kMalformed);
  if (pieces.epoch_seconds) {
    const int64_t seconds = *pieces.epoch_seconds;
    const int64_t days = seconds / 86'400 - (seconds % 86'400 < 0 ? 1 : 0);
    if (kind_ == Kind::kDate) return days;
    return seconds * kMicrosPerSecond + pieces.fraction;
  }
  const Parsed<int64_t> clock = ClockOf(pieces);
  if (!clock || kind_ == Kind::kTime) return clock;
  const Parsed<int32_t> day = DayOf(pieces);
  if (!day) return std::unexpected(day.error());
  if (kind_ == Kind::kDate) return *day;
  const int64_t micros = *day * kMicrosPerDay + *clock;
  if (kind_ == Kind::kTimestamp) return micros;
  if (pieces.offset) return CheckInstant(micros - *pieces.offset);
  if (zone == nullptr) return std::unexpected(ScalarFault::kNoZone);
  const Parsed<int64_t> utc = zone->ToUtc(micros);
  return utc ? CheckInstant(*utc) : utc;
}

}  // namespace weir::format

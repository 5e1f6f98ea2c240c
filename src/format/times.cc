#include "format/times.h"

#include "format/civil_internal.h"
#include "format/times_internal.h"

namespace weir::format {
namespace {

constexpr auto kMalformed = std::unexpected(ScalarFault::kMalformed);

inline unsigned Digit(char c) { return static_cast<unsigned char>(c - '0'); }

// Two digits as a number, or something over 99.
inline unsigned Two(const char* at) {
  const unsigned tens = Digit(at[0]);
  const unsigned ones = Digit(at[1]);
  return (tens > 9 || ones > 9) ? 1000 : tens * 10 + ones;
}

// "10:00:00" at `at`, then a fraction up to `end`; where it stopped goes beside the value.
struct Clock {
  int64_t micros = 0;
  size_t length = 0;
};

Parsed<Clock> ReadClock(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return kMalformed;
  const unsigned hour = Two(text.data());
  const unsigned minute = Two(text.data() + 3);
  const unsigned second = Two(text.data() + 6);
  if (hour > 99 || minute > 99 || second > 99) return kMalformed;
  Clock clock{.micros = 0, .length = 8};
  if (text.size() > 8 && text[8] == '.') {
    const auto fraction = ReadFraction(text.substr(9));
    if (!fraction) return std::unexpected(fraction.error());
    clock.micros = fraction->micros;
    clock.length = 9 + fraction->length;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::unexpected(ScalarFault::kNoSuchTime);
  clock.micros += static_cast<int64_t>(hour * 3600 + minute * 60 + second) * kMicrosPerSecond;
  return clock;
}

// A date of exactly ten characters.
Parsed<int32_t> ReadDay(const char* at) {
  if (at[4] != '-' || at[7] != '-') return kMalformed;
  const unsigned century = Two(at);
  const unsigned of_century = Two(at + 2);
  const unsigned month = Two(at + 5);
  const unsigned day = Two(at + 8);
  if (century > 99 || of_century > 99 || month > 99 || day > 99) return kMalformed;
  return MakeDay(static_cast<int>(century * 100 + of_century), static_cast<int>(month),
                 static_cast<int>(day));
}

struct Moment {
  int64_t micros = 0;
  std::string_view rest;
};

Parsed<Moment> ReadMoment(std::string_view text) {
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ')) return kMalformed;
  const Parsed<int32_t> day = ReadDay(text.data());
  if (!day && day.error() == ScalarFault::kMalformed) return kMalformed;
  const Parsed<Clock> clock = ReadClock(text.substr(11));
  if (!clock) return std::unexpected(clock.error());
  if (!day) return std::unexpected(day.error());
  return Moment{.micros = *day * kMicrosPerDay + clock->micros,
                .rest = text.substr(11 + clock->length)};
}

}  // namespace

Parsed<int32_t> MakeDay(int year, int month, int day) {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysOfMonth(year, month))
    return std::unexpected(ScalarFault::kNoSuchTime);
  return DaysOfCivil(year, month, day);
}

Parsed<Fraction> ReadFraction(std::string_view text) {
  Fraction fraction;
  int64_t scale = 100'000;
  while (fraction.length < text.size() && Digit(text[fraction.length]) <= 9) {
    const unsigned digit = Digit(text[fraction.length++]);
    if (fraction.length > 9) return kMalformed;
    if (fraction.length > 6 && digit != 0) fraction.loses_digits = true;
    fraction.micros += digit * scale;
    scale /= 10;
  }
  if (fraction.length == 0) return kMalformed;
  if (fraction.loses_digits) return std::unexpected(ScalarFault::kLosesDigits);
  return fraction;
}

Parsed<int64_t> ReadOffset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() < 3 || text.size() > 6 || (text[0] != '+' && text[0] != '-')) return kMalformed;
  const unsigned hours = Two(text.data() + 1);
  unsigned minutes = 0;
  if (text.size() == 5) minutes = Two(text.data() + 3);
  if (text.size() == 6) minutes = text[3] == ':' ? Two(text.data() + 4) : 1000;
  if (text.size() == 4 || hours > 99 || minutes > 99) return kMalformed;
  if (hours > 18 || minutes > 59) return std::unexpected(ScalarFault::kRange);
  const int64_t micros = static_cast<int64_t>(hours * 3600 + minutes * 60) * kMicrosPerSecond;
  return text[0] == '-' ? -micros : micros;
}

Parsed<int64_t> CheckInstant(int64_t micros) {
  if (micros < kFirstDay * kMicrosPerDay || micros >= (kLastDay + 1) * kMicrosPerDay)
    return std::unexpected(ScalarFault::kRange);
  return micros;
}

Parsed<int32_t> ParseDate(std::string_view text) {
  if (text.size() != 10) return kMalformed;
  return ReadDay(text.data());
}

Parsed<int64_t> ParseTime(std::string_view text) {
  const Parsed<Clock> clock = ReadClock(text);
  if (!clock) return std::unexpected(clock.error());
  if (clock->length != text.size()) return kMalformed;
  return clock->micros;
}

Parsed<int64_t> ParseTimestamp(std::string_view text) {
  const Parsed<Moment> moment = ReadMoment(text);
  if (!moment) return std::unexpected(moment.error());
  if (moment->rest.empty()) return moment->micros;
  const Parsed<int64_t> offset = ReadOffset(moment->rest);
  if (!offset && offset.error() == ScalarFault::kMalformed) return kMalformed;
  return std::unexpected(ScalarFault::kHasZone);
}

Parsed<int64_t> ParseTimestamptz(std::string_view text, Zone* zone) {
  const Parsed<Moment> moment = ReadMoment(text);
  if (!moment) return std::unexpected(moment.error());
  if (moment->rest == "Z") return moment->micros;
  if (moment->rest.empty()) {
    if (zone == nullptr) return std::unexpected(ScalarFault::kNoZone);
    const Parsed<int64_t> utc = zone->ToUtc(moment->micros);
    return utc ? CheckInstant(*utc) : utc;
  }
  const Parsed<int64_t> offset = ReadOffset(moment->rest);
  if (!offset) return offset;
  return CheckInstant(moment->micros - *offset);
}

}  // namespace weir::format

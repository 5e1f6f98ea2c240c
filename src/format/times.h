// Text -> date, time, timestamp: ISO 8601 by default, a strptime pattern where the column has one.
// Years 1 to 9999, proleptic Gregorian; a day, hour or second that does not exist is refused (so is
// second 60 and 24:00). Microseconds; up to 9 fractional digits are read, those behind the sixth
// must be zero. Pure apart from Zone's cache: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "format/scalars.h"

namespace weir::format {

// An IANA zone of the system's database, for times written without an offset.
class Zone {
 public:
  // Error format.zone (kInvalid): there is none of that name.
  static Result<std::unique_ptr<Zone>> Find(const std::string& name);
  ~Zone();

  // Local wall-clock microseconds -> UTC. An hour that comes twice means the first of the two; one
  // that the zone skipped is kNoSuchTime.
  Parsed<int64_t> ToUtc(int64_t local_micros);

 private:
  struct Rules;
  explicit Zone(std::unique_ptr<Rules> rules);
  std::unique_ptr<Rules> rules_;
};

// 2026-05-01 -> days since 1970-01-01.
Parsed<int32_t> ParseDate(std::string_view text);
// 10:00:00[.f] -> microseconds since midnight.
Parsed<int64_t> ParseTime(std::string_view text);
// 2026-05-01T10:00:00[.f], 'T' or one blank between -> microseconds since 1970 on the clock shown.
Parsed<int64_t> ParseTimestamp(std::string_view text);
// The same with Z, +02:00, +0200 or +02 behind it -> UTC. Without one `zone` rules; null: kNoZone.
Parsed<int64_t> ParseTimestamptz(std::string_view text, Zone* zone);

// A strptime pattern, read strictly: every character of the text must be matched.
//   %Y 4 digits   %y 69-99: 19xx, 00-68: 20xx   %m %d %j   %b %h %B month name   %a %A weekday
//   (checked) %H %I %p   %M %S   %f 1 to 9 fractional digits   %z Z, +02:00, +0200, +02 %s seconds
//   since 1970   %F %Y-%m-%d   %T %H:%M:%S   %R %H:%M   %D %m/%d/%y   %%
// English names, any case. %d %m %H %I %M %S %j may have fewer digits where no digit can follow.
class TimePattern {
 public:
  // For a kDate, kTime, kTimestamp or kTimestamptz. Error format.pattern (kInvalid): an unknown
  // directive, or too few to make such a value.
  static Result<TimePattern> Compile(std::string_view pattern, columnar::Kind kind);

  // Days for a date, else microseconds. `zone` as above.
  Parsed<int64_t> Parse(std::string_view text, Zone* zone) const;

 private:
  struct Step {
    char directive = 0;  // 0: `literal`.
    char literal = 0;
    bool exact = false;  // All digits must be there, since a digit may follow.
  };
  std::vector<Step> steps_;
  columnar::Kind kind_ = columnar::Kind::kDate;
};

}  // namespace weir::format

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/units.h"
#include "format/scalars.h"
#include "infer/evidence_internal.h"

namespace weir::infer {
namespace {

using columnar::Kind;
using format::TimePattern;

constexpr size_t kSamplesMax = 3;
constexpr int kDoubleDigits = 15;  // That every double keeps.
constexpr int kDecimalDigits = 38;
constexpr int kCentDigits = 18;

// Ways to write dates and times that are not ISO 8601, in the order they are named to a person.
// One of two digits for the year is never taken: the century would be a guess.
struct Written {
  const char* pattern;
  Kind kind;
};
constexpr std::array kDates = {"%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y",  "%d-%m-%Y",
                               "%m-%d-%Y", "%b %d %Y", "%d %b %Y", "%b %d, %Y", "%d-%b-%Y",
                               "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%y",  "%b %d %y"};
constexpr std::array kTimes = {" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p"};
constexpr std::array kOthers = {Written{"%Y-%m-%d %H:%M", Kind::kTimestamp},
                                Written{"%Y-%m-%dT%H:%M", Kind::kTimestamp},
                                Written{"%d/%b/%Y:%H:%M:%S %z", Kind::kTimestamptz},
                                Written{"%a, %d %b %Y %H:%M:%S %z", Kind::kTimestamptz},
                                Written{"%H:%M", Kind::kTime},
                                Written{"%I:%M %p", Kind::kTime}};

struct KnownPattern {
  std::string text;
  Kind kind;
  TimePattern compiled;
};

const std::vector<KnownPattern>& Patterns() {
  static const std::vector<KnownPattern> patterns = [] {
    std::vector<KnownPattern> made;
    const auto add = [&made](const std::string& text, Kind kind) {
      auto compiled = TimePattern::Compile(text, kind);
      WEIR_CHECK(compiled.has_value());
      made.push_back({text, kind, *std::move(compiled)});
    };
    for (const char* date : kDates) add(date, Kind::kDate);
    for (const char* date : kDates)
      for (const char* time : kTimes) add(std::string(date) + time, Kind::kTimestamp);
    for (const Written& other : kOthers) add(other.pattern, other.kind);
    return made;
  }();
  return patterns;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kDate:
      return "a date";
    case Kind::kTime:
      return "a time";
    default:
      return "a time of a day";
  }
}

// The parts of a text that ParseDouble reads.
struct NumberParts {
  std::string_view before, behind;  // Of the point.
  bool sign_plus = false;
  bool point = false;
  bool exponent = false;
};

NumberParts PartsOf(std::string_view text) {
  NumberParts parts;
  parts.sign_plus = text.starts_with('+');
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const size_t exponent = text.find_first_of("eE");
  parts.exponent = exponent != std::string_view::npos;
  text = text.substr(0, exponent);
  const size_t point = text.find('.');
  parts.point = point != std::string_view::npos;
  parts.before = text.substr(0, point);
  if (parts.point) parts.behind = text.substr(point + 1);
  return parts;
}

// Digits of a number without the zeros at either end.
std::string Significant(const NumberParts& parts) {
  std::string digits = std::string(parts.before) + std::string(parts.behind);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  const size_t last = digits.find_last_not_of('0');
  digits.resize(last == std::string::npos ? 0 : last + 1);
  return digits;
}

// Whether the double nearest to `text` is written with the same digits.
bool DoubleKeeps(std::string_view text, const NumberParts& parts) {
  const std::string digits = Significant(parts);
  if (digits.size() <= kDoubleDigits) return true;
  const auto value = format::ParseDouble(text);
  if (!value) return false;
  std::array<char, 64> shown{};
  const auto end = std::to_chars(shown.data(), shown.data() + shown.size(), *value,
                                 std::chars_format::scientific);
  return Significant(PartsOf({shown.data(), static_cast<size_t>(end.ptr - shown.data())})) ==
         digits;
}

columnar::Type Decimal(int precision, int scale) {
  columnar::Type type = TypeOf(Kind::kDecimal);
  type.precision = precision;
  type.scale = scale;
  return type;
}

}  // namespace

columnar::Type TypeOf(Kind kind) {
  columnar::Type type;
  type.kind = kind;
  return type;
}

void Samples::Add(std::string_view value) {
  if (values_.size() == kSamplesMax) return;
  std::string shown = "'" + format::Shown(value) + "'";
  if (std::ranges::find(values_, shown) == values_.end()) values_.push_back(std::move(shown));
}

std::string Samples::Text() const {
  std::string text;
  for (const std::string& value : values_) text += (text.empty() ? "" : ", ") + value;
  return text;
}

void TextEvidence::Add(std::string_view text) {
  ++values_;
  first_.Add(text);
  const auto count = [&](Form form, bool is) {
    if (is) {
      ++counts_[form];
    } else {
      others_[form].Add(text);
    }
  };
  const bool number = format::ParseDouble(text).has_value();
  if (number) AddNumber(text);
  count(kNumber, number);
  // What begins otherwise is neither a time nor a uuid, and most texts do.
  const bool hex = !text.empty() && (IsDigit(text.front()) || (text.front() | 0x20) <= 'f');
  const bool digit = hex && IsDigit(text.front());
  count(kBool, text.size() <= 5 && text.size() >= 4 && format::ParseBool(text).has_value());
  count(kUuid, hex && text.size() == 36 && format::ParseUuid(text).has_value());
  count(kDate, digit && format::ParseDate(text).has_value());
  count(kTime, digit && format::ParseTime(text).has_value());
  count(kTimestamp, digit && format::ParseTimestamp(text).has_value());
  count(kTimestamptz, digit && format::ParseTimestamptz(text, nullptr).has_value());
  AddToPatterns(text);
}

void TextEvidence::AddNumber(std::string_view text) {
  const NumberParts parts = PartsOf(text);
  const bool zeros = parts.before.size() > 1 && parts.before.starts_with('0');
  if (zeros || parts.sign_plus || (parts.exponent && !parts.point)) codes_.Add(text);
  const bool whole = !parts.point && !parts.exponent;
  if (whole) ++whole_;
  if (whole && !format::ParseBigint(text)) fits_bigint_ = false;
  if (parts.behind.size() == 2 && !parts.exponent) ++cents_;
  has_exponent_ = has_exponent_ || parts.exponent;
  fits_double_ = fits_double_ && DoubleKeeps(text, parts);
  digits_before_ = std::max(digits_before_, static_cast<int>(parts.before.size()));
  digits_behind_ = std::max(digits_behind_, static_cast<int>(parts.behind.size()));
}

void TextEvidence::AddToPatterns(std::string_view text) {
  const std::vector<KnownPattern>& patterns = Patterns();
  if (!patterns_) patterns_.emplace(patterns.size(), true);
  if (patterns_->empty()) return;
  bool any = false;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if ((*patterns_)[i] && !patterns[i].compiled.Parse(text, nullptr)) (*patterns_)[i] = false;
    any = any || (*patterns_)[i];
  }
  if (!any) patterns_->clear();
}

std::vector<size_t> TextEvidence::AlivePatterns() const {
  std::vector<size_t> alive;
  for (size_t i = 0; patterns_ && i < patterns_->size(); ++i)
    if ((*patterns_)[i]) alive.push_back(i);
  return alive;
}

Finding TextEvidence::Number() const {
  const Finding text{.type = TypeOf(Kind::kVarchar), .format = {}, .seen = {}};
  if (!codes_.empty())
    return {.type = text.type,
            .format = {},
            .seen = "digits that a number would not keep, such as " + codes_.Text()};
  if (whole_ == values_ && fits_bigint_)
    return {.type = TypeOf(Kind::kBigint), .format = {}, .seen = {}};
  const bool fits_decimal = !has_exponent_ && digits_before_ + digits_behind_ <= kDecimalDigits;
  if (whole_ == values_ && fits_decimal)
    return {.type = Decimal(kDecimalDigits, 0),
            .format = {},
            .seen = "whole numbers that no bigint holds"};
  if (cents_ == values_ && digits_before_ + 2 <= kCentDigits)
    return {.type = Decimal(kCentDigits, 2),
            .format = {},
            .seen = "always two digits behind the point; a double would take any"};
  if (fits_double_) return {.type = TypeOf(Kind::kDouble), .format = {}, .seen = {}};
  if (fits_decimal)
    return {.type = Decimal(kDecimalDigits, digits_behind_),
            .format = {},
            .seen = "more digits than a double keeps"};
  return {.type = text.type,
          .format = {},
          .seen = "numbers of more digits than a double keeps, such as " + first_.Text()};
}

Finding TextEvidence::Pattern(const std::vector<size_t>& alive) const {
  const std::vector<KnownPattern>& patterns = Patterns();
  const KnownPattern& only = patterns[alive.front()];
  const bool century_missing = only.text.find("%y") != std::string::npos;
  if (alive.size() == 1 && !century_missing && only.kind != Kind::kTime)
    return {.type = TypeOf(only.kind), .format = only.text, .seen = "such as " + first_.Text()};
  std::string seen = first_.Text() + ": " + std::string(NameOf(only.kind)) + " by format \"";
  for (const size_t i : alive) seen += (i == alive.front() ? "" : "\" or \"") + patterns[i].text;
  seen += "\"";
  if (alive.size() > 1) seen += " alike";
  if (century_missing) seen += ", of which century is not written";
  if (only.kind == Kind::kTime) seen += ", or a duration";
  return {.type = TypeOf(Kind::kVarchar), .format = {}, .seen = seen};
}

// What half of them or more are, of one form or of several.
std::string TextEvidence::Mostly() const {
  struct Named {
    Form form;
    const char* name;
  };
  std::string several;
  uint64_t together = 0;
  for (const Named named :
       {Named{kNumber, "numbers"}, Named{kDate, "dates"}, Named{kTimestamptz, "times with a zone"},
        Named{kTimestamp, "times without a zone"}, Named{kTime, "times"}, Named{kUuid, "uuids"},
        Named{kBool, "true or false"}}) {
    const uint64_t count = counts_[named.form];
    if (count == 0) continue;
    const std::string these =
        FormatCount(count) + " of " + FormatCount(values_) + " are " + named.name;
    if (count * 2 >= values_) return these + ", the others such as " + others_[named.form].Text();
    several += (several.empty() ? "" : ", ") + these;
    together += count;
  }
  return together * 2 >= values_ ? several : std::string();
}

Finding TextEvidence::Conclude(bool typed) const {
  Finding text{.type = TypeOf(Kind::kVarchar), .format = {}, .seen = {}};
  if (values_ == 0) {
    text.seen = "no value at all";
    return text;
  }
  if (typed && counts_[kNumber] == values_) return Number();
  if (typed && counts_[kBool] == values_)
    return {.type = TypeOf(Kind::kBool), .format = {}, .seen = {}};
  constexpr std::array<std::pair<Form, Kind>, 5> kPlain = {{{kUuid, Kind::kUuid},
                                                            {kDate, Kind::kDate},
                                                            {kTime, Kind::kTime},
                                                            {kTimestamp, Kind::kTimestamp},
                                                            {kTimestamptz, Kind::kTimestamptz}}};
  for (const auto& [form, kind] : kPlain)
    if (counts_[form] == values_) return {.type = TypeOf(kind), .format = {}, .seen = {}};
  if (const auto alive = AlivePatterns(); !alive.empty()) return Pattern(alive);
  text.seen = !typed && counts_[kNumber] == values_ ? "texts that are all numbers" : Mostly();
  return text;
}

}  // namespace weir::infer

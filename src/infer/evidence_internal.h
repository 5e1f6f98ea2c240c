// What the values of one field speak for. Private to infer/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/type.h"
#include "format/times.h"

namespace weir::infer {

// The type that holds for all, and what a person should know of it.
struct Finding {
  columnar::Type type;
  std::string format;  // Of dates and times that are not ISO 8601.
  std::string seen;
};

columnar::Type TypeOf(columnar::Kind kind);

// A few values to show, each once.
class Samples {
 public:
  void Add(std::string_view value);
  bool empty() const { return values_.empty(); }
  std::string Text() const;  // "'x', 'y'"

 private:
  std::vector<std::string> values_;
};

// Texts: the fields of a CSV, the strings of JSON.
class TextEvidence {
 public:
  // A text that is not null.
  void Add(std::string_view text);
  uint64_t values() const { return values_; }
  // `typed`: texts have no type of their own (CSV), so that digits are a number.
  Finding Conclude(bool typed) const;

 private:
  enum Form : uint8_t { kBool, kNumber, kUuid, kDate, kTime, kTimestamp, kTimestamptz, kForms };

  void AddNumber(std::string_view text);
  void AddToPatterns(std::string_view text);
  Finding Number() const;
  Finding Pattern(const std::vector<size_t>& alive) const;
  std::vector<size_t> AlivePatterns() const;
  std::string Mostly() const;

  uint64_t values_ = 0;
  std::array<uint64_t, kForms> counts_{};
  std::array<Samples, kForms> others_;  // Values that are not of the form.
  Samples first_;
  // Of the numbers.
  Samples codes_;  // Digits that a number would not keep: 007, +49, 12E4.
  uint64_t whole_ = 0;
  uint64_t cents_ = 0;  // With two digits behind the point.
  bool fits_bigint_ = true;
  bool fits_double_ = true;
  bool has_exponent_ = false;
  int digits_before_ = 0;
  int digits_behind_ = 0;
  // Which of the patterns read all of them so far.
  std::optional<std::vector<bool>> patterns_;
};

// The values of a JSON member.
class JsonEvidence {
 public:
  void AddBool() { ++bools_; }
  void AddWhole(std::string_view digits, bool fits);
  void AddFraction() { ++fractions_; }
  void AddNested() { ++nested_; }
  void AddText(std::string_view text) { texts_.Add(text); }
  Finding Conclude() const;

 private:
  uint64_t bools_ = 0;
  uint64_t whole_ = 0;
  uint64_t fractions_ = 0;
  uint64_t nested_ = 0;
  bool fits_bigint_ = true;
  int digits_ = 0;
  TextEvidence texts_;
};

}  // namespace weir::infer

// Faults collects what is wrong in what a user wrote, all of it, over all files. Reading never
// stops at the first: a reader adds a fault, leaves its value as it was and goes on.
//
// Threads: none, one reader owns it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weir::config {

class Faults {
 public:
  // Adds an error of kind kConfig. `next` is the next step, or a ready "did you mean 'x'?".
  void Add(std::string_view code, std::string message, const Place& place, std::string next = {});
  // Adds an error as it is; `place` fills one that has none.
  void Add(Error error, const Place& place = {});

  bool empty() const { return errors_.empty(); }
  size_t size() const { return errors_.size(); }

  // In document order: files in the order in which they were first named, then line and column.
  Errors Take() &&;
  Errors Sorted() const;

 private:
  Errors errors_;
};

// "did you mean 'contract'?" where a known word is near; else "known: a, b, c" while these are few.
std::string Suggestion(std::string_view word, std::span<const std::string> known);

// The texts of the files that were read, for the lines under a diagnostic. Values; movable.
class Sources {
 public:
  void Add(std::string file, std::string text);
  // Line `line` (from 1) without its end; none where the file or the line is unknown.
  std::optional<std::string_view> Line(const std::string& file, uint64_t line) const;

 private:
  struct Text {
    std::string bytes;
    std::vector<size_t> line_begins;  // A report of many faults looks many lines up.
  };
  std::map<std::string, Text> texts_;
};

}  // namespace weir::config

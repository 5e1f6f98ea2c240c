// Paths with placeholders, as they stand in `land`, in the `files` sink and in the names of
// outputs: "data/incoming/events_{seq:06}.csv". A pure value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir {

// What the placeholders stand for.
struct PathValues {
  Instant at = {};            // {date} 2026-05-01, {hour} 10: UTC.
  std::string name = {};      // {name}: of an upload or a file.
  std::string pipeline = {};  // {pipeline}
  std::string run = {};       // {run}
  std::string entity = {};    // {entity}: of a split.
  uint64_t n = 0;             // {n:05}: the how-manieth of this run.
  uint64_t seq = 0;           // {seq:06}: the how-manieth of all.
};

class PathTemplate {
 public:
  // Errors (kInvalid), with place.column at the brace: path.unclosed, path.placeholder (with "did
  // you mean"), path.width (":06" is a number of digits from 1 to 18, for n and seq only).
  static Result<PathTemplate> Parse(std::string_view text);

  // {name}, {pipeline}, {run} and {entity} never lead to another folder: '/', control characters
  // and a leading dot in them become '_'. A number wider than its width keeps all its digits.
  std::string Fill(const PathValues& values) const;

  bool Uses(std::string_view placeholder) const;
  const std::string& text() const { return text_; }

  // The template's part before the last '/', and after it; text() where there is none.
  PathTemplate Folder() const;
  PathTemplate LastName() const;

  // The largest {seq} among `names` that this template could have made with these other values; 0
  // where none is.
  uint64_t LargestSeq(const std::vector<std::string>& names, const PathValues& values) const;

 private:
  struct Piece {
    std::string literal;  // Where `placeholder` is empty.
    std::string placeholder;
    int width = 0;
  };
  static PathTemplate Of(std::vector<Piece> pieces);

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace weir

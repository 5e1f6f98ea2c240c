// Bytes of a text file to lines, columns and faults.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"

namespace weir::config {

// Positions to places. Borrows nothing: values.
class LineIndex {
 public:
  LineIndex(std::string_view text, std::string file);
  // Line and column (in bytes) of byte `position`.
  Place At(size_t position) const;

 private:
  std::string file_;
  std::vector<size_t> begins_;  // Of each line; ascending, the first 0.
};

struct BadText {
  size_t position;
  std::string message;
};

// The first byte that is no UTF-8, or a control character other than tab, CR and LF.
std::optional<BadText> FindBadText(std::string_view text);

// Without a UTF-8 byte order mark.
std::string_view WithoutMark(std::string_view text);

// Length in bytes of the UTF-8 character that starts at `position`; 0 where there is none.
size_t CharacterBytes(std::string_view text, size_t position);

}  // namespace weir::config

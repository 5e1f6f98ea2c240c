#include "base/place.h"

namespace weir {

std::string Place::ToString() const {
  std::string text = file;
  if (byte_offset) {
    if (line != 0) text += ", line " + std::to_string(line);
    return text + ", byte " + std::to_string(*byte_offset);
  }
  if (line == 0) return text;
  text += ":" + std::to_string(line);
  if (column != 0) text += ":" + std::to_string(column);
  return text;
}

}  // namespace weir

// A Place says where something is: in a file a person wrote, or in bytes a machine wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace weir {

struct Place {
  std::string file;                     // As the user named it; empty: no place is known.
  uint64_t line = 0;                    // From 1; 0 is unknown.
  uint64_t column = 0;                  // From 1, in bytes; 0 is unknown.
  std::optional<uint64_t> byte_offset;  // From 0; set for records, not for configuration.

  bool known() const { return !file.empty(); }

  // "weir.yaml:3:7", or "data/a.csv, line 12, byte 840".
  std::string ToString() const;

  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace weir

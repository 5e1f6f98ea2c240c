// What stands for the key of a record in `dedupe`: 128 bits of its values. Private to pipeline/.
//
// Values hash by what they are, not by how they are stored: an int and the same bigint, a decimal
// of 8 and of 10 digits, -0.0 and 0.0 are equal, so that a widened column finds its old rows. A key
// with a null in it is no key: a null equals nothing.
//
// The hash is keyed with a secret of the index, so that nobody can make two keys collide on
// purpose. By chance, 10^12 keys hold two equal hashes with a probability of 10^-15.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "columnar/type.h"

namespace weir::pipeline {

struct KeyHash {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const KeyHash&, const KeyHash&) = default;
};

// Whether values of the type can be keys: everything but double parts of lists and structs.
bool MayBeKey(const columnar::Type& type);

// Per row the hash of its key; none where a part of it is null. `columns` have one length.
std::vector<std::optional<KeyHash>> HashKeys(std::span<const std::shared_ptr<arrow::Array>> columns,
                                             const std::string& secret);

}  // namespace weir::pipeline

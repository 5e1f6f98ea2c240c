// A YAML text as a tree with places: the strict subset that Weir reads. Scalars stay text; what
// they mean is decided by the field tables (field_table.h), so `no` is the text "no".
//
//   text --ParseDocument--> Node --Substitute (substitution.h)--> Node --Read--> typed struct
//
// Invariants:
// 1. A map holds each key once and keeps the order of the text; every key is a scalar.
// 2. In a flow list or map a comma within round brackets does not separate: `[day(ts), bucket(16,
//    id)]` holds two items. (Plain YAML would make three; quoted text is never joined.)
// 3. Every node has a place; that of an empty value, or of a map or list that begins on a line
//    below its key, is the place of the key.
// 4. Depth is at most kDepthMax, the text at most kDocumentBytesMax.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "config/faults.h"

namespace weir::config {

inline constexpr size_t kDepthMax = 64;
inline constexpr size_t kDocumentBytesMax = 1024 * 1024;

struct Entry;

struct Node {
  enum class Kind : uint8_t { kScalar, kSequence, kMap };

  Kind kind = Kind::kScalar;
  std::string text;     // Of a scalar, after substitution.
  std::string written;  // The text before substitution, where that changed it: what messages quote,
                        // so that a secret does not stand in a log. Else empty.
  bool quoted = false;  // Written as "x", 'x', | or >.
  bool verbatim = false;       // The text stands on one line of the file exactly as in `text`.
  bool faulty = false;         // Its substitution failed, which is told already: it has no value.
  Place place;                 // Of the first byte, quotes included; see invariant 3.
  std::vector<Node> items;     // Of a sequence.
  std::vector<Entry> entries;  // Of a map.

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_map() const { return kind == Kind::kMap; }
  // `key:` with nothing behind it. (`key: ""` is not empty: it is text of no length.)
  bool is_empty() const { return is_scalar() && text.empty() && !quoted && written.empty(); }

  // The value of `key` in a map; null where there is none or this is no map.
  const Node* Find(std::string_view key) const;
  // How a message quotes a scalar.
  const std::string& shown() const { return written.empty() ? text : written; }
  // The place of byte `offset` of the text, for a caret inside it; the node's own where the text
  // does not stand in the file as it is.
  Place PlaceAt(size_t offset) const;
};

struct Entry {
  Node key;
  Node value;
};

// Reads one document. `file` names it in places. An empty text is an empty map. None where the text
// is no YAML at all; otherwise a tree, and what is wrong in it goes to `faults`:
//   config.yaml          (none) not YAML, not UTF-8, a control character, a second document
//   config.too_big       (none) larger or deeper than the limits above
//   config.yaml_feature  an anchor, alias, merge key, tag, directive, or a key that is no text
//   config.duplicate_key at the second, naming the place of the first, whose value counts
std::optional<Node> ParseDocument(std::string_view text, const std::string& file, Faults& faults);

// A plain scalar at `place`: defaults and tests.
Node ScalarNode(std::string text, Place place = {});

// "a map", "a list", "text": what a message calls the node.
std::string_view KindName(const Node& node);

}  // namespace weir::config

#include "config/kinds.h"

#include <algorithm>

#include "base/spelling.h"

namespace weir::config {
namespace {

bool Knows(const TableDoc* table, const std::string& key) {
  if (table == nullptr) return false;
  return std::any_of(table->fields.begin(), table->fields.end(),
                     [&](const FieldDoc& field) { return field.key == key; });
}

std::vector<std::string> BuiltKeys(const std::vector<KindDoc>& kinds) {
  std::vector<std::string> keys;
  for (const KindDoc& kind : kinds)
    if (kind.form != KindForm::kLater) keys.push_back(kind.key);
  return keys;
}

void AddMissing(const std::string& noun, const std::vector<std::string>& keys, const Node& node,
                const Reading& reading) {
  for (const Entry& entry : node.entries) {
    if (!NearestWord(entry.key.text, keys)) continue;
    reading.Add("config.unknown_key", "unknown key '" + entry.key.text + "' in " + reading.where,
                entry.key.place, Suggestion(entry.key.text, keys));
    return;
  }
  std::string list;
  for (const std::string& key : keys) list += (list.empty() ? "" : ", ") + key;
  reading.Add("config.missing_kind",
              reading.where + " does not say which kind of " + noun + " it is", node.place,
              "add one of: " + list);
}

}  // namespace

std::optional<size_t> FindKind(const std::string& noun, const std::vector<KindDoc>& kinds,
                               const Node& node, const Reading& reading) {
  const std::vector<std::string> keys = BuiltKeys(kinds);
  if (!node.is_map()) {
    WrongType(node, "a map that names its kind", reading);
    return std::nullopt;
  }
  const auto kind_of = [&](const std::string& key) {
    return std::find_if(kinds.begin(), kinds.end(),
                        [&](const KindDoc& kind) { return kind.key == key; });
  };
  const Entry* first = nullptr;
  for (const Entry& entry : node.entries) {
    if (kind_of(entry.key.text) == kinds.end()) continue;
    if (first == nullptr) {
      first = &entry;
    } else if (!Knows(kind_of(first->key.text)->table, entry.key.text)) {
      reading.Add("config.two_kinds",
                  reading.where + " is two kinds at once: '" + first->key.text + "' and '" +
                      entry.key.text + "'",
                  entry.key.place, "keep one of the two");
      return std::nullopt;
    }
  }
  if (first == nullptr) {
    AddMissing(noun, keys, node, reading);
    return std::nullopt;
  }
  const auto kind = kind_of(first->key.text);
  if (kind->form == KindForm::kLater) {
    reading.Add("config.not_built",
                "the " + noun + " '" + kind->key +
                    "' is part of the language but this version does not run it yet",
                first->key.place);
    return std::nullopt;
  }
  if (kind->form == KindForm::kInner) {
    for (const Entry& entry : node.entries) {
      if (&entry == first) continue;
      const bool inside = Knows(kind->table, entry.key.text);
      reading.Add("config.unknown_key", "unknown key '" + entry.key.text + "' in " + reading.where,
                  entry.key.place, inside ? "write it inside '" + kind->key + "'" : "");
    }
  }
  return static_cast<size_t>(kind - kinds.begin());
}

}  // namespace weir::config

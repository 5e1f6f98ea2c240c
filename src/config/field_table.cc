#include "config/field_table.h"

#include "base/spelling.h"

namespace weir::config {
namespace {

std::optional<size_t> IndexOf(const TableDoc& doc, const std::string& key) {
  for (size_t i = 0; i < doc.fields.size(); ++i)
    if (doc.fields[i].key == key) return i;
  return std::nullopt;
}

}  // namespace

FoundFields FindFields(const TableDoc& doc, const Node& node, const Reading& reading) {
  const size_t before = reading.faults.size();
  FoundFields found;
  found.values.resize(doc.fields.size());
  if (!node.is_map()) {
    WrongType(node, "a map", reading);
    found.clean = false;
    return found;
  }
  std::vector<std::string> known;
  for (const FieldDoc& field : doc.fields)
    if (!field.later) known.push_back(field.key);
  std::vector<bool> mentioned(doc.fields.size());
  for (const Entry& entry : node.entries) {
    const std::string& key = entry.key.text;
    if (const auto at = IndexOf(doc, key)) {
      mentioned[*at] = true;
      if (!doc.fields[*at].later) {
        found.values[*at] = &entry.value;
        continue;
      }
      reading.Add("config.not_built",
                  "'" + key + "' is part of the language but this version does not run it yet",
                  entry.key.place, "leave it out");
      continue;
    }
    reading.Add("config.unknown_key", "unknown key '" + key + "' in " + reading.where,
                entry.key.place, Suggestion(key, known));
    if (const auto meant = NearestWord(key, known)) mentioned[*IndexOf(doc, *meant)] = true;
  }
  for (size_t i = 0; i < doc.fields.size(); ++i) {
    const FieldDoc& field = doc.fields[i];
    if (!field.required || mentioned[i]) continue;
    reading.Add("config.missing_key", reading.where + " has no '" + field.key + "'", node.place,
                "add '" + field.key + ":', " + field.meaning);
  }
  found.clean = reading.faults.size() == before;
  return found;
}

Node DefaultNode(const std::string& key, const std::string& text) {
  Faults faults;
  const auto root = ParseDocument("{" + key + ": " + text + "}", "default", faults);
  WEIR_CHECK(root && faults.empty() && root->entries.size() == 1);
  return root->entries.front().value;
}

}  // namespace weir::config

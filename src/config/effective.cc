#include "config/effective.h"

#include <algorithm>

#include "config/field_table.h"

namespace weir::config {
namespace {

Place DefaultPlace() {
  return {.file = std::string(kDefaultFile), .line = 0, .column = 0, .byte_offset = {}};
}

Node EmptyMap() {
  Node map;
  map.kind = Node::Kind::kMap;
  map.place = DefaultPlace();
  return map;
}

void Put(Node& map, const std::string& key, Node value) {
  map.entries.push_back({ScalarNode(key, value.place), std::move(value)});
}

void MoveToDefault(Node& node) {
  node.place = DefaultPlace();
  for (Node& item : node.items) MoveToDefault(item);
  for (Entry& entry : node.entries) MoveToDefault(entry.value);
}

bool Has(const TableDoc& table, const std::string& key) {
  return std::ranges::find(table.fields, key, &FieldDoc::key) != table.fields.end();
}

// Whether the map could be of that table: one that must have a key of its own has it, and any other
// has no key but its own.
bool MayBe(const Node& map, const TableDoc& table) {
  for (const FieldDoc& field : table.fields)
    if (field.required) return map.Find(field.key) != nullptr;
  return std::ranges::all_of(map.entries,
                             [&](const Entry& entry) { return Has(table, entry.key.text); });
}

Node Filled(const Node& value, const FieldDoc& field);

// A value that may be a map of one of the field's tables, or a map from names (or a list) of them.
Node FilledEach(Node value, const FieldDoc& field) {
  for (Node& item : value.items) item = Filled(item, field);
  for (Entry& entry : value.entries) {
    FieldDoc inner = field;
    inner.values.clear();  // What lies within is no map from names again.
    entry.value = Filled(entry.value, inner);
  }
  return value;
}

Node Filled(const Node& value, const FieldDoc& field) {
  if (field.tables.empty() || value.is_scalar()) return value;
  const bool named = field.values.starts_with("map from");
  if (!value.is_map() || named) return FilledEach(value, field);
  for (const TableDoc* table : field.tables)
    if (MayBe(value, *table)) return WithDefaults(value, *table);
  return FilledEach(value, field);
}

// What stands for a key that was left out; an empty map where nothing does.
Node LeftOut(const FieldDoc& field) {
  const bool named = field.values.starts_with("map from") || field.values.starts_with("list of");
  if (field.tables.size() == 1 && !named) {
    const TableDoc& table = *field.tables.front();
    const bool may = std::ranges::none_of(table.fields, &FieldDoc::required);
    return may ? WithDefaults(EmptyMap(), table) : EmptyMap();
  }
  if (field.default_text.empty()) return EmptyMap();
  Node value = DefaultNode(field.key, field.default_text);
  MoveToDefault(value);
  return value;
}

}  // namespace

Node WithDefaults(const Node& node, const TableDoc& table) {
  Node map = EmptyMap();
  map.place = node.place;
  for (const FieldDoc& field : table.fields) {
    if (field.later) continue;
    if (const Node* written = node.Find(field.key)) {
      Put(map, field.key, Filled(*written, field));
    } else if (!field.required) {
      Node value = LeftOut(field);
      if (!value.is_map() || !value.entries.empty()) Put(map, field.key, std::move(value));
    }
  }
  for (const Entry& entry : node.entries)
    if (!Has(table, entry.key.text)) map.entries.push_back(entry);
  return map;
}

}  // namespace weir::config

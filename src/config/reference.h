// What a field table says about itself, and the reference page made of it.
#pragma once

#include <string>
#include <vector>

namespace weir::config {

struct TableDoc;

struct FieldDoc {
  std::string key;
  std::string values;        // "size", "append | upsert", "map".
  std::string default_text;  // Empty: none.
  std::string meaning;       // One line, no full stop.
  bool required = false;
  bool later = false;                        // In the language, not built.
  std::vector<const TableDoc*> tables = {};  // Of the maps the value may be.
};

struct TableDoc {
  std::string title;
  std::vector<FieldDoc> fields;
};

// Markdown: a section per table, the given ones first in their order, then the tables within them,
// depth first, each once: key | values | default | meaning. Keys that are not built are left out.
std::string RenderReference(const std::vector<const TableDoc*>& tables);

}  // namespace weir::config

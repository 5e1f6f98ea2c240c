#include "config/reference.h"

#include <algorithm>

namespace weir::config {
namespace {

// A '|' would end the cell.
std::string Cell(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string DefaultCell(const FieldDoc& field) {
  if (field.required) return "required";
  if (field.default_text.empty() || field.default_text == "{}") return "";
  return "`" + Cell(field.default_text) + "`";
}

void Collect(const TableDoc* table, std::vector<const TableDoc*>& all) {
  if (std::find(all.begin(), all.end(), table) != all.end()) return;
  all.push_back(table);
  for (const FieldDoc& field : table->fields) {
    if (field.later) continue;
    for (const TableDoc* inner : field.tables) Collect(inner, all);
  }
}

std::string Section(const TableDoc& table) {
  std::string text = "## `" + table.title + "`\n\n";
  text += "| key | values | default | meaning |\n|---|---|---|---|\n";
  for (const FieldDoc& field : table.fields) {
    if (field.later) continue;
    text += "| `" + Cell(field.key) + "` | " + Cell(field.values) + " | " + DefaultCell(field) +
            " | " + Cell(field.meaning) + " |\n";
  }
  return text;
}

}  // namespace

std::string RenderReference(const std::vector<const TableDoc*>& tables) {
  std::vector<const TableDoc*> all;
  for (const TableDoc* table : tables) Collect(table, all);
  std::string text;
  for (const TableDoc* table : all) text += (text.empty() ? "" : "\n") + Section(*table);
  return text;
}

}  // namespace weir::config

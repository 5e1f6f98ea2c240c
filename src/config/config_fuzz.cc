// Any bytes as weir.yaml and as a model: faults with places, or a tree; never a crash, never an
// exception. Built into config_test too, which feeds it mutations of real texts.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "config/diagnostic_text.h"
#include "config/project_fields_internal.h"

namespace weir::config {
namespace {

void CheckPlaces(const Node& node, size_t depth) {
  WEIR_CHECK(depth <= kDepthMax);
  WEIR_CHECK(node.place.line > 0 && node.place.column > 0);
  for (const Node& item : node.items) CheckPlaces(item, depth + 1);
  for (const Entry& entry : node.entries) {
    WEIR_CHECK(entry.key.is_scalar());
    CheckPlaces(entry.value, depth + 1);
  }
}

void ReadAnything(std::string_view text) {
  Faults faults;
  Sources sources;
  sources.Add("f", std::string(text));
  auto root = ParseDocument(text, "f", faults);
  WEIR_CHECK(root.has_value() || !faults.empty());
  if (root) {
    CheckPlaces(*root, 0);
    const Environment none = [](const std::string&) { return std::nullopt; };
    // No file is asked for where the text names none.
    if (text.find("file:") == std::string_view::npos)
      Substitute(*root, {none, env::SystemFiles(), {}}, faults);
    ProjectFile keys;
    ProjectFields().ReadInto(*root, Reading{faults, "f", {}}, keys);
  }
  SplitSqlHeader(text, "f", faults);
  for (const Error& error : faults.Sorted()) {
    WEIR_CHECK(error.place.known() && error.place.line > 0 && !error.code.empty());
    RenderError(error, sources);
  }
  ErrorsToJson(faults.Sorted());
}

}  // namespace
}  // namespace weir::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::config::ReadAnything({reinterpret_cast<const char*>(data), size});
  return 0;
}

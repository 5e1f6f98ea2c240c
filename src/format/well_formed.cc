#include "format/well_formed.h"

#include <fmt/format.h>

#include "format/json_cursor_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {

std::optional<std::string> JsonFault(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const size_t mark = text.starts_with(kMark) ? kMark.size() : 0;
  text.remove_prefix(mark);
  if (!IsUtf8(text)) return "it is not UTF-8";
  std::string scratch;
  JsonCursor cursor(text, scratch);
  cursor.SkipBlanks();
  const char first = cursor.peek();
  if (first != '{' && first != '[') return "it does not begin with '{' or '['";
  if (cursor.ReadValue(0).empty()) {
    const std::string why = cursor.too_deep() ? "it is nested too deeply" : cursor.fault();
    return fmt::format("{} (byte {})", why, mark + cursor.fault_at());
  }
  cursor.SkipBlanks();
  if (cursor.done()) return std::nullopt;
  return fmt::format("more stands behind the value (byte {})",
                     mark + static_cast<size_t>(cursor.position() - text.data()));
}

}  // namespace weir::format

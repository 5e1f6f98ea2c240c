#include <array>

#include "arrow/array.h"
#include "arrow/extension_type.h"
#include "arrow/scalar.h"
#include "contract/rules_internal.h"

namespace weir::contract {
namespace {

constexpr size_t kShownBytes = 64;

// At most kShownBytes, not within a code point.
std::string Cut(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string UuidText(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[static_cast<unsigned char>(bytes[i]) >> 4];
    text += kDigits[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return text;
}

}  // namespace

std::string CellText(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return "null";
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return "'" + Cut(static_cast<const arrow::StringArray&>(column).GetView(row)) + "'";
    case arrow::Type::BINARY:
      return std::to_string(static_cast<const arrow::BinaryArray&>(column).GetView(row).size()) +
             " bytes";
    case arrow::Type::LIST:
      return "a list of " +
             std::to_string(static_cast<const arrow::ListArray&>(column).value_length(row));
    case arrow::Type::EXTENSION: {
      const auto& storage = *static_cast<const arrow::ExtensionArray&>(column).storage();
      return UuidText(static_cast<const arrow::FixedSizeBinaryArray&>(storage).GetView(row));
    }
    default: {
      const auto scalar = column.GetScalar(row);
      return scalar.ok() ? Cut((*scalar)->ToString()) : std::string("?");
    }
  }
}

}  // namespace weir::contract

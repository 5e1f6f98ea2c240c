#include "storage/store.h"

#include "base/check.h"

namespace weir::storage {

Result<void> Put(Store& store, const std::string& location, std::string_view bytes) {
  WEIR_ASSIGN(const auto writer, store.Create(location));
  WEIR_TRY(writer->Write(bytes));
  return writer->Finish();
}

Result<std::string> LocalPath(std::string_view location) {
  constexpr std::string_view kScheme = "file:";
  if (location.starts_with(kScheme)) {
    location.remove_prefix(kScheme.size());
    while (location.starts_with("//")) location.remove_prefix(1);
  }
  if (!location.starts_with('/')) {
    return Fail(ErrorKind::kUnsupported, "storage.location",
                "cannot reach '" + std::string(location) + "'",
                "this version keeps tables on local disk only (file:///...)");
  }
  return std::string(location);
}

std::string FileLocation(std::string_view absolute_path) {
  WEIR_CHECK(absolute_path.starts_with('/'));
  return "file://" + std::string(absolute_path);
}

}  // namespace weir::storage

#include "storage/store.h"

#include "base/check.h"

namespace weir::storage {

namespace {

// An object in memory.
class WholeObject final : public env::OpenFile {
 public:
  explicit WholeObject(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) const override {
    if (offset >= bytes_.size()) return size_t{0};
    return bytes_.copy(into.data(), into.size(), offset);
  }
  Result<env::FileStatus> Status() const override {
    return env::FileStatus{.size = bytes_.size(), .mtime_ns = 0, .inode = 0, .is_directory = false};
  }
  env::Writers writers() const override { return env::Writers::kNone; }

 private:
  std::string bytes_;
};

}  // namespace

Result<std::unique_ptr<env::OpenFile>> Store::Open(const std::string& location) {
  WEIR_ASSIGN(std::string bytes, Read(location));
  return std::make_unique<WholeObject>(std::move(bytes));
}

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

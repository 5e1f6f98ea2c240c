#include <algorithm>

#include "storage/store.h"

namespace weir::storage {
namespace {

Error Renamed(Error error) {
  if (error.kind == ErrorKind::kNotFound) error.code = "storage.not_found";
  if (error.kind == ErrorKind::kExists) error.code = "storage.exists";
  return error;
}

// Names the errors of a local writer as a store does.
class StoreWriter final : public env::ByteWriter {
 public:
  explicit StoreWriter(std::unique_ptr<env::ByteWriter> inner) : inner_(std::move(inner)) {}
  Result<void> Write(std::string_view bytes) override { return Named(inner_->Write(bytes)); }
  uint64_t position() const override { return inner_->position(); }
  Result<void> Finish() override { return Named(inner_->Finish()); }

 private:
  static Result<void> Named(Result<void> result) {
    if (!result) return Fail(Renamed(std::move(result).error()));
    return result;
  }
  std::unique_ptr<env::ByteWriter> inner_;
};

class LocalStore final : public Store {
 public:
  explicit LocalStore(env::Files& files) : files_(files) {}

  Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& location) override {
    WEIR_ASSIGN(const std::string path, LocalPath(location));
    WEIR_TRY(files_.MakeFolders(path.substr(0, path.rfind('/'))));
    auto writer = files_.Create(path);
    if (!writer) return Fail(Renamed(std::move(writer).error()));
    return std::make_unique<StoreWriter>(std::move(*writer));
  }

  Result<std::string> Read(const std::string& location) override {
    WEIR_ASSIGN(const std::string path, LocalPath(location));
    auto content = env::ReadWhole(files_, path, kGiB);
    if (!content) return Fail(Renamed(std::move(content).error()));
    return std::move(*content);
  }

  Result<std::unique_ptr<env::OpenFile>> Open(const std::string& location) override {
    WEIR_ASSIGN(const std::string path, LocalPath(location));
    auto file = files_.Open(path);
    if (!file) return Fail(Renamed(std::move(file).error()));
    return file;
  }

  Result<uint64_t> Size(const std::string& location) override {
    WEIR_ASSIGN(const std::string path, LocalPath(location));
    const auto status = files_.Status(path);
    if (!status) return Fail(Renamed(status.error()));
    return status->size;
  }

  Result<std::vector<std::string>> List(const std::string& prefix) override {
    WEIR_ASSIGN(std::string path, LocalPath(prefix));
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    std::vector<std::string> found;
    WEIR_TRY(ListInto(path, found));
    std::sort(found.begin(), found.end());
    return found;
  }

  Result<void> Remove(const std::string& location) override {
    WEIR_ASSIGN(const std::string path, LocalPath(location));
    return files_.Remove(path);
  }

 private:
  // Adds the objects below `folder`; temporary and side files (hidden names) are no objects.
  Result<void> ListInto(const std::string& folder, std::vector<std::string>& found) {
    const auto names = files_.List(folder);
    if (!names) {
      if (names.error().kind == ErrorKind::kNotFound) return {};
      return Fail(names.error());
    }
    for (const std::string& name : *names) {
      if (name.front() == '.') continue;
      const std::string path = folder + "/" + name;
      const auto status = files_.Status(path);
      if (!status) continue;  // Removed since it was listed.
      if (status->is_directory) {
        WEIR_TRY(ListInto(path, found));
      } else {
        found.push_back(FileLocation(path));
      }
    }
    return {};
  }

  env::Files& files_;
};

}  // namespace

std::unique_ptr<Store> MakeLocalStore(env::Files& files) {
  return std::make_unique<LocalStore>(files);
}

}  // namespace weir::storage

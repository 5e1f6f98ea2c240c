#include <map>
#include <mutex>

#include "storage/store.h"

namespace weir::storage {
namespace {

struct Objects {
  std::mutex mutex;
  std::map<std::string, std::string> content;
};

std::unexpected<Error> FailAt(ErrorKind kind, std::string code, std::string message,
                              const std::string& location) {
  return Fail({.kind = kind,
               .code = std::move(code),
               .message = std::move(message),
               .place = {.file = location, .line = 0, .column = 0, .byte_offset = {}},
               .next = {}});
}

class MemoryWriter final : public env::ByteWriter {
 public:
  MemoryWriter(std::shared_ptr<Objects> objects, std::string location)
      : objects_(std::move(objects)), location_(std::move(location)) {}
  Result<void> Write(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  uint64_t position() const override { return bytes_.size(); }
  Result<void> Finish() override {
    const std::lock_guard lock(objects_->mutex);
    if (!objects_->content.emplace(location_, bytes_).second)
      return FailAt(ErrorKind::kExists, "storage.exists", "the name is in use", location_);
    return {};
  }

 private:
  std::shared_ptr<Objects> objects_;
  std::string location_;
  std::string bytes_;
};

class MemoryStore final : public Store {
 public:
  Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& location) override {
    const std::lock_guard lock(objects_->mutex);
    if (objects_->content.contains(location))
      return FailAt(ErrorKind::kExists, "storage.exists", "the name is in use", location);
    return std::make_unique<MemoryWriter>(objects_, location);
  }
  Result<std::string> Read(const std::string& location) override {
    const std::lock_guard lock(objects_->mutex);
    const auto found = objects_->content.find(location);
    if (found == objects_->content.end())
      return FailAt(ErrorKind::kNotFound, "storage.not_found", "no such object", location);
    return found->second;
  }
  Result<uint64_t> Size(const std::string& location) override {
    WEIR_ASSIGN(const std::string content, Read(location));
    return content.size();
  }
  Result<std::vector<std::string>> List(const std::string& prefix) override {
    const std::lock_guard lock(objects_->mutex);
    std::vector<std::string> found;
    for (const auto& [location, content] : objects_->content)
      if (location.starts_with(prefix)) found.push_back(location);
    return found;
  }
  Result<void> Remove(const std::string& location) override {
    const std::lock_guard lock(objects_->mutex);
    objects_->content.erase(location);
    return {};
  }

 private:
  std::shared_ptr<Objects> objects_ = std::make_shared<Objects>();
};

}  // namespace

std::unique_ptr<Store> MakeMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace weir::storage

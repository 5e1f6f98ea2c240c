#include "storage/write_group.h"

#include <utility>

#include "base/limits.h"

namespace weir::storage {

// Hands the finishing to the group.
class WriteGroup::Writer final : public env::ByteWriter {
 public:
  Writer(WriteGroup& group, std::unique_ptr<env::ByteWriter> inner)
      : group_(group), inner_(std::move(inner)) {}
  Result<void> Write(std::string_view bytes) override {
    WEIR_TRY(inner_->Write(bytes));
    position_ = inner_->position();
    return {};
  }
  uint64_t position() const override { return position_; }
  Result<void> Finish() override {
    group_.Start(std::move(inner_));
    return {};
  }

 private:
  WriteGroup& group_;
  std::unique_ptr<env::ByteWriter> inner_;
  uint64_t position_ = 0;
};

WriteGroup::~WriteGroup() { (void)Sync(); }

Result<std::unique_ptr<env::ByteWriter>> WriteGroup::Create(const std::string& location) {
  WEIR_ASSIGN(auto writer, store_.Create(location));
  return std::make_unique<Writer>(*this, std::move(writer));
}

Result<void> WriteGroup::Put(const std::string& location, std::string_view bytes) {
  WEIR_ASSIGN(const auto writer, Create(location));
  WEIR_TRY(writer->Write(bytes));
  return writer->Finish();
}

Result<void> WriteGroup::Sync() {
  while (!started_.empty()) WaitForOldest();
  return std::exchange(outcome_, {});
}

void WriteGroup::Start(std::unique_ptr<env::ByteWriter> writer) {
  if (started_.size() == kWritesAtOnce) WaitForOldest();
  started_.push_back(
      std::async(std::launch::async, [writer = std::move(writer)] { return writer->Finish(); }));
}

void WriteGroup::WaitForOldest() {
  Result<void> finished = started_.front().get();
  started_.pop_front();
  if (outcome_ && !finished) outcome_ = std::move(finished);
}

}  // namespace weir::storage

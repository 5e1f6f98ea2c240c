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

WriteGroup::~WriteGroup() {
  (void)Sync();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  started_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

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
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) FinishOne(lock);
  finished_.wait(lock, [this] { return finishing_ == 0; });
  return std::exchange(outcome_, {});
}

void WriteGroup::Start(std::unique_ptr<env::ByteWriter> writer) {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return waiting_.size() + finishing_ < kWritesAtOnce; });
  waiting_.push_back(std::move(writer));
  if (waiting_.size() > asleep_ && workers_.size() < kWritesAtOnce)
    workers_.emplace_back([this] { Work(); });
  else
    started_.notify_one();
}

void WriteGroup::FinishOne(std::unique_lock<std::mutex>& lock) {
  const auto writer = std::move(waiting_.front());
  waiting_.pop_front();
  ++finishing_;
  lock.unlock();
  Result<void> done = writer->Finish();
  lock.lock();
  --finishing_;
  if (outcome_ && !done) outcome_ = std::move(done);
  finished_.notify_all();
}

void WriteGroup::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (!waiting_.empty()) FinishOne(lock);
    if (ending_) return;
    ++asleep_;
    started_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    --asleep_;
  }
}

}  // namespace weir::storage

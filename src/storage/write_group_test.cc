#include "storage/write_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace weir::storage {
namespace {

std::string At(int number) { return "file:///lake/" + std::to_string(number); }

TEST(WriteGroupTest, AllObjectsAreThereAfterSync) {
  const auto store = MakeMemoryStore();
  WriteGroup group(*store);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(group.Put(At(i), std::to_string(i)));
  ASSERT_TRUE(group.Sync());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(store->Read(At(i)).value(), std::to_string(i));
}

// Of a slow disk: an object is finished when `wanted` are being finished at once.
class SlowStore final : public Store {
 public:
  explicit SlowStore(size_t wanted) : wanted_(wanted) {}
  Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& location) override {
    WEIR_ASSIGN(auto inner, inner_->Create(location));
    return std::make_unique<Writer>(*this, std::move(inner));
  }
  Result<std::string> Read(const std::string& location) override { return inner_->Read(location); }
  Result<uint64_t> Size(const std::string& location) override { return inner_->Size(location); }
  Result<std::vector<std::string>> List(const std::string& prefix) override {
    return inner_->List(prefix);
  }
  Result<void> Remove(const std::string& location) override { return inner_->Remove(location); }

  size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  class Writer final : public env::ByteWriter {
   public:
    Writer(SlowStore& store, std::unique_ptr<env::ByteWriter> inner)
        : store_(store), inner_(std::move(inner)) {}
    Result<void> Write(std::string_view bytes) override { return inner_->Write(bytes); }
    uint64_t position() const override { return inner_->position(); }
    Result<void> Finish() override {
      store_.WaitForOthers();
      return inner_->Finish();
    }

   private:
    SlowStore& store_;
    std::unique_ptr<env::ByteWriter> inner_;
  };

  void WaitForOthers() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++at_once_);
    if (at_once_ >= wanted_) open_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --at_once_;
  }

  const std::unique_ptr<Store> inner_ = MakeMemoryStore();
  const size_t wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t at_once_ = 0;
  size_t most_ = 0;
  bool open_ = false;
};

TEST(WriteGroupTest, ObjectsAreFinishedSideBySideAndNoMoreThanAllowed) {
  SlowStore store(kWritesAtOnce);
  WriteGroup group(store);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(group.Put(At(i), "."));
  ASSERT_TRUE(group.Sync());
  EXPECT_EQ(store.most(), kWritesAtOnce);
  for (int i = 100; i < 200; ++i) ASSERT_TRUE(group.Put(At(i), "."));  // By the same threads.
  ASSERT_TRUE(group.Sync());
  EXPECT_EQ(store.most(), kWritesAtOnce);
  EXPECT_EQ(store.List("file:///lake/").value().size(), 200U);
}

TEST(WriteGroupTest, APositionIsKnownWhileTheObjectIsBeingFinished) {
  const auto store = MakeMemoryStore();
  WriteGroup group(*store);
  const auto writer = group.Create(At(1)).value();
  ASSERT_TRUE(writer->Write("four"));
  ASSERT_TRUE(writer->Finish());
  EXPECT_EQ(writer->position(), 4U);
}

TEST(WriteGroupTest, AnErrorComesFromTheSyncOfItsGroupAlone) {
  const auto store = MakeMemoryStore();
  ASSERT_TRUE(Put(*store, At(1), "taken"));
  WriteGroup group(*store);
  const auto late = group.Create(At(2)).value();
  ASSERT_TRUE(Put(*store, At(2), "taken meanwhile"));
  ASSERT_TRUE(late->Finish());
  ASSERT_TRUE(group.Put(At(3), "good"));
  EXPECT_EQ(group.Sync().error().code, "storage.exists");
  EXPECT_TRUE(group.Sync());
  EXPECT_EQ(store->Read(At(2)).value(), "taken meanwhile");
  EXPECT_EQ(store->Read(At(3)).value(), "good");
}

TEST(WriteGroupTest, AnAbandonedObjectIsNeverSeen) {
  const auto store = MakeMemoryStore();
  WriteGroup group(*store);
  {
    const auto writer = group.Create(At(1)).value();
    ASSERT_TRUE(writer->Write("half"));
  }
  ASSERT_TRUE(group.Sync());
  EXPECT_EQ(store->Read(At(1)).error().code, "storage.not_found");
}

TEST(WriteGroupTest, DroppingItWaitsForWhatWasStarted) {
  const auto store = MakeMemoryStore();
  {
    WriteGroup group(*store);
    ASSERT_TRUE(group.Put(At(1), "kept"));
  }
  EXPECT_EQ(store->Read(At(1)).value(), "kept");
}

}  // namespace
}  // namespace weir::storage

// The contract of Store, run over every implementation.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "storage/store.h"

namespace weir::storage {
namespace {

struct Kind {
  const char* name;
  std::unique_ptr<Store> (*make)();
};

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    store_ = GetParam().make();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string At(const std::string& name) const { return FileLocation(folder_) + "/" + name; }

  std::string folder_ = testing::TempDir() + "/store_" + std::to_string(getpid());
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, WhatWasPutIsRead) {
  ASSERT_TRUE(Put(*store_, At("a/b.bin"), std::string("x\0y", 3)));
  EXPECT_EQ(store_->Read(At("a/b.bin")).value(), std::string("x\0y", 3));
  EXPECT_EQ(store_->Size(At("a/b.bin")).value(), 3U);
}

TEST_P(StoreContract, PiecesOfAnObjectAreRead) {
  ASSERT_TRUE(Put(*store_, At("a"), "0123456789"));
  const auto object = store_->Open(At("a"));
  ASSERT_TRUE(object) << object.error().ToString();
  EXPECT_EQ((*object)->Status()->size, 10U);
  std::string piece(4, ' ');
  EXPECT_EQ((*object)->ReadAt(3, piece).value(), 4U);
  EXPECT_EQ(piece, "3456");
  EXPECT_EQ((*object)->ReadAt(8, piece).value(), 2U);
  EXPECT_EQ((*object)->ReadAt(10, piece).value(), 0U);
  EXPECT_EQ(store_->Open(At("b")).error().code, "storage.not_found");
}

TEST_P(StoreContract, ANameIsNeverWrittenTwice) {
  ASSERT_TRUE(Put(*store_, At("a"), "first"));
  EXPECT_EQ(Put(*store_, At("a"), "second").error().code, "storage.exists");
  EXPECT_EQ(store_->Read(At("a")).value(), "first");
}

TEST_P(StoreContract, OfTwoWritersOneWins) {
  auto one = store_->Create(At("a")).value();
  auto two = store_->Create(At("a")).value();
  ASSERT_TRUE(one->Write("1"));
  ASSERT_TRUE(two->Write("2"));
  ASSERT_TRUE(two->Finish());
  EXPECT_EQ(one->Finish().error().code, "storage.exists");
  EXPECT_EQ(store_->Read(At("a")).value(), "2");
}

TEST_P(StoreContract, AnAbandonedObjectIsNeverSeen) {
  {
    auto writer = store_->Create(At("a")).value();
    ASSERT_TRUE(writer->Write("half"));
    EXPECT_EQ(store_->Read(At("a")).error().code, "storage.not_found");
  }
  EXPECT_EQ(store_->Read(At("a")).error().code, "storage.not_found");
  EXPECT_TRUE(store_->List(At(""))->empty());
}

TEST_P(StoreContract, ListIsSortedAndDeep) {
  for (const char* name : {"b", "a/z", "a/b/c"}) ASSERT_TRUE(Put(*store_, At(name), "1"));
  EXPECT_EQ(store_->List(At("")).value(), (std::vector{At("a/b/c"), At("a/z"), At("b")}));
  EXPECT_TRUE(store_->List(At("none/"))->empty());
}

TEST_P(StoreContract, RemovingIsIdempotent) {
  ASSERT_TRUE(Put(*store_, At("a"), "1"));
  EXPECT_TRUE(store_->Remove(At("a")));
  EXPECT_TRUE(store_->Remove(At("a")));
  EXPECT_EQ(store_->Size(At("a")).error().code, "storage.not_found");
}

INSTANTIATE_TEST_SUITE_P(Kinds, StoreContract,
                         testing::Values(Kind{"Local",
                                              [] { return MakeLocalStore(env::SystemFiles()); }},
                                         Kind{"Memory", [] { return MakeMemoryStore(); }}),
                         [](const auto& test) { return test.param.name; });

TEST(Location, BothSpellingsOfAFileAreRead) {
  EXPECT_EQ(LocalPath("file:///tmp/x").value(), "/tmp/x");
  EXPECT_EQ(LocalPath("file:/tmp/x").value(), "/tmp/x");
  EXPECT_EQ(LocalPath("/tmp/x").value(), "/tmp/x");
  EXPECT_EQ(LocalPath("s3://b/x").error().code, "storage.location");
  EXPECT_EQ(FileLocation("/tmp/x"), "file:///tmp/x");
}

}  // namespace
}  // namespace weir::storage

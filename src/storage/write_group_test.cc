#include "storage/write_group.h"

#include <gtest/gtest.h>

#include <string>

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

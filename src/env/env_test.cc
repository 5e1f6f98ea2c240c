#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "env/block_string.h"
#include "env/files.h"
#include "env/hash.h"
#include "env/random.h"

namespace weir::env {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "env_test_" + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  Files& files_ = SystemFiles();
};

TEST_F(FilesTest, AWriterShowsNothingBeforeFinish) {
  {
    auto writer = files_.Create(At("a")).value();
    ASSERT_TRUE(writer->Write("half"));
    EXPECT_EQ(files_.Status(At("a")).error().code, "file.not_found");
  }
  EXPECT_TRUE(files_.List(folder_)->empty()) << "an abandoned writer leaves nothing behind";
}

TEST_F(FilesTest, CreateNeverOverwrites) {
  ASSERT_TRUE(WriteWhole(files_, At("a"), "first"));
  EXPECT_EQ(files_.Create(At("a")).error().code, "file.exists");
  auto one = files_.Create(At("b")).value();
  auto two = files_.Create(At("b")).value();
  ASSERT_TRUE(one->Write("1"));
  ASSERT_TRUE(one->Finish());
  EXPECT_EQ(two->Finish().error().kind, ErrorKind::kExists);
  EXPECT_EQ(ReadWhole(files_, At("b"), 10).value(), "1");
}

TEST_F(FilesTest, ReplacePutsNewContentInPlace) {
  ASSERT_TRUE(WriteWhole(files_, At("a"), "old"));
  ASSERT_TRUE(WriteWhole(files_, At("a"), "new"));
  EXPECT_EQ(ReadWhole(files_, At("a"), 10).value(), "new");
  EXPECT_EQ(ReadWhole(files_, At("a"), 2).error().code, "file.too_big");
}

// Long whole blocks go past the cache, others through it; whoever reads sees no
// difference.
TEST_F(FilesTest, WhatIsWrittenInPlaceIsReadBackHoweverItWasWritten) {
  constexpr size_t kLong = 512 * 1024;
  const auto file = files_.OpenForUpdate(At("a")).value();
  const auto reader = files_.Open(At("a")).value();
  std::string expected(4 * kLong, '\0');
  std::string read(expected.size(), '\0');
  ASSERT_TRUE(file->WriteAt(0, expected));
  struct Write {
    size_t offset;
    size_t bytes;
    size_t shift;  // Of its place in memory, from a block's beginning.
  };
  for (const auto& [offset, bytes, shift] :
       {Write{0, kLong, 0}, Write{kLong, 100, 0}, Write{kLong, kLong, 0}, Write{4096, 4096, 0},
        Write{8192, kLong, 1}, Write{100, kLong, 0}, Write{kLong, kLong + 100, 0},
        Write{2 * kLong, 2 * kLong, 0}, Write{3 * kLong, 50, 7}}) {
    const char fill = static_cast<char>('a' + offset % 26);
    const BlockString text(shift + bytes, fill);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(text.data()) % kDiskBlockBytes, 0U);
    ASSERT_TRUE(file->WriteAt(offset, std::string_view(text).substr(shift)));
    expected.replace(offset, bytes, bytes, fill);
    ASSERT_EQ(reader->ReadAt(0, read).value(), expected.size());
    EXPECT_TRUE(read == expected) << bytes << " at " << offset;
  }
  EXPECT_TRUE(file->SyncData());
}

TEST_F(FilesTest, TheSecondLockNamesTheHolder) {
  const auto first = files_.Lock(At("lock"), "pid 7 since noon");
  ASSERT_TRUE(first);
  const auto second = files_.Lock(At("lock"), "me");
  EXPECT_EQ(second.error().kind, ErrorKind::kBusy);
  EXPECT_EQ(second.error().message, "pid 7 since noon");
}

TEST_F(FilesTest, GlobMatchesAsAShellDoes) {
  for (const char* name : {"a.csv", "b.csv", "c.json", ".hidden.csv", "x/d.csv", "x/y/e.csv"}) {
    ASSERT_TRUE(files_.MakeFolders(std::filesystem::path(At(name)).parent_path()));
    ASSERT_TRUE(WriteWhole(files_, At(name), "1"));
  }
  const struct {
    const char* pattern;
    std::vector<std::string> names;
  } cases[] = {{"*.csv", {"a.csv", "b.csv"}},
               {"[ac].*", {"a.csv", "c.json"}},
               {"?.json", {"c.json"}},
               {"**/*.csv", {"a.csv", "b.csv", "x/d.csv", "x/y/e.csv"}},
               {"x/**", {"x/d.csv", "x/y/e.csv"}},
               {"*/d.csv", {"x/d.csv"}},
               {"a.csv", {"a.csv"}},
               {"none/*.csv", {}}};
  for (const auto& c : cases) {
    std::vector<std::string> expected;
    for (const auto& name : c.names) expected.push_back(At(name));
    EXPECT_EQ(Glob(files_, At(c.pattern)).value(), expected) << c.pattern;
  }
}

TEST_F(FilesTest, ReadRangeStopsAtItsEnd) {
  ASSERT_TRUE(WriteWhole(files_, At("a"), "0123456789"));
  const auto file = files_.Open(At("a")).value();
  auto reader = ReadRange(*file, 2, 5);
  std::string buffer(10, '\0');
  EXPECT_EQ(reader->Read(buffer).value(), 3U);
  EXPECT_EQ(buffer.substr(0, 3), "234");
  EXPECT_EQ(reader->Read(buffer).value(), 0U);
}

TEST_F(FilesTest, ErrorsNamePathAndNextStep) {
  const auto missing = files_.Open(At("none"));
  EXPECT_EQ(missing.error().code, "file.not_found");
  EXPECT_EQ(missing.error().place.file, At("none"));
}

TEST(Hash, DigestsAreTheKnownOnes) {
  // Test vectors: XXH3-128 of the empty input, SHA-256 of "abc" (FIPS 180-2).
  EXPECT_EQ(ContentHashHex(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  ContentHash hash;
  hash.Update("ab");
  hash.Update("c");
  EXPECT_EQ(hash.Hex(), ContentHashHex("abc"));
}

TEST(Random, SplitMixIsTheKnownStream) {
  // First outputs for seed 1234567, as published with the algorithm.
  EXPECT_EQ(SplitMix64(1234567, 0), 6457827717110365317ULL);
  EXPECT_EQ(SplitMix64(1234567, 1), 3203168211198807973ULL);
}

TEST(Random, UuidsAreVersionFour) {
  SeededRandom random(1);
  const std::string uuid = random.Uuid();
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

}  // namespace
}  // namespace weir::env

#include <arrow/builder.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "env/random.h"
#include "pipeline/key_index_internal.h"

namespace weir::pipeline {
namespace {

constexpr size_t kFew = 10;
const KeyIndexSubject kOrders{.table = "u1", .columns = "1"};

KeyHash Key(uint64_t number) { return {env::SplitMix64(1, number), env::SplitMix64(2, number)}; }

class KeyIndexTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  KeyIndex Make() { return KeyIndex(env::SystemFiles(), folder_, kFew); }

  // Keys [begin, end) of one file, at the time `at`.
  static void AddFile(KeyIndex& index, const std::string& file, uint64_t begin, uint64_t end,
                      int64_t at) {
    std::vector<KeyHash> keys;
    for (uint64_t i = begin; i < end; ++i) keys.push_back(Key(i));
    ASSERT_TRUE(index.Add({&file, 1}, keys, Instant{at}));
    index.Cover(file);
  }

  // The times of keys [0, count), 0 for none.
  static std::vector<int64_t> Times(const KeyIndex& index, uint64_t count) {
    std::vector<std::pair<KeyHash, uint64_t>> asked;
    for (uint64_t i = 0; i < count; ++i) asked.emplace_back(Key(i), i);
    std::ranges::sort(asked);
    std::vector<KeyHash> keys;
    for (const auto& [key, number] : asked) keys.push_back(key);
    const auto newest = index.NewestOf(keys);
    EXPECT_TRUE(newest) << newest.error().ToString();
    std::vector<int64_t> times(count);
    for (size_t i = 0; i < asked.size(); ++i)
      times[asked[i].second] = (*newest)[i] ? (*newest)[i]->micros : 0;
    return times;
  }

  size_t RunFiles() const {
    if (!std::filesystem::exists(folder_)) return 0;
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::string folder_ =
      (std::filesystem::temp_directory_path() / ("weir_keys_" + std::to_string(getpid()))).string();
};

TEST_F(KeyIndexTest, IsExactFarBeyondWhatItKeepsInMemory) {
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
  for (uint64_t file = 0; file < 20; ++file)
    AddFile(index, "f" + std::to_string(file), file * 7, file * 7 + 7,
            static_cast<int64_t>(file) + 1);
  EXPECT_LE(index.in_memory(), kFew);
  EXPECT_GE(index.runs(), 13U);
  const auto times = Times(index, 150);
  for (uint64_t i = 0; i < 150; ++i)
    EXPECT_EQ(times[i], i < 140 ? static_cast<int64_t>(i / 7) + 1 : 0) << i;
}

TEST_F(KeyIndexTest, TellsOfTheNewestRowWithAKey) {
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
  AddFile(index, "a", 0, 8, 5);
  AddFile(index, "b", 0, 25, 9);
  AddFile(index, "c", 0, 8, 7);
  EXPECT_EQ(Times(index, 8), std::vector<int64_t>(8, 9));
}

TEST_F(KeyIndexTest, ALaterProcessGoesOnWithTheRunsThatCoverLiveFiles) {
  {
    KeyIndex index = Make();
    ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
    for (uint64_t file = 0; file < 4; ++file)
      AddFile(index, "f" + std::to_string(file), file * 10, file * 10 + 10, 3);
  }
  // What was in memory is not covered, and the secret is the one of the runs.
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open(kOrders, {"f0", "f1", "f2", "f3", "f4"}, "another"));
  EXPECT_EQ(index.secret(), "secret");
  EXPECT_TRUE(index.covers("f0") && index.covers("f1") && index.covers("f2"));
  EXPECT_FALSE(index.covers("f3") || index.covers("f4"));
  EXPECT_EQ(Times(index, 31).back(), 0);
  EXPECT_EQ(Times(index, 30).back(), 3);
}

TEST_F(KeyIndexTest, ARunOfAFileThatIsGoneIsRemoved) {
  {
    KeyIndex index = Make();
    ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
    for (uint64_t file = 0; file < 4; ++file)
      AddFile(index, "f" + std::to_string(file), file * 10, file * 10 + 10, 3);
  }
  EXPECT_EQ(RunFiles(), 3U);
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open(kOrders, {"f0", "f2", "f3"}, "another"));
  EXPECT_FALSE(index.covers("f1"));
  EXPECT_EQ(Times(index, 20)[15], 0);
  EXPECT_EQ(RunFiles(), 2U);
}

TEST_F(KeyIndexTest, AFileInSeveralRunsIsReadAgainByALaterProcess) {
  {
    KeyIndex index = Make();
    ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
    AddFile(index, "big", 0, 35, 3);
    EXPECT_TRUE(index.covers("big"));
    AddFile(index, "next", 35, 50, 3);
    EXPECT_EQ(Times(index, 50), std::vector<int64_t>(50, 3));
  }
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open(kOrders, {"big", "next"}, "another"));
  EXPECT_FALSE(index.covers("big"));
  // And its parts are of no use once it is gone.
  ASSERT_TRUE(index.Open(kOrders, {"next"}, "another"));
  EXPECT_EQ(Times(index, 35), std::vector<int64_t>(35, 0));
}

struct Spoilt {
  std::string name;
  void (*spoil)(const std::string& path);
};

class SpoiltRuns : public KeyIndexTest, public testing::WithParamInterface<Spoilt> {};

TEST_P(SpoiltRuns, AreRemovedAndCostNothingElse) {
  {
    KeyIndex index = Make();
    ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
    AddFile(index, "f0", 0, 10, 3);
    AddFile(index, "f1", 10, 20, 3);
  }
  ASSERT_EQ(RunFiles(), 1U);
  GetParam().spoil(std::filesystem::directory_iterator(folder_)->path().string());
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open(kOrders, {"f0", "f1"}, "another"));
  EXPECT_EQ(index.secret(), "another");
  EXPECT_FALSE(index.covers("f0"));
  EXPECT_EQ(RunFiles(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, SpoiltRuns,
    testing::Values(
        Spoilt{"CutShort",
               [](const std::string& path) {
                 std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
               }},
        Spoilt{"Empty", [](const std::string& path) { std::filesystem::resize_file(path, 0); }},
        Spoilt{"NoHeader",
               [](const std::string& path) {
                 std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
                 file.seekp(30);
                 file << "\xff\xff\xff";
               }},
        Spoilt{"OtherMagic",
               [](const std::string& path) {
                 std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
                 file << "weir.keys 2";
               }}),
    [](const testing::TestParamInfo<Spoilt>& each) { return each.param.name; });

TEST_F(KeyIndexTest, RunsOfAnotherTableOrOtherColumnsAreRemoved) {
  {
    KeyIndex index = Make();
    ASSERT_TRUE(index.Open(kOrders, {}, "secret"));
    AddFile(index, "f0", 0, 10, 3);
    AddFile(index, "f1", 10, 20, 3);
  }
  KeyIndex index = Make();
  ASSERT_TRUE(index.Open({.table = "u1", .columns = "1,2"}, {"f0", "f1"}, "another"));
  EXPECT_EQ(RunFiles(), 0U);
}

std::shared_ptr<arrow::Array> Ints(const std::vector<std::optional<int64_t>>& values, bool wide) {
  arrow::Int32Builder narrow_builder;
  arrow::Int64Builder wide_builder;
  for (const auto& value : values) {
    EXPECT_TRUE(
        (value ? narrow_builder.Append(static_cast<int32_t>(*value)) : narrow_builder.AppendNull())
            .ok());
    EXPECT_TRUE((value ? wide_builder.Append(*value) : wide_builder.AppendNull()).ok());
  }
  if (wide) return wide_builder.Finish().ValueOrDie();
  return narrow_builder.Finish().ValueOrDie();
}

TEST(HashKeys, EqualValuesHashAlikeHoweverTheyAreStored) {
  const std::vector<std::shared_ptr<arrow::Array>> narrow = {Ints({1, -5, {}}, false)};
  const std::vector<std::shared_ptr<arrow::Array>> wide = {Ints({1, -5, {}}, true)};
  EXPECT_EQ(HashKeys(narrow, "s"), HashKeys(wide, "s"));
  EXPECT_NE(HashKeys(narrow, "s"), HashKeys(wide, "t"));
  EXPECT_FALSE(HashKeys(narrow, "s")[2]) << "a null is no key";
}

TEST(HashKeys, PartsOfAKeyDoNotRunIntoEachOther) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.AppendValues({"ab", "a", ""}).ok());
  const auto left = builder.Finish().ValueOrDie();
  ASSERT_TRUE(builder.AppendValues({"c", "bc", "abc"}).ok());
  const auto right = builder.Finish().ValueOrDie();
  const auto hashes = HashKeys(std::vector{left, right}, "s");
  EXPECT_NE(hashes[0], hashes[1]);
  EXPECT_NE(hashes[0], hashes[2]);
  EXPECT_NE(hashes[1], hashes[2]);
}

}  // namespace
}  // namespace weir::pipeline

#include "source/files/files_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "format/decoder.h"

namespace weir::source {
namespace {

using ledger::ObjectProgress;

// A cursor in memory: what was noted last counts.
class MemoryCursor final : public Cursor {
 public:
  void Note(ObjectProgress object) { objects_.push_back(std::move(object)); }
  Result<std::optional<ObjectProgress>> ByPath(const std::string& path) override {
    for (auto at = objects_.rbegin(); at != objects_.rend(); ++at)
      if (at->object == path) return *at;
    return std::nullopt;
  }
  Result<std::optional<ObjectProgress>> ByVersion(const std::string& version) override {
    std::optional<ObjectProgress> found;
    for (const ObjectProgress& object : objects_)
      if (object.version == version && (!found || object.done)) found = object;
    return found;
  }

 private:
  std::vector<ObjectProgress> objects_;
};

class FilesSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/in");
    spec_.glob = "in/*.csv";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/in/" + name, content));
  }
  Discovery Discover() {
    auto source = MakeFilesSource(env::SystemFiles(), folder_, spec_);
    auto found = source->Discover(cursor_);
    EXPECT_TRUE(found) << found.error().ToString();
    return *found;
  }
  // As a pipeline does after a commit.
  void NoteDone(ObjectProgress object, bool ended_broken = false) {
    object.done = true;
    object.state = StateAt(object.size, ended_broken);
    cursor_.Note(std::move(object));
  }
  static std::string StateAt(uint64_t offset, bool ended_broken = false) {
    format::DecoderState state;
    state.offset = offset;
    state.ended = ended_broken;
    return state.ToJson();
  }
  std::string ReadAll(const ObjectProgress& split, uint64_t offset) {
    auto source = MakeFilesSource(env::SystemFiles(), folder_, spec_);
    auto open = source->Open(split).value();
    auto reader = open->Read(offset);
    std::string bytes(1000, '\0');
    bytes.resize(reader->Read(bytes).value());
    EXPECT_TRUE(open->CheckUnchanged());
    return bytes;
  }

  std::string folder_ = testing::TempDir() + "files_source_" + std::to_string(getpid());
  FilesSpec spec_;
  MemoryCursor cursor_;
};

TEST_F(FilesSourceTest, NamesEveryNewFileInOrder) {
  Write("b.csv", "id\n2\n");
  Write("a.csv", "id\n1\n");
  Write("c.json", "{}");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 2U);
  EXPECT_EQ(found.splits[0].object, "in/a.csv");
  EXPECT_EQ(found.splits[1].object, "in/b.csv");
  EXPECT_EQ(found.splits[0].size, 5U);
  EXPECT_EQ(ReadAll(found.splits[0], 3), "1\n");
}

TEST_F(FilesSourceTest, WhatWasReadIsNotNamedAgain) {
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0]);
  EXPECT_TRUE(Discover().splits.empty());
  Write("a.csv", "id\n1\n");  // Touched: another time and inode, the same content.
  const Discovery touched = Discover();
  EXPECT_TRUE(touched.splits.empty());
  ASSERT_EQ(touched.skipped.size(), 1U);
}

TEST_F(FilesSourceTest, TheSameContentUnderAnotherNameIsSkippedAndSaid) {
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0]);
  Write("copy.csv", "id\n1\n");
  const Discovery found = Discover();
  EXPECT_TRUE(found.splits.empty());
  ASSERT_EQ(found.skipped.size(), 1U);
  EXPECT_EQ(found.skipped[0].object.object, "in/copy.csv");
  EXPECT_EQ(found.skipped[0].same_as, "in/a.csv");
  EXPECT_TRUE(found.skipped[0].object.done);
}

TEST_F(FilesSourceTest, OfTwoNewFilesWithOneContentOneIsReadFirst) {
  Write("a.csv", "id\n1\n");
  Write("b.csv", "id\n1\n");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 1U);
  EXPECT_TRUE(found.skipped.empty()) << "b is skipped only once a was read";
  NoteDone(found.splits[0]);
  EXPECT_EQ(Discover().skipped.size(), 1U);
}

TEST_F(FilesSourceTest, AFileThatGrewIsReadOnFromWhereItStopped) {
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0]);
  Write("a.csv", "id\n1\n2\n");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 1U);
  EXPECT_EQ(found.splits[0].state, StateAt(5));
  spec_.grow = false;
  EXPECT_EQ(Discover().splits[0].state, "");
}

TEST_F(FilesSourceTest, AFileThatEndedBrokenAndGrewIsReadFromItsStart) {
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0], true);
  Write("a.csv", "id\n1\n2\n");
  EXPECT_EQ(Discover().splits[0].state, "");
}

TEST_F(FilesSourceTest, OtherContentIsANewVersionFromItsStart) {
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0]);
  Write("a.csv", "id\n9\n8\n");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 1U);
  EXPECT_EQ(found.splits[0].state, "");
}

TEST_F(FilesSourceTest, AHalfReadFileGoesOnEvenUnderAnotherName) {
  Write("a.csv", "id\n1\n2\n");
  ObjectProgress half = Discover().splits[0];
  half.state = StateAt(5);
  cursor_.Note(half);
  EXPECT_EQ(Discover().splits[0].state, StateAt(5));
  std::filesystem::rename(folder_ + "/in/a.csv", folder_ + "/in/z.csv");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 1U);
  EXPECT_EQ(found.splits[0].object, "in/z.csv");
  EXPECT_EQ(found.splits[0].state, StateAt(5));
}

TEST_F(FilesSourceTest, AVersionThatIsGoneIsSaid) {
  Write("a.csv", "id\n1\n");
  const ObjectProgress split = Discover().splits[0];
  auto source = MakeFilesSource(env::SystemFiles(), folder_, spec_);
  Write("a.csv", "id\n2\n");
  EXPECT_EQ(source->Open(split).error().code, "source.lost");
  std::filesystem::remove(folder_ + "/in/a.csv");
  EXPECT_EQ(source->Open(split).error().code, "source.lost");
  Write("a.csv", "id\n1\nmore\n");
  EXPECT_EQ(ReadAll(split, 0), "id\n1\n") << "a version ends where it ended";
}

TEST_F(FilesSourceTest, AChangeWhileReadingIsNoticed) {
  Write("a.csv", "id\n1\n");
  auto source = MakeFilesSource(env::SystemFiles(), folder_, spec_);
  const auto open = source->Open(Discover().splits[0]).value();
  ASSERT_TRUE(open->CheckUnchanged());
  FILE* file = fopen((folder_ + "/in/a.csv").c_str(), "a");
  fputs("2\n", file);
  fclose(file);
  EXPECT_EQ(open->CheckUnchanged().error().code, "source.changed");
}

TEST_F(FilesSourceTest, TheEndingTellsTheFormatUnlessTheSourceDoes) {
  auto source = MakeFilesSource(env::SystemFiles(), folder_, spec_);
  EXPECT_EQ(source->FormatOf("a.ndjson.gz")->kind, format::FormatKind::kNdjson);
  EXPECT_EQ(source->FormatOf("a.tsv")->csv.delimiter, '\t');
  EXPECT_EQ(source->FormatOf("a.dat").error().code, "source.format");
  spec_.format = format::FormatKind::kCsv;
  source = MakeFilesSource(env::SystemFiles(), folder_, spec_);
  EXPECT_EQ(source->FormatOf("a.dat")->kind, format::FormatKind::kCsv);
}

}  // namespace
}  // namespace weir::source

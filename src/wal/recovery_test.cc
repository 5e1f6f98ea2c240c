// Damage of every kind at every byte, judged by what a log finds when it is opened.
#include <fcntl.h>
#include <unistd.h>

#include <future>

#include "wal/log_test_internal.h"
#include "wal/recovery_internal.h"

namespace weir::wal {
namespace {

TEST(Crc32cTest, HardwareAndTableAgreeAndAreCastagnolis) {
  EXPECT_EQ(ExtendCrc32c(0, "123456789"), 0xE3069283U);
  std::string text;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(ExtendCrc32c(0, text), Crc32cByTable(text));
    const auto half = static_cast<size_t>(i / 2);
    EXPECT_EQ(ExtendCrc32c(ExtendCrc32c(0, text.substr(0, half)), text.substr(half)),
              ExtendCrc32c(0, text));
    text += static_cast<char>(i * 7);
  }
  // Long ones are taken in stretches.
  while (text.size() < 20'000) text += static_cast<char>(text.size() * text.size() % 251);
  for (const size_t size : {3071U, 3072U, 3073U, 6144U, 9999U, 20'000U})
    for (const size_t from : {0U, 1U, 5U}) {
      const std::string part = text.substr(from, size);
      EXPECT_EQ(ExtendCrc32c(0, part), Crc32cByTable(part)) << size << " from " << from;
      EXPECT_EQ(ExtendCrc32c(ExtendCrc32c(0, part.substr(0, 4000)),
                             part.substr(std::min<size_t>(4000, part.size()))),
                Crc32cByTable(part));
    }
}

// A log of three groups in one segment, whose bytes can be changed and put back.
class DamageTest : public testing::Test {
 protected:
  void SetUp() override {
    {
      const auto log = MustOpen(OptionsIn(folder_.path()));
      for (const char* body : {"the first entry", "the second", "the last one"})
        ASSERT_TRUE(AppendOne(*log, "a", body));
    }
    path_ = folder_.path() + "/" + SegmentName(1);
    const auto segment = OpenSegment(env::SystemFiles(), path_);
    ASSERT_TRUE(segment);
    GroupReader reader(*(*segment)->reader, (*segment)->header, kBlockBytes);
    while (true) {
      const auto group = reader.Next();
      ASSERT_TRUE(group);
      if (!*group) break;
      groups_.push_back({(*group)->offset, kGroupHeaderBytes + (*group)->header.bytes});
    }
    ASSERT_EQ(groups_.size(), 3U);
  }

  std::string ReadBytes(uint64_t at, size_t bytes) const {
    std::string read(bytes, '\0');
    const int fd = open(path_.c_str(), O_RDONLY);
    EXPECT_EQ(pread(fd, read.data(), bytes, static_cast<off_t>(at)), static_cast<ssize_t>(bytes));
    close(fd);
    return read;
  }
  void WriteBytes(uint64_t at, std::string_view bytes) const {
    const int fd = open(path_.c_str(), O_WRONLY);
    EXPECT_EQ(pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(bytes.size()));
    close(fd);
  }

  struct Outcome {
    std::string error;
    std::vector<std::string> bodies;
    friend bool operator==(const Outcome&, const Outcome&) = default;
  };
  Outcome Open() const {
    Outcome outcome;
    const auto recovered =
        Recover(env::SystemFiles(), OptionsIn(folder_.path()),
                [&](const Entry& entry) { outcome.bodies.emplace_back(entry.bytes); });
    if (!recovered) outcome.error = recovered.error().code;
    return outcome;
  }

  struct Extent {
    uint64_t at = 0;
    uint64_t bytes = 0;
  };
  TestFolder folder_;
  std::string path_;
  std::vector<Extent> groups_;
};

TEST_F(DamageTest, ATailTornAtAnyByteIsCutOffAndNothingElse) {
  const Extent last = groups_[2];
  const std::string whole = ReadBytes(last.at, last.bytes);
  for (uint64_t cut = 0; cut < last.bytes; ++cut) {
    WriteBytes(last.at + cut, std::string(last.bytes - cut, '\0'));
    ASSERT_EQ(Open(), (Outcome{"", {"the first entry", "the second"}})) << "cut at " << cut;
    WriteBytes(last.at, whole);
  }
  EXPECT_EQ(Open().bodies.size(), 3U);
}

TEST(TogetherTest, EntriesAppendedTogetherAreThereAllOrNoneHoweverTheTailIsTorn) {
  const TestFolder folder;
  const std::string large(700'000, 'x');
  {
    const auto log = MustOpen(OptionsIn(folder.path()));
    ASSERT_TRUE(AppendOne(*log, "a", "before"));
    const std::vector<NewEntry> together = {{"", large}, {"h", "two"}, {"", large}};
    std::promise<Result<Sequence>> promise;
    auto done = promise.get_future();
    log->Append(StreamOf("a"), together,
                [&](Result<Sequence> first) { promise.set_value(std::move(first)); });
    EXPECT_EQ(done.get()->value, 2U);
    EXPECT_EQ(log->state().groups, 2U);
    EXPECT_EQ(ReadAll(*log, "a").at(4), large);
    EXPECT_EQ(ReadAll(*log, "a").at(3), "htwo");
  }
  const std::string path = folder.path() + "/" + SegmentName(1);
  for (const uint64_t cut : {1'300'000, 750'000, 710'000, 9'000}) {
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(cut)), 0);
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(kSmallSegment)), 0);
    size_t found = 0;
    ASSERT_TRUE(Recover(env::SystemFiles(), OptionsIn(folder.path()), [&](const Entry& entry) {
      EXPECT_EQ(entry.bytes, "before");
      ++found;
    }));
    EXPECT_EQ(found, 1U) << cut;
  }
}

TEST_F(DamageTest, ATornTailIsWrittenOver) {
  WriteBytes(groups_[2].at + 50, std::string(10, 'x'));
  {
    const auto log = MustOpen(OptionsIn(folder_.path()));
    EXPECT_EQ(AppendOne(*log, "a", "new")->value, 3U);
  }
  EXPECT_EQ(Open(), (Outcome{"", {"the first entry", "the second", "new"}}));
}

TEST_F(DamageTest, ABitThatFlipsBeforeTheLastGroupIsFoundAndNeverReadAsData) {
  for (const Extent& group : {groups_[0], groups_[1]}) {
    const std::string whole = ReadBytes(group.at, group.bytes);
    for (uint64_t bit = 0; bit < group.bytes * 8; bit += 5) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      WriteBytes(group.at, flipped);
      ASSERT_EQ(Open().error, "wal.corrupt") << "bit " << bit << " of the group at " << group.at;
    }
    WriteBytes(group.at, whole);
  }
}

TEST_F(DamageTest, ABitThatFlipsInTheLastGroupCutsItOff) {
  const Extent last = groups_[2];
  const std::string whole = ReadBytes(last.at, last.bytes);
  for (uint64_t bit = 0; bit < last.bytes * 8; bit += 5) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    WriteBytes(last.at, flipped);
    ASSERT_EQ(Open(), (Outcome{"", {"the first entry", "the second"}})) << "bit " << bit;
  }
}

TEST_F(DamageTest, ADamagedHeaderOfASegmentIsAnErrorThatNamesTheFile) {
  const std::string whole = ReadBytes(0, 44);
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    std::string flipped = whole;
    flipped[byte] = static_cast<char>(flipped[byte] ^ 0x40);
    WriteBytes(0, flipped);
    const auto recovered = Recover(env::SystemFiles(), OptionsIn(folder_.path()), {});
    ASSERT_FALSE(recovered) << byte;
    EXPECT_TRUE(recovered.error().code == "wal.not_a_log" || recovered.error().code == "wal.newer");
    EXPECT_EQ(recovered.error().place.file, path_);
  }
}

TEST_F(DamageTest, ASegmentWithoutItsTailIsMissedByTheNextOne) {
  {
    const auto log = MustOpen(OptionsIn(folder_.path()));
    for (int i = 0; i < 4; ++i) AppendOne(*log, "a", std::string(kLogBodyBytesMax, 'x')).value();
  }
  ASSERT_TRUE(std::filesystem::exists(folder_.path() + "/" + SegmentName(2)));
  const auto segment = *OpenSegment(env::SystemFiles(), path_);
  GroupReader reader(*segment->reader, segment->header, kBlockBytes);
  uint64_t last = 0;
  for (auto group = reader.Next(); group && *group; group = reader.Next()) last = (*group)->offset;
  WriteBytes(last, std::string(1, 'x'));
  EXPECT_EQ(Open().error, "wal.corrupt");
}

TEST_F(DamageTest, ASegmentOfAnotherUseOfTheFileIsNotRead) {
  // The same groups under another salt: what a file that is used again holds behind its header.
  std::string header = EncodeSegmentHeader({.number = 1, .salt = 77, .bytes = kSmallSegment});
  WriteBytes(0, header);
  EXPECT_EQ(Open(), (Outcome{"", {}}));
}

}  // namespace
}  // namespace weir::wal

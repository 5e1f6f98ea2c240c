// What others read of a log, and copy of it, while its owner writes, trims, or is dead.
#include "wal/log_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "wal/log_test_internal.h"
#include "wal/segment_internal.h"

namespace weir::wal {
namespace {

using Entries = std::map<uint64_t, std::string>;

std::unique_ptr<LogFolder> MustLook(const std::string& folder) {
  auto log = LogFolder::Open(env::SystemFiles(), folder);
  EXPECT_TRUE(log) << log.error().ToString();
  return log ? std::move(*log) : nullptr;
}

// Every file below the folder with its bytes.
std::map<std::string, std::string> FilesIn(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    files[file.path()] = {std::istreambuf_iterator<char>(stream), {}};
  }
  return files;
}

// A good part of a segment, different for each number.
std::string Large(int number) { return std::to_string(number) + std::string(900'000, 'x'); }

TEST(LogFolderTest, AFolderThatIsNotThereHoldsNothing) {
  const TestFolder folder;
  const auto log = MustLook(folder.path() + "/none");
  EXPECT_EQ(ReadAll(*log, "a"), Entries{});
  EXPECT_EQ(log->OpenSpool(1).error().code, "file.not_found");
  ASSERT_TRUE(log->CopyTo(folder.path() + "/copy"));
  EXPECT_EQ(ReadAll(*MustOpen(OptionsIn(folder.path() + "/copy")), "a"), Entries{});
}

TEST(LogFolderTest, ItReadsWhatTheOpenLogReadsOverSeveralSegments) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path(), {"a", "b"}));
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(AppendOne(*log, "a", Large(i)));
    ASSERT_TRUE(AppendOne(*log, "b", "small"));
  }
  const auto stored = MustLook(folder.path());
  for (const char* stream : {"a", "b", "c"})
    for (const uint64_t after : {0, 1, 7, 8, 23, 24, 30})
      for (const uint64_t until : {UINT64_MAX, uint64_t{8}, uint64_t{9}, uint64_t{24}})
        EXPECT_EQ(ReadAll(*stored, stream, after, until), ReadAll(*log, stream, after, until))
            << stream << " " << after << " " << until;
}

TEST(LogFolderTest, ReadingChangesNothingAndEndsBeforeATornTail) {
  const TestFolder folder;
  {
    const auto log = MustOpen(OptionsIn(folder.path()));
    for (const char* body : {"one", "two", "three"}) ASSERT_TRUE(AppendOne(*log, "a", body));
  }
  const std::string path = folder.path() + "/" + SegmentName(1);
  const uint64_t last = kBlockBytes + 2 * kBlockBytes;  // Each group takes one block.
  for (const uint64_t cut : {0, 1, 39, 40, 50, 66}) {
    const int fd = open(path.c_str(), O_WRONLY);
    const std::string zeros(kBlockBytes - cut, '\0');
    ASSERT_EQ(pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(last + cut)),
              static_cast<ssize_t>(zeros.size()));
    close(fd);
    const auto before = FilesIn(folder.path());
    EXPECT_EQ(ReadAll(*MustLook(folder.path()), "a"), (Entries{{1, "one"}, {2, "two"}})) << cut;
    EXPECT_EQ(FilesIn(folder.path()), before);
    const TestFolder copy;
    ASSERT_TRUE(MustLook(folder.path())->CopyTo(copy.path()));
    EXPECT_EQ(ReadAll(*MustOpen(OptionsIn(copy.path())), "a"), (Entries{{1, "one"}, {2, "two"}}));
    // Written anew for the next cut.
    ASSERT_TRUE(AppendOne(*MustOpen(OptionsIn(folder.path())), "a", "three"));
  }
}

TEST(LogFolderTest, DamageIsSaidAndNeverTheEnd) {
  const TestFolder folder;
  {
    const auto log = MustOpen(OptionsIn(folder.path()));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(AppendOne(*log, "a", Large(i)));
  }
  const std::string path = folder.path() + "/" + SegmentName(1);
  const auto segment = *OpenSegmentToRead(env::SystemFiles(), path);
  GroupReader reader(*segment->reader, segment->header, kBlockBytes);
  std::vector<uint64_t> groups;
  for (auto group = reader.Next(); group && *group; group = reader.Next())
    groups.push_back((*group)->offset);
  ASSERT_GE(groups.size(), 3U);
  for (const uint64_t at : {groups.front(), groups[1], groups.back()}) {
    const int fd = open(path.c_str(), O_RDWR);
    char kept = 0;
    ASSERT_EQ(pread(fd, &kept, 1, static_cast<off_t>(at + 100)), 1);
    ASSERT_EQ(pwrite(fd, "#", 1, static_cast<off_t>(at + 100)), 1);
    const auto log = LogFolder::Open(env::SystemFiles(), folder.path());
    const TestFolder copy;
    std::string code = log ? "" : log.error().code;
    if (log) {
      const auto read = (*log)->Read(StreamOf("a"), Sequence());
      for (int i = 0; i < 8 && code.empty(); ++i)
        if (const auto entry = read->Next(); !entry) code = entry.error().code;
      EXPECT_EQ((*log)->CopyTo(copy.path()).error().code, "wal.corrupt");
    }
    EXPECT_EQ(code, "wal.corrupt") << at;
    ASSERT_EQ(pwrite(fd, &kept, 1, static_cast<off_t>(at + 100)), 1);
    close(fd);
  }
  EXPECT_EQ(ReadAll(*MustLook(folder.path()), "a").size(), 8U);
}

TEST(LogFolderTest, WhatWasAcknowledgedBeforeIsReadAndCopiedWhileMoreIsAppended) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path()));
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread owner([&] {
    // So many at most that reading them all, each round, takes a second on a slow disk, too.
    for (size_t i = 0; !stop && i < 3'000; ++i)
      acknowledged = AppendOne(*log, "a", std::string(1 + i * 7919 % 60'000, 'x'))->value;
  });
  for (int round = 0; round < 20; ++round) {
    const uint64_t before = acknowledged;
    const auto stored = MustLook(folder.path());
    uint64_t wanted = 1;
    for (const auto& [sequence, body] : ReadAll(*stored, "a")) EXPECT_EQ(sequence, wanted++);
    EXPECT_GT(wanted, before);
    const TestFolder copy;
    const auto copied = stored->CopyTo(copy.path());
    EXPECT_TRUE(copied) << copied.error().ToString();
    if (!copied) break;
    wanted = 1;
    for (const auto& [sequence, body] : ReadAll(*MustOpen(OptionsIn(copy.path())), "a")) {
      EXPECT_EQ(sequence, wanted++);
      EXPECT_EQ(body, std::string(body.size(), 'x'));
    }
    EXPECT_GT(wanted, before);
  }
  stop = true;
  owner.join();
}

// Segments become others under who reads them: what is not trimmed is there, and what is trimmed
// is there, or gone, and said to be.
TEST(LogFolderTest, WhatIsGivenBackMeanwhileIsNeitherDamageNorTheEnd) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path()));
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread owner([&] {
    for (int i = 0; !stop; ++i) {
      acknowledged = AppendOne(*log, "a", Large(i))->value;
      if (acknowledged > 3) log->Trim(StreamOf("a"), Sequence(acknowledged - 3));
    }
  });
  for (int round = 0; round < 40; ++round) {
    const auto stored = LogFolder::Open(env::SystemFiles(), folder.path());
    if (!stored) {
      EXPECT_EQ(stored.error().code, "wal.given_back") << stored.error().ToString();
      continue;
    }
    const auto reader = (*stored)->Read(StreamOf("a"), Sequence());
    uint64_t last = 0;
    while (true) {
      const auto entry = reader->Next();
      if (!entry) {
        EXPECT_EQ(entry.error().code, "wal.given_back") << entry.error().ToString();
        break;
      }
      if (!*entry) break;
      EXPECT_GT((*entry)->sequence.value, last);
      last = (*entry)->sequence.value;
      EXPECT_EQ((*entry)->bytes, Large(static_cast<int>(last) - 1));
    }
    const TestFolder copy;
    const auto copied = (*stored)->CopyTo(copy.path());
    EXPECT_TRUE(copied) << copied.error().ToString();
    if (!copied) break;
    // A good log, whatever of the old is in it.
    for (const auto& [sequence, body] : ReadAll(*MustOpen(OptionsIn(copy.path())), "a"))
      EXPECT_EQ(body, Large(static_cast<int>(sequence) - 1));
  }
  stop = true;
  owner.join();
}

TEST(LogFolderTest, ItIsCompleteUntilSomethingWasGivenBack) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path()));
  auto writer = *log->NewSpool();
  ASSERT_TRUE(writer->Write("spooled"));
  ASSERT_TRUE(AppendOne(*log, "a", "head", *writer->Finish()));
  const auto with_spool = MustLook(folder.path());
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(AppendOne(*log, "a", Large(i)));
  EXPECT_TRUE(*with_spool->IsComplete());
  const auto until = [](LogFolder& one) {
    for (int i = 0; i < 500 && *one.IsComplete(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return *one.IsComplete();
  };
  log->Trim(StreamOf("a"), Sequence(1));
  EXPECT_FALSE(until(*with_spool));
  const auto without = MustLook(folder.path());
  EXPECT_TRUE(*without->IsComplete());
  log->Trim(StreamOf("a"), Sequence(8));
  EXPECT_FALSE(until(*without));
}

TEST(LogFolderTest, ACopyHasTheSpooledFilesThatAreLeftAndIsWrittenOn) {
  const TestFolder folder;
  const TestFolder copy;
  {
    const auto log = MustOpen(OptionsIn(folder.path(), {"a", "b"}));
    for (const char* stream : {"a", "b"}) {
      auto writer = *log->NewSpool();
      ASSERT_TRUE(writer->Write(std::string("spooled for ") + stream));
      ASSERT_TRUE(AppendOne(*log, stream, "head", *writer->Finish()));
    }
    // Committed, in a segment that b still needs.
    log->Trim(StreamOf("a"), Sequence(1));
    for (int i = 0; i < 500 && log->OpenSpool(1); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(MustLook(folder.path())->CopyTo(copy.path()));
  const auto log = MustOpen(OptionsIn(copy.path(), {"a", "b"}));
  EXPECT_FALSE(log->OpenSpool(1));
  const auto spool = log->OpenSpool(2);
  ASSERT_TRUE(spool);
  std::string text(13, '\0');
  ASSERT_TRUE((*spool)->ReadAt(0, text));
  EXPECT_EQ(text, "spooled for b");
  EXPECT_EQ(AppendOne(*log, "b", "more")->value, 3U);
  EXPECT_EQ(ReadAll(*log, "b"), (Entries{{2, "head"}, {3, "more"}}));
}

}  // namespace
}  // namespace weir::wal

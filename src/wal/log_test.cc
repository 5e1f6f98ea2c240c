#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "wal/log_test_internal.h"

namespace weir::wal {
namespace {

TEST(StreamTest, AStreamIsKnownByItsNameForEver) {
  EXPECT_EQ(StreamOf("orders").value, 15205413180327631773U);
  EXPECT_NE(StreamOf("orders").value, StreamOf("order").value);
}

TEST(LogTest, WhatIsAppendedIsReadInItsOrderByItsStream) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path(), {"a", "b"}));
  EXPECT_EQ(AppendOne(*log, "a", "one")->value, 1U);
  EXPECT_EQ(AppendOne(*log, "b", "two")->value, 2U);
  EXPECT_EQ(AppendOne(*log, "a", "three")->value, 3U);
  using Entries = std::map<uint64_t, std::string>;
  EXPECT_EQ(ReadAll(*log, "a"), (Entries{{1, "one"}, {3, "three"}}));
  EXPECT_EQ(ReadAll(*log, "b"), (Entries{{2, "two"}}));
  EXPECT_EQ(ReadAll(*log, "a", 1), (Entries{{3, "three"}}));
  EXPECT_EQ(ReadAll(*log, "a", 0, 2), (Entries{{1, "one"}}));
  EXPECT_EQ(ReadAll(*log, "c"), Entries{});
}

TEST(LogTest, OfLongEntriesTheHeadsMayDo) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path(), {"a", "b"}));
  const std::string text = [] {
    std::string made;
    while (made.size() < 700'000) made += std::to_string(made.size()) + " ";
    return made;
  }();
  std::map<uint64_t, std::string> wanted;
  for (const size_t size : {10U, 700'000U, 4'000U, 63'000U, 300'000U, 70'000U, 1U}) {
    const std::string body = text.substr(0, size);
    ASSERT_TRUE(AppendOne(*log, "b", body));
    wanted.emplace(AppendOne(*log, "a", body).value().value, body);
  }
  const auto reader = log->Read(StreamOf("a"), Sequence(), Sequence(UINT64_MAX), Depth::kHeads);
  size_t cut = 0;
  for (const auto& [sequence, body] : wanted) {
    const auto entry = reader->Next();
    ASSERT_TRUE(entry && *entry);
    EXPECT_EQ((*entry)->sequence.value, sequence);
    EXPECT_EQ((*entry)->stream, StreamOf("a"));
    EXPECT_EQ((*entry)->cut, (*entry)->bytes.size() != body.size());
    EXPECT_GE((*entry)->bytes.size(), std::min<size_t>(body.size(), kEntryHeadBytes));
    EXPECT_TRUE(body.starts_with((*entry)->bytes));
    cut += (*entry)->cut ? 1 : 0;
  }
  EXPECT_GE(cut, 1U);
  EXPECT_FALSE(reader->Next().value());
}

TEST(LogTest, AReaderSeesWhatComesWhileItReads) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path()));
  const auto reader = log->Read(StreamOf("a"), Sequence());
  EXPECT_FALSE(reader->Next()->has_value());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(AppendOne(*log, "a", "x" + std::to_string(i)));
    const auto entry = reader->Next();
    ASSERT_TRUE(entry && *entry);
    EXPECT_EQ((*entry)->bytes, "x" + std::to_string(i));
    EXPECT_FALSE(reader->Next()->has_value());
  }
}

TEST(LogTest, WhoWaitsForAStreamIsWokenByItsEntriesAndByTheEndOfAllWaits) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path(), {"a", "b"}));
  constexpr std::chrono::hours kLong{1};
  EXPECT_FALSE(log->Wait(StreamOf("a"), Sequence(), std::chrono::microseconds(0)));
  auto waiting =
      std::async(std::launch::async, [&] { return log->Wait(StreamOf("a"), Sequence(), kLong); });
  ASSERT_TRUE(AppendOne(*log, "b", "of another"));
  EXPECT_FALSE(log->Wait(StreamOf("a"), Sequence(), std::chrono::microseconds(0)));
  ASSERT_TRUE(AppendOne(*log, "a", "its own"));
  EXPECT_TRUE(waiting.get());
  EXPECT_TRUE(log->Wait(StreamOf("a"), Sequence(), kLong)) << "it is there already";
  waiting =
      std::async(std::launch::async, [&] { return log->Wait(StreamOf("a"), Sequence(2), kLong); });
  log->EndWaits();
  EXPECT_FALSE(waiting.get());
  EXPECT_FALSE(log->Wait(StreamOf("a"), Sequence(2), kLong)) << "nobody waits any more";
  log->BeginWaits();
  waiting =
      std::async(std::launch::async, [&] { return log->Wait(StreamOf("a"), Sequence(2), kLong); });
  ASSERT_TRUE(AppendOne(*log, "a", "after all"));
  EXPECT_TRUE(waiting.get());
}

TEST(LogTest, TellsHowLongTheOldestHasWaited) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path()));
  EXPECT_EQ(log->state().oldest_waits.count(), 0);
  std::promise<void> told;
  std::promise<void> go_on;
  log->Append(StreamOf("a"), "", "one", [&](const Result<Sequence>&) {
    told.set_value();
    go_on.get_future().wait();  // Keeps the writer.
  });
  told.get_future().wait();
  EXPECT_EQ(log->state().oldest_waits.count(), 0) << "it is durable";
  std::promise<void> second;
  log->Append(StreamOf("a"), "", "two", [&](const Result<Sequence>&) { second.set_value(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_GE(log->state().oldest_waits, std::chrono::milliseconds(2));
  go_on.set_value();
  second.get_future().wait();
  EXPECT_EQ(log->state().oldest_waits.count(), 0);
}

TEST(LogTest, ManyThreadsShareGroupsAndEverySequenceIsGivenOnce) {
  const TestFolder folder;
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::map<uint64_t, std::string> acknowledged;
  LogState state;
  {
    const auto log = MustOpen(OptionsIn(folder.path()));
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          const std::string body = fmt::format("{}-{}", thread, i);
          log->Append(StreamOf("a"), body, std::string(static_cast<size_t>(i % 300), '.'),
                      [&, body, i](Result<Sequence> done) {
                        const std::lock_guard lock(mutex);
                        ASSERT_TRUE(done);
                        acknowledged[done->value] =
                            body + std::string(static_cast<size_t>(i % 300), '.');
                      });
        }
      });
    for (std::thread& thread : threads) thread.join();
    AppendOne(*log, "a", "last").value();
    state = log->state();
    const std::lock_guard lock(mutex);
    acknowledged[kThreads * kEach + 1] = "last";
    EXPECT_EQ(ReadAll(*log, "a"), acknowledged);
  }
  EXPECT_EQ(acknowledged.size(), kThreads * kEach + 1U);
  EXPECT_LT(state.groups, state.entries);
  const auto again = MustOpen(OptionsIn(folder.path()));
  EXPECT_EQ(ReadAll(*again, "a"), acknowledged);
}

TEST(LogTest, ItGoesOnBehindWhatItHasAndBehindWhatItIsTold) {
  const TestFolder folder;
  LogOptions options = OptionsIn(folder.path());
  options.after = Sequence(41);
  EXPECT_EQ(AppendOne(*MustOpen(options), "a", "x")->value, 42U);
  EXPECT_EQ(AppendOne(*MustOpen(options), "a", "y")->value, 43U);
  options.after = Sequence(100);
  EXPECT_EQ(AppendOne(*MustOpen(options), "a", "z")->value, 101U);
  EXPECT_EQ(ReadAll(*MustOpen(options), "a").size(), 3U);
}

TEST(LogTest, EntriesFillSegmentAfterSegmentAndATrimGivesThemBack) {
  const TestFolder folder;
  const auto options = OptionsIn(folder.path());
  uint64_t last = 0;
  {
    const auto log = MustOpen(options);
    const std::string body(kLogBodyBytesMax, 'x');
    for (int i = 0; i < 20; ++i) last = AppendOne(*log, "a", body)->value;
    EXPECT_GE(log->state().disk_bytes, 5 * kSmallSegment);
    EXPECT_EQ(ReadAll(*log, "a", last - 1).size(), 1U);
  }
  const auto log = MustOpen(options);
  EXPECT_EQ(ReadAll(*log, "a").size(), 20U);
  log->Trim(StreamOf("a"), Sequence(last - 1));
  EXPECT_LE(log->state().disk_bytes, 4 * kSmallSegment);
  EXPECT_EQ(ReadAll(*log, "a", last - 1).size(), 1U);
  EXPECT_EQ(AppendOne(*log, "a", "more")->value, last + 1);
}

TEST(LogTest, AFileOfATrimmedSegmentIsUsedAgainAndNothingOldIsReadFromIt) {
  const TestFolder folder;
  const auto options = OptionsIn(folder.path());
  const std::string body(kLogBodyBytesMax, 'x');
  uint64_t last = 0;
  {
    const auto log = MustOpen(options);
    for (int i = 0; i < 60; ++i) {
      last = AppendOne(*log, "a", body)->value;
      log->Trim(StreamOf("a"), Sequence(last - 1));
    }
    AppendOne(*log, "a", "end").value();
  }
  const auto log = MustOpen(options);
  log->Trim(StreamOf("a"), Sequence(last - 1));
  EXPECT_EQ(ReadAll(*log, "a", last - 1).rbegin()->second, "end");
  EXPECT_EQ(ReadAll(*log, "a", last - 1).size(), 2U);
}

TEST(LogTest, OneTrimmedFileIsKeptToBecomeTheNextSegmentAndIsGoneAfterARestart) {
  const TestFolder folder;
  const auto options = OptionsIn(folder.path());
  const std::string kept = folder.path() + "/recycled.new";
  const std::string body(kLogBodyBytesMax, 'x');
  const auto comes_to_be = [&](bool there, int milliseconds) {
    for (int i = 0; i < milliseconds && std::filesystem::exists(kept) != there; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return std::filesystem::exists(kept) == there;
  };
  auto log = MustOpen(options);
  uint64_t last = 0;
  const auto fill = [&] {  // More than a segment.
    for (int i = 0; i < 5; ++i) last = AppendOne(*log, "a", body)->value;
  };
  // Where a next segment is wanted just then, a trimmed one becomes it at once, and none is kept.
  const auto trim_until_one_is_kept = [&] {
    for (int tries = 0; tries < 100; ++tries) {
      fill();
      log->Trim(StreamOf("a"), Sequence(last - 1));
      if (comes_to_be(true, 100)) return true;
    }
    return false;
  };
  ASSERT_TRUE(trim_until_one_is_kept());
  fill();
  ASSERT_TRUE(comes_to_be(false, 10'000)) << "it became the next segment";
  ASSERT_TRUE(trim_until_one_is_kept());
  log.reset();
  log = MustOpen(options);
  EXPECT_FALSE(std::filesystem::exists(kept));
  EXPECT_EQ(ReadAll(*log, "a", last - 1).size(), 1U);
}

TEST(LogTest, AStreamThatIsStuckKeepsItsSegmentsAndNoOthers) {
  const TestFolder folder;
  LogOptions options = OptionsIn(folder.path(), {"stuck", "well"});
  options.bytes_max = 16 * kSmallSegment;
  const auto log = MustOpen(options);
  AppendOne(*log, "stuck", "old").value();
  const std::string body(kLogBodyBytesMax, 'x');
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(log->Reserve(StreamOf("well"), body.size())) << i;
    log->Trim(StreamOf("well"), *AppendOne(*log, "well", body));
  }
  EXPECT_EQ(ReadAll(*log, "stuck").size(), 1U);
  EXPECT_LE(log->state().disk_bytes, 5 * kSmallSegment);
}

TEST(LogTest, AStuckStreamRunsIntoItsOwnBoundAndOthersKeepTheirShare) {
  const TestFolder folder;
  LogOptions options = OptionsIn(folder.path(), {"stuck", "well"});
  options.bytes_max = 16 * kSmallSegment;
  const auto log = MustOpen(options);
  const std::string body(kLogBodyBytesMax, 'x');
  std::string refused;
  for (int i = 0; i < 100 && refused.empty(); ++i) {
    const auto room = log->Reserve(StreamOf("stuck"), body.size());
    if (!room) {
      refused = room.error().code;
    } else {
      AppendOne(*log, "stuck", body).value();
    }
  }
  EXPECT_EQ(refused, "wal.stream_full");
  EXPECT_LE(log->state().disk_bytes, options.bytes_max);
  EXPECT_TRUE(log->Reserve(StreamOf("well"), body.size()));
  log->Trim(StreamOf("stuck"), Sequence(1000));
  EXPECT_TRUE(log->Reserve(StreamOf("stuck"), body.size()));
}

TEST(LogTest, RoomIsGivenBack) {
  const TestFolder folder;
  const auto log = MustOpen(OptionsIn(folder.path()));
  for (int i = 0; i < 10; ++i) {
    std::vector<Room> rooms;
    while (true) {
      auto room = log->Reserve(StreamOf("a"), kLogBodyBytesMax);
      if (!room) {
        EXPECT_EQ(room.error().code, "wal.memory");
        break;
      }
      rooms.push_back(std::move(*room));
    }
    EXPECT_EQ(rooms.size(), kLogMemoryBytes / kLogBodyBytesMax * 3 / 4);
    EXPECT_TRUE(log->Reserve(StreamOf("a"), 1000)) << "long bodies leave room for small ones";
  }
}

TEST(LogTest, AFailedSyncEndsAllAcknowledgingForGood) {
  const TestFolder folder;
  FaultPlan plan;
  FaultyFiles files(plan);
  {
    const auto log = MustOpen(OptionsIn(folder.path()), files);
    ASSERT_TRUE(AppendOne(*log, "a", "good"));
    plan.sync_fails = true;
    EXPECT_EQ(AppendOne(*log, "a", "bad").error().code, "wal.failed");
    plan.sync_fails = false;
    EXPECT_EQ(AppendOne(*log, "a", "later").error().code, "wal.failed");
    EXPECT_EQ(log->Reserve(StreamOf("a"), 1).error().code, "wal.failed");
    EXPECT_FALSE(log->state().accepting);
    EXPECT_EQ(log->state().why->code, "wal.failed");
    EXPECT_EQ(ReadAll(*log, "a").size(), 1U);
  }
  const auto log = MustOpen(OptionsIn(folder.path()));
  EXPECT_EQ(ReadAll(*log, "a").at(1), "good");
  EXPECT_TRUE(AppendOne(*log, "a", "again"));
}

TEST(LogTest, AFullDiskRefusesAndResumesByItself) {
  const TestFolder folder;
  FaultPlan plan;
  FaultyFiles files(plan);
  const auto log = MustOpen(OptionsIn(folder.path()), files);
  ASSERT_TRUE(AppendOne(*log, "a", "good"));
  plan.writes_fail = true;
  EXPECT_EQ(AppendOne(*log, "a", "bad").error().code, "file.full");
  EXPECT_EQ(log->state().why->code, "file.full");
  EXPECT_EQ(log->Reserve(StreamOf("a"), 1).error().code, "file.full");
  plan.writes_fail = false;
  while (!log->state().accepting) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(AppendOne(*log, "a", "again"));
  const auto read = ReadAll(*log, "a");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read.rbegin()->second, "again");
}

TEST(LogTest, WhereNoSegmentCanBeMadeNothingIsAcceptedUntilThereIsSpace) {
  const TestFolder folder;
  FaultPlan plan;
  FaultyFiles files(plan);
  plan.disk_full = true;
  const auto log = MustOpen(OptionsIn(folder.path()), files);
  EXPECT_EQ(AppendOne(*log, "a", "bad").error().code, "file.full");
  EXPECT_FALSE(log->NewSpool());
  plan.disk_full = false;
  while (!log->state().accepting) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(AppendOne(*log, "a", "good"));
}

TEST(SpoolTest, AFileLivesAsLongAsTheEntryThatRefersToIt) {
  const TestFolder folder;
  const auto options = OptionsIn(folder.path());
  const auto spools = [&] {
    size_t count = 0;
    for (const auto& one : std::filesystem::directory_iterator(folder.path() + "/spool"))
      count += one.is_regular_file() ? 1 : 0;
    return count;
  };
  Spool kept;
  uint64_t sequence = 0;
  {
    const auto log = MustOpen(options);
    auto first = *log->NewSpool();
    ASSERT_TRUE(first->Write("large "));
    ASSERT_TRUE(first->Write("body"));
    kept = *first->Finish();
    EXPECT_EQ(kept.bytes, 10U);
    sequence = AppendOne(*log, "a", "head", kept)->value;
    auto orphan = *log->NewSpool();
    ASSERT_TRUE(orphan->Write("nobody's"));
    ASSERT_TRUE(orphan->Finish());
    auto unfinished = *log->NewSpool();
    ASSERT_TRUE(unfinished->Write("half"));
    unfinished.reset();
    EXPECT_EQ(spools(), 2U);
  }
  const auto log = MustOpen(options);
  EXPECT_EQ(spools(), 1U);
  const auto entry = log->Read(StreamOf("a"), Sequence())->Next();
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->spool, kept);
  std::string bytes(20, '\0');
  EXPECT_EQ((*log->OpenSpool(kept.id))->ReadAt(0, bytes), 10U);
  const uint64_t charged = log->stream_bytes(StreamOf("a"));
  log->Trim(StreamOf("a"), Sequence(sequence));
  while (spools() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_LT(log->stream_bytes(StreamOf("a")), charged);
  EXPECT_GT((*log->NewSpool())->Finish()->id, kept.id);
}

// A process that appends until it is killed, and says what was acknowledged.
[[noreturn]] void AppendForEver(const std::string& folder, int acknowledged, uint64_t round) {
  const auto log = MustOpen(OptionsIn(folder));
  std::atomic<int> under_way{0};
  for (uint64_t i = 0;; ++i) {
    while (under_way > 200) std::this_thread::yield();
    ++under_way;
    const std::string body = fmt::format("{}/{}/{}", round, i, std::string(i % 5000, 'b'));
    log->Append(StreamOf("a"), "", body, [&, i](Result<Sequence> done) {
      if (!done) _exit(2);
      const std::array<uint64_t, 2> told = {done->value, i};
      if (write(acknowledged, told.data(), sizeof(told)) != sizeof(told)) _exit(3);
      --under_way;
    });
  }
}

TEST(KillTest, WhatWasAcknowledgedIsThereHoweverOftenTheWriterIsKilled) {
  const TestFolder folder;
  std::map<uint64_t, std::string> acknowledged;
  for (uint64_t round = 0; round < 25; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      AppendForEver(folder.path(), ends[1], round);
    }
    close(ends[1]);
    std::array<uint64_t, 2> told{};
    const uint64_t enough = 20 + 97 * round;
    uint64_t heard = 0;
    while (read(ends[0], told.data(), sizeof(told)) == sizeof(told)) {
      acknowledged[told[0]] =
          fmt::format("{}/{}/{}", round, told[1], std::string(told[1] % 5000, 'b'));
      if (++heard == enough) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    ASSERT_GE(heard, enough);

    const auto read = ReadAll(*MustOpen(OptionsIn(folder.path())), "a");
    for (const auto& [sequence, body] : acknowledged) {
      const auto found = read.find(sequence);
      ASSERT_TRUE(found != read.end()) << "round " << round << ": " << sequence << " is lost";
      ASSERT_EQ(found->second, body);
    }
  }
}

}  // namespace
}  // namespace weir::wal

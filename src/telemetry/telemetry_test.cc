#include "telemetry/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

namespace weir::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant kNoon{1'777'636'800'123'456};  // 2026-05-01T12:00:00.123456Z

class SetClock final : public env::Clock {
 public:
  Instant Now() const override { return now; }
  std::chrono::microseconds Monotonic() const override {
    return std::chrono::microseconds(now.micros);
  }
  Instant now = kNoon;
};

BatchId Batch() {
  return {.pipeline = "uploads", .instance = "3f2a9c1e", .number = BatchNumber(17)};
}

Error Refused() {
  return {.kind = ErrorKind::kUnavailable,
          .code = "postgres.refused",
          .message = "cannot connect to postgresql://shop:hunter2@db/shop",
          .place = {.file = "weir.yaml", .line = 4, .column = 9, .byte_offset = {}},
          .next = "start it"};
}

std::vector<Event> OneOfEach() {
  const BatchCounts counts{
      .read = 10, .accepted = 7, .rejected = 1, .duplicate = 1, .filtered = 1, .late = 0};
  return {ProcessStarted{"run", "0.1.0", "shop", "3f2a9c1e"},
          ProcessEnded{"run", 0, std::chrono::milliseconds(1500)},
          ShutdownAsked{"SIGTERM"},
          ServerListening{"127.0.0.1:8000", "tokens"},
          RunStarted{"r1", "uploads", "command", 1},
          RunEnded{"r1", "uploads", "succeeded", counts, std::chrono::milliseconds(20)},
          PipelinePaused{"uploads", "max_bad"},
          PipelineResumed{"uploads"},
          EpochOwned{"uploads", Epoch(3)},
          BatchPlanned{Batch(), Epoch(3), 2, 100},
          BatchStaged{Batch(), "raw.events", 7, 1, 900},
          BatchCommitted{Batch(), Epoch(3), counts, std::chrono::microseconds(12500), 4096},
          BatchHeld{Batch(), "20% bad"},
          BatchVoided{Batch(), "input gone"},
          BatchUnknown{Batch(), "shopdb", "connection lost"},
          BatchRecovered{Batch(), "committed"},
          RecordsRejected{Batch(), "type.bigint", "", 1},
          FileSkipped{"uploads", "in/a.csv", "same content as before"},
          FileWritten{"producer", "in/b.csv", 1000, 50000, std::chrono::milliseconds(5)},
          TableChanged{"raw.events", "column added: price"},
          TokenChanged{"created", "0a1b2c3d", "till", "ingest:orders", "100/s"},
          AccessRefused{401, "auth.token", "/orders", "", "127.0.0.1", 7},
          TryFailed{"shopdb", 2, std::chrono::seconds(4), Refused()},
          ErrorHappened{Refused(), "uploads", std::nullopt},
          Warned{"server.no_auth", "anyone may write"}};
}

TEST(Event, HasOneNameAndAUsualStart) {
  std::set<std::string> names;
  const auto events = OneOfEach();
  ASSERT_EQ(events.size(), std::variant_size_v<Event>) << "a new event belongs into OneOfEach";
  for (const Event& event : events) {
    const auto line = nlohmann::ordered_json::parse(ToJsonLine(event, kNoon));
    EXPECT_EQ(line["ts"], "2026-05-01T12:00:00.123456Z");
    EXPECT_EQ(std::next(line.begin(), 1).key(), "level");
    EXPECT_EQ(std::next(line.begin(), 2).key(), "event");
    EXPECT_TRUE(names.insert(line["event"]).second) << line["event"];
    EXPECT_FALSE(ToText(event).empty());
    EXPECT_EQ(line["level"], ToString(LevelOf(event)));
  }
}

TEST(Event, BecomesALineAndAText) {
  const struct {
    const char* what;
    Event event;
    const char* line;
    const char* text;
  } cases[] = {
      {"a commit carries its counts",
       BatchCommitted{Batch(),
                      Epoch(3),
                      {.read = 1200,
                       .accepted = 1199,
                       .rejected = 1,
                       .duplicate = 0,
                       .filtered = 0,
                       .late = 0},
                      std::chrono::microseconds(12500),
                      4096},
       R"({"ts":"2026-05-01T12:00:00.123456Z","level":"info","event":"batch.committed",)"
       R"("pipeline":"uploads","batch":"uploads/3f2a9c1e/17",)"
       R"("epoch":3,"read":1200,"accepted":1199,"rejected":1,)"
       R"("duplicate":0,"filtered":0,"late":0,"bytes":4096,"elapsed_ms":12.5})",
       "uploads/3f2a9c1e/17 committed: 1,200 read, 1,199 accepted, 1 rejected in 12 ms"},
      {"an error carries code, place and next step, and no password",
       ErrorHappened{Refused(), "uploads", std::nullopt},
       R"({"ts":"2026-05-01T12:00:00.123456Z","level":"error","event":"error",)"
       R"("pipeline":"uploads","code":"postgres.refused",)"
       R"("kind":"unavailable",)"
       R"("message":"cannot connect to postgresql://shop:***@db/shop",)"
       R"("place":"weir.yaml:4:9","next":"start it"})",
       "uploads: postgres.refused: cannot connect to postgresql://shop:***@db/shop "
       "(weir.yaml:4:9); start it"},
      {"bytes that are no UTF-8 are replaced", FileSkipped{"uploads", "in/\xff.csv", "x"},
       "{\"ts\":\"2026-05-01T12:00:00.123456Z\",\"level\":\"info\",\"event\":"
       "\"file.skipped\","
       "\"pipeline\":\"uploads\","
       "\"path\":\"in/\xef\xbf\xbd.csv\",\"reason\":\"x\"}",
       "uploads: skipped in/\xff.csv: x"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ToJsonLine(c.event, kNoon), c.line) << c.what;
    EXPECT_EQ(ToText(c.event), c.text) << c.what;
  }
}

TEST(MaskSecrets, MasksWhatWouldLetSomebodyIn) {
  const struct {
    const char* text;
    const char* masked;
  } cases[] = {
      {"host=db password=hunter2 user=shop", "host=db password=*** user=shop"},
      {"host=db PASSWORD='hun ter2' user=shop", "host=db PASSWORD=*** user=shop"},
      {"postgresql://shop:hun@ter2@db:5432/shop", "postgresql://shop:***@db:5432/shop"},
      {"postgresql://shop@db/shop", "postgresql://shop@db/shop"},
      {"http://127.0.0.1:8000/a@b", "http://127.0.0.1:8000/a@b"},
      {"Authorization: Bearer abc.def", "Authorization: Bearer ***"},
      {"https://x/y?token=abc&page=2", "https://x/y?token=***&page=2"},
      {"the password is wrong", "the password is wrong"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(MaskSecrets(c.text), c.masked);
}

TEST(Level, IsParsedWithAHint) {
  EXPECT_EQ(ParseLevel("warn").value(), Level::kWarn);
  EXPECT_EQ(ParseLevel("inf").error().next, "did you mean 'info'?");
  EXPECT_EQ(ParseLevel("loud").error().code, "telemetry.level");
}

class LogFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/telemetry_test_" + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Log> Open(LogOptions options = {}) {
    options.dir = folder_ + "/logs";
    return OpenLog(options, clock_, env::SystemFiles()).value();
  }
  std::vector<std::string> Names() { return env::SystemFiles().List(folder_ + "/logs").value(); }
  std::string Content(const std::string& name) {
    return env::ReadWhole(env::SystemFiles(), folder_ + "/logs/" + name, 1 << 20).value();
  }

  std::string folder_;
  SetClock clock_;
};

TEST_F(LogFile, HasTheLineWhenWriteReturns) {
  const auto log = Open();
  log->Write(PipelineResumed{"uploads"});
  EXPECT_EQ(Content("weir-2026-05-01.log"), ToJsonLine(PipelineResumed{"uploads"}, kNoon) + "\n");
}

TEST_F(LogFile, LeavesOutWhatIsBelowItsLevel) {
  const auto log = Open({.dir = {}, .level = Level::kWarn});
  log->Write(PipelineResumed{"uploads"});
  log->Write(PipelinePaused{"uploads", "asked"});
  EXPECT_THAT(Content("weir-2026-05-01.log"), HasSubstr("pipeline.paused"));
  EXPECT_THAT(Content("weir-2026-05-01.log"), Not(HasSubstr("pipeline.resumed")));
}

TEST_F(LogFile, GoesOnInANewFileEachDayAndPastItsSize) {
  const auto log = Open({.dir = {}, .bytes_max = 1000});
  for (int i = 0; i < 30; ++i) log->Write(PipelineResumed{"uploads"});
  clock_.now.micros += 24LL * 3600 * 1'000'000;
  log->Write(PipelineResumed{"uploads"});
  EXPECT_THAT(Names(), ElementsAre("weir-2026-05-01.1.log", "weir-2026-05-01.2.log",
                                   "weir-2026-05-01.log", "weir-2026-05-02.log"));
  size_t lines = 0;
  for (const auto& name : Names()) {
    const std::string content = Content(name);
    EXPECT_LE(content.size(), 1000u);
    lines += static_cast<size_t>(std::ranges::count(content, '\n'));
  }
  EXPECT_EQ(lines, 31u);
}

TEST_F(LogFile, KeepsTheNewestOnly) {
  const auto log = Open({.dir = {}, .files_kept = 3});
  std::filesystem::create_directories(folder_ + "/logs");
  ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/logs/mine.txt", "kept"));
  for (int day = 0; day < 6; ++day) {
    log->Write(PipelineResumed{"uploads"});
    clock_.now.micros += 24LL * 3600 * 1'000'000;
  }
  EXPECT_THAT(Names(), ElementsAre("mine.txt", "weir-2026-05-04.log", "weir-2026-05-05.log",
                                   "weir-2026-05-06.log"));
}

TEST_F(LogFile, IsSharedByWritersWithoutMixingLines) {
  const std::string path(3000, 'x');
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([this, &path] {
      const auto log = Open();
      for (int i = 0; i < 100; ++i) log->Write(FileSkipped{path, path, path});
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream lines(
      env::ReadWhole(env::SystemFiles(), folder_ + "/logs/weir-2026-05-01.log", 8 << 20).value());
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    ASSERT_TRUE(nlohmann::json::accept(line)) << line.size();
  EXPECT_EQ(count, 300u);
}

TEST_F(LogFile, ThatCannotBeMadeIsAnError) {
  ASSERT_TRUE(env::SystemFiles().MakeFolders(folder_));
  ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/logs", "a file"));
  EXPECT_FALSE(OpenLog({.dir = folder_ + "/logs"}, clock_, env::SystemFiles()));
}

TEST_F(LogFile, WritesTextToTheConsole) {
  testing::internal::CaptureStderr();
  {
    const auto log =
        OpenLog({.dir = "", .console = Console::kText}, clock_, env::SystemFiles()).value();
    log->Write(PipelinePaused{"uploads", "20% bad {}"});
    log->Write(EpochOwned{"uploads", Epoch(1)});
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "12:00:00 warn  uploads paused: 20% bad {}\n");
}

TEST(SharedLog, TellsAll) {
  RecordedLog one;
  RecordedLog two;
  SharedLog both({&one, &two});
  both.Write(PipelineResumed{"uploads"});
  EXPECT_EQ(one.events.size(), 1u);
  EXPECT_EQ(two.events.size(), 1u);
}

TEST(Metrics, CountWhatEventsSay) {
  Metrics metrics;
  for (const Event& event : OneOfEach()) metrics.Write(event);
  metrics.Write(FileSkipped{"a\"b", "in/a.csv", "same content as before"});
  const std::string body = metrics.Prometheus();
  for (const char* line :
       {"# TYPE weir_records_total counter\n",
        "weir_records_total{outcome=\"read\",pipeline=\"uploads\"} 10\n",
        "weir_records_total{outcome=\"rejected\",pipeline=\"uploads\"} 1\n",
        "weir_batches_total{pipeline=\"uploads\",state=\"held\"} 1\n",
        "# TYPE weir_commit_seconds histogram\n",
        "weir_commit_seconds_bucket{pipeline=\"uploads\",le=\"0.008\"} 0\n",
        "weir_commit_seconds_bucket{pipeline=\"uploads\",le=\"0.016\"} 1\n",
        "weir_commit_seconds_sum{pipeline=\"uploads\"} 0.0125\n",
        "weir_commit_seconds_count{pipeline=\"uploads\"} 1\n",
        "weir_bytes_total{direction=\"in\",pipeline=\"uploads\"} 4096\n",
        "weir_rejections_total{code=\"type.bigint\",pipeline=\"uploads\",rule=\"\"} 1\n",
        "weir_errors_total{code=\"postgres.refused\"} 1\n",
        "weir_files_skipped_total{pipeline=\"a\\\"b\"} 1\n"})
    EXPECT_THAT(body, HasSubstr(line));
}

}  // namespace
}  // namespace weir::telemetry

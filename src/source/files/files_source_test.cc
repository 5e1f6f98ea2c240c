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
    const auto path = std::filesystem::path(folder_ + "/in/" + name);
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/in/" + name, content));
  }
  void SetHoursOld(const std::string& name, int hours) {
    std::filesystem::last_write_time(
        folder_ + "/in/" + name,
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  std::unique_ptr<Source> Make(env::Watches* watches = nullptr) {
    return MakeFilesSource({.files = env::SystemFiles(),
                            .clock = env::SystemClock(),
                            .watches = watches,
                            .columns = &columns_,
                            .folder = folder_,
                            .pipeline = "events"},
                           spec_);
  }
  Discovery Discover() {
    auto source = Make();
    auto found = source->Discover(cursor_);
    EXPECT_TRUE(found) << found.error().ToString();
    return *found;
  }
  void Put(const std::string& name, const std::string& text, const char* mode) {
    FILE* file = fopen((folder_ + "/in/" + name).c_str(), mode);
    fputs(text.c_str(), file);
    fclose(file);
  }
  std::string Names(const std::string& folder) {
    std::string all;
    const auto names = env::SystemFiles().List(folder_ + "/" + folder).value();
    for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
    return all;
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
    auto source = Make();
    auto open = source->Open(split).value();
    auto reader = open->Read(offset);
    std::string bytes(1000, '\0');
    bytes.resize(reader->Read(bytes).value());
    EXPECT_TRUE(open->CheckUnchanged());
    return bytes;
  }

  std::string folder_ = testing::TempDir() + "files_source_" + std::to_string(getpid());
  FilesSpec spec_;
  std::vector<columnar::ColumnSpec> columns_;
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
  EXPECT_TRUE(touched.skipped.empty()) << "no news";
  ASSERT_EQ(touched.touched.size(), 1U);
  NoteDone(touched.touched[0]);
  EXPECT_TRUE(Discover().touched.empty()) << "its new time was noted";
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

TEST_F(FilesSourceTest, WhereEachFileIsAllTheNewestIsReadLast) {
  spec_.each_is_all = true;
  Write("b.csv", "id\n2\n");
  Write("a.csv", "id\n1\n");
  SetHoursOld("b.csv", 1);
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 2U);
  EXPECT_LT(found.splits[0].mtime_ns, found.splits[1].mtime_ns);
  EXPECT_EQ(found.splits[1].object, "in/a.csv");
}

TEST_F(FilesSourceTest, WhereEachFileIsAllContentThatComesAgainIsReadAgain) {
  spec_.each_is_all = true;
  Write("a.csv", "id\n1\n");
  SetHoursOld("a.csv", 1);
  NoteDone(Discover().splits[0]);
  Write("b.csv", "id\n1\n");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 1U);
  EXPECT_EQ(found.splits[0].object, "in/b.csv");
  EXPECT_EQ(found.splits[0].state, "");
}

TEST_F(FilesSourceTest, AFileThatBrokeOffGoesOnBehindWhatWasReadableOfIt) {
  Write("a.csv", "id\n1\n");
  ObjectProgress broken = Discover().splits[0];
  broken.done = true;
  broken.state = StateAt(5, true);
  cursor_.Note(broken);
  Write("a.csv", "id\n1\n2\n");
  const auto state = format::DecoderState::FromJson(Discover().splits[0].state).value();
  EXPECT_EQ(state.offset, 5U);
  EXPECT_FALSE(state.ended);
}

TEST_F(FilesSourceTest, AFileOfRowsThatGrewGoesOnAtItsRow) {
  Write("a.csv", "some rows");
  ObjectProgress read = Discover().splits[0];
  format::DecoderState state;
  state.row = 7;
  read.state = state.ToJson();
  read.done = true;
  cursor_.Note(read);
  Write("a.csv", "some rows and more");
  EXPECT_EQ(Discover().splits[0].state, read.state);
}

TEST_F(FilesSourceTest, AnEmptyFileSaysNothingOfWhatItBecomes) {
  Write("a.csv", "");
  NoteDone(Discover().splits[0]);
  Write("a.csv", "id\n1\n");
  EXPECT_EQ(Discover().splits[0].state, "");
}

TEST_F(FilesSourceTest, ANameThatIsNoUtf8IsEscaped) {
  Write("bad\xff.csv", "id\n1\n");
  const Discovery found = Discover();
  ASSERT_EQ(found.splits.size(), 1U);
  EXPECT_EQ(found.splits[0].object, "in/bad%FF.csv");
  EXPECT_EQ(ReadAll(found.splits[0], 0), "id\n1\n");
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
  auto source = Make();
  Write("a.csv", "id\n2\n");
  EXPECT_EQ(source->Open(split).error().code, "source.lost");
  std::filesystem::remove(folder_ + "/in/a.csv");
  EXPECT_EQ(source->Open(split).error().code, "source.lost");
  Write("a.csv", "id\n1\nmore\n");
  EXPECT_EQ(ReadAll(split, 0), "id\n1\n") << "a version ends where it ended";
}

TEST_F(FilesSourceTest, AChangeWhileReadingIsNoticed) {
  const struct {
    const char* content;
    const char* mode;
    const char* written;
    bool same;
  } cases[] = {
      {"id\n1\n", "a", "2\n", true},       // It grew: what was read is still so.
      {"id\n1", "a", "2\n", false},        // The line that was read was half of one.
      {"id\n1\n", "w", "id\n2\n", false},  // Written anew, as long as before.
      {"id\n1\n", "w", "id\n", false},    {"id\n1\n", "w", "id\n2\n3\n", false},
  };
  for (const auto& c : cases) {
    Write("a.csv", c.content);
    auto source = Make();
    const auto open = source->Open(Discover().splits[0]).value();
    ASSERT_TRUE(open->CheckUnchanged());
    Put("a.csv", c.written, c.mode);
    EXPECT_EQ(open->CheckUnchanged().has_value(), c.same) << c.written;
  }
}

TEST_F(FilesSourceTest, OfAFileThatIsBeingWrittenOnlyWholeRecordsAreTaken) {
  FILE* writer = fopen((folder_ + "/in/a.csv").c_str(), "w");
  fputs("id,note\n1,a\n2,\"two\n", writer);
  fflush(writer);
  const auto first = Discover();
  ASSERT_EQ(first.splits.size(), 1U);
  EXPECT_EQ(ReadAll(first.splits[0], 0), "id,note\n1,a\n");
  NoteDone(first.splits[0]);
  EXPECT_TRUE(Discover().splits.empty());
  EXPECT_EQ(Discover().waiting, 1U);
  fputs("lines\"\n3,", writer);
  fflush(writer);
  const auto second = Discover();
  ASSERT_EQ(second.splits.size(), 1U);
  EXPECT_EQ(ReadAll(second.splits[0], first.splits[0].size), "2,\"two\nlines\"\n");
  NoteDone(second.splits[0]);
  fclose(writer);
  const auto last = Discover();
  ASSERT_EQ(last.splits.size(), 1U);
  EXPECT_EQ(ReadAll(last.splits[0], second.splits[0].size), "3,");
}

TEST_F(FilesSourceTest, AFileThatMayNotGrowWaitsUntilItWasClosed) {
  spec_.grow = false;
  FILE* writer = fopen((folder_ + "/in/a.csv").c_str(), "w");
  fputs("id\n1\n", writer);
  fflush(writer);
  EXPECT_TRUE(Discover().splits.empty());
  fclose(writer);
  EXPECT_EQ(Discover().splits.size(), 1U);
}

TEST_F(FilesSourceTest, AFileIsReadyWhenItsMarkerIsThere) {
  spec_.ready = ReadyMarker{};
  spec_.glob = "in/**";
  Write("a.csv", "id\n1\n");
  Write("b.csv", "id\n2\n");
  EXPECT_TRUE(Discover().splits.empty());
  Write("a.csv.ready", "");
  ASSERT_EQ(Discover().splits.size(), 1U);
  EXPECT_EQ(Discover().splits[0].object, "in/a.csv");
  Write("_SUCCESS", "");
  EXPECT_EQ(Discover().splits.size(), 2U);
}

TEST_F(FilesSourceTest, AFileIsReadyWhenItDidNotChangeForATime) {
  spec_.ready = ReadyStable{std::chrono::hours(2)};
  Write("a.csv", "id\n1\n");
  const Discovery found = Discover();
  EXPECT_TRUE(found.splits.empty());
  EXPECT_EQ(found.waiting, 1U);
  std::filesystem::last_write_time(
      folder_ + "/in/a.csv", std::filesystem::file_time_type::clock::now() - std::chrono::hours(3));
  EXPECT_EQ(Discover().splits.size(), 1U);
}

TEST_F(FilesSourceTest, WhatIsDoneIsPutAwayAndWhatIsNewerPutBack) {
  spec_.when_done = MoveTo{PathTemplate::Parse("done/{pipeline}").value()};
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0]);
  auto source = Make();
  const auto finished = source->Discover(cursor_).value().finished;
  ASSERT_EQ(finished.size(), 1U);
  Write("a.csv", "id\n2\n");  // Newer than what is done.
  EXPECT_TRUE(source->Settle(finished, cursor_).failed.empty());
  EXPECT_EQ(Names("in"), "a.csv");
  NoteDone(Discover().splits[0]);
  Write("../done/events/a.csv", "something else");
  EXPECT_TRUE(source->Settle(Discover().finished, cursor_).failed.empty());
  EXPECT_EQ(Names("in"), "");
  EXPECT_EQ(Names("done/events"), "a.2.csv a.csv");
}

TEST_F(FilesSourceTest, WhatADeadProcessHidIsPutAwayOrBack) {
  spec_.when_done = Delete{};
  Write("a.csv", "id\n1\n");
  NoteDone(Discover().splits[0]);
  std::filesystem::rename(folder_ + "/in/a.csv", folder_ + "/in/.weir-done-7-a.csv");
  Write(".weir-done-8-b.csv", "id\n2\n");
  auto source = Make();
  EXPECT_TRUE(source->Discover(cursor_)->splits.empty());
  EXPECT_TRUE(source->Settle({}, cursor_).failed.empty());
  EXPECT_EQ(Names("in"), "b.csv");
}

TEST_F(FilesSourceTest, FollowingLooksOnlyWhereThereIsNews) {
  auto source = Make(&env::SystemWatches());
  EXPECT_TRUE(source->Discover(cursor_)->splits.empty());
  EXPECT_EQ(source->DiscoverNews(cursor_)->objects, 0U);
  Write("a.csv", "id\n1\n");
  Write("b.txt", "no input");
  Discovery found = source->DiscoverNews(cursor_).value();
  ASSERT_EQ(found.splits.size(), 1U);
  NoteDone(found.splits[0]);
  found = source->DiscoverNews(cursor_).value();  // Whether it is the same after its batch.
  EXPECT_TRUE(found.splits.empty());
  EXPECT_EQ(source->DiscoverNews(cursor_)->objects, 0U);
  std::filesystem::create_directories(folder_ + "/in/new");
  EXPECT_EQ(source->DiscoverNews(cursor_)->objects, 1U) << "a new folder: it looks everywhere";
}

TEST_F(FilesSourceTest, TheEndingTellsTheFormatUnlessTheSourceDoes) {
  auto source = Make();
  EXPECT_EQ(source->FormatOf({"a.ndjson.gz", "", 0, 0, "", false})->kind,
            format::FormatKind::kNdjson);
  EXPECT_EQ(source->FormatOf({"a.tsv", "", 0, 0, "", false})->csv.delimiter, '\t');
  EXPECT_EQ(source->FormatOf({"a.dat", "", 0, 0, "", false}).error().code, "source.format");
  spec_.format = format::FormatKind::kCsv;
  source = Make();
  EXPECT_EQ(source->FormatOf({"a.dat", "", 0, 0, "", false})->kind, format::FormatKind::kCsv);
}

}  // namespace
}  // namespace weir::source

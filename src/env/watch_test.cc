#include "env/watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "env/files.h"

namespace weir::env {
namespace {

using std::chrono::seconds;

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/in");
    ASSERT_EQ(watch_->Set({folder_ + "/in"}), Coverage::kComplete);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string At(const std::string& name) const { return folder_ + "/in/" + name; }

  std::string folder_ = testing::TempDir() + "watch_" + std::to_string(getpid());
  std::unique_ptr<Watch> watch_ = SystemWatches().Open();
};

TEST_F(WatchTest, TellsWhatCameWasWrittenAndWent) {
  EXPECT_TRUE(watch_->Take().paths.empty());
  std::ofstream(At("a")) << "1";
  SystemWatches().WaitForNews(seconds(20));
  EXPECT_EQ(watch_->Take().paths, std::vector<std::string>{At("a")});
  std::filesystem::rename(At("a"), At("b"));
  EXPECT_EQ(watch_->Take().paths, (std::vector<std::string>{At("a"), At("b")}));
  std::filesystem::create_hard_link(At("b"), At("c"));
  EXPECT_EQ(watch_->Take().paths.back(), At("c"));
  EXPECT_FALSE(watch_->Take().look_everywhere);
}

TEST_F(WatchTest, FoldersThatComeAndGoAskToLookEverywhere) {
  std::filesystem::create_directory(At("new"));
  EXPECT_TRUE(watch_->Take().look_everywhere);
  std::filesystem::remove_all(folder_ + "/in");
  EXPECT_TRUE(watch_->Take().look_everywhere);
  EXPECT_EQ(watch_->Set({folder_ + "/in"}), Coverage::kComplete) << "what is gone is passed over";
  std::filesystem::create_directory(folder_ + "/in");
  EXPECT_EQ(watch_->Set({folder_ + "/in"}), Coverage::kComplete);
  std::ofstream(At("a")) << "1";
  EXPECT_EQ(watch_->Take().paths, std::vector<std::string>{At("a")});
}

TEST_F(WatchTest, AFolderThatIsNoLongerSetIsSilent) {
  watch_->Set({});
  std::ofstream(At("a")) << "1";
  EXPECT_TRUE(watch_->Take().paths.empty());
}

TEST_F(WatchTest, AWaitIsEndedByAWakeBeforeItOrInIt) {
  SystemWatches().Wake();
  SystemWatches().WaitForNews(std::chrono::hours(1));
  std::thread other([] { SystemWatches().Wake(); });
  SystemWatches().WaitForNews(std::chrono::hours(1));
  other.join();
}

TEST_F(WatchTest, WhoStillWritesAFileIsKnown) {
  std::ofstream(At("a")) << "1";
  const auto file = SystemFiles().Open(At("a")).value();
  EXPECT_EQ(file->writers(), Writers::kNone);
  {
    std::ofstream writer(At("a"), std::ios::app);
    EXPECT_EQ(file->writers(), Writers::kSome);
  }
  EXPECT_EQ(file->writers(), Writers::kNone);
}

TEST_F(WatchTest, ARenameToANewNameNeverOverwrites) {
  std::ofstream(At("a")) << "1";
  std::ofstream(At("b")) << "2";
  EXPECT_EQ(SystemFiles().RenameNew(At("a"), At("b")).error().code, "file.exists");
  ASSERT_TRUE(SystemFiles().RenameNew(At("a"), At("c")));
  EXPECT_EQ(ReadWhole(SystemFiles(), At("c"), 10).value(), "1");
}

TEST(MatchesGlob, AgreesWithWhatGlobFinds) {
  const struct {
    const char* pattern;
    const char* path;
    bool matches;
  } cases[] = {{"/p/in/*.csv", "/p/in/a.csv", true},    {"/p/in/*.csv", "/p/in/.a.csv", false},
               {"/p/in/*.csv", "/p/in/x/a.csv", false}, {"/p/in/**", "/p/in/x/a.csv", true},
               {"/p/**/*.csv", "/p/a.csv", true},       {"/p/**/*.csv", "/p/x/y/a.csv", true},
               {"/p/**/*.csv", "/p/.x/a.csv", false},   {"/p/in/a.csv", "/p/in/a.csv", true},
               {"/p/in/*.csv", "/p/in", false},         {"/p/[ab]/?", "/p/b/1", true}};
  for (const auto& c : cases) EXPECT_EQ(MatchesGlob(c.pattern, c.path), c.matches) << c.path;
}

}  // namespace
}  // namespace weir::env

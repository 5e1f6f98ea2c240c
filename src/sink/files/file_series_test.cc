#include "sink/files/file_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace weir::sink {
namespace {

using testing::ElementsAre;

constexpr Instant kTen{1'777'629'600'000'000};  // 2026-05-01T10:00:00Z

class FileSeriesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "file_series_test_" + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  FileSeries Open(const std::string& path) {
    return FileSeries::Open(folder_ + "/" + path,
                            {.name = {}, .pipeline = "shop", .run = {}, .entity = {}},
                            LocalFolder(files_))
        .value();
  }
  // Writes `content` to the next file and gives its path from the test's folder.
  std::string Write(FileSeries& series, const std::string& content, Instant at = kTen) {
    NewFile file = series.Next(at).value();
    EXPECT_TRUE(file.bytes->Write(content));
    EXPECT_FALSE(std::filesystem::exists(file.path)) << "nothing is seen before Finish";
    EXPECT_TRUE(file.bytes->Finish());
    return file.path.substr(folder_.size() + 1);
  }

  std::string folder_;
  env::Files& files_ = env::SystemFiles();
};

TEST_F(FileSeriesTest, NamesFilesOneAfterTheOther) {
  FileSeries series = Open("in/{pipeline}_{date}_{hour}_{n:05}_{seq:06}.csv");
  EXPECT_EQ(Write(series, "a"), "in/shop_2026-05-01_10_00001_000001.csv");
  EXPECT_EQ(Write(series, "b", Instant{kTen.micros + 3'600'000'000}),
            "in/shop_2026-05-01_11_00002_000002.csv");
}

TEST_F(FileSeriesTest, GoesOnAfterTheLargestNumber) {
  for (const char* number : {"000002", "000011"}) {
    FileSeries series = Open(std::string("in/e_") + number + ".csv");
    Write(series, "old");
  }
  FileSeries series = Open("in/e_{seq:06}.csv");
  EXPECT_EQ(Write(series, "a"), "in/e_000012.csv");
  EXPECT_EQ(Write(series, "b"), "in/e_000013.csv");
}

TEST_F(FileSeriesTest, SkipsANameThatAnotherTook) {
  FileSeries one = Open("in/e_{seq}.csv");
  EXPECT_EQ(Write(one, "a"), "in/e_1.csv");
  FileSeries two = Open("in/e_{seq}.csv");
  EXPECT_EQ(Write(two, "b"), "in/e_2.csv");
  EXPECT_EQ(Write(one, "c"), "in/e_3.csv");
  EXPECT_EQ(env::ReadWhole(files_, folder_ + "/in/e_2.csv", 10).value(), "b");
}

TEST_F(FileSeriesTest, NumbersEachFolderThatItComesTo) {
  FileSeries before = Open("{date}/e_{seq}.csv");
  const Instant next_day{kTen.micros + 24LL * 3'600'000'000};
  Write(before, "a", next_day);
  Write(before, "b", next_day);
  FileSeries series = Open("{date}/e_{seq}.csv");
  EXPECT_EQ(Write(series, "c", kTen), "2026-05-01/e_1.csv");
  EXPECT_EQ(Write(series, "d", next_day), "2026-05-02/e_3.csv");
}

TEST_F(FileSeriesTest, NeverOverwrites) {
  FileSeries series = Open("in/one.csv");
  Write(series, "first");
  const auto again = series.Next(kTen);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "sink.file_exists");
  EXPECT_EQ(again.error().place.file, folder_ + "/in/one.csv");
  EXPECT_EQ(env::ReadWhole(files_, folder_ + "/in/one.csv", 10).value(), "first");
}

TEST_F(FileSeriesTest, LeavesNothingOfAFileThatWasNotFinished) {
  FileSeries series = Open("in/e_{seq}.csv");
  ASSERT_TRUE(series.Next(kTen)->bytes->Write("half"));
  EXPECT_TRUE(files_.List(folder_ + "/in")->empty());
}

TEST_F(FileSeriesTest, PutsSmallFilesWhereNoGlobMeetsThem) {
  FileSeries series = Open("in/e_{seq}.csv");
  const std::string path = folder_ + "/" + Write(series, "a");
  for (const char* content : {"1", "2"}) {
    auto beside = series.Beside(path, "truth").value();
    ASSERT_TRUE(beside->Write(content));
    ASSERT_TRUE(beside->Finish());
  }
  EXPECT_EQ(env::ReadWhole(files_, folder_ + "/in/.truth/e_1.csv.json", 10).value(), "2");
  EXPECT_THAT(env::Glob(files_, folder_ + "/**").value(), ElementsAre(path));
}

TEST(FilesSinkSpec, IsReadFromYaml) {
  config::Faults faults;
  const auto node = config::ParseDocument("{ files: \"in/e_{seq:06}.csv\", every: 5s, rows: 1000 }",
                                          "weir.yaml", faults);
  const auto spec = config::Read(*node, FilesSinkFields(), faults, "sink");
  ASSERT_TRUE(faults.empty()) << faults.Sorted()[0].ToString();
  EXPECT_EQ(spec.path.value, "in/e_{seq:06}.csv");
  EXPECT_EQ(FormatOf(spec), format::FormatKind::kCsv);
  EXPECT_EQ(spec.every, std::chrono::seconds(5));
  EXPECT_EQ(spec.rows, 1000);
}

TEST(FilesSinkSpec, NamesWhatIsWrong) {
  const struct {
    const char* yaml;
    const char* code;
    uint64_t column;
  } cases[] = {
      {"{ files: \"in/e_{sek}.csv\" }", "path.placeholder", 16},
      {"{ files: \"in/e_{seq}\" }", "sink.format", 10},
      {"{ files: \"in/e_{seq}.tsv\" }", "sink.delimiter", 10},
      {"{ files: \"in/e_{seq}.csv.gz\" }", "sink.compressed", 10},
      {"{ files: \"in/e.csv\", every: 5s }", "sink.one_name", 10},
      {"{ files: \"in/e.csv\", format: parquet }", "config.bad_word", 30},
      {"{ format: csv }", "config.missing_key", 1},
  };
  for (const auto& c : cases) {
    config::Faults faults;
    const auto node = config::ParseDocument(c.yaml, "weir.yaml", faults);
    config::Read(*node, FilesSinkFields(), faults, "sink");
    ASSERT_EQ(faults.size(), 1u) << c.yaml;
    EXPECT_EQ(faults.Sorted()[0].code, c.code) << c.yaml;
    EXPECT_EQ(faults.Sorted()[0].place.column, c.column) << c.yaml;
  }
}

}  // namespace
}  // namespace weir::sink

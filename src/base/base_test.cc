#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/letter_case.h"
#include "base/result.h"
#include "base/spelling.h"
#include "base/units.h"

namespace weir {
namespace {

TEST(Units, BytesReadAsPeopleWriteThem) {
  const struct {
    const char* text;
    uint64_t bytes;
  } cases[] = {
      {"64MiB", 67108864}, {"1.5 KiB", 1536}, {"100kB", 100000}, {"4096", 4096}, {"0B", 0}};
  for (const auto& c : cases) EXPECT_EQ(ParseBytes(c.text).value(), c.bytes) << c.text;
  for (const char* bad : {"", "MiB", "-1B", "3 parsecs", "1e300GiB", "nan"})
    EXPECT_EQ(ParseBytes(bad).error().code, "unit.bytes") << bad;
}

TEST(Units, DurationsReadAsPeopleWriteThem) {
  const struct {
    const char* text;
    int64_t micros;
  } cases[] = {
      {"500ms", 500'000}, {"30s", 30'000'000}, {"15m", 900'000'000}, {"7d", 604'800'000'000}};
  for (const auto& c : cases) EXPECT_EQ(ParseDuration(c.text).value().count(), c.micros) << c.text;
  for (const char* bad : {"", "5", "0s", "-1s", "1 year"})
    EXPECT_EQ(ParseDuration(bad).error().code, "unit.duration") << bad;
}

TEST(Units, RatesAreWithinZeroAndOne) {
  EXPECT_DOUBLE_EQ(ParseRate("0.5%").value(), 0.005);
  EXPECT_DOUBLE_EQ(ParseRate("0.05").value(), 0.05);
  for (const char* bad : {"101%", "2", "x%", "-1%"}) EXPECT_FALSE(ParseRate(bad)) << bad;
}

TEST(Units, NumbersPrintForPeople) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatDuration(std::chrono::milliseconds(850)), "850 ms");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(250)), "4 min 10 s");
  EXPECT_EQ(FormatInstant({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatInstant({-1}), "1969-12-31T23:59:59.999999Z");
}

TEST(Spelling, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"source", "sink", "contract", "schedule"};
  EXPECT_EQ(NearestWord("sorce", words), "source");
  EXPECT_EQ(NearestWord("contarct", words), "contract");
  EXPECT_EQ(NearestWord("warehouse", words), std::nullopt);
}

TEST(LetterCase, IsOfAToZAlone) {
  EXPECT_EQ(Lower("Content-TYPE @[`{ \xC3\x84"), "content-type @[`{ \xC3\x84");
  EXPECT_TRUE(EqualAnyCase("Order_ID", "ORDER_id"));
  EXPECT_FALSE(EqualAnyCase("order", "orders"));
  EXPECT_FALSE(EqualAnyCase("[", "{"));
}

TEST(Error, KindsDecideTheExitCode) {
  EXPECT_EQ(ExitCode(ErrorKind::kConfig), 78);
  EXPECT_EQ(ExitCode(ErrorKind::kBusy), 75);
  EXPECT_EQ(ExitCode(ErrorKind::kStopped), 3);
  EXPECT_EQ(ExitCode(ErrorKind::kIo), 1);
}

TEST(Error, PrintsCodePlaceCauseAndNextStep) {
  const Error error{.kind = ErrorKind::kIo,
                    .code = "disk.full",
                    .message = "no space",
                    .place = {.file = "a.csv", .line = 3, .column = 0, .byte_offset = 40},
                    .next = "free some"};
  EXPECT_EQ(error.ToString(), "disk.full: no space (a.csv, line 3, byte 40); free some");
}

TEST(Ids, BatchesNameThemselves) {
  EXPECT_EQ((BatchId{"uploads", "3f2a9c1e", BatchNumber(17)}).ToString(), "uploads/3f2a9c1e/17");
}

}  // namespace
}  // namespace weir

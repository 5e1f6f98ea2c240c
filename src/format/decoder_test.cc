#include "format/decoder.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"

namespace weir::format {
namespace {

TEST(DecoderState, IsStoredAsText) {
  DecoderState state;
  state.offset = 12345678901234ULL;
  state.line = 77;
  state.compression = Compression::kZstd;
  state.encoding = Encoding::kUtf16Be;
  state.csv_delimiter = '|';
  state.csv_cr = true;
  state.csv_header = {"a", "é \"q\"", ""};
  state.ended = true;
  EXPECT_EQ(DecoderState::FromJson(state.ToJson()).value(), state);
  EXPECT_EQ(DecoderState{}.ToJson(), R"({"offset":0,"line":1,"compression":"auto"})");
  EXPECT_EQ(DecoderState::FromJson(DecoderState{}.ToJson()).value(), DecoderState{});
  EXPECT_EQ(state.reader_offset(), 0U);
  state.compression = Compression::kNone;
  EXPECT_EQ(state.reader_offset(), 0U);
  state.encoding = Encoding::kUtf8;
  EXPECT_EQ(state.reader_offset(), state.offset);
  for (const char* text :
       {"", "{}", "[]", "{\"offset\":-1,\"line\":1,\"compression\":\"none\"}",
        "{\"offset\":1,\"line\":1,\"compression\":\"none\",\"encoding\":\"utf-16\"}",
        "{\"offset\":1,\"line\":1,\"compression\":\"none\",\"csv_delimiter\":\"\"}",
        "{\"offset\":\"1\",\"line\":1,\"compression\":\"none\"}", "{\"offset\":1,\"line\":1}"})
    EXPECT_EQ(DecoderState::FromJson(text).error().code, "decoder.state") << text;
}

TEST(FormatSpec, TheEndingOfAPathSaysTheFormat) {
  struct PathCase {
    std::string path;
    std::string kind;
    Compression compression;
    char delimiter;
  };
  for (const PathCase& c : std::vector<PathCase>{{"a.csv", "csv", Compression::kAuto, ','},
                                                 {"d/a.tsv", "csv", Compression::kAuto, '\t'},
                                                 {"a.csv.gz", "csv", Compression::kGzip, ','},
                                                 {"a.ndjson", "ndjson", Compression::kAuto, ','},
                                                 {"a.jsonl.zst", "ndjson", Compression::kZstd, ','},
                                                 {"a.json", "json", Compression::kAuto, ','}}) {
    const auto spec = FormatOfPath(c.path);
    ASSERT_TRUE(spec.has_value()) << c.path;
    EXPECT_EQ(ToText(spec->kind), c.kind);
    EXPECT_EQ(spec->compression, c.compression);
    EXPECT_EQ(spec->csv.delimiter, c.delimiter);
  }
  for (const char* path : {"a", "a.txt", "a.gz", "csv", "a.csv.bz2", ""})
    EXPECT_FALSE(FormatOfPath(path)) << path;
  EXPECT_EQ(ParseFormatKind("ndjsn").error().next, "did you mean 'ndjson'?");
  EXPECT_EQ(ParseCompression("bzip2").error().code, "format.compression");
}

// What is small to send and large to hold: a refused record takes a hundred times its bytes.
TEST(Decoder, ABatchHoldsFewBrokenRecords) {
  constexpr size_t kRecords = 3 * kDecodedBrokenMax;
  std::string array = "[";
  for (size_t i = 0; i < kRecords; ++i) array += "[],";
  array.back() = ']';
  const auto decoder =
      MakeDecoder({.kind = FormatKind::kJson, .compression = Compression::kNone, .csv = {}}, {},
                  std::make_unique<env::MemoryReader>(array));
  ASSERT_TRUE(decoder);
  size_t broken = 0;
  while (true) {
    const auto batch = (*decoder)->Next({});
    ASSERT_TRUE(batch);
    if (!*batch) break;
    EXPECT_LE((*batch)->broken.size(), kDecodedBrokenMax);
    broken += (*batch)->broken.size();
  }
  EXPECT_EQ(broken, kRecords);
}

}  // namespace
}  // namespace weir::format

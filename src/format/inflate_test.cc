#include "format/inflate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "format/compress_check_internal.h"
#include "format/decoder_check_internal.h"

namespace weir::format {
namespace {

struct Inflated {
  std::string bytes;
  std::string error;  // Code; empty: it came to its end.
  friend bool operator==(const Inflated&, const Inflated&) = default;
};

Inflated Inflate(std::string_view packed, Compression compression, size_t read_bytes = 1 << 16,
                 size_t piece = 0) {
  Inflated inflated;
  auto input = OpenInput(std::make_unique<PiecewiseReader>(packed, piece), compression);
  WEIR_CHECK(input.has_value());
  std::string buffer(read_bytes, '\0');
  while (true) {
    const Result<size_t> read = input->reader->Read(buffer);
    if (!read) {
      EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt);
      inflated.error = read.error().code;
      // An error stays.
      EXPECT_FALSE(input->reader->Read(buffer).has_value());
      return inflated;
    }
    if (*read == 0) return inflated;
    inflated.bytes.append(buffer, 0, *read);
  }
}

std::string Text(size_t lines) {
  std::string text;
  uint64_t number = 88172645463325252ULL;
  for (size_t i = 0; i < lines; ++i) {
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    text += std::to_string(i) + "," + std::to_string(number) + "\n";
  }
  return text;
}

class BothCompressions : public testing::TestWithParam<Compression> {
 protected:
  std::string Pack(std::string_view plain) const { return Compressed(plain, GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Inflate, BothCompressions,
                         testing::Values(Compression::kGzip, Compression::kZstd),
                         [](const auto& suite) { return std::string(ToText(suite.param)); });

TEST_P(BothCompressions, GiveBackWhatWasPacked) {
  for (const std::string& plain :
       {std::string(), std::string("a"), Text(20'000), std::string(3'000'000, 'x')}) {
    for (const Compression asked : {GetParam(), Compression::kAuto})
      EXPECT_EQ(Inflate(Pack(plain), asked), (Inflated{plain, ""})) << plain.size();
  }
}

TEST_P(BothCompressions, JoinMembersAndFrames) {
  EXPECT_EQ(Inflate(Pack("one ") + Pack("") + Pack("two"), GetParam()), (Inflated{"one two", ""}));
}

TEST_P(BothCompressions, GiveTheReadablePrefixOfATornStreamHoweverItIsRead) {
  const std::string plain = Text(200);
  const std::string packed = Pack(plain);
  for (size_t length = 1; length < packed.size(); length += 7) {
    const Inflated whole = Inflate(packed.substr(0, length), GetParam());
    EXPECT_EQ(whole.error, "input.corrupt") << length;
    EXPECT_TRUE(plain.starts_with(whole.bytes)) << length;
    for (const auto& [read_bytes, piece] : {std::pair<size_t, size_t>{1, 0}, {5, 3}, {4096, 1}})
      EXPECT_EQ(Inflate(packed.substr(0, length), GetParam(), read_bytes, piece), whole) << length;
  }
  EXPECT_GT(Inflate(packed.substr(0, packed.size() - 1), GetParam()).bytes.size(),
            plain.size() / 2);
}

TEST_P(BothCompressions, AFlippedByteGivesTheSameHoweverItIsRead) {
  const std::string plain = Text(200);
  const std::string packed = Pack(plain);
  size_t broken = 0;
  for (size_t at = 0; at < packed.size(); at += 3) {
    std::string flipped = packed;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
    const Inflated whole = Inflate(flipped, GetParam());
    broken += whole.error.empty() ? 0 : 1;
    for (const auto& [read_bytes, piece] : {std::pair<size_t, size_t>{3, 0}, {4096, 5}})
      EXPECT_EQ(Inflate(flipped, GetParam(), read_bytes, piece), whole) << at;
  }
  // The checksums see all but flips in unused header fields.
  EXPECT_GT(broken, packed.size() / 3 - 5);
}

TEST_P(BothCompressions, BytesBehindTheStreamBreakIt) {
  EXPECT_EQ(Inflate(Pack("one") + "garbage", GetParam()), (Inflated{"one", "input.corrupt"}));
}

TEST(Inflate, ZerosBehindGzipArePadding) {
  EXPECT_EQ(Inflate(Gzip("one") + std::string(512, '\0'), Compression::kGzip),
            (Inflated{"one", ""}));
  EXPECT_EQ(Inflate(Gzip("one") + std::string(9, '\0') + "x", Compression::kGzip),
            (Inflated{"one", "input.corrupt"}));
}

TEST(Inflate, ASkippableFrameIsSkipped) {
  const std::string skippable = std::string("\x50\x2A\x4D\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(Inflate(skippable + Zstd("one"), Compression::kAuto), (Inflated{"one", ""}));
}

TEST(Inflate, PlainBytesAreLeftAlone) {
  for (const char* plain : {"", "a", "abc", "abcd", "a,b\n1,2\n"}) {
    auto input = OpenInput(std::make_unique<env::MemoryReader>(plain), Compression::kAuto);
    EXPECT_EQ(input->compression, Compression::kNone);
    EXPECT_EQ(Inflate(plain, Compression::kAuto), (Inflated{plain, ""}));
  }
  EXPECT_EQ(Inflate("plain text", Compression::kGzip), (Inflated{"", "input.corrupt"}))
      << "but not where the name says gzip";
}

TEST(Inflate, AnErrorOfTheReaderPassesThrough) {
  class Failing final : public env::ByteReader {
   public:
    Result<size_t> Read(std::span<char> into) override {
      if (given_) return Fail(ErrorKind::kIo, "file.io", "the disk is gone");
      given_ = true;
      constexpr std::string_view kFront = "\x1F\x8B\x08\x01";
      std::copy_n(kFront.begin(), std::min(into.size(), kFront.size()), into.begin());
      return std::min(into.size(), kFront.size());
    }

   private:
    bool given_ = false;
  };
  auto input = OpenInput(std::make_unique<Failing>(), Compression::kAuto);
  std::string buffer(100, '\0');
  EXPECT_EQ(input->reader->Read(buffer).error().code, "file.io");
}

}  // namespace
}  // namespace weir::format

#include "format/deflate.h"

#include <gtest/gtest.h>

#include "env/random.h"
#include "format/inflate.h"

namespace weir::format {
namespace {

class Collected final : public env::ByteWriter {
 public:
  explicit Collected(std::string& into) : into_(into) {}
  Result<void> Write(std::string_view bytes) override {
    into_ += bytes;
    return {};
  }
  uint64_t position() const override { return into_.size(); }
  Result<void> Finish() override {
    into_ += "|";
    return {};
  }

 private:
  std::string& into_;
};

TEST(CompressedTest, WhatIsWrittenIsReadAgainHoweverItWasCut) {
  env::SeededRandom random(3);
  std::string noise;
  for (int i = 0; i < 100'000; ++i) noise += static_cast<char>(random.Next());
  const std::string texts[] = {"", "a", std::string(3'000'000, 'x'), noise};
  for (const Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd})
    for (const std::string& text : texts)
      for (const size_t cut : {size_t{999}, size_t{10'000'000}}) {
        std::string made;
        const auto writer = Compressed(std::make_unique<Collected>(made), compression);
        for (size_t at = 0; at < text.size(); at += cut)
          ASSERT_TRUE(writer->Write(std::string_view(text).substr(at, cut)));
        EXPECT_EQ(writer->position(), text.size());
        ASSERT_TRUE(writer->Finish());
        ASSERT_TRUE(made.ends_with('|'));
        made.pop_back();
        auto opened = OpenInput(std::make_unique<env::MemoryReader>(made), compression);
        ASSERT_TRUE(opened);
        std::string read(text.size() + 1, '\0');
        const auto got = opened->reader->Read(read);
        ASSERT_TRUE(got);
        read.resize(*got);
        EXPECT_TRUE(read == text);
      }
}

}  // namespace
}  // namespace weir::format

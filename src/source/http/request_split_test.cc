#include "source/http/request_split_internal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "base/limits.h"
#include "env/scratch_folder.h"
#include "wal/log.h"

namespace weir::source {
namespace {

class RequestSplitTest : public testing::Test {
 protected:
  // A request that says of itself to have so many bytes.
  void Append(uint64_t text_bytes) {
    RequestRecord record;
    record.text_bytes = text_bytes;
    record.text_lines = 1;
    std::string head;
    EncodeRequest(record, head);
    std::promise<Result<wal::Sequence>> done;
    log_->Append(wal::StreamOf("orders"), head, "",
                 [&](Result<wal::Sequence> at) { done.set_value(std::move(at)); });
    ASSERT_TRUE(done.get_future().get());
  }

  RequestStream Stream() { return {*log_, wal::StreamOf("orders"), "orders", "3f2a9c1e"}; }

  env::ScratchFolder folder_ = env::ScratchFolder::Make("request_split_test").value();
  std::unique_ptr<wal::Log> log_ =
      wal::Log::Open(
          env::SystemFiles(), env::SystemRandom(),
          {.folder = folder_.path() + "/log", .streams = {"orders"}, .after = wal::Sequence()})
          .value();
};

TEST_F(RequestSplitTest, EnoughIsFoundAtOnceAndTheRestBehindIt) {
  constexpr uint64_t kBody = 1'000'000;
  constexpr uint64_t kRequestsSent = 150;
  constexpr uint64_t kEnough = 64'000'000;
  for (uint64_t i = 0; i < kRequestsSent; ++i) Append(kBody);

  wal::Sequence last;
  int looks = 0;
  for (bool more = true; more; ++looks) {
    const auto found = FindRequestSplits(Stream(), last, kEnough);
    ASSERT_TRUE(found);
    uint64_t bytes = 0;
    for (const ledger::ObjectProgress& split : found->splits) {
      const RequestRange range = RangeOf(Stream(), split).value();
      EXPECT_EQ(range.first, last.next());
      EXPECT_EQ(split.size, (range.last.value - last.value) * kBody);
      EXPECT_LE(split.size, kRequestSplitBytes);
      last = range.last;
      bytes += split.size;
    }
    EXPECT_LE(bytes, kEnough + kRequestSplitBytes);
    more = found->more;
  }
  EXPECT_EQ(last, wal::Sequence(kRequestsSent));
  EXPECT_EQ(looks, 3);
}

TEST_F(RequestSplitTest, AHeadThatIsLongerThanWhatIsReadOfItIsReadWhole) {
  RequestRecord record;
  record.text_bytes = 300'000;
  record.text_lines = 1;
  for (const char* column : {"a", "b", "c"})
    record.values.emplace_back(column, std::string(60'000, *column));
  std::string head;
  EncodeRequest(record, head);
  std::promise<Result<wal::Sequence>> done;
  const std::string body(record.text_bytes, ' ');
  log_->Append(wal::StreamOf("orders"), head, body,
               [&](Result<wal::Sequence> at) { done.set_value(std::move(at)); });
  ASSERT_TRUE(done.get_future().get());
  const auto found = FindRequestSplits(Stream(), wal::Sequence(), 1);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->splits.size(), 1U);
  const auto opened = OpenRequests(Stream(), found->splits.front());
  ASSERT_TRUE(opened) << opened.error().ToString();
  EXPECT_EQ(opened->split->parts()->parts.front().values, record.values);
}

TEST_F(RequestSplitTest, ADamagedBodyIsNoBrokenInput) {
  RequestRecord record;
  record.text_bytes = 300'000;
  record.text_lines = 1;
  std::string head;
  EncodeRequest(record, head);
  std::promise<Result<wal::Sequence>> done;
  log_->Append(wal::StreamOf("orders"), head, std::string(record.text_bytes, 'x'),
               [&](Result<wal::Sequence> at) { done.set_value(std::move(at)); });
  ASSERT_TRUE(done.get_future().get());
  {
    std::fstream file(folder_.path() + "/log/00000000000000000001.log",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200'000);
    file.put('y');
  }
  const RequestStream stream = Stream();
  const auto found = FindRequestSplits(stream, wal::Sequence(), 1);
  ASSERT_TRUE(found);
  const auto opened = OpenRequests(stream, found->splits.front());
  ASSERT_TRUE(opened);
  std::string into(1'000'000, '\0');
  const auto read = opened->split->Read(0)->Read(into);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "wal.corrupt");
  EXPECT_EQ(read.error().kind, ErrorKind::kIo) << "what is corrupt in itself becomes a dead letter";
}

TEST_F(RequestSplitTest, WhereNothingIsBehindThereIsNoMore) {
  Append(10);
  const auto found = FindRequestSplits(Stream(), wal::Sequence(), 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->splits.size(), 1U);
  EXPECT_FALSE(found->more);
  const auto again = FindRequestSplits(Stream(), wal::Sequence(1), 1);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->splits.empty());
  EXPECT_FALSE(again->more);
}

}  // namespace
}  // namespace weir::source

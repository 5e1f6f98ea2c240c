#include <chrono>
#include <fstream>
#include <thread>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "engine/engine_test_internal.h"

namespace weir::engine {
namespace {

using std::chrono::steady_clock;

// Resident memory of this process, in MiB.
int64_t ResidentMiB() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) / 1024;
  return 0;
}

std::shared_ptr<arrow::RecordBatch> Numbers(int64_t from, int64_t count) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int64_t i = from; i < from + count; ++i) {
    EXPECT_TRUE(numbers.Append(i).ok());
    EXPECT_TRUE(texts.Append("a text of some length " + std::to_string(i)).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())}), count,
      {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

TEST(Stream, FiveMillionRowsNeedNoMoreMemoryThanAFewBatches) {
  const auto session = OpenSession({.memory_bytes = 64 * 1024 * 1024});
  const auto stream = Must(session->Query(
      "SELECT i, 'a text of some length ' || i AS t, i * 1.5 AS d FROM range(5000000) t(i)"));
  int64_t rows = 0;
  int64_t before = 0;
  int64_t most = 0;
  while (const auto batch = Must(stream->Next())) {
    EXPECT_LE(batch->num_rows(), static_cast<int64_t>(kStreamRows));
    rows += batch->num_rows();
    if (before == 0) before = ResidentMiB();
    most = std::max(most, ResidentMiB());
  }
  EXPECT_EQ(rows, 5'000'000);
#ifndef __SANITIZE_ADDRESS__  // AddressSanitizer keeps what was freed for a while.
  EXPECT_LT(most - before, 64) << "from " << before << " MiB to " << most << " MiB";
#endif
  EXPECT_EQ(Must(stream->Next()), nullptr);
}

TEST(Stream, BatchesComeInTheOrderOfTheQuery) {
  const auto session = OpenSession();
  const auto all = Read(*session, "SELECT i FROM range(300000) t(i) ORDER BY i DESC");
  const auto& values = static_cast<const arrow::Int64Array&>(*all->column(0));
  for (int64_t i = 0; i < values.length(); ++i) ASSERT_EQ(values.Value(i), 299'999 - i);
}

TEST(Stream, AStatementWithoutRowsGivesAnEmptyStream) {
  const auto session = OpenSession();
  const auto stream = Must(session->Query("CREATE TABLE t (n INTEGER)"));
  EXPECT_EQ(stream->schema()->num_fields(), 0);
  EXPECT_EQ(Must(stream->Next()), nullptr);
  const auto empty = Must(session->Query("SELECT * FROM t"));
  EXPECT_EQ(empty->schema()->ToString(), "n: int32");
  EXPECT_EQ(Must(empty->Next()), nullptr);
}

TEST(Stream, TheNextStatementClosesIt) {
  const auto session = OpenSession();
  const auto stream = Must(session->Query("SELECT * FROM range(1000000)"));
  ASSERT_NE(Must(stream->Next()), nullptr);
  EXPECT_EQ(Single(*session, "SELECT 1"), "1");
  const auto next = stream->Next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, "engine.closed");
}

TEST(Stream, AFailureInTheMiddleComesAfterTheRowsBeforeItAndStays) {
  const auto session = OpenSession();
  const auto stream =
      Must(session->Query("SELECT CASE WHEN i < 200000 THEN i ELSE error('row ' || i)::BIGINT END "
                          "AS n FROM range(300000) t(i)"));
  int64_t rows = 0;
  for (;;) {
    const auto batch = stream->Next();
    if (!batch) {
      EXPECT_EQ(batch.error().message, "row 200000");
      EXPECT_EQ(stream->Next().error().message, "row 200000");
      break;
    }
    ASSERT_NE(*batch, nullptr);
    rows += (*batch)->num_rows();
  }
  EXPECT_GT(rows, 0);
  EXPECT_LE(rows, 200'000);
  EXPECT_EQ(Single(*session, "SELECT 1"), "1");
}

TEST(Stream, DroppingItGivesItsMemoryBack) {
  const auto engine = OpenEngine({.memory_bytes = 512 * 1024 * 1024});
  const auto session = Must(engine->NewSession());
  {
    const auto stream =
        Must(session->Query("SELECT * FROM range(5000000) t(i) JOIN (SELECT i AS k FROM "
                            "range(3000000) s(i)) ON i = k"));
    ASSERT_NE(Must(stream->Next()), nullptr);
  }
  EXPECT_EQ(Single(*session, "SELECT sum(memory_usage_bytes) < 8000000 FROM duckdb_memory()"),
            "true");
}

TEST(Stream, ItOutlivesItsSessionAndEngine) {
  std::unique_ptr<ArrowStream> stream;
  {
    auto engine = OpenEngine();
    auto session = Must(engine->NewSession());
    const auto table = Must(session->AddTable("numbers", Numbers(0, 1)->schema()));
    table->Set({Numbers(0, 10)});
    stream = Must(session->Query("SELECT * FROM range(200000)"));
  }
  EXPECT_EQ(ReadAll(*stream)->num_rows(), 200'000);
}

TEST(Interrupt, ARunningStatementEndsWithinASecond) {
  const auto session = OpenSession();
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    session->Interrupt();
  });
  const auto start = steady_clock::now();
  const Error error =
      ErrorOf(*session, "SELECT count(*) FROM range(100000000000) t(i) WHERE hash(i) = 0");
  const auto taken = steady_clock::now() - start;
  ends.join();
  EXPECT_EQ(error.code, "engine.cancelled") << error.ToString();
  EXPECT_EQ(error.kind, ErrorKind::kCancelled);
  EXPECT_LT(taken, std::chrono::milliseconds(1200));
  EXPECT_EQ(Single(*session, "SELECT 1"), "1");
}

TEST(Interrupt, AStreamBeingReadEnds) {
  const auto session = OpenSession();
  const auto stream = Must(session->Query("SELECT i FROM range(100000000000) t(i)"));
  ASSERT_NE(Must(stream->Next()), nullptr);
  session->Interrupt();
  for (;;) {
    const auto batch = stream->Next();
    if (batch) continue;
    EXPECT_EQ(batch.error().code, "engine.cancelled") << batch.error().ToString();
    break;
  }
}

TEST(BatchTable, AStatementSeesTheBatchesOfTheMomentItRuns) {
  const auto session = OpenSession();
  const auto table = Must(session->AddTable("odd \" name", Numbers(0, 1)->schema()));
  const auto statement = Must(
      session->Prepare("SELECT count(*) AS c, sum(n)::BIGINT AS s, max(t) FROM \"odd \"\" name\""));
  const auto run = [&] { return ReadAll(*Must(statement->Query()))->ToString(); };
  EXPECT_THAT(run(), testing::HasSubstr("    0\n"));
  table->Set({Numbers(0, 5000), Numbers(5000, 1), Numbers(0, 0), Numbers(5001, 99'999)});
  const auto some = ReadAll(*Must(statement->Query()));
  EXPECT_EQ(some->column(0)->GetScalar(0).ValueOrDie()->ToString(), "105000");
  EXPECT_EQ(some->column(1)->GetScalar(0).ValueOrDie()->ToString(), "5512447500");
  EXPECT_EQ(some->column(2)->GetScalar(0).ValueOrDie()->ToString(), "a text of some length 99999");
  table->Set({Numbers(7, 1)});
  EXPECT_EQ(Single(*session, "SELECT t FROM \"odd \"\" name\" WHERE n = 7"),
            "a text of some length 7");
  EXPECT_EQ(Single(*session, "SELECT count(*) FROM \"odd \"\" name\""), "1");
}

TEST(BatchTable, ItIsGoneWhenDroppedUnlessAnotherTookItsName) {
  const auto session = OpenSession();
  auto first = Must(session->AddTable("numbers", Numbers(0, 1)->schema()));
  auto second = Must(session->AddTable("numbers", Numbers(0, 1)->schema()));
  second->Set({Numbers(0, 3)});
  first.reset();
  EXPECT_EQ(Single(*session, "SELECT count(*) FROM numbers"), "3");
  second.reset();
  EXPECT_EQ(ErrorOf(*session, "SELECT count(*) FROM numbers").code, "engine.bind");
}

TEST(BatchTable, BatchesStayAliveWhileAStreamReadsThem) {
  const auto session = OpenSession();
  const auto table = Must(session->AddTable("numbers", Numbers(0, 1)->schema()));
  table->Set({Numbers(0, 300'000)});
  const auto stream = Must(session->Query("SELECT t FROM numbers"));
  table->Set({});
  EXPECT_EQ(ReadAll(*stream)->num_rows(), 300'000);
}

TEST(BatchTable, AStreamOfBatchesIsReadOnceAndAsItIsNeeded) {
  const auto session = OpenSession();
  int64_t asked = 0;
  const auto table = Must(session->AddStream("feed", Numbers(0, 1)->schema(),
                                             [&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
                                               if (asked == 50) return nullptr;
                                               return Numbers(10'000 * asked++, 10'000);
                                             }));
  EXPECT_EQ(Single(*session, "SELECT sum(n)::BIGINT FROM feed"), "124999750000");
  EXPECT_EQ(ErrorOf(*session, "SELECT sum(n) FROM feed").message,
            "this stream has been read already");
  const auto broken = Must(session->AddStream(
      "broken", Numbers(0, 1)->schema(), []() -> Result<std::shared_ptr<arrow::RecordBatch>> {
        return Fail(ErrorKind::kIo, "file.io", "the disk is gone");
      }));
  const Error error = ErrorOf(*session, "SELECT * FROM broken");
  EXPECT_EQ(error.code, "engine.runtime");
  EXPECT_EQ(error.message, "the disk is gone");
}

}  // namespace
}  // namespace weir::engine

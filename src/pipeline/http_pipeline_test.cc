// From an offered request to rows of the table, through the front, the log, the runner and one
// commit; and across the death of everything in between.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "base/request_limits.h"
#include "env/hash.h"
#include "pipeline/runner.h"
#include "query/output.h"
#include "query/snapshot_query.h"
#include "source/http/front.h"
#include "storage/store.h"

namespace weir::pipeline {
namespace {

template <class T>
T Must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().ToString();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

columnar::ColumnSpec Column(const std::string& name, const std::string& text) {
  return Must(contract::ParseColumn(name, text));
}

class HttpPipeline : public testing::Test {
 protected:
  HttpPipeline() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/lake");
    engine_ = Must(engine::Engine::Open({.folders = {folder_ + "/lake"}}));
    http_.route = "/stores/{store}/events";
    columns_ = {Column("id", "bigint not null"), Column("name", "varchar"),
                Column("store", "varchar not null default path(store)"),
                Column("shop", "varchar default header(x-shop)")};
  }
  ~HttpPipeline() override {
    front_.reset();
    std::filesystem::remove_all(folder_);
  }

  // As another process would find things.
  void Open() {
    front_.reset();
    lake_.reset();
    catalog_ = Must(catalog::OpenSqliteCatalog({folder_ + "/weir.db", "0a0b0c0d", false}));
    front_catalog_ = Must(catalog::OpenSqliteCatalog({folder_ + "/weir.db", "", true}));
    lake_ =
        std::make_unique<table::Lake>(*store_, *catalog_, env::SystemClock(), env::SystemRandom(),
                                      storage::FileLocation(folder_ + "/lake"));
    session_ = Must(engine_->NewSession());
    OpenFront({{"events", http_, columns_, "raw.events"}});
  }

  void OpenFront(std::vector<source::FrontPipeline> pipelines) {
    front_.reset();
    front_ = Must(source::Front::Open({.files = env::SystemFiles(),
                                       .clock = env::SystemClock(),
                                       .random = env::SystemRandom(),
                                       .catalog = *front_catalog_,
                                       .folder = folder_ + "/wal",
                                       .log_bytes_max = kLogBytesDefault},
                                      std::move(pipelines)));
  }

  source::Intake& intake() { return *front_->Find("events"); }

  source::Offered Offer(source::Request request) {
    const std::vector<source::NameValue> path = {{"store", "S1"}};
    const std::vector<source::NameValue> headers = {{"X-Shop", "north"}};
    if (request.path.empty()) request.path = path;
    if (request.headers.empty()) request.headers = headers;
    return Offer(std::span(&request, 1));
  }
  source::Offered Offer(std::span<const source::Request> requests) {
    std::promise<source::Offered> promise;
    auto answer = promise.get_future();
    intake().Offer(requests,
                   [&](source::Offered offered) { promise.set_value(std::move(offered)); });
    return answer.get();
  }

  RunSummary Run(FlushSpec flush = {}) {
    const auto summary = NewRunner(flush)->Run([](const Progress&) {});
    EXPECT_TRUE(summary) << summary.error().error.ToString();
    return summary ? *summary : RunSummary{};
  }

  std::unique_ptr<Runner> NewRunner(FlushSpec flush) {
    PipelineSpec spec;
    spec.name = "events";
    spec.source = http_;
    spec.contract.columns = columns_;
    spec.flush = flush;
    sink::TableSinkSpec sink;
    sink.table = {"raw", "events"};
    spec.sink = sink;
    const RunContext context{.project = "shop",
                             .catalog = *catalog_,
                             .lake = *lake_,
                             .session = *session_,
                             .clock = env::SystemClock(),
                             .log = log_,
                             .stop = stop_};
    auto runner = Runner::Make(context, spec, front_->MakeSource("events"));
    EXPECT_TRUE(runner);
    return std::move(*runner);
  }

  Result<source::ReceiptState> Receipt(const std::string& id) {
    std::promise<Result<source::ReceiptState>> promise;
    auto told = promise.get_future();
    front_->FindReceipt(
        id, [&](Result<source::ReceiptState> state) { promise.set_value(std::move(state)); });
    return told.get();
  }

  std::string Csv(const std::string& sql) {
    const auto query = Must(query::SnapshotQuery::Make({*catalog_, *lake_, *session_}));
    const auto stream = Must(query->Run(sql));
    std::string text;
    Must(query::WriteOutput(*stream, {.format = query::OutputFormat::kCsv},
                            [&text](std::string_view bytes) -> Result<void> {
                              text += bytes;
                              return {};
                            }));
    return text;
  }

  std::string folder_ = std::filesystem::canonical(testing::TempDir()).string() +
                        "/http_pipeline_" + std::to_string(getpid());
  std::unique_ptr<storage::Store> store_ = storage::MakeLocalStore(env::SystemFiles());
  telemetry::RecordedLog log_;
  std::atomic<bool> stop_ = false;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::Catalog> front_catalog_;
  std::unique_ptr<table::Lake> lake_;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<source::Front> front_;
  source::HttpSpec http_;
  std::vector<columnar::ColumnSpec> columns_;
};

// A look finds as many as a batch may read, and the next one does not wait for flush.every.
TEST_F(HttpPipeline, ABacklogOfSeveralLooksIsReadWithoutAPause) {
  Open();
  constexpr size_t kSent = kBatchSplitsMax + 50;  // A split each, as each has a header.
  for (size_t i = 0; i < kSent; ++i)
    ASSERT_TRUE(Offer({.content_type = "text/csv", .body = "id\n6\n"}));
  const auto runner =
      NewRunner({.rows = 100'000, .bytes = 64 * kMiB, .every = std::chrono::hours(1)});
  for (NextStep next; next.in.count() == 0;) next = Must(runner->Step());
  EXPECT_EQ(runner->TakeSummary().counts.accepted, kSent);
}

TEST_F(HttpPipeline, RequestsOfEveryFormBecomeRowsThatSayWhereTheyCameFrom) {
  Open();
  EXPECT_EQ(Offer({.content_type = "application/json", .body = R"({"id": 1, "name": "a"})"})
                ->sequence.value,
            1U);
  ASSERT_TRUE(Offer({.content_type = "application/json",
                     .body = "[{\"id\": 2}, {\"id\": \"x\"}, {\"id\": 3, \"store\": \"S9\"}]\n"}));
  ASSERT_TRUE(Offer({.content_type = "application/x-ndjson",
                     .body = "{\"id\": 4}\n{broken\n{\"id\": 5, \"store\": null}"}));
  ASSERT_TRUE(Offer({.content_type = "text/csv", .body = "id,name\n6,f\n7,g\n"}));
  EXPECT_EQ(front_->backlog("events").waiting.lines, 7U);
  Open();  // As another process would find it.
  EXPECT_EQ(front_->backlog("events").waiting.lines, 7U);
  EXPECT_TRUE(front_->backlog("events").oldest);
  const RunSummary summary = Run();
  EXPECT_EQ(front_->backlog("events").waiting.lines, 0U);
  EXPECT_FALSE(front_->backlog("events").oldest);
  EXPECT_EQ(summary.counts.read, 9U);
  EXPECT_EQ(summary.counts.accepted, 6U);
  EXPECT_EQ(summary.counts.rejected, 3U);
  EXPECT_EQ(Csv("SELECT id, name, store, shop, _source, _offset FROM raw.events ORDER BY id"),
            "id,name,store,shop,_source,_offset\n"
            "1,a,S1,north,events-0a0b0c0d-1,0\n"
            "2,,S1,north,events-0a0b0c0d-2,1\n"
            "3,,S9,north,events-0a0b0c0d-2,25\n"
            "4,,S1,north,events-0a0b0c0d-3,0\n"
            "6,f,S1,north,events-0a0b0c0d-4,8\n"
            "7,g,S1,north,events-0a0b0c0d-4,12\n");
  EXPECT_EQ(Csv("SELECT source, line, \"offset\", reasons[1].code AS code FROM dead_letters.events "
                "ORDER BY source, \"offset\""),
            "source,line,offset,code\n"
            "events-0a0b0c0d-2,1,12,type.bigint\n"
            "events-0a0b0c0d-3,2,10,json.syntax\n"
            "events-0a0b0c0d-3,3,18,column.null\n");
  EXPECT_EQ(front_->waiting_bytes("events"), 0U);
}

TEST_F(HttpPipeline, WhatWasAcceptedIsCommittedOnceHoweverOftenEverythingDies) {
  uint64_t next = 0;
  for (int life = 0; life < 4; ++life) {
    Open();
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(Offer({.content_type = "application/x-ndjson",
                         .body = "{\"id\": " + std::to_string(next++) + "}\n"}));
    if (life % 2 == 1) Run({.rows = 7, .bytes = 64 * kMiB, .every = {}});
  }
  Open();
  Run();
  EXPECT_EQ(Csv("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM raw.events"),
            "n,ids\n200,200\n");
  EXPECT_EQ(Run().counts.read, 0U);
}

TEST_F(HttpPipeline, ALargeBodyIsSpooledAndReadBatchByBatch) {
  http_.max_body = 64 * kMiB;
  Open();
  std::string body;
  const int rows = 60'000;
  for (int i = 0; i < rows; ++i)
    body += "{\"id\": " + std::to_string(i) + ", \"name\": \"spooled\"}\n";
  auto writer = Must(intake().NewSpool());
  Must(writer->Write(body));
  const wal::Spool spool = Must(writer->Finish());
  ASSERT_TRUE(Offer({.content_type = "application/x-ndjson", .body = spool}));
  ASSERT_TRUE(Offer({.content_type = "application/json", .body = "{\"id\": -1}"}));
  const RunSummary summary = Run({.rows = 25'000, .bytes = 64 * kMiB, .every = {}});
  EXPECT_EQ(summary.counts.accepted, rows + 1U);
  EXPECT_GE(summary.batches, 3U);
  EXPECT_EQ(Csv("SELECT count(DISTINCT id) AS n FROM raw.events"), "n\n60001\n");
}

TEST_F(HttpPipeline, AKeyCountsOnceAlsoAfterARestart) {
  Open();
  const source::Request request{
      .content_type = "application/json", .idempotency_key = "k1", .body = "{\"id\": 1}"};
  const auto first = Offer(request);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->replayed);
  EXPECT_TRUE(Offer(request)->replayed);
  source::Request other = request;
  other.body = "{\"id\": 2}";
  EXPECT_EQ(Offer(other).error().status, 422);
  EXPECT_EQ(Offer(other).error().error.code, "request.key_reused");
  Open();
  EXPECT_EQ(Offer(request)->sequence, first->sequence);
  EXPECT_TRUE(Offer(request)->replayed);
  Run();
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM raw.events"), "n\n1\n");
  EXPECT_TRUE(Offer(request)->replayed);
}

// What a column takes from the path or a header makes another record of the same body.
TEST_F(HttpPipeline, AKeyStandsForThePathAndTheHeadersThatColumnsTake) {
  Open();
  const std::vector<source::NameValue> s1 = {{"store", "S1"}};
  const std::vector<source::NameValue> s2 = {{"store", "S2"}};
  const std::vector<source::NameValue> north = {{"X-Shop", "north"}, {"X-Else", "1"}};
  const std::vector<source::NameValue> same = {{"x-shop", "north"}, {"X-Else", "2"}};
  const std::vector<source::NameValue> south = {{"X-Shop", "south"}};
  source::Request request{.content_type = "application/json",
                          .idempotency_key = "k",
                          .path = s1,
                          .headers = north,
                          .body = "{\"id\": 1}"};
  ASSERT_FALSE(Offer(request)->replayed);
  request.path = s2;
  EXPECT_EQ(Offer(request).error().error.code, "request.key_reused");
  request.path = s1;
  request.headers = south;
  EXPECT_EQ(Offer(request).error().error.code, "request.key_reused");
  request.headers = same;
  EXPECT_TRUE(Offer(request)->replayed);
  Open();
  EXPECT_TRUE(Offer(request)->replayed);
  request.path = s2;
  EXPECT_EQ(Offer(request).error().error.code, "request.key_reused");
  Run();
  EXPECT_EQ(Offer(request).error().error.code, "request.key_reused");
}

TEST_F(HttpPipeline, OfContentThatIsTheKeyThePathIsPart) {
  http_.idempotency = source::Idempotency::kContent;
  Open();
  const std::vector<source::NameValue> s1 = {{"store", "S1"}};
  const std::vector<source::NameValue> s2 = {{"store", "S2"}};
  source::Request request{.content_type = "application/json", .path = s1, .body = "{\"id\": 1}"};
  EXPECT_FALSE(Offer(request)->replayed);
  request.path = s2;
  EXPECT_FALSE(Offer(request)->replayed);
  EXPECT_TRUE(Offer(request)->replayed);
  Run();
  EXPECT_EQ(Csv("SELECT id, store FROM raw.events ORDER BY store"), "id,store\n1,S1\n1,S2\n");
}

// Keys outlive the program that stored them: without such values their hashes are those of always.
TEST_F(HttpPipeline, AKeyWithoutValuesStandsForItsBodyAlone) {
  columns_ = {Column("id", "bigint not null")};
  Open();
  ASSERT_TRUE(
      Offer({.content_type = "application/json", .idempotency_key = "k", .body = "{\"id\": 1}"}));
  Run();
  std::vector<ledger::RequestKey> keys;
  Must(catalog_->RequestKeys({}, [&](const ledger::RequestKey& key) { keys.push_back(key); }));
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].fingerprint, env::ContentHash128("{\"id\": 1}").low);
  using std::string_literals::operator""s;
  EXPECT_EQ(keys[0].low, env::ContentHash128("events\0k"s).low);
}

// A pipeline without its route is no reason to forget what was acknowledged.
TEST_F(HttpPipeline, RequestsThatNobodyReadsAreTold) {
  Open();
  EXPECT_TRUE(front_->left().empty());
  ASSERT_TRUE(Offer({.content_type = "application/json", .body = "{\"id\": 1}"}));
  Run();
  for (int i = 2; i < 5; ++i)
    ASSERT_TRUE(Offer({.content_type = "application/json", .body = "{\"id\": 2}"}));
  OpenFront({});
  ASSERT_EQ(front_->left().size(), 1U);
  EXPECT_EQ(front_->left()[0].pipeline, "events");
  EXPECT_EQ(front_->left()[0].requests, 3U);
  Open();
  EXPECT_TRUE(front_->left().empty());
  EXPECT_EQ(Run().counts.accepted, 3U);
}

TEST_F(HttpPipeline, FilesOfOneFormAreOneOfferWithOneKey) {
  Open();
  const std::vector<source::NameValue> path = {{"store", "S1"}};
  const std::vector<source::Request> form = {
      {.idempotency_key = "k", .path = path, .name = "a.csv", .body = "id\n1\n"},
      {.idempotency_key = "k", .path = path, .name = "b.csv", .body = "id\n2\n"},
      {.idempotency_key = "k", .path = path, .name = "c.json", .body = R"({"id": 3})"}};
  const auto first = Offer(form);
  ASSERT_TRUE(first);
  Open();
  const auto again = Offer(form);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->sequence, first->sequence);
  // Any other form is another body: fewer files, more, or one that differs.
  auto other = form;
  EXPECT_EQ(Offer(std::span(form).first(2)).error().error.code, "request.key_reused");
  EXPECT_EQ(Offer(std::span(form).first(1)).error().error.code, "request.key_reused");
  other[2].body = R"({"id": 4})";
  EXPECT_EQ(Offer(other).error().error.code, "request.key_reused");
  other = form;
  other.push_back(form[0]);
  EXPECT_EQ(Offer(other).error().error.code, "request.key_reused");
  // Of one that is wrong nothing is stored.
  other.erase(other.begin(), other.begin() + 3);
  other[0].idempotency_key = "k2";
  other.push_back({.name = "bad.csv", .body = "name\n1\n"});
  EXPECT_EQ(Offer(other).error().error.message, "bad.csv: the header lacks id");
  Run();
  EXPECT_EQ(Csv("SELECT id, _source FROM raw.events ORDER BY id"),
            "id,_source\n1,events-0a0b0c0d-1\n2,events-0a0b0c0d-2\n3,events-0a0b0c0d-3\n");
}

struct Wrong {
  std::string name;
  source::Request request;
  int status;
  std::string code;
};

TEST_F(HttpPipeline, AKeyIsKnownWhenItsRequestHasLeftTheLog) {
  Open();
  const source::Request request{
      .content_type = "application/json", .idempotency_key = "k1", .body = "{\"id\": 1}"};
  const auto first = Offer(request);
  Run();
  front_.reset();
  std::filesystem::remove_all(folder_ + "/wal");
  Open();
  EXPECT_EQ(front_->keys(), 1U);
  const auto again = Offer(request);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->sequence, first->sequence);
  const auto next = Offer({.content_type = "application/json", .body = "{\"id\": 2}"});
  EXPECT_GT(next->sequence, first->sequence);
}

TEST_F(HttpPipeline, AKeyMayBeTheBodyAndMayBeRequired) {
  http_.idempotency = source::Idempotency::kContent;
  Open();
  const source::Request request{.content_type = "application/json", .body = "{\"id\": 1}"};
  EXPECT_FALSE(Offer(request)->replayed);
  EXPECT_TRUE(Offer(request)->replayed);
  EXPECT_FALSE(Offer({.content_type = "application/json", .body = "{\"id\": 2}"})->replayed);
  http_.idempotency = source::Idempotency::kRequired;
  Open();
  EXPECT_EQ(Offer(request).error().status, 400);
}

TEST_F(HttpPipeline, AReceiptSaysWhatBecameOfItsRequestAndItsCountsAddUp) {
  Open();
  const auto offer = [&](const char* body) {
    EXPECT_TRUE(Offer({.content_type = "application/x-ndjson", .body = body}));
  };
  offer("{\"id\": 1}");
  offer("{\"id\": 2}\n{\"id\": \"x\"}\n{torn\n{\"id\": 3}\n");
  offer("{\"id\": \"y\"}");
  ASSERT_TRUE(Offer({.content_type = "text/csv", .body = "id\n"}));
  EXPECT_EQ(Receipt("events-0a0b0c0d-2")->stage, source::ReceiptStage::kReceived);
  EXPECT_EQ(Receipt("events-0a0b0c0d-9").error().code, "receipt.not_found");
  EXPECT_EQ(Receipt("events-ffffffff-1").error().code, "receipt.not_found");
  EXPECT_EQ(Receipt("events").error().code, "receipt.not_found");
  Run({.rows = 3, .bytes = 64 * kMiB, .every = {}});
  const struct {
    const char* id;
    uint64_t read, accepted, rejected;
  } cases[] = {{"events-0a0b0c0d-1", 1, 1, 0},
               {"events-0a0b0c0d-2", 4, 2, 2},
               {"events-0a0b0c0d-3", 1, 0, 1},
               {"events-0a0b0c0d-4", 0, 0, 0}};
  for (const auto& c : cases) {
    const auto state = Receipt(c.id);
    ASSERT_TRUE(state) << c.id;
    EXPECT_EQ(state->stage, source::ReceiptStage::kCommitted) << c.id;
    EXPECT_EQ(state->counts.read, c.read) << c.id;
    EXPECT_EQ(state->counts.accepted, c.accepted) << c.id;
    EXPECT_EQ(state->counts.rejected, c.rejected) << c.id;
    EXPECT_TRUE(state->counts.balanced()) << c.id;
    EXPECT_TRUE(state->batch.starts_with("events/0a0b0c0d/")) << c.id;
  }
  EXPECT_EQ(Receipt("events-0a0b0c0d-1")->batch, "events/0a0b0c0d/1");
  EXPECT_EQ(Receipt("events-0a0b0c0d-2")->batch, "events/0a0b0c0d/2");
  EXPECT_NE(Receipt("events-0a0b0c0d-2")->snapshot, 0);
}

struct ToldFault {
  std::string id;
  std::vector<ledger::RecordFault> faults;
};

TEST_F(HttpPipeline, AReceiptTellsWhichRecordsWereRefusedAndWhy) {
  columns_[1].from = "na/me";
  columns_[1].nullable = false;
  for (const uint64_t rows : {100'000, 2, 1}) {
    std::filesystem::remove_all(folder_ + "/lake");
    std::filesystem::remove_all(folder_ + "/weir.db");
    std::filesystem::remove_all(folder_ + "/wal");
    Open();
    ASSERT_TRUE(Offer({.content_type = "application/json", .body = R"({"id": 1, "na/me": "a"})"}));
    ASSERT_TRUE(Offer({.content_type = "application/json",
                       .body = "[{\"id\": 2, \"na/me\": \"b\"},\n {\"id\": \"x\"}, {\"id\": 3, "
                               "\"na/me\": \"c\"},\n{\"id\": 4, \"na/me\": null}]"}));
    ASSERT_TRUE(Offer({.content_type = "application/x-ndjson",
                       .body = "{\"id\": 5, \"na/me\": \"d\"}\n\n{torn\n"}));
    ASSERT_TRUE(Offer({.content_type = "text/csv", .body = "id,na/me\n6,f\n7,\n"}));
    Run({.rows = static_cast<int64_t>(rows), .bytes = 64 * kMiB, .every = {}});
    const ToldFault cases[] = {
        {"events-0a0b0c0d-1", {}},
        {"events-0a0b0c0d-2",
         {{.index = 1, .line = 2, .pointer = "/id", .code = "type.bigint"},
          {.index = 1, .line = 2, .pointer = "/na~1me", .code = "column.null"},
          {.index = 3, .line = 3, .pointer = "/na~1me", .code = "column.null"}}},
        {"events-0a0b0c0d-3", {{.line = 3, .code = "json.syntax"}}},
        {"events-0a0b0c0d-4", {{.line = 3, .column = "na/me", .code = "column.null"}}}};
    for (const ToldFault& c : cases) {
      auto state = Must(Receipt(c.id));
      for (ledger::RecordFault& fault : state.faults) {
        EXPECT_FALSE(fault.message.empty());
        fault.message.clear();
      }
      EXPECT_EQ(state.faults, c.faults) << c.id << " in batches of " << rows;
    }
  }
}

TEST_F(HttpPipeline, OfManyRefusedRecordsTheFirstAreTold) {
  Open();
  std::string body;
  for (int i = 0; i < 250; ++i) body += "{\"id\": null}\n";
  ASSERT_TRUE(Offer({.content_type = "application/x-ndjson", .body = body}));
  Run({.rows = 60, .bytes = 64 * kMiB, .every = {}});
  const auto state = Must(Receipt("events-0a0b0c0d-1"));
  EXPECT_EQ(state.counts.rejected, 250U);
  ASSERT_EQ(state.faults.size(), kRequestFaultsMax);
  EXPECT_EQ(state.faults.back().line, kRequestFaultsMax);
}

constexpr auto kStrict = source::Handling::kStrict;

TEST_F(HttpPipeline, AStrictRequestIsTakenWholeOrNotAtAll) {
  for (const bool dies : {false, true}) {
    std::filesystem::remove_all(folder_ + "/weir.db");
    std::filesystem::remove_all(folder_ + "/lake");
    std::filesystem::remove_all(folder_ + "/wal");
    Open();
    const source::Request bad{.content_type = "application/x-ndjson",
                              .idempotency_key = "k",
                              .handling = kStrict,
                              .body = "{\"id\": 2}\n{\"id\": \"x\"}\n{\"id\": 3}\n"};
    ASSERT_TRUE(Offer({.content_type = "application/x-ndjson", .body = "{\"id\": 1}\n"}));
    ASSERT_TRUE(Offer(bad));
    ASSERT_TRUE(Offer({.content_type = "application/x-ndjson",
                       .handling = kStrict,
                       .body = "{\"id\": 4}\n{\"id\": 5}\n"}));
    ASSERT_TRUE(Offer({.content_type = "application/x-ndjson", .body = "{\"id\": 6}\n{torn"}));
    if (dies) Open();
    // A batch of its own, however small the others are.
    Run({.rows = 1, .bytes = 64 * kMiB, .every = {}});
    EXPECT_EQ(Csv("SELECT id FROM raw.events ORDER BY id"), "id\n1\n4\n5\n6\n");
    EXPECT_EQ(Csv("SELECT source FROM dead_letters.events"), "source\nevents-0a0b0c0d-4\n");
    auto refused = Must(Receipt("events-0a0b0c0d-2"));
    EXPECT_EQ(refused.stage, source::ReceiptStage::kRejected);
    EXPECT_EQ(
        refused.counts,
        (ledger::Counts{
            .read = 3, .accepted = 0, .rejected = 3, .duplicate = 0, .filtered = 0, .late = 0}));
    ASSERT_EQ(refused.faults.size(), 1U);
    EXPECT_EQ(refused.faults[0].line, 2U);
    EXPECT_EQ(refused.faults[0].code, "type.bigint");
    EXPECT_EQ(refused.snapshot, 0);
    const auto taken = Must(Receipt("events-0a0b0c0d-3"));
    EXPECT_EQ(taken.stage, source::ReceiptStage::kCommitted);
    EXPECT_EQ(taken.counts.accepted, 2U);
    EXPECT_EQ(front_->waiting_bytes("events"), 0U);
    // A repetition is answered from the first one's receipt, also by another process.
    Open();
    const auto again = Offer(bad);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(Must(Receipt("events-0a0b0c0d-2")).faults, refused.faults);
    EXPECT_EQ(Run().batches, 0U);
  }
}

TEST_F(HttpPipeline, ARefusedRequestLeavesNothingBehind) {
  http_.max_body = 100;
  http_.accept = {format::FormatKind::kJson, format::FormatKind::kCsv};
  Open();
  const std::string large(101, ' ');
  const std::string long_key(kIdempotencyKeyBytesMax + 1, 'k');
  const std::vector<Wrong> cases = {
      {"too large", {.content_type = "text/csv", .body = large}, 413, "request.too_large"},
      {"another type", {.content_type = "image/png", .body = "x"}, 415, "request.type"},
      {"not accepted", {.content_type = "application/x-ndjson", .body = "{}"}, 415, "request.type"},
      {"encoding",
       {.content_type = "text/csv", .content_encoding = "br", .body = "id"},
       415,
       "request.encoding"},
      {"empty", {.content_type = "application/json", .body = " \n"}, 422, "request.empty"},
      {"empty csv", {.content_type = "text/csv", .body = ""}, 422, "request.empty"},
      {"torn", {.content_type = "application/json", .body = "{\"id\": "}, 422, "request.json"},
      {"two", {.content_type = "application/json", .body = "{} {}"}, 422, "request.json"},
      {"no gzip",
       {.content_type = "application/json", .content_encoding = "gzip", .body = "{}"},
       422,
       "request.broken"},
      {"header", {.content_type = "text/csv", .body = "name\na\n"}, 422, "request.csv_header"},
      {"long key",
       {.content_type = "application/json", .idempotency_key = long_key, .body = "{}"},
       400,
       "request.key"},
  };
  for (const Wrong& wrong : cases) {
    const auto offered = Offer(wrong.request);
    ASSERT_FALSE(offered) << wrong.name;
    EXPECT_EQ(offered.error().status, wrong.status) << wrong.name;
    EXPECT_EQ(offered.error().error.code, wrong.code) << wrong.name;
  }
  EXPECT_EQ(front_->log_state().entries, 0U);
}

TEST_F(HttpPipeline, WhoeverWaitsIsToldOfTheCommit) {
  Open();
  const auto stored = Offer({.content_type = "application/json", .body = "{\"id\": 1}"});
  std::promise<Result<source::ReceiptState>> promise;
  auto told = promise.get_future();
  front_->WhenCommitted(intake(), stored->sequence, [&](Result<source::ReceiptState> state) {
    promise.set_value(std::move(state));
  });
  EXPECT_EQ(told.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  Run();
  const auto state = told.get();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->id, "events-0a0b0c0d-1");
  EXPECT_EQ(state->stage, source::ReceiptStage::kCommitted);
}

}  // namespace
}  // namespace weir::pipeline

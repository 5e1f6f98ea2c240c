#include "pipeline/dead_letters.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "env/hash.h"

namespace weir::pipeline {
namespace {

const DeadLetterOrigin kOrigin{"shop", {"orders", "0a0b0c0d", BatchNumber(7)}, "in/a.csv", "v1", "",
                               {42}};

TEST(DeadLetters, TheSameRecordHasTheSameIdInEveryBatch) {
  DeadLetterOrigin later = kOrigin;
  later.batch.number = BatchNumber(9);
  later.source = "in/renamed.csv";
  later.received_at = {99};
  EXPECT_EQ(DeadLetterId(kOrigin, 10), DeadLetterId(later, 10));
  EXPECT_EQ(DeadLetterId(kOrigin, 10).size(), 32U);
}

TEST(DeadLetters, AnotherRecordInputPipelineOrSinkHasAnotherId) {
  DeadLetterOrigin other_version = kOrigin, other_pipeline = kOrigin, other_project = kOrigin,
                   other_sink = kOrigin;
  other_version.version = "v2";
  other_pipeline.batch.pipeline = "returns";
  other_project.project = "store";
  other_sink.sink = "shopdb";
  const std::string id = DeadLetterId(kOrigin, 10);
  EXPECT_NE(id, DeadLetterId(kOrigin, 11));
  for (const DeadLetterOrigin& other : {other_version, other_pipeline, other_project, other_sink})
    EXPECT_NE(id, DeadLetterId(other, 10));
}

TEST(DeadLetters, ARowHoldsBytesPlaceAndEveryReason) {
  columnar::RejectedRow row;
  row.line = 3;
  row.offset = 20;
  row.raw = std::string("x\0y", 3);
  row.raw_length = 3;
  row.reasons = {{"type.bigint", "", "id", "'x' is not a bigint"}, {"rule.known", "known", "", ""}};
  columnar::RejectedRow object;
  object.kind = columnar::RejectedKind::kObject;
  object.raw_length = 5'000'000;
  object.raw_hash = "of all of it";
  object.reasons = {{"object.corrupt", "", "", "gzip"}};
  const auto batch = ToDeadLetters(kOrigin, std::vector{row, object}).value();
  ASSERT_EQ(batch->num_rows(), 2);
  const auto text = [&](const char* name, int64_t at) {
    return static_cast<const arrow::StringArray&>(*batch->GetColumnByName(name)).GetString(at);
  };
  EXPECT_EQ(text("id", 0), DeadLetterId(kOrigin, 20));
  EXPECT_EQ(text("batch", 0), "orders/0a0b0c0d/7");
  EXPECT_EQ(text("kind", 0), "record");
  EXPECT_EQ(text("kind", 1), "object");
  EXPECT_EQ(text("raw_hash", 0), env::ContentHashHex(row.raw));
  EXPECT_EQ(text("raw_hash", 1), "of all of it");
  EXPECT_TRUE(batch->GetColumnByName("line")->IsNull(1)) << "an object has no line";
  EXPECT_TRUE(batch->GetColumnByName("sink")->IsNull(0)) << "the contract refused it";
  EXPECT_EQ(static_cast<const arrow::BinaryArray&>(*batch->GetColumnByName("raw")).GetString(0),
            row.raw);
  const auto& reasons = static_cast<const arrow::ListArray&>(*batch->GetColumnByName("reasons"));
  EXPECT_EQ(reasons.value_length(0), 2);
  EXPECT_EQ(reasons.value_length(1), 1);
}

}  // namespace
}  // namespace weir::pipeline

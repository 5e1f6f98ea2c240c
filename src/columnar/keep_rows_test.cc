#include "columnar/keep_rows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace weir::columnar {
namespace {

constexpr int64_t kRows = 1'000;

// Row i: i, its text (null each fifth), and a list of i % 3 numbers.
std::shared_ptr<arrow::RecordBatch> Rows() {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  const auto items = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), items);
  for (int64_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 5 == 0 ? texts.AppendNull() : texts.Append("row " + std::to_string(i))).ok());
    EXPECT_TRUE(lists.Append().ok());
    for (int64_t n = 0; n < i % 3; ++n) EXPECT_TRUE(items->Append(i * 10 + n).ok());
  }
  const auto id = ids.Finish().ValueOrDie();
  const auto text = texts.Finish().ValueOrDie();
  const auto list = lists.Finish().ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("id", id->type()), arrow::field("text", text->type()),
                     arrow::field("list", list->type())});
  return arrow::RecordBatch::Make(schema, kRows, {id, text, list});
}

struct Case {
  std::string name;
  std::function<bool(int64_t)> keep;
};

class KeepRowsTest : public testing::TestWithParam<Case> {};

TEST_P(KeepRowsTest, GivesTheMarkedRowsInTheirOrder) {
  // From the middle of a larger one, as batches often are.
  const auto whole = Rows();
  const auto rows = whole->Slice(1, kRows - 1);
  std::vector<bool> keep;
  for (int64_t i = 1; i < kRows; ++i) keep.push_back(GetParam().keep(i));
  const auto kept = KeepRows(rows, keep);
  ASSERT_TRUE(kept.has_value());
  ASSERT_TRUE((*kept)->ValidateFull().ok());
  int64_t at = 0;
  for (int64_t i = 1; i < kRows; ++i) {
    if (!GetParam().keep(i)) continue;
    ASSERT_LT(at, (*kept)->num_rows());
    ASSERT_TRUE((*kept)->Slice(at, 1)->Equals(*whole->Slice(i, 1))) << "row " << i;
    ++at;
  }
  EXPECT_EQ(at, (*kept)->num_rows());
}

INSTANTIATE_TEST_SUITE_P(
    Marks, KeepRowsTest,
    testing::Values(Case{"All", [](int64_t) { return true; }},
                    Case{"None", [](int64_t) { return false; }},
                    Case{"OneInAHundredOut", [](int64_t i) { return i % 100 != 7; }},
                    Case{"TheFirstAndTheLastOut", [](int64_t i) { return i > 1 && i < kRows - 1; }},
                    Case{"EveryOther", [](int64_t i) { return i % 2 == 0; }},
                    Case{"OneAlone", [](int64_t i) { return i == 500; }}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace weir::columnar

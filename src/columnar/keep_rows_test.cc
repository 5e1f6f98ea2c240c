#include "columnar/keep_rows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "columnar/type.h"

namespace weir::columnar {
namespace {

constexpr int64_t kRows = 1'000;

// Row i: i, its text (null each fifth), a list of i % 3 numbers, whether it is even (null each
// seventh), a uuid, and a struct of the text and the list.
std::shared_ptr<arrow::RecordBatch> Rows() {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  arrow::BooleanBuilder evens;
  arrow::FixedSizeBinaryBuilder uuids(arrow::fixed_size_binary(16));
  const auto items = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), items);
  for (int64_t i = 0; i < kRows; ++i) {
    const std::string text = "row " + std::to_string(i);
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 5 == 0 ? texts.AppendNull() : texts.Append(text)).ok());
    EXPECT_TRUE((i % 7 == 0 ? evens.AppendNull() : evens.Append(i % 2 == 0)).ok());
    EXPECT_TRUE(uuids.Append((text + std::string(16, '.')).substr(0, 16)).ok());
    EXPECT_TRUE(lists.Append().ok());
    for (int64_t n = 0; n < i % 3; ++n) EXPECT_TRUE(items->Append(i * 10 + n).ok());
  }
  const auto text = texts.Finish().ValueOrDie();
  const auto list = lists.Finish().ValueOrDie();
  const auto uuid =
      arrow::ExtensionType::WrapArray(ToArrow(*ParseType("uuid")), uuids.Finish().ValueOrDie());
  const std::vector<std::string> names = {"text", "list"};
  const auto both = arrow::StructArray::Make({text, list}, names).ValueOrDie();
  const arrow::ArrayVector columns = {ids.Finish().ValueOrDie(),   text, list,
                                      evens.Finish().ValueOrDie(), uuid, both};
  arrow::FieldVector fields;
  for (const auto& column : columns)
    fields.push_back(arrow::field(std::to_string(fields.size()), column->type()));
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), kRows, columns);
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

TEST(NullRows, AreThoseWithoutAValue) {
  const auto texts = Rows()->column(1);
  EXPECT_EQ(NullRows(*texts->Slice(3, 10)), (std::vector<uint32_t>{2, 7}));
  EXPECT_EQ(NullRows(*texts->Slice(5, 1)), (std::vector<uint32_t>{0}));
  EXPECT_TRUE(NullRows(*texts->Slice(1, 4)).empty());
  EXPECT_TRUE(NullRows(*Rows()->column(0)).empty());
}

}  // namespace
}  // namespace weir::columnar

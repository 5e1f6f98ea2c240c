#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>

#include "pipeline/read_ahead_internal.h"

namespace weir::pipeline {
namespace {

using ledger::ObjectProgress;

// Objects in memory.
class TextSource final : public source::Source {
 public:
  std::map<std::string, std::string> objects;
  std::string changed;  // The object that turns out changed when it was read.
  std::atomic<int> opened = 0;

  Result<source::Discovery> Discover(source::Cursor&) override { return source::Discovery{}; }
  Result<std::unique_ptr<source::OpenSplit>> Open(const ObjectProgress& split) override {
    ++opened;
    const auto found = objects.find(split.object);
    if (found == objects.end()) return Fail(ErrorKind::kNotFound, "source.lost", "gone");
    return std::make_unique<Reading>(found->second, split.object == changed);
  }
  Result<source::LandedAs> LandAs(const ledger::ObjectProgress& split) const override {
    return source::LandedAs{.name = split.object, .own = "", .at = {}};
  }
  Result<format::FormatSpec> FormatOf(const ledger::ObjectProgress&) const override {
    format::FormatSpec csv;
    csv.kind = format::FormatKind::kCsv;
    return csv;
  }

  std::vector<ObjectProgress> Splits() const {
    std::vector<ObjectProgress> splits;
    for (const auto& [name, text] : objects)
      splits.push_back({name, "version of " + name, text.size(), 0, "", false});
    return splits;
  }

 private:
  class Reading final : public source::OpenSplit {
   public:
    Reading(std::string_view text, bool changed) : text_(text), changed_(changed) {}
    std::unique_ptr<env::ByteReader> Read(uint64_t offset) override {
      return std::make_unique<env::MemoryReader>(text_.substr(offset));
    }
    Result<void> CheckUnchanged() override {
      if (changed_) return Fail(ErrorKind::kConflict, "source.changed", "written to");
      return {};
    }

   private:
    std::string_view text_;
    bool changed_;
  };
};

std::vector<columnar::ColumnSpec> Columns() {
  columnar::ColumnSpec id;
  id.name = "id";
  id.type.kind = columnar::Kind::kBigint;
  return {id};
}

std::string Csv(int first, int rows) {
  std::string text = "id\n";
  for (int i = first; i < first + rows; ++i) text += std::to_string(i) + "\n";
  return text;
}

// Records of each batch, by object: "a:3 b:2 | b:1".
std::string Batches(ReadAhead& ahead, size_t splits) {
  std::string told;
  size_t done = 0;
  std::map<std::string, uint64_t> read;
  while (done < splits) {
    auto piece = ahead.Next();
    if (!piece) return told + piece.error().code;
    if (piece->rows) read[piece->of->object] += piece->rows->read();
    if (piece->reached && piece->reached->done) ++done;
    if (!piece->batch_ends) continue;
    for (const auto& [object, records] : read) told += object + ":" + std::to_string(records) + " ";
    told += "| ";
    read.clear();
  }
  auto last = ahead.Next();
  EXPECT_TRUE(last && last->batch_ends);
  for (const auto& [object, records] : read) told += object + ":" + std::to_string(records) + " ";
  return told;
}

TEST(ReadAheadTest, ABatchEndsWhereTheRowsOrTheSplitsEnd) {
  TextSource source;
  source.objects = {{"a", Csv(0, 3)}, {"b", Csv(3, 3)}, {"c", Csv(6, 1)}};
  const auto columns = Columns();
  ReadAhead ahead(source, columns, {.rows = 5, .bytes = 1 << 20}, source.Splits());
  EXPECT_EQ(Batches(ahead, 3), "a:3 b:2 | b:1 c:1 ");
}

TEST(ReadAheadTest, ABatchEndsWithTheRecordThatReachesTheBytes) {
  TextSource source;
  source.objects = {{"a", Csv(0, 6)}};  // "id\n", then two bytes a record.
  const auto columns = Columns();
  ReadAhead ahead(source, columns, {.rows = 100, .bytes = 6}, source.Splits());
  EXPECT_EQ(Batches(ahead, 1), "a:2 | a:3 | a:1 ");
}

TEST(ReadAheadTest, ABatchGoesOnFromTheStateOfItsPlan) {
  TextSource source;
  source.objects = {{"a", Csv(0, 6)}};
  const auto columns = Columns();
  std::vector<ObjectProgress> splits = source.Splits();
  {
    ReadAhead first(source, columns, {.rows = 4, .bytes = 1 << 20}, splits);
    for (auto piece = first.Next(); !piece->batch_ends; piece = first.Next())
      if (piece->reached) splits[0] = *piece->reached;
  }
  ASSERT_FALSE(splits[0].done);
  ReadAhead again(source, columns, {.rows = 4, .bytes = 1 << 20}, splits);
  EXPECT_EQ(Batches(again, 1), "a:2 ");
}

TEST(ReadAheadTest, WhatWasReadBeforeAnErrorComesBeforeIt) {
  TextSource source;
  source.objects = {{"a", Csv(0, 3)}, {"b", Csv(3, 3)}};
  const auto columns = Columns();
  std::vector<ObjectProgress> splits = source.Splits();
  source.objects.erase("b");
  ReadAhead ahead(source, columns, {.rows = 3, .bytes = 1 << 20}, splits);
  EXPECT_EQ(Batches(ahead, 2), "a:3 | source.lost");
}

TEST(ReadAheadTest, AnObjectThatChangedWhileItWasReadIsAnError) {
  TextSource source;
  source.objects = {{"a", Csv(0, 3)}};
  source.changed = "a";
  const auto columns = Columns();
  ReadAhead ahead(source, columns, {.rows = 10, .bytes = 1 << 20}, source.Splits());
  EXPECT_EQ(Batches(ahead, 1), "source.changed");
}

TEST(ReadAheadTest, ItReadsNoFurtherThanItsBoundAndStopsWhenDropped) {
  TextSource source;
  for (int i = 0; i < 500; ++i) source.objects["f" + std::to_string(i)] = Csv(i, 1);
  const auto columns = Columns();
  {
    ReadAhead ahead(source, columns, {.rows = 1, .bytes = 1 << 20}, source.Splits());
    ASSERT_TRUE(ahead.Next());
  }
  EXPECT_LT(source.opened, 100);
}

}  // namespace
}  // namespace weir::pipeline

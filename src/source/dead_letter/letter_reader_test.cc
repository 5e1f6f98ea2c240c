#include "source/dead_letter/letter_reader.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace weir::source {
namespace {

// A source whose objects are texts; what is not there is lost.
class MemorySource final : public Source {
 public:
  std::map<std::string, std::string> objects;

  Result<Discovery> Discover(Cursor&) override { return Discovery{}; }
  Result<std::unique_ptr<OpenSplit>> Open(const ledger::ObjectProgress& split) override {
    const auto found = objects.find(split.object);
    if (found == objects.end())
      return Fail(ErrorKind::kNotFound, "source.lost", "the file is gone");
    return std::make_unique<Split>(found->second);
  }
  Result<LandedAs> LandAs(const ledger::ObjectProgress& split) const override {
    return LandedAs{.name = split.object, .own = "", .at = {}};
  }
  Result<format::FormatSpec> FormatOf(const ledger::ObjectProgress& split) const override {
    const std::string& object = split.object;
    return format::FormatOfPath(object).value();
  }

 private:
  class Split final : public OpenSplit {
   public:
    explicit Split(const std::string& bytes) : bytes_(bytes) {}
    std::unique_ptr<env::ByteReader> Read(uint64_t offset) override {
      return std::make_unique<env::MemoryReader>(std::string_view(bytes_).substr(offset));
    }
    Result<void> CheckUnchanged() override { return {}; }

   private:
    const std::string& bytes_;
  };
};

columnar::ColumnSpec Column(const char* name, const char* type) {
  columnar::ColumnSpec column;
  column.name = name;
  column.type = columnar::ParseType(type).value();
  return column;
}

Letter Csv(std::string raw) {
  Letter letter;
  letter.id = "a1";
  letter.source = "in/a.csv";
  letter.line = 3;
  letter.offset = 20;
  letter.raw_length = raw.size();
  letter.raw = std::move(raw);
  letter.read_as = ReadAs{.format = {.kind = format::FormatKind::kCsv,
                                     .compression = format::Compression::kNone,
                                     .csv = {}},
                          .found = {},
                          .object = {"in/a.csv", "v1", 30, 7, "", false}};
  letter.read_as->found.csv_header = {"id", "name"};
  return letter;
}

Letter Json(std::string raw) {
  Letter letter = Csv(std::move(raw));
  letter.source = "in/a.ndjson";
  letter.read_as->format.kind = format::FormatKind::kNdjson;
  letter.read_as->found.csv_header.clear();
  return letter;
}

class LetterReaderTest : public testing::Test {
 protected:
  DecodedLetters Decode(const std::vector<Letter>& letters) {
    LetterReader reader(source_, {Column("id", "bigint"), Column("name", "varchar")});
    auto decoded = reader.Decode(letters);
    EXPECT_TRUE(decoded) << decoded.error().ToString();
    return std::move(*decoded);
  }
  static std::string Name(const DecodedLetters& decoded, int64_t row) {
    return static_cast<const arrow::StringArray&>(*decoded.batch.rows->GetColumnByName("name"))
        .GetString(row);
  }
  MemorySource source_;
};

TEST_F(LetterReaderTest, EachLetterIsOneRecordWhateverItsFormat) {
  const DecodedLetters decoded = Decode({Csv("1,anna"), Json(R"({"id": 2, "name": "ben"})"),
                                         Csv("\"3\",\"x\ny\""), Csv("x,\"un"), Csv("4,dan")});
  ASSERT_EQ(decoded.batch.positions.size(), 4U);
  ASSERT_EQ(decoded.batch.broken.size(), 1U);
  EXPECT_EQ(decoded.batch.broken[0].reasons[0].code, "csv.quote");
  EXPECT_EQ(decoded.letter_of(decoded.batch.broken[0].offset), 3U);
  const std::vector<std::string> names = {"anna", "ben", "x\ny", "dan"};
  const std::vector<size_t> letters = {0, 1, 2, 4};
  for (size_t row = 0; row < names.size(); ++row) {
    EXPECT_EQ(Name(decoded, static_cast<int64_t>(row)), names[row]);
    EXPECT_EQ(decoded.letter_of(decoded.batch.positions[row].offset), letters[row]);
  }
  EXPECT_EQ(decoded.batch.raw(2), "\"3\",\"x\ny\"");
}

TEST_F(LetterReaderTest, NaNInARowOfParquetIsReadBackAndInJsonOfOthersIsNoDouble) {
  const std::string raw = R"({"id":1,"x":"NaN","y":"-Infinity","z":"nan"})";
  Letter row = Json(raw);
  row.read_as->format.kind = format::FormatKind::kParquet;
  Letter refused = row;
  refused.reason = "type.double";
  LetterReader reader(source_, {Column("id", "bigint"), Column("x", "double"),
                                Column("y", "double"), Column("z", "double")});
  const std::vector<Letter> letters = {row, Json(raw), refused};
  const auto decoded = reader.Decode(letters).value();
  const auto doubles = [&](int column) -> const auto& {
    return static_cast<const arrow::DoubleArray&>(*decoded.batch.rows->column(column));
  };
  EXPECT_TRUE(std::isnan(doubles(1).Value(0)));
  EXPECT_EQ(doubles(2).Value(0), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(doubles(3).IsNull(0));
  for (const int64_t other : {1, 2}) {
    EXPECT_TRUE(doubles(1).IsNull(other));
    EXPECT_TRUE(doubles(2).IsNull(other));
  }
  EXPECT_EQ(decoded.batch.faults.size(), 7U);
}

TEST_F(LetterReaderTest, AFixStandsInThePlaceOfTheBytes) {
  Letter letter = Csv("x,anna");
  letter.fix = Fix{.raw = "7,berta", .header = {}, .set = {}};
  Letter wider = Csv("x");
  wider.fix = Fix{.raw = "8,carl", .header = {"id", "name"}, .set = {}};
  wider.read_as->found.csv_header = {"id"};
  const DecodedLetters decoded = Decode({letter, wider});
  ASSERT_EQ(decoded.batch.positions.size(), 2U);
  EXPECT_EQ(Name(decoded, 0), "berta");
  EXPECT_EQ(Name(decoded, 1), "carl");
}

struct Unreadable {
  const char* name;
  const char* code;
  Letter letter;
};

TEST_F(LetterReaderTest, WhatCannotBeReadAgainSaysWhy) {
  Letter no_header = Csv("1,anna");
  no_header.read_as.reset();
  Letter gone = Csv("1,anna");
  gone.raw_length = 5'000'000;
  const std::vector<Unreadable> cases = {{"two records", "replay.records", Csv("1,anna\n2,ben")},
                                         {"none", "replay.records", Csv("")},
                                         {"no header", "replay.header", no_header},
                                         {"gone", "replay.gone", gone}};
  for (const Unreadable& one : cases) {
    const DecodedLetters decoded = Decode({one.letter, Csv("2,ben")});
    ASSERT_EQ(decoded.batch.broken.size(), 1U) << one.name;
    EXPECT_EQ(decoded.batch.broken[0].reasons[0].code, one.code) << one.name;
    EXPECT_EQ(decoded.batch.positions.size(), 1U) << one.name;
  }
}

TEST_F(LetterReaderTest, ARecordThatWasTooLongToKeepIsReadFromItsInput) {
  source_.objects["in/a.csv"] = "id,name\n1,a\n2,ben\n3,c\n";
  Letter letter = Csv("2,");
  letter.offset = 12;
  letter.raw_length = 5;
  const DecodedLetters decoded = Decode({letter});
  ASSERT_EQ(decoded.batch.positions.size(), 1U);
  EXPECT_EQ(Name(decoded, 0), "ben");
  EXPECT_EQ(decoded.batch.raw(0), "2,ben");
}

TEST_F(LetterReaderTest, AnObjectWhoseHeaderWasWrongIsReadFromWhatIsKeptOfIt) {
  LetterReader reader(source_, {Column("id", "bigint"), Column("name", "varchar")});
  Letter letter = Csv("id,name\n1,a\n2,b\n");
  letter.whole_object = true;
  letter.offset = 0;
  letter.reason = "csv.header";
  letter.read_as->found = {};
  auto rest = reader.OpenRest(letter);
  ASSERT_TRUE(rest) << rest.error().ToString();
  EXPECT_EQ(rest->open, nullptr);
  EXPECT_EQ(rest->decoder->Next({}).value()->positions.size(), 2U);
  letter.raw_length = 5'000'000;
  EXPECT_EQ(reader.OpenRest(letter).error().code, "source.lost");
}

TEST_F(LetterReaderTest, TheRestOfAnObjectIsReadFromWhereItWasRefused) {
  source_.objects["in/a.csv"] = "id,name\n1,a\n2,ben\n3,c\n";
  LetterReader reader(source_, {Column("id", "bigint"), Column("name", "varchar")});
  Letter letter = Csv("");
  letter.whole_object = true;
  letter.offset = 12;
  auto rest = reader.OpenRest(letter);
  ASSERT_TRUE(rest) << rest.error().ToString();
  EXPECT_EQ(rest->decoder->Next({}).value()->read(), 2U);
  source_.objects.clear();
  EXPECT_EQ(reader.OpenRest(letter).error().code, "source.lost");
}

TEST(ReadAs, AndFixesSurviveTheirStoredForm) {
  ReadAs read_as = *Csv("").read_as;
  read_as.format.csv.delimiter = ';';
  read_as.format.csv.quote = '\0';
  EXPECT_EQ(ReadAs::FromJson(read_as.ToJson(), "in/a.csv").value(), read_as);
  EXPECT_EQ(ReadAs::FromJson("{}", "x").error().code, "letter.read_as");
  for (const char* raw : {"1,anna", "1,\xff\x01"}) {
    const Fix fix{.raw = raw, .header = {"id"}, .set = {{"id", "1"}}};
    EXPECT_EQ(Fix::FromJson(fix.ToJson()).value(), fix);
  }
  EXPECT_EQ(Fix::FromJson("[]").error().code, "letter.fix");
}

}  // namespace
}  // namespace weir::source

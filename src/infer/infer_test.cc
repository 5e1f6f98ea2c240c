#include "infer/infer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weir::infer {
namespace {

// A file in a folder of its own.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& content) {
    std::string made = ::testing::TempDir() + "infer-XXXXXX";
    folder_ = mkdtemp(made.data());
    std::ofstream(path_ = folder_ + "/" + name, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  const std::string& path() const { return path_; }

 private:
  std::string folder_;
  std::string path_;
};

// "NAME TYPE [from FIELD] [as FORMAT] [# SEEN]", a line each.
std::string Told(const InferredFile& inferred) {
  std::string text;
  for (const InferredColumn& column : inferred.columns) {
    text += column.spec.name + " " + columnar::ToText(column.spec.type);
    if (!column.spec.from.empty()) text += " from " + column.spec.from;
    if (!column.spec.format.empty()) text += " as " + column.spec.format;
    if (!column.seen.empty()) text += " # " + column.seen;
    text += "\n";
  }
  return text;
}

struct Case {
  std::string name;
  std::string file;
  std::string content;
  std::string columns;
};

std::string Lines(const std::string& header, const std::vector<std::string>& values) {
  std::string text = header + "\n";
  for (const std::string& value : values) text += value + "\n";
  return text;
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"numbers of every kind", "a.csv",
       "whole,big,money,measure,long,exponent\n"
       "1,9223372036854775808,1.50,0.1,1.23456789012345678901,1.5e3\n"
       "-2,1,20.05,12,2,1\n",
       "whole bigint\nbig decimal(38,0) # whole numbers that no bigint holds\n"
       "money decimal(18,2) # always two digits behind the point; a double would take any\n"
       "measure double\nlong decimal(38,20) # more digits than a double keeps\n"
       "exponent double\n"},
      {"a double as programs print it stays one", "a.csv",
       Lines("x", {"0.30000000000000004", "1.7976931348623157e308"}), "x double\n"},
      {"digits that are no number", "a.csv",
       "zip,phone,code\n02134,+4930123,12E4\n10001,+4930124,13B1\n",
       "zip varchar # digits that a number would not keep, such as '02134'\n"
       "phone varchar # digits that a number would not keep, such as '+4930123', '+4930124'\n"
       "code varchar # 1 of 2 are numbers, the others such as '13B1'\n"},
      {"dates and times in ISO 8601", "a.csv",
       "d,t,ts,tz,u\n2020-01-31,10:00:00,2020-01-31T10:00:00,2020-01-31 10:00:00+02:00,"
       "0f8b1c52-6a3e-4d7f-9b21-5c4e8a7d1f01\n",
       "d date\nt time\nts timestamp\ntz timestamptz\nu uuid\n"},
      {"a date that is one way alone", "a.csv", Lines("d", {"01/02/2020", "25/12/2020"}),
       "d date as %d/%m/%Y # such as '01/02/2020', '25/12/2020'\n"},
      {"a date that may be read both ways", "a.csv", Lines("d", {"01/02/2020", "03/04/2020"}),
       "d varchar # '01/02/2020', '03/04/2020': a date by format \"%d/%m/%Y\" or \"%m/%d/%Y\" "
       "alike\n"},
      {"a year without its century", "a.csv", Lines("d", {"25.12.99"}),
       "d varchar # '25.12.99': a date by format \"%d.%m.%y\", of which century is not written\n"},
      {"times with and without a zone", "a.csv",
       Lines("t", {"2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00"}),
       "t varchar # 2 of 3 are times with a zone, the others such as '2020-01-01T00:00:00'\n"},
      {"a word among numbers", "a.csv", Lines("n", {"1", "2", "NA", "4"}),
       "n varchar # 3 of 4 are numbers, the others such as 'NA'\n"},
      {"a word and a number", "a.csv", Lines("n", {"12", "NA"}),
       "n varchar # 1 of 2 are numbers, the others such as 'NA'\n"},
      {"times of three kinds", "a.csv",
       Lines("t", {"2026-05-01T10:00:00Z", "2026-05-01T10:00:00", "never"}),
       "t varchar # 1 of 3 are times with a zone, 1 of 3 are times without a zone\n"},
      {"no value at all", "a.csv", "a,b\n1,\n2,\n", "a bigint\nb varchar # no value at all\n"},
      {"true and false, but not 0 and 1", "a.csv", "a,b\ntrue,1\nFALSE,0\n", "a bool\nb bigint\n"},
      {"names that SQL would need quotes for", "a.csv",
       "Order ID,1990,A,a,_batch,Größe\nx,y,z,w,v,u\n",
       "order_id varchar from Order ID\nc1990 varchar from 1990\nA varchar\na_2 varchar from a\n"
       "batch varchar from _batch\ngr_e varchar from Größe\n"},
      {"semicolons and decimal commas", "a.csv", "a;b\n1,5;x\n2,5;y\n", "a varchar\nb varchar\n"},
      {"tabs by the ending", "a.tsv", "a,b\tc\n1\t2\n", "a_b bigint from a,b\nc bigint\n"},
      {"no header", "a.csv", "1,x,2020-01-01\n2,y,2020-01-02\n",
       "column1 bigint\ncolumn2 varchar\ncolumn3 date\n"},
      {"years are names of columns", "a.csv", "country,1990,1991\nChad,1,2\nMali,3,4\n",
       "country varchar\nc1990 bigint from 1990\nc1991 bigint from 1991\n"},
      {"kinds of JSON", "a.ndjson",
       R"({"b":true,"i":1,"d":1,"s":"x","o":{"a":1},"l":[1],"m":"x","n":null,"t":"2020-01-01"})"
       "\n"
       R"({"b":false,"i":2,"d":1.5,"s":"7","o":{},"l":[],"m":7,"new":"12"})"
       "\n",
       "b bool\ni bigint\nd double\ns varchar # 1 of 2 are numbers, the others such as 'x'\n"
       "o json\nl json\nm varchar # 1 text, 1 number\n"
       "n varchar # no value at all\nt date\nnew varchar # texts that are all numbers\n"},
      {"whole numbers of JSON that no bigint holds", "a.json",
       R"([{"n": 12345678901234567890123}])",
       "n decimal(38,0) # whole numbers that no bigint holds\n"},
      {"a document that is one object", "a.json", R"({"type": "x", "list": [{"a": 1}, {"a": 2}]})",
       "type varchar\nlist json\n"},
      {"an ending that says nothing", "data.txt", "a|b\n1|2\n", "a bigint\nb bigint\n"},
      {"JSON under an ending that says nothing", "data.log", "{\"a\": 1}\n{\"a\": 2}\n",
       "a bigint\n"},
  };
  return cases;
}

TEST(Infer, ProposesTypesThatHold) {
  for (const Case& one : Cases()) {
    SCOPED_TRACE(one.name);
    const TemporaryFile file(one.file, one.content);
    const auto inferred = InferFile(env::SystemFiles(), file.path());
    ASSERT_TRUE(inferred.has_value()) << inferred.error().message;
    EXPECT_EQ(Told(*inferred), one.columns);
    EXPECT_EQ(inferred->refused, 0U);
    EXPECT_TRUE(inferred->whole);
  }
}

TEST(Infer, SaysHowACsvIsWritten) {
  struct Written {
    std::string file;
    std::string content;
    char delimiter;
    bool header;
  };
  for (const Written& one :
       {Written{"a.csv", "a,b\n1,2\n", ',', true}, Written{"a.csv", "a;b\n1,5;2\n", ';', true},
        Written{"a.csv", "a|b,c|d\n1|2|3\n", '|', true}, Written{"a.csv", "only\n1\n", ',', true},
        Written{"a.csv", "1\n2\n", ',', false}, Written{"a.csv", "a\tb\n1\t2\n", '\t', true}}) {
    SCOPED_TRACE(one.content);
    const TemporaryFile file(one.file, one.content);
    const auto inferred = InferFile(env::SystemFiles(), file.path());
    ASSERT_TRUE(inferred.has_value()) << inferred.error().message;
    EXPECT_EQ(inferred->format.csv.delimiter, one.delimiter);
    EXPECT_EQ(inferred->format.csv.has_header, one.header);
  }
}

TEST(Infer, CountsWhatNoContractWouldTake) {
  const TemporaryFile file("a.csv", "a,a,,b\n1,2,3,4\n1,2\n1,2,3,\xE4\n");
  const auto inferred = InferFile(env::SystemFiles(), file.path());
  ASSERT_TRUE(inferred.has_value()) << inferred.error().message;
  EXPECT_EQ(Told(*inferred),
            "b varchar # no bigint holds 1 of the values: '\\xE4' is not a bigint\n");
  EXPECT_EQ(inferred->rows, 3U);
  EXPECT_EQ(inferred->refused, 2U);
  EXPECT_EQ(inferred->left_out, (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(inferred->notes.size(), 3U);
}

TEST(Infer, LooksAtNoMoreThanItWasAllowed) {
  const TemporaryFile file("a.csv", Lines("n", {"1", "2", "x"}));
  const auto inferred = InferFile(env::SystemFiles(), file.path(), {.rows_max = 2});
  ASSERT_TRUE(inferred.has_value()) << inferred.error().message;
  EXPECT_EQ(Told(*inferred), "n bigint\n");
  EXPECT_FALSE(inferred->whole);
}

TEST(Infer, SaysWhyThereIsNothingToPropose) {
  struct Nothing {
    std::string file;
    std::string content;
    std::string code;
  };
  for (const Nothing& one :
       {Nothing{"a.csv", "", "infer.empty"}, Nothing{"a.csv", "a,b\n", "infer.empty"},
        Nothing{"a.ndjson", "not json\n", "infer.unreadable"},
        Nothing{"a.json", "{}", "infer.empty"},
        Nothing{"a.parquet", "no parquet", "object.corrupt"}}) {
    SCOPED_TRACE(one.content);
    const TemporaryFile file(one.file, one.content);
    const auto inferred = InferFile(env::SystemFiles(), file.path());
    ASSERT_FALSE(inferred.has_value());
    EXPECT_EQ(inferred.error().code, one.code);
  }
  const auto missing = InferFile(env::SystemFiles(), "/nowhere/a.csv");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, "file.not_found");
}

}  // namespace
}  // namespace weir::infer

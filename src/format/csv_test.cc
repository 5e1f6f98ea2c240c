#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/decoder_check_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using Lines = std::vector<std::string>;

std::vector<ColumnSpec> Columns(const std::vector<std::pair<std::string, std::string>>& named) {
  std::vector<ColumnSpec> columns;
  for (const auto& [name, type] : named) columns.push_back(Column(name, type));
  return columns;
}

// "@offset:line value" for a row, "@offset:line+length code" for a broken record.
Lines Decode(const std::vector<ColumnSpec>& columns, const std::string& input, CsvOptions csv = {},
             Cutting cutting = {}) {
  FormatSpec spec;
  spec.kind = FormatKind::kCsv;
  spec.csv = std::move(csv);
  const SeenInput seen = ReadInput(spec, columns, input, input, cutting);
  Lines lines;
  for (const SeenRecord& record : seen.records) {
    const std::string at = "@" + std::to_string(record.offset) + ":" + std::to_string(record.line);
    lines.push_back(record.broken ? at + "+" + std::to_string(record.length) + " " + record.code
                                  : at + " " + record.values);
  }
  if (!seen.error.empty()) lines.push_back("error " + seen.error);
  return lines;
}

// A row of columns a, b (varchar).
std::string Row(const std::string& at, const std::string& a, const std::string& b,
                const std::string& rescued = "null") {
  return at + R"( {"a":)" + a + R"(,"b":)" + b + R"(,"_rescued":)" + rescued + "}";
}

const std::vector<ColumnSpec> kTwo = Columns({{"a", "varchar"}, {"b", "varchar"}});

struct CsvCase {
  std::string name;
  std::string input;
  Lines expected;
};

void RunCases(const std::vector<CsvCase>& cases) {
  for (const CsvCase& c : cases) EXPECT_EQ(Decode(kTwo, c.input), c.expected) << c.name;
}

TEST(Csv, RecordsEndAtLineEnds) {
  RunCases({{"no bytes", "", {}},
            {"a header alone", "a,b\n", {}},
            {"a header without a line end", "a,b", {}},
            {"one record", "a,b\n1,2\n", {Row("@4:2", "\"1\"", "\"2\"")}},
            {"no line end at the end", "a,b\n1,2", {Row("@4:2", "\"1\"", "\"2\"")}},
            {"CRLF",
             "a,b\r\n1,2\r\n3,4\r\n",
             {Row("@5:2", "\"1\"", "\"2\""), Row("@10:3", "\"3\"", "\"4\"")}},
            {"CR before the end of the input", "a,b\n1,2\r", {Row("@4:2", "\"1\"", "\"2\"")}},
            {"a CR within a field is text", "a,b\n1\r2,3\n", {Row("@4:2", R"("1\r2")", "\"3\"")}},
            {"blank lines are no records",
             "\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n",
             {Row("@8:5", "\"1\"", "\"2\""), Row("@15:8", "\"3\"", "\"4\"")}},
            {"a line of blanks is a record of one field", "a,b\n \n", {"@4:2+1 csv.fields"}},
            {"a byte-order mark",
             "\xEF\xBB\xBF"
             "a,b\n1,2\n",
             {Row("@7:2", "\"1\"", "\"2\"")}},
            {"a byte-order mark alone", "\xEF\xBB\xBF", {}}});
}

TEST(Csv, QuotesHoldDelimitersLineEndsAndDoubledQuotes) {
  RunCases(
      {{"a delimiter", "a,b\n\"1,2\",3\n", {Row("@4:2", "\"1,2\"", "\"3\"")}},
       {"a line end",
        "a,b\n\"1\n2\",3\n4,5\n",
        {Row("@4:2", R"("1\n2")", "\"3\""), Row("@12:4", "\"4\"", "\"5\"")}},
       {"CRLF is kept", "a,b\n\"1\r\n2\",3\r\n", {Row("@4:2", R"("1\r\n2")", "\"3\"")}},
       {"a doubled quote",
        "a,b\n\"say \"\"hi\"\"\",2\n",
        {Row("@4:2", R"("say \"hi\"")", "\"2\"")}},
       {"only a quote", "a,b\n\"\"\"\",2\n", {Row("@4:2", R"("\"")", "\"2\"")}},
       {"a quoted field at the end", "a,b\n1,\"2\"", {Row("@4:2", "\"1\"", "\"2\"")}},
       {"a quoted field before CR and the end", "a,b\n1,\"2\"\r", {Row("@4:2", "\"1\"", "\"2\"")}},
       {"a quote within a field is text",
        "a,b\n1\"2,3\"\n",
        {Row("@4:2", R"("1\"2")", R"("3\"")")}},
       {"a quoted header", "\"a\",\"b\"\r\n1,2\n", {Row("@9:2", "\"1\"", "\"2\"")}},
       {"blanks belong to the field", "a,b\n 1 , 2\n", {Row("@4:2", "\" 1 \"", "\" 2\"")}}});
}

TEST(Csv, AnEmptyFieldIsNullAndAQuotedOneIsEmptyText) {
  RunCases({{"unquoted", "a,b\n,2\n", {Row("@4:2", "null", "\"2\"")}},
            {"quoted", "a,b\n\"\",2\n", {Row("@4:2", "\"\"", "\"2\"")}},
            {"both empty", "a,b\n,\n", {Row("@4:2", "null", "null")}}});
  EXPECT_EQ(Decode(Columns({{"a", "bigint"}, {"b", "bool"}}), "a,b\n\"\",\"\"\n"),
            (Lines{Row("@4:2", "null", "null")}))
      << "a type that has no empty text";
  CsvOptions csv;
  csv.null_text = "NULL";
  EXPECT_EQ(Decode(kTwo, "a,b\nNULL,\"NULL\"\nnull,\n", csv),
            (Lines{Row("@4:2", "null", "\"NULL\""), Row("@16:3", "\"null\"", "null")}));
}

TEST(Csv, WrongQuotesCostOneLine) {
  RunCases({{"text behind a closing quote",
             "a,b\n\"1\"x,2\n3,4\n",
             {"@4:2+6 csv.quote", Row("@11:3", "\"3\"", "\"4\"")}},
            {"a blank behind a closing quote",
             "a,b\n\"1\" ,2\n3,4\n",
             {"@4:2+6 csv.quote", Row("@11:3", "\"3\"", "\"4\"")}},
            {"a CR without LF behind a closing quote", "a,b\n\"1\"\r,2\n", {"@4:2+6 csv.quote"}},
            {"no closing quote",
             "a,b\n\"1,2\n3,4\n5,6\n",
             {"@4:2+4 csv.quote", Row("@9:3", "\"3\"", "\"4\""), Row("@13:4", "\"5\"", "\"6\"")}},
            {"no closing quote in the last line",
             "a,b\n1,2\n3,\"4",
             {Row("@4:2", "\"1\"", "\"2\""), "@8:3+4 csv.quote"}},
            {"no closing quote, CRLF",
             "a,b\r\n\"1,2\r\n3,4\r\n",
             {"@5:2+4 csv.quote", Row("@11:3", "\"3\"", "\"4\"")}},
            {"the stray quote meets a later one",
             "a,b\n\"1,2\n3,\"4\"\n5,6\n",
             {"@4:2+4 csv.quote", Row("@9:3", "\"3\"", "\"4\""), Row("@15:4", "\"5\"", "\"6\"")}},
            {"the fault is in a second line of the record",
             "a,b\n\"1\n1\",\"2\n3,4\n",
             {"@4:2+8 csv.quote", Row("@13:4", "\"3\"", "\"4\"")}},
            {"only doubled quotes follow",
             "a,b\n\"1,2\n3,\"\"\n5,6\n",
             {"@4:2+4 csv.quote", Row("@9:3", "\"3\"", "\"\""), Row("@14:4", "\"5\"", "\"6\"")}}});
}

TEST(Csv, ARecordMustHaveAsManyFieldsAsTheHeader) {
  RunCases(
      {{"too few", "a,b\n1\n2,3\n", {"@4:2+1 csv.fields", Row("@6:3", "\"2\"", "\"3\"")}},
       {"too many", "a,b\n1,2,3\n4,5\n", {"@4:2+5 csv.fields", Row("@10:3", "\"4\"", "\"5\"")}},
       {"one empty too many", "a,b\n1,2,\n", {"@4:2+4 csv.fields"}}});
}

TEST(Csv, TheReasonSaysHowManyFieldsThereAre) {
  FormatSpec spec;
  spec.kind = FormatKind::kCsv;
  const std::string input = "a,b\n1,2,3\n";
  const SeenInput seen = ReadInput(spec, kTwo, input, input, {});
  ASSERT_EQ(seen.records.size(), 1U);
  EXPECT_THAT(seen.records[0].values, testing::HasSubstr("3 fields, the header has 2"));
}

TEST(Csv, ColumnsAreFoundByName) {
  EXPECT_EQ(Decode(kTwo, "b,a\n1,2\n"), (Lines{Row("@4:2", "\"2\"", "\"1\"")})) << "any order";
  EXPECT_EQ(Decode(kTwo, "a\n1\n"), (Lines{Row("@2:2", "\"1\"", "null")}))
      << "a missing one is null";
  std::vector<ColumnSpec> columns = kTwo;
  columns[1].default_text = "x";
  EXPECT_EQ(Decode(columns, "a\n1\n"), (Lines{Row("@2:2", "\"1\"", "\"x\"")})) << "or its default";
  EXPECT_EQ(Decode(columns, "a,b\n1,\n"), (Lines{Row("@4:2", "\"1\"", "null")}))
      << "null stays null";
  columns[1].from = "B!";
  EXPECT_EQ(Decode(columns, "a,B!\n1,2\n"), (Lines{Row("@5:2", "\"1\"", "\"2\"")}))
      << "another name";
  EXPECT_EQ(Decode(kTwo, "A,b\n1,2\n"), (Lines{Row("@4:2", "null", "\"2\"", R"("{\"A\":\"1\"}")")}))
      << "letter case matters";
}

TEST(Csv, UnknownColumnsAreRescued) {
  EXPECT_EQ(Decode(kTwo, "x,a,b,y\n1,2,3,\"4,\"\"\"\n,2,3,\n5,2,3,\"\"\n"),
            (Lines{Row("@8:2", "\"2\"", "\"3\"", R"("{\"x\":\"1\",\"y\":\"4,\\\"\"}")"),
                   Row("@21:3", "\"2\"", "\"3\""),
                   Row("@27:4", "\"2\"", "\"3\"", R"("{\"x\":\"5\",\"y\":\"\"}")")}));
  EXPECT_EQ(Decode(kTwo, "a,b,,x,x\n1,2,3,4,5\n"),
            (Lines{Row("@9:2", "\"1\"", "\"2\"", R"("{\"#3\":\"3\",\"x\":\"4\",\"x#5\":\"5\"}")")}))
      << "empty names and names that come twice";
}

TEST(Csv, AHeaderThatCannotBeUsedMakesTheInputOneDeadLetter) {
  EXPECT_EQ(Decode(kTwo, "x,y\n1,2\n"), Lines{"@0:1+8 csv.header"});
  EXPECT_EQ(Decode(kTwo, "a,a\n1,2\n"), Lines{"@0:1+8 csv.header"});
  EXPECT_EQ(Decode(kTwo, "\"a,b\n1,2\n"), Lines{"@0:1+9 csv.header"});
  EXPECT_EQ(Decode(kTwo, "a,b,\xFF\n1,2,3\n"), Lines{"@0:1+12 csv.header"});
  EXPECT_EQ(Decode(kTwo, "\n\nx,y\n"), Lines{"@2:3+4 csv.header"}) << "from the header on";
  Cutting cutting;
  cutting.record_bytes_max = 8;
  EXPECT_EQ(Decode(kTwo, "a,b,c,d,e,f\n", {}, cutting), Lines{"@0:1+12 csv.header"});
}

// The detail of the first dead letter.
std::string HeaderFault(const std::string& input, CsvOptions csv = {}) {
  FormatSpec spec;
  spec.kind = FormatKind::kCsv;
  spec.csv = csv;
  auto decoder = MakeDecoder(spec, Columns({{"user_id", "bigint"}, {"kind", "varchar"}}),
                             std::make_unique<env::MemoryReader>(input));
  auto batch = (*decoder)->Next({});
  if (!batch || !*batch || (**batch).broken.size() != 1) return "no dead letter";
  const columnar::RejectedRow row = (**batch).broken[0];
  EXPECT_EQ(row.kind, columnar::RejectedKind::kObject);
  EXPECT_EQ(row.raw, input);
  EXPECT_TRUE((*decoder)->state().ended);
  batch = (*decoder)->Next({});
  EXPECT_TRUE(batch && !*batch);
  return row.reasons.at(0).detail;
}

TEST(Csv, AHeadersFaultSaysWhatItSaysAndWhatIsWanted) {
  EXPECT_EQ(HeaderFault("x,y\n1,2\n"),
            "the header names none of the contract's columns: it has x, y, the contract wants "
            "user_id, kind; if the file has no header, set csv: {header: false}");
  EXPECT_EQ(HeaderFault("User Id;Type\n1;2\n", CsvOptions::OfInput()),
            "the header names none of the contract's columns: it has User Id, Type, the contract "
            "wants user_id, kind; if 'User Id' is meant to be 'user_id', give the column `from: "
            "User Id`");
  EXPECT_EQ(HeaderFault("kind,kind\n1,2\n"),
            "the header names 'kind' twice; rename one of the two");
  EXPECT_EQ(HeaderFault("kind,\"user_id\n1,2\n"),
            "the header cannot be read: the field's closing quote is missing");
  EXPECT_EQ(HeaderFault("kind,gr\xF6\xDF"
                        "e\n1,2\n"),
            "the header's name 'gr\\xF6\\xDFe' is not UTF-8; if the file is in another encoding, "
            "say which one: csv: {encoding: windows-1252}");
}

TEST(Csv, TheFirstLineEndTellsWhichThereAre) {
  RunCases(
      {{"CR", "a,b\r1,2\r3,4\r", {Row("@4:2", "\"1\"", "\"2\""), Row("@8:3", "\"3\"", "\"4\"")}},
       {"CR, then others",
        "a,b\r1,2\r\n3,4\n5,6",
        {Row("@4:2", "\"1\"", "\"2\""), Row("@9:3", "\"3\"", "\"4\""),
         Row("@13:4", "\"5\"", "\"6\"")}},
       {"a CR in quotes is none", "\"a\",b,\"\r\"\n1,2,\n", {Row("@10:2", "\"1\"", "\"2\"")}},
       {"line ends in quotes",
        "a,b\r\"1\r\n1\",2\r3,4\r",
        {Row("@4:2", R"("1\r\n1")", "\"2\""), Row("@13:4", "\"3\"", "\"4\"")}},
       {"a wrong quote costs one line",
        "a,b\r\"1,2\r3,4\r",
        {"@4:2+4 csv.quote", Row("@9:3", "\"3\"", "\"4\"")}},
       {"blank lines", "\r\ra,b\r\r1,2\r", {Row("@7:5", "\"1\"", "\"2\"")}}});
  Cutting cutting;
  cutting.record_bytes_max = 5;
  EXPECT_EQ(Decode(kTwo, "a,b\r1234,5678\r3,4\r", {}, cutting),
            (Lines{"@4:2+9 record.too_long", Row("@14:3", "\"3\"", "\"4\"")}));
}

TEST(Csv, TheDelimiterIsFoundByTheContract) {
  struct FoundCase {
    std::string header;
    char expected;
  };
  for (const FoundCase& c : std::vector<FoundCase>{{"a,b", ','},
                                                   {"a;b", ';'},
                                                   {"b\ta", '\t'},
                                                   {"a|x|b", '|'},
                                                   {"a", ','},
                                                   {"a;b;x,y,z,u", ';'},
                                                   {"a,b,x;y;z;u", ','},
                                                   {"a;x,y", ';'},
                                                   {"a,x;y,z;b", ','},
                                                   {"\"a\";\"b\"", ';'},
                                                   {"a;x,a", ','}}) {
    FormatSpec spec;
    spec.kind = FormatKind::kCsv;
    spec.csv = CsvOptions::OfInput();
    const SeenInput seen = ReadInput(spec, kTwo, c.header, c.header, {});
    EXPECT_TRUE(seen.records.empty()) << c.header;
    EXPECT_EQ(seen.state.csv_delimiter, c.expected) << c.header;
  }
}

TEST(Csv, WithoutAHeaderFieldsAreTheColumnsInOrder) {
  CsvOptions csv;
  csv.has_header = false;
  EXPECT_EQ(Decode(kTwo, "1,2\n3\n", csv),
            (Lines{Row("@0:1", "\"1\"", "\"2\""), "@4:2+1 csv.fields"}));
  EXPECT_EQ(Decode(kTwo,
                   "\xEF\xBB\xBF"
                   "1,2\n",
                   csv),
            (Lines{Row("@3:1", "\"1\"", "\"2\"")}));
}

TEST(Csv, AHeaderMayBeWide) {
  std::string header = "a";
  std::string row = "1";
  for (int i = 0; i < 500; ++i) {
    header += ",x" + std::to_string(i);
    row += i == 499 ? ",last" : ",";
  }
  const std::string at = "@" + std::to_string(header.size() + 1) + ":2";
  EXPECT_EQ(Decode(kTwo, header + "\n" + row + "\n"),
            (Lines{Row(at, "\"1\"", "null", R"("{\"x499\":\"last\"}")")}));
  for (int i = 0; i < 10'000; ++i) header += ",y" + std::to_string(i);
  EXPECT_EQ(Decode(kTwo, header + "\n"),
            Lines{"@0:1+" + std::to_string(header.size() + 1) + " csv.header"})
      << "but not without end";
}

TEST(Csv, OtherDelimitersAndQuotes) {
  CsvOptions csv;
  csv.delimiter = ';';
  csv.quote = '\'';
  EXPECT_EQ(Decode(kTwo, "a;b\n'1;''';\"2\"\n", csv),
            (Lines{Row("@4:2", "\"1;'\"", R"("\"2\"")")}));
  csv.quote = '\0';
  EXPECT_EQ(Decode(kTwo, "a;b\n\"1;2\n'3;4\n", csv),
            (Lines{Row("@4:2", R"("\"1")", "\"2\""), Row("@9:3", "\"'3\"", "\"4\"")}));
  for (const auto& [delimiter, quote] :
       std::vector<std::pair<char, char>>{{'"', '"'}, {'\n', '"'}, {',', '\r'}, {'\xE4', '"'}}) {
    FormatSpec spec;
    spec.kind = FormatKind::kCsv;
    spec.csv.delimiter = delimiter;
    spec.csv.quote = quote;
    EXPECT_EQ(MakeDecoder(spec, kTwo, std::make_unique<env::MemoryReader>("")).error().code,
              "format.csv_options");
  }
}

TEST(Csv, AFieldThatIsNotItsTypeIsAFaultOfItsCell) {
  const auto columns = Columns({{"a", "bigint"}, {"b", "varchar(3)"}});
  EXPECT_EQ(
      Decode(columns, "a,b\nx,abcd\n1,aé€\n 2,\n"),
      (Lines{Row("@4:2", "null", "null") + " type.bigint[a] 'x' is not a bigint; type.varchar[b] "
                                           "'abcd' has 4 characters, too many "
                                           "for varchar(3);",
             Row("@11:3", "1", "\"aé€\""),
             Row("@20:4", "null", "null") +
                 " type.bigint[a] ' 2' is not a bigint: it has blanks around it;"}));
}

TEST(Csv, TextMustBeUtf8WithoutNul) {
  EXPECT_EQ(Decode(kTwo, "a,b\n\xFF,ok\nok,2\n"),
            (Lines{Row("@4:2", "null", "\"ok\"") + R"( text.utf8[a] '\xFF' is not UTF-8;)",
                   Row("@9:3", "\"ok\"", "\"2\"")}));
  EXPECT_EQ(
      Decode(kTwo, std::string("a,b\n1\0,2\n", 9)),
      (Lines{Row("@4:2", "null", "\"2\"") + R"( text.nul[a] '1\x00' holds a NUL character;)"}));
  EXPECT_EQ(Decode(kTwo, "a,b,c\n1,2,\xFF\n"), (Lines{"@6:2+5 text.utf8"})) << "in a rescued field";
}

TEST(Csv, AJsonCellIsNormalised) {
  EXPECT_EQ(
      Decode(Columns({{"a", "json"}, {"b", "json"}}), "a,b\n\"{ \"\"x\"\" : [1, 2.50] }\",nope\n"),
      (Lines{Row("@4:2", R"("{\"x\":[1,2.50]}")", "null") +
             " type.json[b] 'nope' is not a json;"}));
}

TEST(Csv, ARecordOverTheBoundIsOneDeadLetter) {
  Cutting cutting;
  cutting.record_bytes_max = 10;
  const auto decode = [&](const std::string& input) { return Decode(kTwo, input, {}, cutting); };
  const std::string next = Row("@16:3", "\"3\"", "\"4\"");
  EXPECT_EQ(decode("a,b\n12345,7890\n3,4\n"),
            (Lines{Row("@4:2", "\"12345\"", "\"7890\""), Row("@15:3", "\"3\"", "\"4\"")}))
      << "as long as may be";
  EXPECT_EQ(decode("a,b\n12345,78901\n3,4\n"), (Lines{"@4:2+11 record.too_long", next}));
  EXPECT_EQ(decode("a,b\n12345,7890\r\n3,4\n"), (Lines{"@4:2+10 record.too_long", next}))
      << "a CR counts";
  EXPECT_EQ(decode("a,b\n12345678901234567890"), (Lines{"@4:2+20 record.too_long"}));
  EXPECT_EQ(decode("a,b\n\"1\n45\",78901\n3,4\n"),
            (Lines{"@4:2+12 record.too_long", Row("@17:4", "\"3\"", "\"4\"")}))
      << "with a line end in quotes";
  EXPECT_EQ(decode("a,b\n\"1234567890\",2\n3,4\n"),
            (Lines{"@4:2+14 record.too_long", Row("@19:3", "\"3\"", "\"4\"")}))
      << "the bound is within quotes, and no line end before it";
  EXPECT_EQ(decode("a,b\n\"123\n567890\",2\n3,4\n"),
            (Lines{"@4:2+4 csv.quote", Row("@9:3", R"("567890\"")", "\"2\""),
                   Row("@19:4", "\"3\"", "\"4\"")}))
      << "the bound is within quotes behind a line end";
}

TEST(Csv, ALongRecordKeepsAMebibyteAndAHash) {
  Cutting cutting;
  cutting.chunk_bytes = 1 << 20;
  const std::string longer = std::string(kRecordBytesMax, 'x') + "yz";
  const std::string input = "a,b\n" + longer + "\n1,2\n";
  FormatSpec spec;
  spec.kind = FormatKind::kCsv;
  auto decoder = MakeDecoder(spec, kTwo, std::make_unique<env::MemoryReader>(input));
  auto batch = (*decoder)->Next({});
  ASSERT_TRUE(batch.has_value() && batch->has_value());
  const columnar::RejectedRow& row = (**batch).broken.at(0);
  EXPECT_EQ(row.raw.size(), kRawBytesKept);
  EXPECT_EQ(row.raw_length, longer.size());
  EXPECT_EQ(row.raw_hash.size(), 32U);
  batch = (*decoder)->Next({});
  ASSERT_TRUE(batch.has_value() && batch->has_value());
  EXPECT_EQ((**batch).positions.at(0).offset, 4 + longer.size() + 1);
}

}  // namespace
}  // namespace weir::format

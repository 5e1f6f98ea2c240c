#include "query/output.h"

#include "arrow/io/memory.h"
#include "parquet/arrow/reader.h"
#include "query/cells_internal.h"
#include "query/display_width.h"
#include "query/query_test_internal.h"

namespace weir::query {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Output : public testing::Test {
 protected:
  std::string Write(const std::string& sql, const OutputOptions& options) {
    std::string text;
    const auto stream = Must(session_->Query(sql));
    rows_ = Must(WriteOutput(*stream, options, [&](std::string_view bytes) -> Result<void> {
      most_ = std::max(most_, bytes.size());
      text += bytes;
      return {};
    }));
    return text;
  }

  std::unique_ptr<engine::Engine> engine_ = Must(engine::Engine::Open({}));
  std::unique_ptr<engine::Session> session_ = Must(engine_->NewSession());
  uint64_t rows_ = 0;
  size_t most_ = 0;  // Bytes of one piece.
};

struct ValueCase {
  const char* sql;
  const char* csv;
  const char* json;
};

TEST_F(Output, EveryValueHasOneExactText) {
  const std::vector<ValueCase> cases = {
      {"NULL::INT", "\"\"", "null"},
      {"true", "true", "true"},
      {"(-2147483648)::INT", "-2147483648", "-2147483648"},
      {"9223372036854775807", "9223372036854775807", "9223372036854775807"},
      {"0.1::DOUBLE", "0.1", "0.1"},
      {"1e300::DOUBLE", "1e+300", "1e+300"},
      {"100::DOUBLE", "100", "100"},
      {"'nan'::DOUBLE", "NaN", "\"NaN\""},
      {"'-inf'::DOUBLE", "-Infinity", "\"-Infinity\""},
      {"1.50::DECIMAL(10,2)", "1.50", "1.50"},
      {"(-0.05)::DECIMAL(10,2)", "-0.05", "-0.05"},
      {"0.0000001::DECIMAL(20,10)", "0.0000001000", "0.0000001000"},
      {"12345678901234567890123456789012345678::DECIMAL(38,0)",
       "12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
      {"''", "\"\"", "\"\""},
      {"'a,b'", "\"a,b\"", "\"a,b\""},
      {"'say \"hi\"'", "\"say \"\"hi\"\"\"", "\"say \\\"hi\\\"\""},
      {"'two' || chr(10) || 'lines'", "\"two\nlines\"", "\"two\\nlines\""},
      {"'é' || chr(1) || '\\'", "é\x01\\", "\"é\\u0001\\\\\""},
      {"DATE '0044-03-15'", "0044-03-15", "\"0044-03-15\""},
      {"DATE '2024-02-29'", "2024-02-29", "\"2024-02-29\""},
      {"DATE '1969-12-31'", "1969-12-31", "\"1969-12-31\""},
      {"TIME '23:59:59.000120'", "23:59:59.00012", "\"23:59:59.00012\""},
      {"TIMESTAMP '1969-12-31 23:59:59.5'", "1969-12-31T23:59:59.5", "\"1969-12-31T23:59:59.5\""},
      {"TIMESTAMPTZ '2026-05-01 12:00:00+02'", "2026-05-01T10:00:00Z", "\"2026-05-01T10:00:00Z\""},
      {"'00112233-4455-6677-8899-aabbccddeeff'::UUID", "00112233-4455-6677-8899-aabbccddeeff",
       "\"00112233-4455-6677-8899-aabbccddeeff\""},
      {"'text'::BLOB", "text", "\"dGV4dA==\""},
      {"'a\\xFF'::BLOB", "a\\xff", "\"Yf8=\""},
      {"''::BLOB", "\"\"", "\"\""},
      {"[1, NULL, 3]", "\"[1,null,3]\"", "[1,null,3]"},
      {"{'a': [1.5], 'b': {'c': 'x'}}", "\"{\"\"a\"\":[1.5],\"\"b\"\":{\"\"c\"\":\"\"x\"\"}}\"",
       "{\"a\":[1.5],\"b\":{\"c\":\"x\"}}"},
      {"MAP {'k': DATE '2026-01-01'}",
       "\"[{\"\"key\"\":\"\"k\"\",\"\"value\"\":\"\"2026-01-01\"\"}]\"",
       "[{\"key\":\"k\",\"value\":\"2026-01-01\"}]"},
      {"CAST([] AS INT[])", "[]", "[]"},
  };
  for (const ValueCase& one : cases) {
    const std::string sql = std::string("SELECT ") + one.sql + " AS v";
    EXPECT_EQ(Write(sql, {.format = OutputFormat::kCsv}), std::string("v\n") + one.csv + "\n")
        << one.sql;
    EXPECT_EQ(Write(sql, {.format = OutputFormat::kNdjson}),
              std::string("{\"v\": ") + one.json + "}\n")
        << one.sql;
  }
}

TEST_F(Output, JsonIsOneDocument) {
  EXPECT_EQ(
      Write("SELECT i AS n, 'x' || i AS t FROM range(2) r(i)", {.format = OutputFormat::kJson}),
      "{\"columns\": [\"n\", \"t\"], \"rows\": [\n{\"n\": 0, \"t\": \"x0\"},\n{\"n\": 1, \"t\": "
      "\"x1\"}\n]}\n");
  EXPECT_EQ(rows_, 2U);
  EXPECT_EQ(Write("SELECT 1 AS n WHERE false", {.format = OutputFormat::kJson}),
            "{\"columns\": [\"n\"], \"rows\": []}\n");
}

TEST_F(Output, NoValueIsLostWhereTwoColumnsHaveOneName) {
  EXPECT_EQ(Write("SELECT 1 AS a, 2 AS A, 3 AS a_1, 4 AS a", {.format = OutputFormat::kNdjson}),
            "{\"a\": 1, \"A_2\": 2, \"a_1\": 3, \"a_3\": 4}\n");
}

TEST_F(Output, CsvTellsNullFromTheEmptyText) {
  EXPECT_EQ(Write("SELECT NULL AS \"a,b\", '' AS c, 'x' AS d", {.format = OutputFormat::kCsv}),
            "\"a,b\",c,d\n,\"\",x\n");
}

TEST_F(Output, MarkdownEscapesWhatWouldEndACell) {
  EXPECT_EQ(Write("SELECT 'a|b' AS t, 1 AS n UNION ALL SELECT 'x' || chr(10) || 'y', NULL",
                  {.format = OutputFormat::kMarkdown}),
            "| t | n |\n| --- | ---: |\n| a\\|b | 1 |\n| x<br>y | null |\n");
}

TEST_F(Output, ATablePutsNumbersToTheRight) {
  EXPECT_EQ(
      Write("SELECT * FROM (VALUES ('view', 70), ('purchase', 130), (NULL, NULL)) t(event_type, n)",
            {}),
      "event_type     n\n"
      "──────────  ────\n"
      "view          70\n"
      "purchase     130\n"
      "null        null\n");
}

TEST_F(Output, OffATerminalEveryRowIsShownWhole) {
  const std::string text = Write(
      "SELECT CASE WHEN i = 1500 THEN repeat('x', 50) ELSE 'a' END AS t, i AS n FROM range(2000) "
      "r(i)",
      {});
  EXPECT_EQ(std::ranges::count(text, '\n'), 2002);
  EXPECT_THAT(text, HasSubstr(std::string(50, 'x') + "  1500\n"));
}

TEST_F(Output, OnATerminalCellsAndRowsAreCutAndCounted) {
  const std::string text = Write("SELECT repeat('wide ', 30) AS t, i AS n FROM range(1274) r(i)",
                                 {.width = 30, .rows_max = 40});
  EXPECT_EQ(std::ranges::count(text, '\n'), 43);
  EXPECT_THAT(text, HasSubstr("\n… 1,234 rows more, -o csv for all\n"));
  EXPECT_EQ(rows_, 1274U);
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos;
       begin = end + 1, end = text.find('\n', begin))
    if (text.compare(begin, 3, "…") != 0) {
      EXPECT_LE(DisplayWidth(text.substr(begin, end - begin)), 30U);
    }
}

TEST_F(Output, OnATerminalColumnsThatDoNotFitAreNamed) {
  const std::string text =
      Write("SELECT 'aaaaaaaaaa' AS c1, 'bbbbbbbbbb' AS c2, 'cccccccccc' AS c3, 'dddddddddd' AS c4",
            {.width = 20});
  EXPECT_EQ(text,
            "c1         c2\n"
            "─────────  ─────────\n"
            "aaaaaaaa…  bbbbbbbb…\n"
            "… 2 columns more: c3, c4\n");
  EXPECT_THAT(Write("SELECT 1 AS a WHERE false", {.width = 20}), HasSubstr("(no rows)"));
  EXPECT_THAT(Write("SELECT 'abc' AS a", {.width = 1}), HasSubstr("…"));
}

TEST_F(Output, ATableShowsControlCharactersAsTheirNames) {
  EXPECT_THAT(Write("SELECT chr(27) || '[2J' || chr(10) || chr(155) AS t", {.width = 80}),
              HasSubstr("\\x1b[2J\\n\\x9b\n"));
}

TEST_F(Output, ParquetReadsBack) {
  const std::string bytes = Write(
      "SELECT i AS n, 'x' AS n, [{'a': i}] AS l, uuid() AS u, 1.5::DECIMAL(9,2) AS d FROM "
      "range(70000) r(i)",
      {.format = OutputFormat::kParquet});
  const auto reader =
      parquet::arrow::OpenFile(
          std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)),
          arrow::default_memory_pool())
          .ValueOrDie();
  const auto table = reader->ReadTable().ValueOrDie();
  EXPECT_EQ(table->num_rows(), 70000);
  EXPECT_THAT(table->schema()->field_names(), testing::ElementsAre("n", "n_1", "l", "u", "d"));
}

TEST_F(Output, AResultThatFailsLeavesNoCompleteDocument) {
  const std::string sql =
      "SELECT CASE WHEN i = 150000 THEN error('boom') ELSE i::VARCHAR END AS v FROM range(200000) "
      "r(i)";
  for (const auto format : {OutputFormat::kJson, OutputFormat::kParquet}) {
    std::string text;
    const auto stream = Must(session_->Query(sql));
    const auto written =
        WriteOutput(*stream, {.format = format}, [&](std::string_view bytes) -> Result<void> {
          text += bytes;
          return {};
        });
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().message, HasSubstr("boom"));
    EXPECT_FALSE(text.ends_with("]}\n"));
    EXPECT_FALSE(text.size() > 4 && text.ends_with("PAR1"));
  }
}

TEST_F(Output, AnErrorOfTheSinkEndsIt) {
  for (const auto format :
       {OutputFormat::kTable, OutputFormat::kCsv, OutputFormat::kJson, OutputFormat::kParquet}) {
    const auto stream = Must(session_->Query("SELECT i FROM range(10) r(i)"));
    const auto written =
        WriteOutput(*stream, {.format = format}, [](std::string_view) -> Result<void> {
          return Fail(ErrorKind::kIo, "file.full", "the disk is full");
        });
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, "file.full");
  }
}

TEST_F(Output, PiecesStaySmall) {
  Write("SELECT i, repeat('y', 100) AS t FROM range(100000) r(i)", {.format = OutputFormat::kCsv});
  EXPECT_LT(most_, 2 * 64 * 1024U);
}

TEST(OutputFormats, AreKnownByName) {
  EXPECT_EQ(Must(ParseOutputFormat("md")), OutputFormat::kMarkdown);
  const auto unknown = ParseOutputFormat("ndjso");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "query.format");
  EXPECT_THAT(unknown.error().next, HasSubstr("ndjson"));
}

TEST(DisplayWidths, CountColumnsOfATerminal) {
  const std::vector<std::pair<const char*, size_t>> cases = {
      {"", 0}, {"abc", 3}, {"é", 1}, {"e\u0301", 1}, {"日本", 4}, {"😀", 2}, {"…", 1}};
  for (const auto& [text, width] : cases) EXPECT_EQ(DisplayWidth(text), width) << text;
  EXPECT_EQ(Shortened("日本語", 4), "日…");
  EXPECT_EQ(Shortened("abc", 3), "abc");
}

TEST(Utf8, IsTold) {
  EXPECT_TRUE(IsUtf8("a\u00e9\u65e5\U0001F600"));
  for (const char* bad :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe6\x97"})
    EXPECT_FALSE(IsUtf8(bad));
}

}  // namespace
}  // namespace weir::query

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "arrow/array/builder_primitive.h"
#include "engine/engine_test_internal.h"
#include "engine/sql.h"

namespace weir::engine {
namespace {

struct Failing {
  std::string name;
  std::string sql;
  std::string code;
  std::string message;  // Is part of the message.
  uint64_t line = 0;
  uint64_t column = 0;
  std::string next;  // Is part of the next step.
};

class FailingSql : public testing::TestWithParam<Failing> {};

TEST_P(FailingSql, SaysWhatAndWhere) {
  const auto session = OpenSession();
  const Error error = ErrorOf(*session, GetParam().sql);
  EXPECT_EQ(error.code, GetParam().code) << error.ToString();
  EXPECT_THAT(error.message, testing::HasSubstr(GetParam().message));
  EXPECT_THAT(error.message, testing::Not(testing::HasSubstr("\n")));
  EXPECT_EQ(error.place.line, GetParam().line) << error.ToString();
  EXPECT_EQ(error.place.column, GetParam().column) << error.ToString();
  EXPECT_THAT(error.next, testing::HasSubstr(GetParam().next));
}

INSTANTIATE_TEST_SUITE_P(
    Engine, FailingSql,
    testing::ValuesIn(std::vector<Failing>{
        {"AMistypedKeyword", "SELEC 1", "engine.parse", "syntax error at or near \"SELEC\"", 1, 1,
         ""},
        {"AnErrorOnTheThirdLine", "SELECT 1\nFROM range(3)\nWHRE x", "engine.parse", "syntax error",
         3, 6, ""},
        {"AnUnknownColumn", "SELECT nosuch FROM (SELECT 1 AS price)", "engine.bind",
         "\"nosuch\" not found", 1, 8, "\"price\""},
        {"AnUnknownTable", "SELECT *\nFROM nosuch.t", "engine.bind", "nosuch", 2, 6, ""},
        {"AnUnknownFunction", "SELECT 1, nosuchfunc(1)", "engine.bind", "nosuchfunc", 1, 11,
         "did you mean"},
        {"AFailedCast", "SELECT 'x12'::INT", "engine.runtime", "'x12'", 1, 13, ""},
        {"AnOverflow", "SELECT 9223372036854775807 + i FROM range(1, 3) t(i)", "engine.runtime",
         "Overflow", 0, 0, ""},
        {"TheFunctionError", "SELECT error('boom')", "engine.runtime", "boom", 0, 0, ""},
        {"TwoStatementsAtOnce", "SELECT 1; SELECT 2", "engine.runtime", "multiple statements", 0, 0,
         ""},
        {"AZeroByte", std::string("SELECT 1\0", 9), "engine.parse", "zero byte", 0, 0, ""},
        {"AFileOutside", "SELECT * FROM read_csv('/etc/passwd')", "engine.denied", "/etc/passwd", 1,
         15, "own tables"},
        {"AFileByItsName", "SELECT * FROM '/etc/passwd.csv'", "engine.denied", "", 0, 0, ""},
        {"AnAddressOnTheNet", "SELECT * FROM 'https://example.com/x.csv'", "engine.denied", "", 0,
         0, ""},
        {"AttachingADatabase", "ATTACH '/tmp/x.db'", "engine.denied", "", 0, 0, ""},
        {"WritingAFile", "COPY (SELECT 1) TO '/tmp/weir_denied.csv'", "engine.denied", "", 0, 0,
         ""},
        {"InstallingAnExtension", "INSTALL httpfs", "engine.denied", "", 0, 0, ""},
        {"LoadingAnExtension", "LOAD '/tmp/x.duckdb_extension'", "engine.denied", "", 0, 0, ""},
        {"ChangingTheConfiguration", "SET enable_external_access = true", "engine.runtime", "", 0,
         0, ""},
    }),
    [](const auto& given) { return given.param.name; });

TEST(Engine, TimesAreInUtcAndZonesAreKnown) {
  const auto session = OpenSession();
  EXPECT_EQ(Single(*session, "SELECT current_setting('TimeZone')"), "UTC");
  EXPECT_EQ(Single(*session, "SELECT CAST(TIMESTAMPTZ '2026-05-01 23:30:00-02' AS DATE)"),
            "2026-05-02");
  EXPECT_EQ(Single(*session,
                   "SELECT CAST(date_trunc('day', TIMESTAMPTZ '2026-05-01 10:00:00Z') AS VARCHAR)"),
            "2026-05-01 00:00:00+00");
  EXPECT_EQ(
      Single(*session, "SELECT TIMESTAMPTZ '2026-05-01 10:00:00Z' AT TIME ZONE 'Europe/London'"),
      "2026-05-01 11:00:00.000000");
}

TEST(Engine, NoExtensionIsLoadedButTheOnesLinkedIn) {
  const auto session = OpenSession({.access = Access::kFiles});
  EXPECT_EQ(Single(*session,
                   "SELECT count(*) FROM duckdb_extensions() WHERE loaded AND "
                   "install_mode <> 'STATICALLY_LINKED'"),
            "0");
  EXPECT_EQ(Single(*session,
                   "SELECT string_agg(extension_name, ' ' ORDER BY extension_name) FROM "
                   "duckdb_extensions() WHERE loaded AND extension_name IN "
                   "('icu', 'json', 'parquet')"),
            "icu json parquet");
  EXPECT_EQ(ErrorOf(*session, "SELECT * FROM 'https://example.com/x.csv'").code, "engine.denied");
  EXPECT_EQ(ErrorOf(*session, "SELECT * FROM iceberg_scan('x')").code, "engine.bind");
}

TEST(Engine, AFolderThatIsAllowedCanBeReadWhileOthersCannot) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("weir_engine_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "a'b.parquet").string();
  {
    const auto writer = OpenSession({.access = Access::kFiles});
    ASSERT_TRUE(writer->Execute("COPY (SELECT 42 AS n) TO " + QuotedText(file)));
  }
  const auto session = OpenSession({.folders = {folder.string()}});
  EXPECT_EQ(Single(*session, "SELECT n FROM read_parquet(" + QuotedText(file) + ")"), "42");
  EXPECT_EQ(ErrorOf(*session, "SELECT * FROM read_csv('/etc/passwd')").code, "engine.denied");
  EXPECT_EQ(ErrorOf(*session, "SELECT * FROM read_csv(" +
                                  QuotedText(folder.string() + "/../../etc/passwd") + ")")
                .code,
            "engine.denied");
  std::filesystem::remove_all(folder);
}

TEST(Engine, TooLittleMemoryIsAnErrorAfterWhichTheSessionWorks) {
  const auto session = OpenSession({.memory_bytes = 32 * 1024 * 1024});
  const Error error = ErrorOf(*session, "SELECT count(DISTINCT i) FROM range(50000000) t(i)");
  EXPECT_EQ(error.code, "engine.memory") << error.ToString();
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_FALSE(error.next.empty());
  EXPECT_EQ(Single(*session, "SELECT 1"), "1");
}

TEST(Engine, AFolderToSpillToMakesLittleMemoryEnough) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("weir_spill_" + std::to_string(::getpid()));
  {
    const auto session =
        OpenSession({.memory_bytes = 48 * 1024 * 1024, .temp_folder = folder.string()});
    EXPECT_EQ(Single(*session,
                     "SELECT count(*) FROM (SELECT i, i::VARCHAR || repeat('x', 50) AS t FROM "
                     "range(1500000) t(i) ORDER BY hash(i)) WHERE t <> ''"),
              "1500000");
  }
  std::filesystem::remove_all(folder);
}

TEST(Engine, AnOptionThatDuckDBRefusesIsAnError) {
  const auto session = OpenSession({.threads = -1});
  for (int i = 0; i < 2; ++i) {
    const auto done = session->Execute("SELECT 1");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, "engine.open");
  }
}

TEST(Engine, BeforeTheFirstStatementThereIsNothingToStopOrToTell) {
  const auto session = OpenSession();
  session->Interrupt();
  EXPECT_EQ(session->progress(), std::nullopt);
  EXPECT_EQ(Single(*session, "SELECT 1"), "1");
}

TEST(Engine, SessionsOfOneEngineShareTablesButNotTemporaryOnes) {
  const auto engine = OpenEngine();
  const auto one = Must(engine->NewSession());
  const auto two = Must(engine->NewSession());
  ASSERT_TRUE(
      one->Execute("CREATE TABLE shared AS SELECT 1 AS n; CREATE TEMP VIEW mine AS SELECT 2 AS n"));
  EXPECT_EQ(Single(*two, "SELECT n FROM shared"), "1");
  EXPECT_EQ(ErrorOf(*two, "SELECT n FROM mine").code, "engine.bind");
}

TEST(Engine, ThePlaceOfAnErrorMovesIntoTheFileThatHoldsTheSql) {
  const auto session = OpenSession();
  const Error first = ErrorOf(*session, "SELECT nosuch");
  const Error second = ErrorOf(*session, "SELECT\n  nosuch");
  const Place origin{.file = "weir.yaml", .line = 12, .column = 20, .byte_offset = {}};
  EXPECT_EQ(PlacedAt(first, origin).place.ToString(), "weir.yaml:12:27");
  EXPECT_EQ(PlacedAt(second, origin).place.ToString(), "weir.yaml:13:3");
  EXPECT_EQ(PlacedAt(Error{}, origin).place.ToString(), "weir.yaml:12:20");
}

TEST(Engine, TheVersionIsThePinnedOne) { EXPECT_EQ(Version(), "DuckDB 1.5.5"); }

TEST(Statement, ParametersAreReadAsTheirType) {
  const auto session = OpenSession();
  struct Case {
    std::string type, text, value;
  };
  for (const Case& given : std::vector<Case>{
           {"bool", "true", "true"},
           {"int", "-7", "-7"},
           {"bigint", "9223372036854775807", "9223372036854775807"},
           {"double", "1.5", "1.5"},
           {"decimal(4,2)", "-1.25", "-1.25"},
           {"decimal(9,2)", "1.25", "1.25"},
           {"decimal(18,2)", "-1.25", "-1.25"},
           {"decimal(38,2)", "-1.25", "-1.25"},
           {"varchar", "it's", "it's"},
           {"json", "{\"a\":1}", "{\"a\":1}"},
           {"uuid", "7b0c3c5e-8a39-4a51-9e52-0d7e3c1f0a01", "7b0c3c5e-8a39-4a51-9e52-0d7e3c1f0a01"},
           {"date", "2026-05-01", "2026-05-01"},
           {"time", "10:00:00.5", "10:00:00.5"},
           {"timestamp", "2026-05-01 10:00:00", "2026-05-01 10:00:00"},
           {"timestamptz", "2026-05-01T10:00:00+02:00", "2026-05-01 08:00:00+00"},
           {"binary", "ab\\x00", "ab\\x00"}}) {
    const auto statement = Must(session->Prepare("SELECT CAST($v AS VARCHAR), $v IS NULL"));
    EXPECT_THAT(statement->parameters(), testing::ElementsAre("v"));
    const auto type = Must(columnar::ParseType(given.type));
    auto stream = Must(statement->Query({{.name = "v", .type = type, .text = given.text}}));
    EXPECT_EQ(Must(stream->Next())->column(0)->GetScalar(0).ValueOrDie()->ToString(), given.value)
        << given.type;
    stream = Must(statement->Query({{.name = "v", .type = type, .text = std::nullopt}}));
    EXPECT_EQ(Must(stream->Next())->column(1)->GetScalar(0).ValueOrDie()->ToString(), "true");
  }
}

TEST(Statement, ParametersCompareWithColumnsOfTheirType) {
  const auto session = OpenSession();
  const auto statement =
      Must(session->Prepare("SELECT count(*) FROM range(10) t(i) WHERE DATE '2026-05-01' + i::INT "
                            ">= $from AND i <> $skip"));
  EXPECT_THAT(statement->parameters(), testing::ElementsAre("from", "skip"));
  const auto count = [&](const std::string& from) {
    const auto stream = Must(statement->Query(
        {{.name = "from", .type = Must(columnar::ParseType("date")), .text = from},
         {.name = "skip", .type = Must(columnar::ParseType("int")), .text = "9"}}));
    return Must(stream->Next())->column(0)->GetScalar(0).ValueOrDie()->ToString();
  };
  EXPECT_EQ(count("2026-05-01"), "9");
  EXPECT_EQ(count("2026-05-09"), "1");
}

TEST(Statement, AMissingUnknownOrWrongParameterIsAnError) {
  const auto session = OpenSession();
  const auto statement = Must(session->Prepare("SELECT $day + 1"));
  const auto type = Must(columnar::ParseType("date"));
  const auto code_of = [&](std::vector<Parameter> parameters) {
    const auto stream = statement->Query(parameters);
    return stream ? std::string("none") : stream.error().ToString();
  };
  EXPECT_THAT(code_of({}), testing::HasSubstr("engine.parameter: no value for $day"));
  EXPECT_THAT(code_of({{.name = "x", .type = type, .text = "1"}}),
              testing::HasSubstr("no parameter $x"));
  EXPECT_THAT(code_of({{.name = "day", .type = type, .text = "May"}}),
              testing::HasSubstr("give a date"));
}

TEST(Statement, ItsSchemaIsKnownBeforeItRuns) {
  const auto session = OpenSession();
  const auto statement = Must(session->Prepare("SELECT 1 AS a, 'x' AS b, 2::UTINYINT AS c"));
  EXPECT_EQ(statement->schema()->ToString(), "a: int32\nb: string\nc: int32");
}

}  // namespace
}  // namespace weir::engine

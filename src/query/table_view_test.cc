#include "query/table_view.h"

#include <fstream>

#include "iceberg/metadata.h"
#include "query/query_test_internal.h"

namespace weir::query {
namespace {

using testing::HasSubstr;

// Everything that a table can hold, as literals.
constexpr const char* kAllColumns =
    "SELECT 1::INTEGER AS i, 9007199254740993::BIGINT AS b, 0.1::DOUBLE AS d, 1.50::DECIMAL(10,2) "
    "AS m, "
    "'é'::VARCHAR AS t, '00112233-4455-6677-8899-aabbccddeeff'::UUID AS u, DATE '2026-05-01' AS "
    "day, "
    "TIME '10:00:00.5' AS clock, TIMESTAMP '2026-05-01 10:00:00' AS local, "
    "TIMESTAMPTZ '2026-05-01 10:00:00.000001+00' AS seen, '\\x00\\xFF'::BLOB AS raw, true AS yes";
const std::vector<std::string> kAllTypes = {
    "i int",    "b bigint",   "d double",        "m decimal(10,2)",  "t varchar",  "u uuid",
    "day date", "clock time", "local timestamp", "seen timestamptz", "raw binary", "yes bool"};
constexpr const char* kAllText =
    "1,9007199254740993,0.1,1.50,é,00112233-4455-6677-8899-aabbccddeeff,2026-05-01,10:00:00.5,"
    "2026-05-01T10:00:00,2026-05-01T10:00:00.000001Z,\\x00\\xff,true\n";

TEST(TableView, EveryTypeReadsBackAsItWasWritten) {
  TestLake lake;
  lake.Append("raw.every", kAllTypes, kAllColumns);
  EXPECT_EQ(lake.Csv("SELECT * FROM raw.every"),
            "i,b,d,m,t,u,day,clock,local,seen,raw,yes\n" + std::string(kAllText));
}

TEST(TableView, EveryTypeReadsBackBesideANestedColumn) {
  TestLake lake;
  std::vector<std::string> types = kAllTypes;
  types.push_back("reasons list(struct(code varchar, n int))");
  lake.Append("raw.every", types,
              std::string(kAllColumns) + ", [{'code': 'x', 'n': 1}, NULL] AS reasons");
  EXPECT_EQ(lake.Csv("SELECT * EXCLUDE (reasons) FROM raw.every"),
            "i,b,d,m,t,u,day,clock,local,seen,raw,yes\n" + std::string(kAllText));
  EXPECT_EQ(lake.Csv("SELECT reasons FROM raw.every"),
            "reasons\n\"[{\"\"code\"\":\"\"x\"\",\"\"n\"\":1},null]\"\n");
  EXPECT_EQ(lake.Csv("SELECT reasons[1].code AS c FROM raw.every WHERE len(reasons) = 2"),
            "c\nx\n");
}

TEST(TableView, ATableWithoutRowsHasItsColumns) {
  TestLake lake;
  lake.Append("raw.every", kAllTypes, std::string(kAllColumns) + " WHERE false");
  EXPECT_EQ(lake.Csv("SELECT typeof(m) AS m, typeof(seen) AS seen FROM raw.every"), "m,seen\n");
  EXPECT_EQ(lake.Csv("SELECT column_type FROM (DESCRIBE SELECT m, seen, u FROM raw.every)"),
            "column_type\n\"DECIMAL(10,2)\"\nTIMESTAMP WITH TIME ZONE\nUUID\n");
}

// A table whose files were written before its columns were renamed, widened, dropped and added.
class ChangedTable {
 public:
  explicit ChangedTable(const std::vector<std::string>& columns, const std::string& sql) {
    lake_.Append("raw.t", columns, sql);
  }
  // Makes the schema that `change` gives current and adds the rows of `sql`.
  void Change(const std::function<void(iceberg::Schema&)>& change, const std::string& sql) {
    auto state = std::make_shared<table::TableState>(*Must(lake_.lake().Load({"raw", "t"})));
    iceberg::Schema schema = state->metadata.schema();
    change(schema);
    state->metadata = iceberg::WithSchema(std::move(state->metadata), std::move(schema));
    lake_.Commit(state, {iceberg::Operation::kAppend, lake_.Write(state, sql), {}});
  }
  TestLake& lake() { return lake_; }

 private:
  TestLake lake_;
};

iceberg::Field NewField(int32_t id, const char* name, iceberg::TypeKind kind) {
  iceberg::Field field;
  field.id = id;
  field.name = name;
  field.type.kind = kind;
  return field;
}

TEST(TableView, OlderFilesReadUnderTheNamesAndTypesOfToday) {
  ChangedTable table({"id int", "old varchar", "gone bigint"},
                     "SELECT 1::INTEGER AS id, 'a' AS old, 7::BIGINT AS gone");
  table.Change(
      [](iceberg::Schema& schema) {
        schema.fields[0].type.kind = iceberg::TypeKind::kLong;
        schema.fields[1].name = "renamed";
        schema.fields[2] =
            NewField(4, "gone", iceberg::TypeKind::kString);  // Another column of an old name.
      },
      "SELECT 5000000000::BIGINT AS id, 'b' AS renamed, 'new' AS gone");
  EXPECT_EQ(table.lake().Csv("SELECT * FROM raw.t ORDER BY id"),
            "id,renamed,gone\n1,a,\n5000000000,b,new\n");
  EXPECT_EQ(table.lake().Csv("SELECT renamed FROM raw.t WHERE id = 1 AND gone IS NULL"),
            "renamed\na\n");
}

TEST(TableView, NestedFieldsThatWereAddedAreNullInOlderFiles) {
  ChangedTable table({"s struct(a int)"}, "SELECT {'a': 1} AS s");
  table.Change(
      [](iceberg::Schema& schema) {
        schema.fields[0].type.children.push_back(NewField(3, "b", iceberg::TypeKind::kString));
        schema.fields.push_back(NewField(4, "n", iceberg::TypeKind::kLong));
      },
      "SELECT {'a': 2, 'b': 'x'} AS s, 3::BIGINT AS n");
  EXPECT_EQ(table.lake().Csv("SELECT s.a, s.b, n FROM raw.t ORDER BY 1"), "a,b,n\n1,,\n2,x,3\n");
}

TEST(TableView, ARenamedColumnBesideANestedOneIsReadByTheNameThatEachFileHas) {
  ChangedTable table({"id int", "s struct(a int)", "t list(int)"},
                     "SELECT 1 AS id, {'a': 1} AS s, [1] AS t");
  table.Change(
      [](iceberg::Schema& schema) {
        schema.fields[0].name = "id_old";
        schema.fields[1].name = "u";
        schema.fields.push_back(NewField(7, "id", iceberg::TypeKind::kString));
      },
      "SELECT 2 AS id_old, {'a': 2} AS u, [2] AS t, 'x' AS id");
  EXPECT_EQ(table.lake().Csv("SELECT * FROM raw.t ORDER BY id_old"),
            "id_old,u,t,id\n1,\"{\"\"a\"\":1}\",[1],\n2,\"{\"\"a\"\":2}\",[2],x\n");
  EXPECT_EQ(table.lake().Csv("SELECT count(*) AS n, max(id) AS id FROM raw.t WHERE u.a < 3"),
            "n,id\n2,x\n");
  // Of a file that has none of today's columns the rows are there all the same.
  table.Change(
      [](iceberg::Schema& schema) {
        schema.fields = {NewField(8, "s", iceberg::TypeKind::kString),
                         NewField(9, "v", iceberg::TypeKind::kStruct)};
        schema.fields[1].type.children = {NewField(10, "a", iceberg::TypeKind::kInt)};
      },
      "SELECT 'y' AS s, {'a': 3} AS v");
  EXPECT_EQ(table.lake().Csv("SELECT * FROM raw.t ORDER BY s"), "s,v\ny,\"{\"\"a\"\":3}\"\n,\n,\n");
}

TEST(TableView, ARenamedFieldWithinAColumnIsRefusedAndNotReadAsNull) {
  ChangedTable table({"id int", "s struct(a int)"}, "SELECT 1 AS id, {'a': 1} AS s");
  table.Change([](iceberg::Schema& schema) { schema.fields[1].type.children[0].name = "b"; },
               "SELECT 2 AS id, {'b': 2} AS s");
  const Error error = table.lake().ErrorOf("SELECT * FROM raw.t");
  EXPECT_EQ(error.code, "query.renamed_nested");
  EXPECT_EQ(error.message,
            "table raw.t: column s.b was once called s.a, and a table with nested columns is read "
            "by name");
}

TEST(TableView, ARenameThatNoFileIsOlderThanIsNoHindrance) {
  ChangedTable table({"id int", "s struct(a int)"}, "SELECT 1 AS id, {'a': 1} AS s WHERE false");
  table.Change(
      [](iceberg::Schema& schema) {
        schema.fields[0].name = "key";
        schema.fields[1].type.children[0].name = "z";
      },
      "SELECT 2 AS key, {'z': 2} AS s");
  EXPECT_EQ(table.lake().Csv("SELECT key, s.z FROM raw.t"), "key,z\n2,2\n");
}

TEST(TableView, FoldersNamedLikePartitionsMeanNothing) {
  TestLake lake;
  const std::string folder = lake.folder() + "/lake/id=99";
  std::filesystem::create_directories(folder);
  const auto session = lake.NewSession();
  Must(session->Execute("COPY (SELECT 1::BIGINT AS id) TO '" + folder +
                        "/x.parquet' (FORMAT parquet, FIELD_IDS {id: 1})"));
  iceberg::Schema schema;
  schema.fields = {NewField(1, "id", iceberg::TypeKind::kLong)};
  const std::vector<std::string> paths = {folder + "/x.parquet"};
  EXPECT_EQ(Csv(*Must(session->Query(Must(SelectFiles(schema, paths))))), "id\n1\n");
}

struct NameCase {
  const char* sentence;
  FieldPaths written;
  const char* fault;  // Empty: none.
};

TEST(TableView, NamesAndIdsMustGoTogetherToBeReadByName) {
  const FieldPaths current = {{"id", 1}, {"s", 2}, {"s.a", 3}};
  const std::vector<NameCase> cases = {
      {"the same fields", current, ""},
      {"fields that are gone now", {{"id", 1}, {"other", 9}}, ""},
      {"a field that was renamed", {{"key", 1}}, "column id was once called key"},
      {"a nested field that was renamed", {{"s", 2}, {"s.b", 3}}, "column s.a was once called s.b"},
      {"another field of that name", {{"id", 8}}, "another column was once called id"},
  };
  for (const NameCase& one : cases) {
    const auto checked = CheckNames(current, one.written);
    if (*one.fault == '\0') {
      EXPECT_TRUE(checked) << one.sentence;
    } else {
      ASSERT_FALSE(checked) << one.sentence;
      EXPECT_THAT(checked.error().message, HasSubstr(one.fault)) << one.sentence;
    }
  }
}

}  // namespace
}  // namespace weir::query

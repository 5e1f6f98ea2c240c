#include "config/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "config/diagnostic_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace weir::config {
namespace {

constexpr const char* kShop = R"yaml(weir: 1
name: shop-stream
connections:
  shopdb: { postgres: "${SHOP_DSN:-postgresql:///shop}" }
  shop:
    rest: { base: "${SHOP_API:-http://127.0.0.1:8001}", retry: { times: 5, on: [429, 5xx] } }
pipelines:
  producer:
    source:
      generate:
        rate: 200/s
        fields:
          user_id: int(1, 5000)
          event_type: pick('view', 70, 'purchase', 30)
          price: "case when event_type = 'purchase' then decimal(4.99, 499.00) end"
        faults: { missing(user_id): 0.5%, missing(price): 0.5%, bad(event_timestamp): 0.2% }
    sink: { files: "data/incoming/events_{seq:06}.csv", every: 5s }
  shop_events:
    source: { files: "data/incoming/*.csv", follow: true }
    contract:
      columns:
        event_id: uuid not null
        price: decimal(10,2)
      rules:
        - { name: known_type, expect: "event_type in ('view', 'purchase')" }
    sinks:
      - postgres: shopdb
        into: ecommerce_events
        add: { ingestion_timestamp: "timestamptz not null default now()" }
        indexes: [user_id, event_timestamp]
      - { table: bronze.shop_events, partition_by: [day(event_timestamp), bucket(16, id)] }
schedules:
  curate: { every: 3m, run: "silver.* gold.*", retry: { times: 3, backoff: exponential } }
)yaml";
constexpr const char* kModel = R"sql(-- models/silver/sale_lines.sql
--| materialize: incremental
--| checks: [not_null(sku), "qty > 0", { expect: "unit_price >= 0", on_fail: reject }]
SELECT t.transaction_id FROM changes(bronze.transactions) t
)sql";

class ProjectTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/project_test_" + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/" + name, text));
  }
  Project Load() {
    const Environment none = [](const std::string&) { return std::nullopt; };
    return LoadProject({env::SystemFiles(), none, folder_}, faults_);
  }
  std::vector<std::string> Codes() const {
    std::vector<std::string> codes;
    for (const Error& error : faults_.Sorted())
      codes.push_back(error.code + " " + error.place.ToString());
    return codes;
  }

  std::string folder_;
  Faults faults_;
};

TEST_F(ProjectTest, IsLoadedWholeFromItsFolder) {
  Write("weir.yaml", kShop);
  Write("pipelines/b.yaml", "returns:\n  source: { files: r }\n");
  Write("pipelines/a.yaml", "\xEF\xBB\xBFstock: { source: { files: s } }\n");
  Write("pipelines/notes.txt", "not read");
  Write("models/silver/sale_lines.sql", kModel);
  Write("models/gold/daily.sql", "SELECT 1\n");
  Write("endpoints/daily.sql", "--| scope: read:gold\nSELECT 2\n");
  const Project project = Load();
  ASSERT_THAT(Codes(), testing::IsEmpty());
  EXPECT_EQ(project.name, "shop-stream");
  EXPECT_EQ(project.warehouse, "./lake");
  EXPECT_EQ(project.catalog.kind, CatalogSpec::Kind::kSqlite);
  EXPECT_EQ(project.logs.folder, ".weir/logs");
  EXPECT_EQ(project.server.listen.value, "127.0.0.1:8000");
  ASSERT_EQ(project.connections.size(), 2u);
  EXPECT_EQ(project.connections[0].value.kind, "postgres");
  EXPECT_EQ(project.connections[0].value.value.text, "postgresql:///shop");
  EXPECT_EQ(project.connections[1].value.kind, "rest");
  std::vector<std::string> names;
  for (const auto& pipeline : project.pipelines) names.push_back(pipeline.name);
  EXPECT_THAT(names, testing::ElementsAre("producer", "shop_events", "stock", "returns"));
  EXPECT_EQ(project.pipelines[1].place.ToString(), "weir.yaml:18:3");
  const Node& sinks = *project.pipelines[1].value.Find("sinks");
  EXPECT_EQ(sinks.items[1].Find("partition_by")->items[1].text, "bucket(16, id)");
  ASSERT_EQ(project.schedules.size(), 1u);
  ASSERT_EQ(project.models.size(), 2u);
  EXPECT_EQ(project.models[0].schema + "." + project.models[0].name, "gold.daily");
  const SqlFile& lines = project.models[1];
  EXPECT_EQ(lines.file, "models/silver/sale_lines.sql");
  EXPECT_EQ(lines.sql.query_line, 4u);
  EXPECT_EQ(lines.sql.header.Find("checks")->items[2].place.line, 3u);
  ASSERT_EQ(project.endpoints.size(), 1u);
  EXPECT_EQ(project.endpoints[0].sql.header.Find("scope")->text, "read:gold");
}

TEST_F(ProjectTest, AllFaultsOfAllFilesAtOnce) {
  Write("weir.yaml",
        "weir: 2\nname: Shop\nwarehuse: x\ncatalog: { postgrs: c }\nlogs: { level: loud }\n"
        "connections: { db: {} }\npipelines:\n  orders: { source: \"${NONE}\" }\n  Bad-Name: {}\n");
  Write("pipelines/a.yaml", "orders: {}\nreturns: {}\n");
  Write("pipelines/b.yaml", "returns: {}\n");
  Write("pipelines/c.yaml", "pipelines:\n  x: {}\n");
  Write("pipelines/d.yaml", "a: [\n");
  Write("pipelines/e.yml", "a: {}\n");
  Write("pipelines/f.yaml", "- a\n");
  Write("models/top.sql", "SELECT 1\n");
  Write("models/gold/Bad.sql", "SELECT 1\n");
  Write("models/gold/deep/x.sql", "SELECT 1\n");
  Write("models/gold/empty.sql", "--| a: ${NONE}\n");
  const Project project = Load();
  EXPECT_THAT(
      Codes(),
      testing::UnorderedElementsAre(
          "config.version weir.yaml:1:7", "config.bad_name weir.yaml:2:7",
          "config.unknown_key weir.yaml:3:1", "config.unknown_key weir.yaml:4:12",
          "config.bad_word weir.yaml:5:16", "config.missing_kind weir.yaml:6:20",
          "config.unset_variable weir.yaml:8:22", "config.bad_name weir.yaml:9:3",
          "config.duplicate_name pipelines/a.yaml:1:1",
          "config.duplicate_name pipelines/b.yaml:1:1", "config.unknown_key pipelines/c.yaml:1:1",
          "config.yaml pipelines/d.yaml:1:4", "config.file_name pipelines/e.yml",
          "config.wrong_type pipelines/f.yaml:1:1", "config.file_name models/top.sql",
          "config.bad_name models/gold/Bad.sql", "config.file_name models/gold/deep",
          "config.unset_variable models/gold/empty.sql:1:8",
          "config.no_query models/gold/empty.sql:1:1"));
  for (const Error& error : faults_.Sorted()) EXPECT_EQ(ExitCode(error.kind), 78) << error.code;
  EXPECT_THAT(RenderErrors(faults_.Sorted(), project.sources),
              testing::HasSubstr("error[config.unknown_key]: unknown key 'warehuse' in weir.yaml\n"
                                 "  --> weir.yaml:3:1\n"
                                 "     3 | warehuse: x\n"
                                 "       | ^^^^^^^^\n"
                                 "  did you mean 'warehouse'?\n"));
}

TEST_F(ProjectTest, AFileThatIsNoYamlIsOneFault) {
  Write("weir.yaml", "weir: 1\nname: 'x\n");
  Load();
  EXPECT_THAT(Codes(), testing::ElementsAre("config.yaml weir.yaml:2:7"));
}

TEST_F(ProjectTest, CatalogMayBeShared) {
  Write("weir.yaml", "weir: 1\nname: x\ncatalog: { postgres: lakedb }\n");
  const Project project = Load();
  ASSERT_TRUE(faults_.empty());
  EXPECT_EQ(project.catalog.kind, CatalogSpec::Kind::kPostgres);
  EXPECT_EQ(project.catalog.connection, "lakedb");
  EXPECT_EQ(project.catalog.place.ToString(), "weir.yaml:3:22");
}

TEST_F(ProjectTest, IsFoundFromAFolderWithin) {
  Write("a/weir.yaml", "weir: 1\n");
  Write("a/b/c/file", "");
  Write("d/file", "");
  auto& files = env::SystemFiles();
  for (const char* from : {"/a", "/a/b", "/a/b/c", "/a/b/c/"})
    EXPECT_EQ(FindProject(files, folder_ + from).value_or("none"), folder_ + "/a") << from;
  const auto none = FindProject(files, folder_ + "/d");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "config.no_project");
  EXPECT_EQ(ExitCode(none.error().kind), 78);
  EXPECT_THAT(none.error().next, testing::HasSubstr("weir init"));
}

TEST(Fuzz, MutationsOfRealTextsNeverCrash) {
  const std::string pieces[] = {"[",
                                "]",
                                "{",
                                "}",
                                ":",
                                ": ",
                                "- ",
                                "&a",
                                "*a",
                                "!t ",
                                "\"",
                                "'",
                                "|\n",
                                ">-\n",
                                "? ",
                                "\n",
                                "\t",
                                "#",
                                "<<: ",
                                "${",
                                "${A:-",
                                "$${",
                                "null",
                                "~",
                                "---\n",
                                "...\n",
                                "%Y",
                                "(",
                                ")",
                                ",",
                                "\xff",
                                "\xC3\xA9",
                                "--|",
                                std::string("\0", 1),
                                "\r",
                                "\x04",
                                "\xEF\xBB\xBF",
                                "weir: 1\n"};
  std::mt19937 random(7);  // Seeded: the same inputs in every run.
  const auto below = [&](size_t limit) { return random() % limit; };
  for (int round = 0; round < 2000; ++round) {
    std::string text = round % 2 == 0 ? kShop : kModel;
    if (round % 3 == 0) text = text.substr(below(text.size()), below(text.size()));
    for (size_t edits = 1 + below(6); edits > 0; --edits) {
      const size_t at = below(text.size() + 1);
      if (below(3) == 0) {
        text.erase(at, below(20));
      } else {
        text.insert(at, pieces[below(std::size(pieces))]);
      }
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }
}

}  // namespace
}  // namespace weir::config

#include "pipeline/pipeline_spec.h"

#include <gtest/gtest.h>

namespace weir::pipeline {
namespace {

struct ReadText {
  PipelineSpec spec;
  Errors errors;
};

ReadText Read(const std::string& text) {
  config::Faults faults;
  const auto node = config::ParseDocument(text, "weir.yaml", faults);
  EXPECT_TRUE(node);
  ReadText read{config::Read(*node, PipelineFields(), faults, "pipeline 'orders'"), {}};
  read.errors = std::move(faults).Take();
  return read;
}

constexpr const char* kGood = R"(
source: { files: "in/*.csv" }
contract: { columns: { id: bigint not null } }
sink: { table: raw.orders }
)";

TEST(PipelineSpec, DefaultsAreThoseOfTheLanguage) {
  const ReadText read = Read(kGood);
  ASSERT_TRUE(read.errors.empty()) << read.errors.front().ToString();
  EXPECT_EQ(read.spec.flush.rows, 100'000);
  EXPECT_EQ(read.spec.flush.bytes, 64ULL << 20);
  EXPECT_FALSE(read.spec.max_bad);
  EXPECT_FALSE(read.spec.generates());
  EXPECT_EQ(std::get<sink::TableSinkSpec>(read.spec.sink).table.ToString(), "raw.orders");
}

TEST(PipelineSpec, MaxBadIsARateOrAMap) {
  EXPECT_DOUBLE_EQ(Read(std::string(kGood) + "max_bad: 5%\n").spec.max_bad->rate, 0.05);
  EXPECT_DOUBLE_EQ(Read(std::string(kGood) + "max_bad: { rate: 0.2 }\n").spec.max_bad->rate, 0.2);
}

TEST(PipelineSpec, DedupeIsAColumnOrSeveralOrAMap) {
  const auto by = [](const std::string& text) {
    const ReadText read = Read(std::string(kGood) + text);
    EXPECT_TRUE(read.errors.empty()) << read.errors.front().ToString();
    std::string names;
    for (const auto& name : read.spec.dedupe->by) names += name.value + ";";
    return names + (read.spec.dedupe->within ? FormatDuration(*read.spec.dedupe->within) : "ever");
  };
  EXPECT_EQ(by("dedupe: id\n"), "id;ever");
  EXPECT_EQ(by("dedupe: [id, shop]\n"), "id;shop;ever");
  EXPECT_EQ(by("dedupe: { by: id }\n"), "id;ever");
  EXPECT_EQ(by("dedupe: { by: [id, shop], within: 30s }\n"),
            "id;shop;" + FormatDuration(std::chrono::seconds(30)));
}

struct GateCase {
  const char* text;
  std::vector<std::string> codes;
};

class GateFaults : public testing::TestWithParam<GateCase> {};

TEST_P(GateFaults, AreFoundBeforeAnythingRuns) {
  const ReadText read = Read(std::string("source: { files: x }\nsink: { table: raw.a }\n"
                                         "contract: { columns: { id: bigint, seen: timestamptz, "
                                         "day: date, pairs: list(int) } }\n") +
                             GetParam().text);
  ASSERT_TRUE(read.errors.empty()) << read.errors.front().ToString();
  config::Faults faults;
  CheckGates(read.spec, faults);
  std::vector<std::string> codes;
  for (const Error& error : std::move(faults).Take()) {
    codes.push_back(error.code);
    EXPECT_TRUE(error.place.known());
  }
  EXPECT_EQ(codes, GetParam().codes);
}

INSTANTIATE_TEST_SUITE_P(
    Gates, GateFaults,
    testing::Values(GateCase{"dedupe: [id, seen]\nlate: { by: day, after: 1d }\n", {}},
                    GateCase{"late: { by: seen, after: 1h, then: drop }\n", {}},
                    GateCase{"dedupe: [idd, id]\n", {"dedupe.column"}},
                    GateCase{"dedupe: pairs\n", {"dedupe.type"}},
                    GateCase{"late: { by: seem, after: 1d }\n", {"late.column"}},
                    GateCase{"dedupe: x\nlate: { by: id, after: 1d }\n",
                             {"dedupe.column", "late.type"}}));

TEST(PipelineSpec, SaysWhatIsWrongAndWhatIsNotBuilt) {
  const struct {
    const char* text;
    const char* code;
  } cases[] = {
      {"source: { files: x, csv: { header: false } }\nsink: { table: raw.a }",
       "config.missing_key"},
      {"source: { files: x }\ncontract: { columns: { a: int } }", "config.missing_key"},
      {"source: { kafka: x }\ncontract: { columns: { a: int } }\nsink: { table: raw.a }",
       "config.not_built"},
      {"source: { files: x }\ncontract: { columns: { a: int default header(a) } }\n"
       "sink: { table: raw.a }",
       "config.outside_default"},
      {"source: { files: x }\ncontract: { columns: { a: int } }\nsink: { table: events }",
       "table.name"},
      {"source: { files: x }\ncontract: { columns: { a: int } }\nsink: { table: raw.a }\nlate: { "
       "by: "
       "a }",
       "config.missing_key"},
      {"source: { files: x }\ncontract: { columns: { a: int } }\nsink: { table: raw.a }\nmax_bad: "
       "{ "
       "rate: 5%, then: stop }",
       "config.bad_word"},
      {"source: { files: x }\ncontract: { columns: { a: int } }\nsink: { files: out.csv }",
       "config.not_built"},
      {"source: { files: x, csv: { delimiter: ab } }\ncontract: { columns: { a: int } }\nsink: { "
       "table: raw.a }",
       "source.csv_character"},
      {"source: { files: x }\ncontract: { columns: { a: int } }\nsink: { table: raw.a }\nflush: { "
       "rows: 0 }",
       "config.out_of_range"},
  };
  for (const auto& c : cases) {
    const ReadText read = Read(c.text);
    ASSERT_EQ(read.errors.size(), 1U) << c.text;
    EXPECT_EQ(read.errors.front().code, c.code) << c.text;
    EXPECT_TRUE(read.errors.front().place.known()) << c.text;
  }
}

TEST(PipelineSpec, TheDefinitionChangesWithWhatDecidesOnRows) {
  const std::string good = Definition(Read(kGood).spec);
  EXPECT_EQ(good, Definition(Read(std::string(kGood) + "flush: { rows: 7 }\n").spec));
  for (const char* other :
       {"source: { files: \"in/*.csv\" }\ncontract: { columns: { id: bigint } "
        "}\nsink: { table: raw.orders }",
        "source: { files: \"in/*.csv\" }\ncontract: { columns: { id: int not "
        "null } }\nsink: { table: raw.orders }",
        "source: { files: \"in/*.csv\", csv: { delimiter: ';' } }\ncontract: { "
        "columns: { id: bigint not null } }\nsink: { table: raw.orders }",
        "source: { files: \"in/*.csv\" }\ncontract: { columns: { id: bigint "
        "not null } }\nsink: { table: raw.other }",
        "source: { files: \"in/*.csv\" }\ncontract: { columns: { id: bigint "
        "not null } }\nsink: { table: raw.orders }\ndedupe: id",
        "source: { files: \"in/*.csv\" }\ncontract: { columns: { id: bigint "
        "not null } }\nsink: { table: raw.orders }\nlate: { by: id, after: 1d }",
        "source: { files: \"in/*.csv\" }\ncontract: { columns: { id: bigint "
        "not null } }\nsink: { table: raw.orders, write: replace }"})
    EXPECT_NE(good, Definition(Read(other).spec)) << other;
}

}  // namespace
}  // namespace weir::pipeline

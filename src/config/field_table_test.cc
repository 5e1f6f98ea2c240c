#include "config/field_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "base/units.h"
#include "config/kinds.h"

namespace weir::config {
namespace {

// A small language with every tool in it.
enum class Write : uint8_t { kAppend, kUpsert, kReplace };

struct FlushSpec {
  int64_t rows = 0;
  uint64_t bytes = 0;
  std::optional<std::chrono::microseconds> every;
};
const FieldTable<FlushSpec>& FlushFields() {
  static const FieldTable<FlushSpec> table{
      "flush",
      {Field("rows", &FlushSpec::rows, Integer(1, 1'000'000), Default("100000"), "rows of a batch"),
       Field("bytes", &FlushSpec::bytes, Bytes(), Default("64MiB"), "bytes of a batch"),
       Field("every", &FlushSpec::every, Duration(), Optional(), "time between batches")},
      [](const FlushSpec& flush, const Node& node, const Reading& reading) {
        if (flush.bytes < static_cast<uint64_t>(flush.rows))
          reading.Add("flush.too_small", reading.where + " holds no row", node.place);
      }};
  return table;
}

struct DedupeSpec {
  std::vector<std::string> by;
  std::optional<std::chrono::microseconds> within;
};
const FieldTable<DedupeSpec>& DedupeFields() {
  static const FieldTable<DedupeSpec> table{
      "dedupe",
      {Field("by", &DedupeSpec::by, OneOrMore(Text()), Required(), "columns that tell rows apart"),
       Field("within", &DedupeSpec::within, Duration(), Optional(), "how far back to look")}};
  return table;
}
Shape<DedupeSpec> Dedupe() {
  auto column = Converted<DedupeSpec>(Text(), [](std::string name, const Node&, const Reading&) {
    return std::optional(DedupeSpec{{std::move(name)}, {}});
  });
  return ScalarOr(column, Nested(DedupeFields()));
}

struct FilesSpec {
  std::string glob;
  bool follow = false;
};
const FieldTable<FilesSpec>& FilesFields() {
  static const FieldTable<FilesSpec> table{
      "source: files",
      {Field("files", &FilesSpec::glob, Text(), Required(), "which files"),
       Field("follow", &FilesSpec::follow, Bool(), Default("false"), "wait for more")}};
  return table;
}
struct GenerateSpec {
  double rate = 0;
  std::vector<Named<std::string>> fields;
};
const FieldTable<GenerateSpec>& GenerateFields() {
  static const FieldTable<GenerateSpec> table{
      "source: generate",
      {Field("rate", &GenerateSpec::rate, PerSecond(), Required(), "rows in a time"),
       Field("fields", &GenerateSpec::fields, MapOf("field", Text()), Required(),
             "SQL by column")}};
  return table;
}
using SourceSpec = std::variant<std::monostate, FilesSpec, GenerateSpec>;

struct PipelineSpec {
  SourceSpec source;
  FlushSpec flush;
  DedupeSpec dedupe;
  Write write = Write::kAppend;
  double max_bad = 1;
  Placed<std::string> sink;
  std::vector<std::string> key;
};
const FieldTable<PipelineSpec>& PipelineFields() {
  static const FieldTable<PipelineSpec> table{
      "pipelines.NAME",
      {Field("source", &PipelineSpec::source,
             OneOfKinds<SourceSpec>("source", {FlatKind<SourceSpec>("files", FilesFields()),
                                               InnerKind<SourceSpec>("generate", GenerateFields()),
                                               LaterKind<SourceSpec>("kafka")}),
             Required(), "where rows come from"),
       Field("flush", &PipelineSpec::flush, Nested(FlushFields()), Default("{}"), "cuts batches"),
       Field("dedupe", &PipelineSpec::dedupe, Dedupe(), Optional(), "first wins"),
       Field("write", &PipelineSpec::write,
             Word<Write>({{"append", Write::kAppend},
                          {"upsert", Write::kUpsert},
                          {"replace", Write::kReplace, true}}),
             Default("append"), "how rows meet rows | of one key"),
       Field("max_bad", &PipelineSpec::max_bad, Rate(), Optional(), "holds the batch"),
       Field("sink", &PipelineSpec::sink, WithPlace(Text()), Optional(), "where rows go"),
       Field("key", &PipelineSpec::key, OneOrMore(Text()), Optional(), "columns of the key"),
       Field("late", &PipelineSpec::max_bad, Rate(), Optional(), "rows too old").Later()}};
  return table;
}

Node TreeOf(const std::string& yaml) {
  Faults faults;
  auto root = ParseDocument(yaml, "weir.yaml", faults);
  EXPECT_TRUE(root && faults.empty()) << yaml;
  return std::move(*root);
}

std::string Line(const Error& error) {
  std::string text = error.code + " " + std::to_string(error.place.line) + ":" +
                     std::to_string(error.place.column) + " " + error.message;
  return error.next.empty() ? text : text + "; " + error.next;
}

std::vector<std::string> FaultsOf(const std::string& yaml) {
  Faults faults;
  Read(TreeOf(yaml), PipelineFields(), faults, "pipeline 'p'");
  std::vector<std::string> lines;
  for (const Error& error : faults.Sorted()) lines.push_back(Line(error));
  return lines;
}

TEST(FieldTable, ReadsWhatIsWrittenAndDefaultsTheRest) {
  for (const char* yaml :
       {"source: { files: 'in/*.csv', follow: true }\nflush: { rows: 5, every: 500ms }\n"
        "dedupe: { by: [a, b], within: 7d }\nwrite: upsert\nmax_bad: 5%\nsink: raw.t\nkey: id\n",
        "source:\n  files: in/*.csv\n  follow: true\nflush:\n  rows: 5\n  every: 500ms\n"
        "dedupe:\n  by:\n  - a\n  - b\n  within: 7d\nwrite: upsert\nmax_bad: 0.05\nsink: raw.t\n"
        "key:\n- id\n"}) {
    Faults faults;
    const PipelineSpec spec = Read(TreeOf(yaml), PipelineFields(), faults, "pipeline 'p'");
    ASSERT_TRUE(faults.empty()) << faults.Sorted().front().ToString();
    EXPECT_EQ(std::get<FilesSpec>(spec.source).glob, "in/*.csv");
    EXPECT_TRUE(std::get<FilesSpec>(spec.source).follow);
    EXPECT_EQ(spec.flush.rows, 5);
    EXPECT_EQ(spec.flush.bytes, 64 * kMiB);
    EXPECT_EQ(spec.flush.every, std::chrono::milliseconds(500));
    EXPECT_THAT(spec.dedupe.by, testing::ElementsAre("a", "b"));
    EXPECT_EQ(spec.dedupe.within, std::chrono::days(7));
    EXPECT_EQ(spec.write, Write::kUpsert);
    EXPECT_DOUBLE_EQ(spec.max_bad, 0.05);
    EXPECT_EQ(spec.sink.value, "raw.t");
    EXPECT_THAT(spec.key, testing::ElementsAre("id"));
  }
}

TEST(FieldTable, InnerKindsAndShortForms) {
  Faults faults;
  const PipelineSpec spec = Read(
      TreeOf("source: { generate: { rate: 120/m, fields: { b: uuid4(), a: \"int(1, 2)\" } } }\n"
             "dedupe: id\n"),
      PipelineFields(), faults, "pipeline 'p'");
  ASSERT_TRUE(faults.empty());
  const auto& generate = std::get<GenerateSpec>(spec.source);
  EXPECT_DOUBLE_EQ(generate.rate, 2);
  ASSERT_EQ(generate.fields.size(), 2u);
  EXPECT_EQ(generate.fields[0].name, "b") << "in the order of the text";
  EXPECT_THAT(spec.dedupe.by, testing::ElementsAre("id"));
  EXPECT_EQ(spec.write, Write::kAppend);
  EXPECT_EQ(spec.flush.rows, 100'000) << "defaults of an absent map";
}

struct FaultyText {
  std::string yaml;
  std::vector<std::string> faults;
};
void ExpectFaults(const std::vector<FaultyText>& cases) {
  for (const auto& c : cases) EXPECT_EQ(FaultsOf(c.yaml), c.faults) << c.yaml;
}

const std::string kSource = "source: { files: a }\n";

TEST(FieldTable, AKeyThatIsNoKeyHasItsPlaceAndWords) {
  ExpectFaults(
      {{"",
        {"config.missing_key 1:1 pipeline 'p' has no 'source'; add 'source:', where rows come "
         "from"}},
       {"surce: { files: a }\n",
        {"config.unknown_key 1:1 unknown key 'surce' in pipeline 'p'; did you mean 'source'?"}},
       {kSource + "write: replace\n",
        {"config.not_built 2:8 'replace' is part of the language but this version does not run it "
         "yet; use append or upsert"}},
       {kSource + "late: 5%\n",
        {"config.not_built 2:1 'late' is part of the language but this version does not run it "
         "yet; leave it out"}},
       {kSource + "colour: red\n",
        {"config.unknown_key 2:1 unknown key 'colour' in pipeline 'p'; known: source, flush, "
         "dedupe, write, max_bad, sink, key"}}});
}

TEST(FieldTable, AValueThatIsNoValueHasItsPlaceAndWords) {
  ExpectFaults({{kSource + "flush: { rows: 0 }\n",
                 {"config.out_of_range 2:16 'rows' of 'flush' of pipeline 'p' is 0, out of range; "
                  "write a whole number 1 to 1000000"}},
                {kSource + "flush: { rows: 99999999999999999999 }\n",
                 {"config.out_of_range 2:16 'rows' of 'flush' of pipeline 'p' is "
                  "99999999999999999999, out of range; write a whole number 1 to 1000000"}},
                {kSource + "flush: { rows: many }\n",
                 {"config.wrong_type 2:16 'rows' of 'flush' of pipeline 'p' takes a whole number, "
                  "not 'many'"}},
                {kSource + "flush: { rows: 1.5 }\n",
                 {"config.wrong_type 2:16 'rows' of 'flush' of pipeline 'p' takes a whole number, "
                  "not '1.5'"}},
                {kSource + "flush: { every: 5 }\n",
                 {"config.wrong_type 2:17 'every' of 'flush' of pipeline 'p' takes a duration such "
                  "as 500ms, 30s or 7d, not '5'"}},
                {kSource + "flush:\n",
                 {"config.wrong_type 2:1 'flush' of pipeline 'p' has no value; give it a map, or "
                  "leave the key out"}},
                {kSource + "flush: { rows: 500, bytes: 1kB }\nsink: [a]\n",
                 {"config.wrong_type 3:7 'sink' of pipeline 'p' takes text, not a list"}},
                {kSource + "flush: { rows: 5000, bytes: 1kB }\n",
                 {"flush.too_small 2:8 'flush' of pipeline 'p' holds no row"}},
                {kSource + "write: upsrt\n",
                 {"config.bad_word 2:8 'write' of pipeline 'p' takes append or upsert, not "
                  "'upsrt'; did you mean 'upsert'?"}},
                {"source: { files: a, follow: yes }\n",
                 {"config.wrong_type 1:29 'follow' of 'source' of pipeline 'p' takes true or "
                  "false, not 'yes'"}},
                {kSource + "max_bad: 500%\n",
                 {"config.wrong_type 2:10 'max_bad' of pipeline 'p' takes a share such as 0.5%, "
                  "not '500%'"}}});
}

TEST(FieldTable, AKindThatIsNoKindHasItsPlaceAndWords) {
  ExpectFaults({{"source: { files: a, generate: {} }\n",
                 {"config.two_kinds 1:21 'source' of pipeline 'p' is two kinds at once: 'files' "
                  "and 'generate'; keep one of the two"}},
                {"source: { kafka: { topic: t } }\n",
                 {"config.not_built 1:11 the source 'kafka' is part of the language but this "
                  "version does not run it yet"}},
                {"source: { follow: true }\n",
                 {"config.missing_kind 1:9 'source' of pipeline 'p' does not say which kind of "
                  "source it is; add one of: files, generate"}},
                {"source: { fles: a }\n",
                 {"config.unknown_key 1:11 unknown key 'fles' in 'source' of pipeline 'p'; did you "
                  "mean 'files'?"}},
                {"source: in/*.csv\n",
                 {"config.wrong_type 1:9 'source' of pipeline 'p' takes a map that names its kind, "
                  "not 'in/*.csv'"}},
                {"source: { generate: { fields: { a: [] } }, rate: 5/s }\n",
                 {"config.missing_key 1:21 'generate' of 'source' of pipeline 'p' has no 'rate'; "
                  "add 'rate:', rows in a time",
                  "config.wrong_type 1:36 field 'a' of pipeline 'p' takes text, not a list",
                  "config.unknown_key 1:44 unknown key 'rate' in 'source' of pipeline 'p'; write "
                  "it inside 'generate'"}}});
}

TEST(FieldTable, TwelveFaultsAreTwelveDiagnosticsInOneGo) {
  const auto faults = FaultsOf(
      "source:\n"
      "  files: [a]\n"   // 1: 2:10 a list
      "  folow: true\n"  // 2: 3:3 unknown
      "flush:\n"
      "  rows: -1\n"              // 3: 5:9 range
      "  bytes: 12 bananas\n"     // 4: 6:10
      "  every:\n"                // 5: 7:3 nothing
      "dedupe: { within: 1d }\n"  // 6: 8:9 no `by`
      "writ: append\n"            // 7: 9:1 unknown
      "write: truncate\n"         // 8: 10:8 bad word
      "max_bad: { a: 1 }\n"       // 9: 11:10 a map
      "sink: {}\n"                // 10: 12:7 a map
      "key: [[a]]\n"              // 11: 13:7 a list
      "late: 1\n");               // 12: 14:1 not built
  std::vector<std::string> places;
  for (const std::string& fault : faults)
    places.push_back(fault.substr(fault.find('.') + 1,
                                  fault.find(' ', fault.find(' ') + 1) - fault.find('.') - 1));
  EXPECT_THAT(places, testing::ElementsAre("wrong_type 2:10", "unknown_key 3:3", "out_of_range 5:9",
                                           "wrong_type 6:10", "wrong_type 7:3", "missing_key 8:9",
                                           "unknown_key 9:1", "bad_word 10:8", "wrong_type 11:10",
                                           "wrong_type 12:7", "wrong_type 13:7", "not_built 14:1"));
}

TEST(FieldTable, AParserOfARoomKeepsItsCode) {
  const auto shape = config::Parsed<int>("even number", [](const std::string& text) -> Result<int> {
    if (text == "2") return 2;
    return Fail(ErrorKind::kInvalid, "contract.odd", "odd", "write 2");
  });
  Faults faults;
  const Reading reading{faults, "'n'", {}};
  EXPECT_EQ(shape.read(ScalarNode("2"), reading), 2);
  const Place place{.file = "f", .line = 3, .column = 4, .byte_offset = std::nullopt};
  EXPECT_FALSE(shape.read(ScalarNode("3", place), reading));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults.Sorted().front().ToString(), "contract.odd: odd (f:3:4); write 2");
  EXPECT_EQ(faults.Sorted().front().kind, ErrorKind::kConfig);
  Node secret = ScalarNode("3", place);
  secret.written = "${N}";
  Faults hidden;
  EXPECT_FALSE(shape.read(secret, Reading{hidden, "'n'", {}}));
  EXPECT_EQ(hidden.Sorted().front().message, "'n' takes even number, not '${N}'");
}

TEST(FieldTable, AFaultDoesNotShowWhatAVariableHeld) {
  Node root = TreeOf("source: { files: a }\nflush: { rows: x }\nwrite: y\n");
  for (Node* node : {&root.entries[1].value.entries[0].value, &root.entries[2].value}) {
    node->text = "hunter2";
    node->written = "${SECRET}";
  }
  Faults faults;
  Read(root, PipelineFields(), faults, "pipeline 'p'");
  ASSERT_EQ(faults.size(), 2u);
  for (const Error& error : faults.Sorted()) {
    EXPECT_THAT(error.ToString(), testing::Not(testing::HasSubstr("hunter2")));
    EXPECT_THAT(error.ToString(), testing::HasSubstr("${SECRET}"));
  }
}

TEST(Reference, IsMadeOfTheTables) {
  EXPECT_EQ(RenderReference({&PipelineFields().doc()}),
            "## `pipelines.NAME`\n\n"
            "| key | values | default | meaning |\n|---|---|---|---|\n"
            "| `source` | one of `files`, `generate` | required | where rows come from |\n"
            "| `flush` | map |  | cuts batches |\n"
            "| `dedupe` | text \\| map |  | first wins |\n"
            "| `write` | append \\| upsert | `append` | how rows meet rows \\| of one key |\n"
            "| `max_bad` | share |  | holds the batch |\n"
            "| `sink` | text |  | where rows go |\n"
            "| `key` | text, or a list |  | columns of the key |\n"
            "\n## `source: files`\n\n"
            "| key | values | default | meaning |\n|---|---|---|---|\n"
            "| `files` | text | required | which files |\n"
            "| `follow` | true \\| false | `false` | wait for more |\n"
            "\n## `source: generate`\n\n"
            "| key | values | default | meaning |\n|---|---|---|---|\n"
            "| `rate` | rate | required | rows in a time |\n"
            "| `fields` | map from name to text | required | SQL by column |\n"
            "\n## `flush`\n\n"
            "| key | values | default | meaning |\n|---|---|---|---|\n"
            "| `rows` | whole number 1 to 1000000 | `100000` | rows of a batch |\n"
            "| `bytes` | size | `64MiB` | bytes of a batch |\n"
            "| `every` | duration |  | time between batches |\n"
            "\n## `dedupe`\n\n"
            "| key | values | default | meaning |\n|---|---|---|---|\n"
            "| `by` | text, or a list | required | columns that tell rows apart |\n"
            "| `within` | duration |  | how far back to look |\n");
}

}  // namespace
}  // namespace weir::config

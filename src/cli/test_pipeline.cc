#include <algorithm>
#include <nlohmann/json.hpp>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "base/check.h"
#include "cli/reading.h"
#include "cli/test_run.h"
#include "engine/sql.h"
#include "env/scratch_folder.h"
#include "query/snapshot_query.h"
#include "query/table_view.h"

namespace weir::cli {
namespace {

using config::Node;
using engine::QuotedName;

nlohmann::ordered_json ToJson(const Node& node) {
  if (node.is_sequence()) {
    auto list = nlohmann::ordered_json::array();
    for (const Node& item : node.items) list.push_back(ToJson(item));
    return list;
  }
  if (node.is_map()) {
    auto map = nlohmann::ordered_json::object();
    for (const auto& entry : node.entries) map[entry.key.text] = ToJson(entry.value);
    return map;
  }
  const auto text = ValueText(node);
  if (!text) return nullptr;
  if (!node.quoted)
    if (auto literal = nlohmann::ordered_json::parse(*text, nullptr, false);
        literal.is_number() || literal.is_boolean())
      return literal;
  return *text;
}

std::string CsvField(const std::optional<std::string>& text) {
  if (!text) return "";
  if (!text->empty() && text->find_first_of(",\"\r\n") == std::string::npos) return *text;
  std::string quoted = "\"";
  for (const char c : *text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// Records as a CSV with all their columns.
std::string CsvOf(const std::vector<Node>& records) {
  std::vector<std::string> names;
  for (const auto& [name, type] : TypesFromRows(records)) names.push_back(name);
  std::string text;
  const auto line = [&](auto field) {
    for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : ",") + field(names[i]);
    text += "\n";
  };
  line([](const std::string& name) { return CsvField(name); });
  for (const Node& record : records)
    line([&](const std::string& name) {
      const Node* value = record.Find(name);
      return value == nullptr ? "" : CsvField(ValueText(*value));
    });
  return text;
}

// Of the source's glob, without that of a compression; empty: it has none.
std::string EndingOf(std::string glob) {
  for (const char* packed : {".gz", ".zst"})
    if (glob.ends_with(packed)) glob.resize(glob.size() - std::string_view(packed).size());
  const size_t dot = glob.rfind('.');
  if (dot == std::string::npos || glob.find_first_of("/*?[", dot) != std::string::npos) return "";
  return glob.substr(dot);
}

struct Input {
  std::string name;
  std::string bytes;
};

Input InputOf(const Node& input, const source::FilesSpec& spec) {
  std::string ending = EndingOf(spec.glob);
  const bool is_csv = spec.format ? *spec.format == format::FormatKind::kCsv
                                  : ending == ".csv" || ending == ".tsv" || ending == ".txt";
  if (input.is_scalar()) {
    const size_t first = input.text.find_first_not_of(" \t\r\n");
    const bool json =
        first != std::string::npos && (input.text[first] == '{' || input.text[first] == '[');
    if (ending.empty()) ending = json ? ".ndjson" : ".csv";
    return {"input" + ending, input.text};
  }
  if (is_csv) return {"input" + (ending.empty() ? ".csv" : ending), CsvOf(input.items)};
  std::string lines;
  for (const Node& record : input.items) lines += ToJson(record).dump() + "\n";
  return {"input" + (ending.empty() ? ".ndjson" : ending), lines};
}

constexpr const char* kReasonKeys[] = {"code", "rule", "column", "detail"};

// A dead letter: what it is, and all its reasons.
struct LetterRow {
  Cells cells;
  std::vector<Cells> reasons;

  bool Matches(const Cells& expected) const {
    Cells of_letter;
    Cells of_reason;
    for (const auto& [name, value] : expected)
      (std::ranges::find(kReasonKeys, name) == std::end(kReasonKeys) ? of_letter
                                                                     : of_reason)[name] = value;
    return Has(cells, of_letter) &&
           std::ranges::any_of(reasons, [&](const Cells& one) { return Has(one, of_reason); });
  }
  std::string Text() const {
    Cells shown = cells;
    shown.erase("raw_length");
    for (const auto& [name, value] : reasons.front())
      if (value) shown[name] = value;
    return ToText(shown);
  }
};

class PipelineTest {
 public:
  PipelineTest(const TestCase& one, const ReadProject& read, CompiledProject& compiled,
               const std::atomic<bool>& stop, const std::string& folder)
      : one_(one), scratch_(read), compiled_(compiled), stop_(stop) {
    scratch_.project.folder = folder;
    scratch_.project.logs.folder = ".weir/logs";
    scratch_.state_folder = folder + "/.weir";
    scratch_.warehouse = storage::FileLocation(folder + "/lake");
  }

  Result<void> Run(const pipeline::PipelineSpec& spec, TestOutcome& outcome) {
    WEIR_ASSIGN(const auto state, State::Open(scratch_, State::Access::kWrite));
    WEIR_TRY(Commit(spec, *state));
    WEIR_ASSIGN(const auto engine, OpenLakeEngine(scratch_));
    WEIR_ASSIGN(const auto session, engine->NewSession());
    const query::QueryContext context{state->catalog(), state->lake(), *session};
    config::Faults faults;
    if (one_.accepted) {
      const auto& table = std::get<sink::TableSinkSpec>(spec.sink).table;
      WEIR_TRY(CompareAccepted(table, context, *state, faults, outcome));
    }
    if (one_.rejected) WEIR_TRY(CompareRejected(spec.name, context, faults, outcome));
    outcome.errors = std::move(faults).Take();
    return {};
  }

 private:
  Result<void> Commit(const pipeline::PipelineSpec& spec, State& state) {
    pipeline::PipelineSpec tried = spec;
    if (spec.serves()) tried.source = source::FilesSpec{};  // A request's body, as a file.
    auto& files = std::get<source::FilesSpec>(tried.source);
    const Input input = InputOf(*one_.input, files);
    WEIR_TRY(env::WriteWhole(env::SystemFiles(), scratch_.project.folder + "/" + input.name,
                             input.bytes));
    files.glob = input.name;
    files.compression = format::Compression::kNone;
    files.ready = {};
    files.when_done = {};
    tried.max_bad.reset();
    // A case is about records: whether all of them are bad is no matter for a person.
    if (tried.replaces())
      std::get<sink::TableSinkSpec>(tried.sink).write = sink::TableWrite::kAppend;
    tried.bad_records.reset();
    telemetry::NullLog log;
    const auto runner = MakeRunner({scratch_, compiled_, state, log, stop_}, tried);
    if (!runner) return Fail(runner.error().front());
    const auto ran = (*runner)->Run([](const pipeline::Progress&) {});
    if (!ran) return Fail(ran.error().error);
    if (!ran->failed.empty()) return Fail(ran->failed.front());
    return {};
  }

  Result<void> CompareAccepted(const catalog::TableName& table, const query::QueryContext& context,
                               State& state, config::Faults& faults, TestOutcome& outcome) {
    WEIR_ASSIGN(const auto loaded, state.lake().Load(table));
    TypedColumns columns;
    std::string texts;
    for (const iceberg::Field& field : loaded->metadata.schema().fields) {
      WEIR_ASSIGN(auto type, query::SqlType(field.type));
      columns.emplace_back(field.name, std::move(type));
      texts += (texts.empty() ? "" : ", ") + QuotedName(field.name) + "::VARCHAR AS " +
               QuotedName(field.name);
    }
    const auto expected = ReadRows(*one_.accepted, columns, context.session, faults);
    WEIR_ASSIGN(const auto query, query::SnapshotQuery::Make(context));
    WEIR_ASSIGN(const auto stream,
                query->Run("SELECT " + texts + " FROM " + QuotedName(table.space) + "." +
                           QuotedName(table.name)));
    WEIR_ASSIGN(const auto actual, CellsOf(*stream));
    Compare(*one_.accepted, expected, actual, false, outcome);
    return {};
  }

  Result<void> CompareRejected(const std::string& pipeline, const query::QueryContext& context,
                               config::Faults& faults, TestOutcome& outcome) {
    static const std::vector<std::string> keys = {"line", "raw",    "kind",  "code",
                                                  "rule", "column", "detail"};
    std::vector<Cells> expected;
    for (const Node& row : *one_.rejected) {
      Cells& cells = expected.emplace_back();
      for (const auto& [key, value] : row.entries) {
        if (std::ranges::find(keys, key.text) == keys.end())
          faults.Add("config.unknown_key", "a dead letter has no '" + key.text + "'", key.place,
                     config::Suggestion(key.text, keys));
        cells[key.text] = ValueText(value);
      }
    }
    WEIR_ASSIGN(const auto letters, Letters(pipeline, context));
    const auto matches = [&](size_t i, size_t j) { return letters[j].Matches(expected[i]); };
    const Unmatched left = MatchRows(expected.size(), letters.size(), matches);
    outcome.expected += expected.size();
    for (const size_t i : left.missing)
      outcome.differences.push_back(
          {true, "rejected " + ToText(expected[i]), (*one_.rejected)[i].place.line});
    for (const size_t j : left.extra)
      outcome.differences.push_back({false, "rejected " + letters[j].Text(), 0});
    return {};
  }

  static Result<std::vector<LetterRow>> Letters(const std::string& pipeline,
                                                const query::QueryContext& context) {
    WEIR_ASSIGN(const auto query, query::SnapshotQuery::Make(context));
    WEIR_ASSIGN(
        const auto stream,
        query->Run("SELECT id, line::VARCHAR AS line, kind, r.code AS code, r.rule AS rule, "
                   "r.\"column\" AS \"column\", r.detail AS detail, raw FROM (SELECT *, "
                   "unnest(reasons) AS r FROM dead_letters." +
                   QuotedName(pipeline) + ") ORDER BY \"offset\", id"));
    std::vector<LetterRow> letters;
    std::string last;
    for (;;) {
      WEIR_ASSIGN(const auto batch, stream->Next());
      if (batch == nullptr) return letters;
      const auto text = [&](int column, int64_t row) -> std::optional<std::string> {
        const auto& cells = *batch->column(column);
        if (cells.IsNull(row)) return std::nullopt;
        return std::string(static_cast<const arrow::BinaryArray&>(cells).GetView(row));
      };
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        if (letters.empty() || *text(0, i) != last)
          letters.push_back(
              {{{"line", text(1, i)}, {"kind", text(2, i)}, {"raw", text(7, i)}}, {}});
        last = *text(0, i);
        letters.back().reasons.push_back({{"code", text(3, i)},
                                          {"rule", text(4, i)},
                                          {"column", text(5, i)},
                                          {"detail", text(6, i)}});
      }
    }
  }

  const TestCase& one_;
  ReadProject scratch_;  // The project, with state and lake of its own.
  CompiledProject& compiled_;
  const std::atomic<bool>& stop_;
};

}  // namespace

TestOutcome RunPipelineTest(const TestCase& one, const ReadProject& read, CompiledProject& compiled,
                            const std::atomic<bool>& stop) {
  TestOutcome outcome;
  const auto spec =
      std::ranges::find(read.pipelines, one.pipeline->value, &pipeline::PipelineSpec::name);
  WEIR_CHECK(spec != read.pipelines.end());  // CheckSubjects has seen to it.
  const auto folder = env::ScratchFolder::Make("weir-test");
  if (!folder) {
    outcome.errors = {folder.error()};
    return outcome;
  }
  if (auto run = PipelineTest(one, read, compiled, stop, folder->path()).Run(*spec, outcome); !run)
    outcome.errors.push_back(std::move(run).error());
  return outcome;
}

}  // namespace weir::cli

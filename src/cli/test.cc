#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/spelling.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/test_run.h"
#include "config/diagnostic_text.h"

namespace weir::cli {

using nlohmann::json;

void Compare(const std::vector<config::Node>& written, const std::vector<Cells>& cells,
             const std::vector<Cells>& actual, bool ordered, TestOutcome& outcome) {
  const auto matches = [&](size_t i, size_t j) { return Has(actual[j], cells[i]); };
  const Unmatched left = ordered ? MatchInOrder(cells.size(), actual.size(), matches)
                                 : MatchRows(cells.size(), actual.size(), matches);
  outcome.expected += cells.size();
  Cells named;  // Columns that any row looks at.
  for (const Cells& row : cells) named.insert(row.begin(), row.end());
  for (const size_t i : left.missing)
    outcome.differences.push_back({true, ToText(cells[i]), written[i].place.line});
  for (const size_t j : left.extra) {
    Cells shown = actual[j];
    std::erase_if(shown, [&](const auto& cell) {
      return cell.first.starts_with('_') && !named.contains(cell.first);
    });
    outcome.differences.push_back({false, ToText(shown, named), 0});
  }
}

namespace {

json ToJson(const TestCase& one, const TestOutcome& outcome) {
  json differences = json::array();
  for (const RowDifference& difference : outcome.differences) {
    json made = {{"expected", difference.expected}, {"row", difference.row}};
    if (difference.line != 0) made["line"] = difference.line;
    differences.push_back(std::move(made));
  }
  return {{"case", one.name},
          {"file", one.place.file},
          {"line", one.place.line},
          {"subject", one.subject()},
          {"passed", outcome.passed()},
          {"differences", std::move(differences)},
          {"errors", json::parse(config::ErrorsToJson(outcome.errors))}};
}

void Tell(const Terminal& terminal, const config::Sources& sources, const TestCase& one,
          const TestOutcome& outcome) {
  if (outcome.passed()) {
    terminal.Out(terminal.Green("ok") + "    " + one.name + "\n");
    return;
  }
  std::string text =
      terminal.Red("FAIL") + "  " + one.name + "\n  --> " + one.place.ToString() + "\n";
  for (const RowDifference& difference : outcome.differences) {
    text += fmt::format("  {} {}", difference.expected ? "-" : "+", difference.row);
    text += difference.line == 0 ? "\n" : fmt::format("   (line {})\n", difference.line);
  }
  terminal.Out(text);
  if (!outcome.errors.empty()) Report(terminal, outcome.errors, sources);
}

// Cases whose name, file, model or pipeline is one of `words`. Error test.selector.
Result<std::vector<const TestCase*>> Choose(const std::vector<TestCase>& cases,
                                            const std::vector<std::string>& words) {
  std::vector<const TestCase*> chosen;
  std::vector<std::string> names;
  const auto is = [](const TestCase& one, const std::string& word) {
    return word == one.subject() || word == one.place.file || word == one.name;
  };
  for (const TestCase& one : cases) {
    names.insert(names.end(), {one.subject(), one.place.file});
    if (words.empty() ||
        std::ranges::any_of(words, [&](const std::string& word) { return is(one, word); }))
      chosen.push_back(&one);
  }
  for (const std::string& word : words) {
    if (std::ranges::any_of(cases, [&](const TestCase& one) { return is(one, word); })) continue;
    const auto near = NearestWord(word, names);
    return Fail(ErrorKind::kInvalid, "test.selector", "there is no test of '" + word + "'",
                near ? "did you mean '" + *near + "'?" : "weir test without a word runs all");
  }
  return chosen;
}

}  // namespace

int Test(const Command& command, const TestOptions& options) {
  const Terminal& terminal = command.terminal;
  auto read = ReadWholeProject(command.folder);
  if (!read) return Report(terminal, read.error().errors, read.error().sources);
  auto compiled = CompileProject(*read);
  if (!compiled) return Report(terminal, compiled.error(), read->project.sources);
  config::Faults faults;
  const config::Project tests = ReadTestFiles(*read, faults);
  const auto cases = ReadTests(tests, faults);
  CheckSubjects(cases, *read, compiled->models, faults);
  if (!faults.empty()) return Report(terminal, std::move(faults).Take(), tests.sources);
  const auto chosen = Choose(cases, options.words);
  if (!chosen) {
    Report(terminal, chosen.error());
    return 2;
  }
  uint64_t failed = 0;
  json made = json::array();
  for (const TestCase* one : *chosen) {
    const TestOutcome outcome = one->model ? RunModelTest(*one, *compiled)
                                           : RunPipelineTest(*one, *read, *compiled, *command.stop);
    if (!outcome.passed()) ++failed;
    if (terminal.json) {
      made.push_back(ToJson(*one, outcome));
    } else {
      Tell(terminal, tests.sources, *one, outcome);
    }
  }
  const uint64_t passed = chosen->size() - failed;
  if (terminal.json) {
    terminal.Out(json{{"schema", "weir.test/1"},
                      {"passed", passed},
                      {"failed", failed},
                      {"cases", std::move(made)}}
                     .dump() +
                 "\n");
  } else {
    terminal.Out(cases.empty() ? std::string("no tests: they stand in tests/*.yaml\n")
                               : fmt::format("{} passed, {} failed\n", FormatCount(passed),
                                             FormatCount(failed)));
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace weir::cli

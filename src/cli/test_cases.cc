#include "cli/test_cases.h"

#include <algorithm>

namespace weir::cli {
namespace {

using config::Field;
using config::Optional;

void CheckCase(const TestCase& one, const config::Node& node, const config::Reading& reading) {
  const auto add = [&](const std::string& message, const std::string& next) {
    reading.Add("test.keys", message, node.place, next);
  };
  if (one.model.has_value() == one.pipeline.has_value()) {
    add("a case is of a model or of a pipeline", "write model: SCHEMA.NAME, or pipeline: NAME");
  } else if (one.model && (one.input || one.accepted || one.rejected)) {
    add("input, accepted and rejected are for a pipeline", "write given and expect");
  } else if (one.model && !one.expect) {
    add("nothing is expected of the model", "expect: [{ COLUMN: VALUE }]");
  } else if (one.pipeline && (!one.given.empty() || one.expect || one.ordered)) {
    add("given, expect and ordered are for a model", "write input, accepted and rejected");
  } else if (one.pipeline && !one.input) {
    add("nothing goes into the pipeline", "input: the text of a file, or a list of records");
  } else if (one.pipeline && !one.accepted && !one.rejected) {
    add("nothing is expected of the pipeline", "accepted: [{ COLUMN: VALUE }], rejected: []");
  }
}

}  // namespace

const config::FieldTable<TestCase>& TestFields() {
  static const auto text = config::WithPlace(config::Text());
  static const auto rows = config::ListOf(config::Raw("row"));
  static const config::FieldTable<TestCase> table{
      "tests/*.yaml (a map of cases)",
      {Field("model", &TestCase::model, text, Optional(), "the model whose query is run"),
       Field("given", &TestCase::given, config::MapOf("table", rows), Optional(),
             "rows of the tables that the model reads; others are empty"),
       Field("expect", &TestCase::expect, rows, Optional(),
             "the model's rows; columns left out are not looked at"),
       Field("ordered", &TestCase::ordered, config::Bool(), config::Default("false"),
             "rows come in this order"),
       Field("pipeline", &TestCase::pipeline, text, Optional(),
             "the pipeline whose contract is tried"),
       Field("input", &TestCase::input, config::Raw("text | list of record"), Optional(),
             "what a file of the source holds"),
       Field("accepted", &TestCase::accepted, rows, Optional(), "the rows of its table"),
       Field("rejected", &TestCase::rejected, rows, Optional(),
             "its dead letters: line, raw, kind, code, rule, column, detail")},
      CheckCase};
  return table;
}

std::vector<TestCase> ReadTests(const config::Project& project, config::Faults& faults) {
  std::vector<TestCase> cases;
  for (const config::YamlFile& file : project.tests) {
    const auto shape = config::MapOf("case", config::Nested(TestFields()));
    auto read = shape.read(file.root, config::Reading{faults, file.file, {}});
    if (!read) continue;
    for (auto& one : *read) {
      one.value.name = std::move(one.name);
      one.value.place = one.place;
      cases.push_back(std::move(one.value));
    }
  }
  return cases;
}

void CheckSubjects(const std::vector<TestCase>& cases, const ReadProject& read,
                   const std::vector<model::Model>& models, config::Faults& faults) {
  std::vector<std::string> names;
  for (const model::Model& one : models) names.push_back(one.table.ToString());
  std::vector<std::string> pipelines;
  for (const pipeline::PipelineSpec& spec : read.pipelines)
    if (!spec.generates()) pipelines.push_back(spec.name);
  const auto has = [](const std::vector<std::string>& known, const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  };
  for (const TestCase& one : cases) {
    if (one.model && !has(names, one.model->value))
      faults.Add("test.model", "there is no model '" + one.model->value + "'", one.model->place,
                 config::Suggestion(one.model->value, names));
    if (one.pipeline && !has(pipelines, one.pipeline->value))
      faults.Add("test.pipeline",
                 "there is no pipeline '" + one.pipeline->value + "' that reads records",
                 one.pipeline->place, config::Suggestion(one.pipeline->value, pipelines));
  }
}

}  // namespace weir::cli

#include <algorithm>
#include <set>

#include "base/check.h"
#include "cli/test_run.h"
#include "engine/sql.h"
#include "model/reshape.h"
#include "query/table_view.h"

namespace weir::cli {
namespace {

using catalog::TableName;
using engine::QuotedName;

std::string Quoted(const TableName& name) {
  return QuotedName(name.space) + "." + QuotedName(name.name);
}

Result<TypedColumns> TypesOf(const iceberg::Schema& schema) {
  TypedColumns columns;
  for (const iceberg::Field& field : schema.fields) {
    WEIR_ASSIGN(auto type, query::SqlType(field.type));
    columns.emplace_back(field.name, std::move(type));
  }
  return columns;
}

class ModelTest {
 public:
  ModelTest(const TestCase& one, const CompiledProject& compiled, const model::Model& tested,
            engine::Session& session)
      : one_(one), compiled_(compiled), model_(tested), session_(session) {}

  Result<void> Run(TestOutcome& outcome) {
    config::Faults faults;
    WEIR_TRY(Prepare(faults));
    const auto expected_types = ResultTypes();
    if (!expected_types) return Fail(expected_types.error());
    const auto expected = ReadRows(*one_.expect, *expected_types, session_, faults);
    if (!faults.empty()) {
      outcome.errors = std::move(faults).Take();
      return {};
    }
    std::string texts;
    for (const auto& [name, type] : *expected_types)
      texts += (texts.empty() ? "" : ", ") + QuotedName(name) + "::VARCHAR AS " + QuotedName(name);
    auto stream = query_->Run("SELECT " + texts + " FROM " + Quoted(model_.table));
    if (!stream) return Fail(InFile(std::move(stream).error()));
    auto actual = CellsOf(**stream);
    if (!actual) return Fail(InFile(std::move(actual).error()));
    Compare(*one_.expect, expected, *actual, one_.ordered, outcome);
    return {};
  }

 private:
  // The given tables, empty ones for the rest, the views between, and the model as a view.
  Result<void> Prepare(config::Faults& faults) {
    std::set<TableName> given;
    for (const auto& table : one_.given)
      if (const auto name = catalog::ParseTableName(table.name)) given.insert(*name);
    std::vector<query::View> views;
    for (const query::View& view : model_.views)
      if (!given.contains(view.name)) views.push_back(view);
    views.push_back(model_.AsView());
    WEIR_ASSIGN(query_, query::SnapshotQuery::WithoutLake(session_, views));
    for (const auto& table : one_.given) WEIR_TRY(Give(table, faults));
    for (const TableName& table : model_.tables) {
      const auto known = compiled_.columns.find(table);
      if (given.contains(table) || known == compiled_.columns.end()) continue;
      WEIR_TRY(query_->AddFiles(table, known->second, {}));
    }
    return {};
  }

  Result<void> Give(const config::Named<std::vector<config::Node>>& table, config::Faults& faults) {
    std::set<std::string> names;
    for (const auto* reads : {&model_.reads, &model_.tables})
      for (const TableName& name : *reads) names.insert(name.ToString());
    if (!names.contains(table.name)) {
      const std::vector<std::string> known(names.begin(), names.end());
      faults.Add("test.table", "model " + model_.table.ToString() + " does not read " + table.name,
                 table.place, config::Suggestion(table.name, known));
      return {};
    }
    WEIR_ASSIGN(const TableName name, catalog::ParseTableName(table.name));
    const auto known = compiled_.columns.find(name);
    TypedColumns columns = TypesFromRows(table.value);
    if (known != compiled_.columns.end()) {
      WEIR_ASSIGN(columns, TypesOf(known->second));
    }
    if (columns.empty()) return {};
    const auto rows = ReadRows(table.value, columns, session_, faults);
    const std::string relation = "weir_given_" + std::to_string(++given_);
    WEIR_TRY(session_.Execute("CREATE TEMP TABLE " + relation + " AS " + RowsSql(rows, columns)));
    return query_->AddRelation(name, "temp." + relation);
  }

  Result<TypedColumns> ResultTypes() {
    auto bound = query_->Bind("SELECT * FROM " + Quoted(model_.table));
    if (!bound) return Fail(InFile(std::move(bound).error()));
    WEIR_ASSIGN(const auto shape, model::ShapeOf(model_, *(*bound)->schema()));
    WEIR_ASSIGN(const auto schema, iceberg::FromColumnar(shape.schema));
    return TypesOf(schema);
  }

  Error InFile(Error error) const {
    if (error.place.file.empty()) error.place = model_.place;
    return error;
  }

  const TestCase& one_;
  const CompiledProject& compiled_;
  const model::Model& model_;
  engine::Session& session_;
  std::unique_ptr<query::SnapshotQuery> query_;
  int given_ = 0;
};

}  // namespace

TestOutcome RunModelTest(const TestCase& one, const CompiledProject& compiled) {
  TestOutcome outcome;
  const auto tested = std::ranges::find_if(compiled.models, [&](const model::Model& model) {
    return model.table.ToString() == one.model->value;
  });
  WEIR_CHECK(tested != compiled.models.end());  // CheckSubjects has seen to it.
  // A session of its own: given tables are gone with it.
  auto session = compiled.engine->NewSession();
  if (!session) {
    outcome.errors = {std::move(session).error()};
    return outcome;
  }
  if (auto run = ModelTest(one, compiled, *tested, **session).Run(outcome); !run)
    outcome.errors.push_back(std::move(run).error());
  return outcome;
}

}  // namespace weir::cli
